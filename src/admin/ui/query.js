// A box for PromQL over the agent's own history, with a chart and a table of what it says now.

import { get, query, range } from "./api.js";
import { chart } from "./chart.js";
import { card, count, h, put } from "./dom.js";

export const title = "Query";

const EXAMPLES = [
  "sum by (endpoint) (rate(http_requests_total[1m]))",
  "topk(5, sum by (endpoint) (rate(http_requests_total{status_code=~\"5..\"}[5m])))",
  "histogram_quantile(0.99, sum by (le, endpoint) (rate(http_request_duration_seconds_bucket[5m])))",
  "sum by (direction) (rate(websocket_messages_total[1m]))",
  "ALERTS",
];
const TONES = ["accent", "ok", "warn", "violet", "info", "bad", "quiet"];
const RANGES = { "5 min": 300, "15 min": 900, "1 h": 3600, "6 h": 21600 };
/** Series that are drawn; a table shows more. */
const DRAWN = 12;

const name = (metric) => {
  const { __name__: base = "", ...labels } = metric;
  const inner = Object.entries(labels).map(([key, value]) => `${key}=${JSON.stringify(value)}`).join(", ");
  return inner ? `${base}{${inner}}` : base || "value";
};

export function mount(root, { signal, params }) {
  let span = 900;
  const box = h("textarea", { rows: 2, spellcheck: "false", autocapitalize: "off", "aria-label": "PromQL", placeholder: "PromQL", list: "names" });
  box.value = params.get("expr") ?? EXAMPLES[0];
  const wrong = h("p", { class: "wrong", role: "alert", hidden: true });
  const plot = chart({ title: "Result over time", format: count, height: 300 });
  const table = h("tbody");
  const names = h("select", { "aria-label": "Insert a metric", onchange: () => { box.setRangeText(names.value, box.selectionStart, box.selectionEnd, "end"); names.value = ""; box.focus(); } });
  const choice = h("div", { class: "choice", role: "group", "aria-label": "Time shown" }, Object.entries(RANGES).map(([text, secs]) =>
    h("button", { type: "button", "aria-pressed": String(secs === span), onclick: (event) => {
      span = secs;
      for (const button of choice.children) button.setAttribute("aria-pressed", String(button === event.target));
      run();
    } }, text)));
  const form = h("form", { class: "card query", onsubmit: (event) => { event.preventDefault(); run(); } }, box,
    h("div", { class: "query-bar" }, names, choice, h("button", { type: "submit", class: "primary" }, "Run", h("kbd", {}, "⏎"))),
    h("p", { class: "chips" }, EXAMPLES.map((text) => h("button", { type: "button", class: "chip", onclick: () => { box.value = text; run(); } }, text))), wrong);
  box.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); run(); }
  });
  root.append(h("div", { class: "row-head" }, h("h1", {}, "Query"), h("span", { class: "quiet" }, "PromQL over what this agent remembers")), form,
    card("Over time", null, plot.element),
    h("section", { class: "card flush" }, h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Result now" }, h("table", { class: "table" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Series"), h("th", { scope: "col", class: "number" }, "Now"))), table))));

  async function run() {
    const expression = box.value.trim();
    if (!expression) return;
    history.replaceState(null, "", `#query?${new URLSearchParams({ expr: expression })}`);
    const end = Math.floor(Date.now() / 1000);
    try {
      const [now, series] = await Promise.all([query(expression, signal), range(expression, end - span, end, Math.max(1, Math.round(span / 240)), signal)]);
      wrong.hidden = true;
      plot.update({ from: (end - span) * 1000, to: end * 1000, series: series.slice(0, DRAWN).map(({ metric, points }, n) => ({ name: name(metric), tone: TONES[n % TONES.length], points })) });
      put(table, now.length === 0 ? h("tr", {}, h("td", { colspan: 2, class: "quiet" }, "no series now")) : now.slice(0, 200).map(({ metric, value }) => h("tr", {}, h("th", { scope: "row" }, h("code", {}, name(metric))), h("td", { class: "number" }, value))));
    } catch (error) {
      if (signal.aborted) return;
      wrong.hidden = false;
      put(wrong, error.message);
    }
  }

  (async () => {
    const told = await get("/api/v1/label/__name__/values", signal).catch(() => ({ data: [] }));
    put(names, h("option", { value: "" }, "Insert a metric…"), told.data.map((one) => h("option", {}, one)));
  })();
  run();
  return {};
}
