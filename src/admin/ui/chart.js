// Charts in SVG: lines and stacked areas over time, with a crosshair for pointers and arrow keys.

import { clock, h, put, s } from "./dom.js";

const MARGIN = { top: 10, right: 12, bottom: 22, left: 52 };

/** Steps of an axis: 1, 2 or 5 times a power of ten. */
function ticks(most, wanted) {
  if (!(most > 0)) return [0, 1];
  const rough = most / wanted;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((n) => n * power).find((size) => size >= rough);
  return Array.from({ length: Math.ceil(most / step - 1e-9) + 1 }, (_, n) => n * step);
}

/** Where x has its labels: round times. */
function times(from, to, wanted) {
  const steps = [5, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 21600].map((n) => n * 1000);
  const step = steps.find((size) => (to - from) / size <= wanted) ?? 43_200_000;
  const offset = new Date().getTimezoneOffset() * 60_000;
  const first = Math.ceil((from - offset) / step) * step + offset;
  return Array.from({ length: Math.max(0, Math.floor((to - first) / step) + 1) }, (_, n) => first + n * step);
}

/**
 * A chart. `update({ from, to, series: [{ name, tone, points: [[ms, value], …] }] })` draws it; `format` writes values.
 * Stacked series need points at the same times.
 */
export function chart({ title, format, stacked = false, height = 210 }) {
  const svg = s("svg", { class: "plot", role: "img", tabindex: 0, "aria-label": title, height });
  const tip = h("div", { class: "tip", hidden: true });
  const legend = h("div", { class: "legend" });
  const box = h("div", { class: "chart" }, h("div", { class: "canvas" }, svg, tip), legend);
  let data = { from: Date.now() - 300_000, to: Date.now(), series: [] };
  let width = 0;
  let at = null;
  const hidden = new Set();

  const shown = () => data.series.filter((one) => !hidden.has(one.name));
  const xOf = (t) => MARGIN.left + ((t - data.from) / Math.max(1, data.to - data.from)) * (width - MARGIN.left - MARGIN.right);
  const instants = () => [...new Set(shown().flatMap((one) => one.points.map(([t]) => t)))].sort((a, b) => a - b);

  /** Each series with the height at which it begins and ends at each of its times. */
  function layers() {
    const base = new Map();
    return shown().map((one) => ({
      ...one,
      points: one.points.filter(([t, v]) => Number.isFinite(v) && t >= data.from && t <= data.to).map(([t, v]) => {
        const low = stacked ? (base.get(t) ?? 0) : 0;
        base.set(t, low + v);
        return { t, v, low, high: low + v };
      }),
    }));
  }

  /** Runs of points without a hole: a hole is wider than thrice the usual distance. */
  function runs(points) {
    const gaps = points.slice(1).map((point, n) => point.t - points[n].t).sort((a, b) => a - b);
    const hole = 3 * (gaps[Math.floor(gaps.length / 2)] ?? Infinity);
    const all = [[]];
    points.forEach((point, n) => {
      if (n > 0 && point.t - points[n - 1].t > hole) all.push([]);
      all[all.length - 1].push(point);
    });
    return all.filter((run) => run.length > 0);
  }

  function draw() {
    if (width === 0) return;
    const all = layers();
    const most = Math.max(0, ...all.flatMap((one) => one.points.map((point) => point.high)));
    const marks = ticks(most * 1.05, 4);
    const top = marks[marks.length - 1];
    const yOf = (v) => height - MARGIN.bottom - (v / top) * (height - MARGIN.top - MARGIN.bottom);
    const path = (run, end) => run.map((point, n) => `${n ? "L" : "M"}${xOf(point.t).toFixed(1)} ${yOf(point[end]).toFixed(1)}`).join("");
    const grid = marks.map((mark) => [
      s("line", { class: "grid", x1: MARGIN.left, x2: width - MARGIN.right, y1: yOf(mark), y2: yOf(mark) }),
      s("text", { class: "tick", x: MARGIN.left - 8, y: yOf(mark) + 4, "text-anchor": "end" }, format(mark)),
    ]);
    const labels = times(data.from, data.to, Math.max(2, Math.floor(width / 110))).map((t) =>
      s("text", { class: "tick", x: xOf(t), y: height - 5, "text-anchor": "middle" }, clock(t, data.to - data.from < 120_000)),
    );
    const areas = all.map((one) => runs(one.points).map((run) => {
      const back = [...run].reverse().map((point) => `L${xOf(point.t).toFixed(1)} ${yOf(point.low).toFixed(1)}`).join("");
      return s("path", { class: `area tone-${one.tone}${stacked ? " stacked" : ""}`, d: `${path(run, "high")}${back}Z` });
    }));
    const lines = all.map((one) => runs(one.points).map((run) => s("path", { class: `line tone-${one.tone}`, d: path(run, "high") })));
    const cross = at === null ? null : [
      s("line", { class: "cross", x1: xOf(at), x2: xOf(at), y1: MARGIN.top, y2: height - MARGIN.bottom }),
      all.map((one) => one.points.filter((point) => point.t === at).map((point) => s("circle", { class: `dot tone-${one.tone}`, r: 3.5, cx: xOf(at), cy: yOf(point.high) }))),
    ];
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
    put(svg, grid, stacked || all.length === 1 ? areas : null, lines, labels, cross ?? []);
    if (all.every((one) => one.points.length === 0)) {
      svg.append(s("text", { class: "nothing", x: width / 2, y: height / 2, "text-anchor": "middle" }, "nothing in this time"));
    }
  }

  function point() {
    tip.hidden = at === null;
    if (at !== null) {
      const rows = [...shown()].reverse().map((one) => {
        const value = one.points.find(([t]) => t === at)?.[1];
        return value === undefined ? null : h("li", {}, h("i", { class: `swatch tone-${one.tone}` }), h("span", {}, one.name), h("b", {}, format(value)));
      });
      put(tip, h("p", {}, clock(at)), h("ul", {}, rows));
      const x = xOf(at);
      tip.style.setProperty("left", `${x > width / 2 ? x - 12 : x + 12}px`);
      tip.classList.toggle("left", x > width / 2);
    }
    draw();
  }

  function nearest(x) {
    const all = instants().filter((t) => t >= data.from && t <= data.to);
    return all.reduce((best, t) => (best === null || Math.abs(xOf(t) - x) < Math.abs(xOf(best) - x) ? t : best), null);
  }

  svg.addEventListener("pointermove", (event) => { at = nearest(event.clientX - svg.getBoundingClientRect().left); point(); });
  svg.addEventListener("pointerleave", () => { at = null; point(); });
  svg.addEventListener("blur", () => { at = null; point(); });
  svg.addEventListener("keydown", (event) => {
    const all = instants();
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (!step || all.length === 0) return;
    event.preventDefault();
    at = all[Math.min(all.length - 1, Math.max(0, at === null ? all.length - 1 : all.indexOf(at) + step))];
    point();
  });
  new ResizeObserver(([entry]) => { width = Math.floor(entry.contentRect.width); draw(); }).observe(svg.parentElement ?? box);

  function update(next) {
    data = next;
    if (at !== null && !instants().includes(at)) at = null;
    const last = (one) => one.points[one.points.length - 1]?.[1];
    put(legend, data.series.map((one) => h("button", {
      type: "button", class: "entry", "aria-pressed": String(!hidden.has(one.name)),
      onclick: () => { hidden.has(one.name) ? hidden.delete(one.name) : hidden.add(one.name); update(data); },
    }, h("i", { class: `swatch tone-${one.tone}` }), one.name)));
    svg.setAttribute("aria-label", `${title}: ${data.series.map((one) => `${one.name} ${last(one) === undefined ? "nothing" : format(last(one))}`).join(", ") || "nothing"}`);
    point();
  }
  return { element: box, update };
}

/** A small line without axes. */
export function spark(values, tone, [width, height] = [120, 32]) {
  const known = values.filter((value) => Number.isFinite(value));
  const most = Math.max(1e-9, ...known);
  const step = width / Math.max(1, values.length - 1);
  const line = values.map((value, n) => (Number.isFinite(value) ? `${n && Number.isFinite(values[n - 1]) ? "L" : "M"}${(n * step).toFixed(1)} ${(height - 2 - (value / most) * (height - 4)).toFixed(1)}` : "")).join("");
  const svg = s("svg", { class: "spark", viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  if (known.length > 1) {
    const first = values.findIndex((value) => Number.isFinite(value)) * step;
    svg.append(s("path", { class: `area tone-${tone}`, d: `${line}L${width} ${height}L${first} ${height}Z` }), s("path", { class: `line tone-${tone}`, d: line }));
  }
  return svg;
}
