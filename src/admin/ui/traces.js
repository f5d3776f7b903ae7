// Recent traces as waterfalls. Where no span is made, why.

import { get } from "./api.js";
import { unseen } from "./coverage.js";
import { card, clock, empty, h, pill, put, seconds } from "./dom.js";

export const title = "Traces";

/** Milliseconds of a time, with those microseconds that `Date` drops. */
const millis = (text) => Date.parse(text) + Number(/\.\d{3}(\d{3})/.exec(text)?.[1] ?? 0) / 1000;

/** Spans of one trace in the order of a tree, each with its depth. */
function tree(spans) {
  const known = new Set(spans.map((span) => span.span_id));
  const children = Map.groupBy(spans, (span) => (known.has(span.parent_span_id) ? span.parent_span_id : ""));
  const walk = (parent, depth) => (children.get(parent) ?? []).sort((a, b) => a.start - b.start).flatMap((span) => [{ ...span, depth }, ...walk(span.span_id, depth + 1)]);
  return walk("", 0);
}

export function mount(root, { signal, attempt, params }) {
  let chosen = params.get("trace");
  let wanted = "";
  const list = h("div", { class: "traces" });
  const detail = h("div");
  const search = h("input", { type: "search", placeholder: "Search names and ids", "aria-label": "Search traces", oninput: () => { wanted = search.value.toLowerCase(); draw(); } });
  root.append(h("div", { class: "row-head" }, h("h1", {}, "Traces"), search), h("div", { class: "grid traces-grid" }, h("section", { class: "card flush" }, list), detail));
  let all = [];

  function group(spans) {
    const traces = Map.groupBy(spans, (span) => span.trace_id);
    return [...traces].map(([id, those]) => {
      const start = Math.min(...those.map((span) => span.start));
      const end = Math.max(...those.map((span) => span.start + span.duration * 1000));
      const rows = tree(those);
      return { id, start, end, rows, root: rows[0], bad: those.some((span) => span.status === "error") };
    }).sort((a, b) => b.start - a.start);
  }

  function draw() {
    const fits = all.filter((trace) => !wanted || trace.id.includes(wanted) || trace.rows.some((span) => span.name.toLowerCase().includes(wanted)));
    const longest = Math.max(1, ...fits.map((trace) => trace.end - trace.start));
    put(list, fits.length === 0 ? empty("No trace", wanted ? "None of the recent ones fits." : "None has been made yet.") : h("ul", {}, fits.slice(0, 100).map((trace) => h("li", {},
      h("button", { type: "button", "aria-pressed": String(trace.id === chosen), onclick: () => { chosen = trace.id; draw(); }, vars: { "--share": `${((trace.end - trace.start) / longest) * 100}%` } },
        h("span", { class: "trace-name" }, trace.root.name), trace.bad ? pill("bad", "error") : null,
        h("span", { class: "quiet" }, `${clock(trace.start)} · ${trace.rows.length} span${trace.rows.length === 1 ? "" : "s"}`), h("b", {}, seconds((trace.end - trace.start) / 1000)))))));
    const trace = fits.find((one) => one.id === chosen) ?? fits[0];
    put(detail, trace ? waterfall(trace) : []);
  }

  function waterfall(trace) {
    const whole = Math.max(1e-6, trace.end - trace.start);
    return card(trace.root.name, trace.id, h("ol", { class: "waterfall" }, trace.rows.map((span) => {
      const from = ((span.start - trace.start) / whole) * 100;
      const width = Math.max(0.4, ((span.duration * 1000) / whole) * 100);
      return h("li", {}, h("details", {},
        h("summary", {}, h("span", { class: "span-name", vars: { "--depth": span.depth } }, span.name),
          h("span", { class: "lane-box" }, h("i", { class: span.status === "error" ? "bad" : span.kind, vars: { "--from": `${from}%`, "--width": `${width}%` } })),
          h("b", {}, seconds(span.duration))),
        span.status_message ? h("p", { class: "wrong" }, span.status_message) : null,
        h("dl", { class: "facts" }, Object.entries(span.attributes ?? {}).map(([name, value]) => [h("dt", {}, name), h("dd", {}, String(value))]))));
    })));
  }

  async function load() {
    const gaps = await unseen(["traces"], signal);
    if (signal.aborted) return;
    if (gaps.some((gap) => gap.dataset.status === "unseen")) return put(list, empty("No trace is seen", null, gaps));
    try {
      const told = await get("/api/v1/traces/recent", signal);
      all = group((told.spans ?? []).map((span) => ({ ...span, start: millis(span.start), duration: span.duration_seconds })));
      if (!list.contains(document.activeElement) && !detail.contains(document.activeElement)) draw();
    } catch (error) {
      if (!signal.aborted) attempt(() => Promise.reject(error));
    }
  }

  load();
  const timer = setInterval(load, 5000);
  signal.addEventListener("abort", () => clearInterval(timer));
  return {};
}
