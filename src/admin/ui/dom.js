// Elements, and how numbers, times and states are written. Text only ever becomes text: nothing here parses HTML.

const SVG = "http://www.w3.org/2000/svg";

/** An element: `h("a", { href, class, onclick, hidden }, "text", child, null)`. */
export function h(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

/** The same for SVG. */
export function s(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(element, props, children) {
  for (const [name, value] of Object.entries(props)) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else if (name === "vars") Object.entries(value).forEach(([key, to]) => element.style.setProperty(key, to));
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Puts `children` in the place of what `element` holds. */
export function put(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
}

const DIGITS = [new Intl.NumberFormat("en", { maximumFractionDigits: 0 }), new Intl.NumberFormat("en", { maximumFractionDigits: 1 }), new Intl.NumberFormat("en", { maximumFractionDigits: 2 })];

/** A count: 1,234; from a million on 1.2M. */
export function count(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  for (const [size, unit] of [[1e9, "G"], [1e6, "M"], [1e5, "k"]]) {
    if (Math.abs(value) >= size) return `${DIGITS[1].format(value / (unit === "k" ? 1e3 : size))}${unit}`;
  }
  const size = Math.abs(value);
  return DIGITS[size >= 100 ? 0 : size >= 10 ? 1 : 2].format(value);
}

/** A share: 1.2 %. */
export function share(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  const percent = value * 100;
  return `${DIGITS[percent >= 10 || percent === 0 ? 0 : percent >= 1 ? 1 : 2].format(percent)} %`;
}

/** Seconds: 640 µs, 12 ms, 1.3 s. */
export function seconds(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  if (value < 1e-3) return `${count(value * 1e6)} µs`;
  if (value < 1) return `${count(value * 1e3)} ms`;
  return `${count(value)} s`;
}

/** Bytes: 12 kB, 3.4 MB. */
export function bytes(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  for (const [size, unit] of [[1e9, "GB"], [1e6, "MB"], [1e3, "kB"]]) if (value >= size) return `${DIGITS[1].format(value / size)} ${unit}`;
  return `${DIGITS[0].format(value)} B`;
}

/** How long something lasts: 3 d 4 h, 12 min, 8 s. */
export function lasting(secs) {
  if (secs === null || secs === undefined) return "–";
  for (const [size, unit, small, sub] of [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 0, ""]]) {
    if (secs < size) continue;
    const rest = small ? Math.floor((secs % size) / small) : 0;
    return `${Math.floor(secs / size)} ${unit}${rest ? ` ${rest} ${sub}` : ""}`;
  }
  return `${Math.max(0, Math.round(secs))} s`;
}

/** A time of day, with the date where it is not today. */
export function clock(ms, withSeconds = true) {
  const time = new Date(ms);
  const options = { hour: "2-digit", minute: "2-digit", hour12: false, ...(withSeconds ? { second: "2-digit" } : {}) };
  const day = time.toDateString() === new Date().toDateString() ? "" : `${time.toLocaleDateString("en", { month: "short", day: "numeric" })} `;
  return day + time.toLocaleTimeString("en", options);
}

/** A small label with a state: ok, warn, bad, quiet. */
export function pill(state, text) {
  return h("span", { class: `pill ${state}` }, text);
}

/** A card with a heading. */
export function card(title, note, ...children) {
  const head = title ? h("header", {}, h("h2", {}, title), note ? h("span", { class: "quiet" }, note) : null) : null;
  return h("section", { class: "card" }, head, ...children);
}

/** What stands where there is nothing to see yet. */
export function empty(title, why, ...more) {
  return h("div", { class: "empty" }, h("p", { class: "empty-title" }, title), why ? h("p", { class: "quiet" }, why) : null, ...more);
}

/** The colour of a severity. */
export const SEVERITY = { critical: "bad", high: "bad", medium: "warn", low: "info", info: "quiet" };
