// Endpoints: a table that can be sorted and searched, and the charts of one of them.

import { range } from "./api.js";
import { chart, spark } from "./chart.js";
import { card, count, empty, h, pill, put, seconds, share } from "./dom.js";

export const title = "Endpoints";

const COLUMNS = [
  ["method", "Method", (row) => h("span", { class: "method" }, row.method)],
  ["endpoint", "Endpoint", (row) => h("code", {}, row.endpoint)],
  ["rate", "Rate", (row) => `${count(row.rate)}/s`],
  ["error_ratio", "Errors", (row) => (row.error_ratio > 0 ? pill("bad", share(row.error_ratio)) : row.error_ratio === null ? "–" : "0 %")],
  ["p50", "p50", (row) => seconds(row.p50)],
  ["p95", "p95", (row) => seconds(row.p95)],
  ["p99", "p99", (row) => seconds(row.p99)],
  ["total", "Total", (row) => count(row.total)],
];
const WORDS = ["method", "endpoint"];

export function mount(root, { ctx, signal, attempt }) {
  let sort = { by: "rate", down: true };
  let needle = "";
  let chosen = null;
  const key = (row) => `${row.method} ${row.endpoint}`;

  const search = h("input", { type: "search", placeholder: "Search endpoints", "aria-label": "Search endpoints", oninput: () => { needle = search.value.toLowerCase(); draw(); } });
  const heads = COLUMNS.map(([by, name]) => h("th", { scope: "col", class: WORDS.includes(by) ? "" : "number" },
    h("button", { type: "button", onclick: () => { sort = { by, down: sort.by === by ? !sort.down : !WORDS.includes(by) }; draw(); } }, name)));
  const body = h("tbody");
  const nothing = h("div");
  const detail = h("div");
  root.append(
    h("div", { class: "row-head" }, h("h1", {}, "Endpoints"), search),
    h("section", { class: "card flush" }, h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Endpoints" },
      h("table", { class: "table" }, h("thead", {}, h("tr", {}, heads, h("th", { scope: "col" }, "Last minutes"))), body)), nothing),
    detail,
  );

  function rows() {
    const last = ctx.past[ctx.past.length - 1];
    const found = (last?.endpoints ?? []).filter((row) => key(row).toLowerCase().includes(needle));
    const value = (row) => row[sort.by] ?? -1;
    const order = (a, b) => (WORDS.includes(sort.by) ? String(value(a)).localeCompare(value(b)) : value(a) - value(b));
    return found.sort((a, b) => (sort.down ? -order(a, b) : order(a, b)) || key(a).localeCompare(key(b)));
  }

  function draw() {
    const found = rows();
    heads.forEach((head, n) => {
      const on = COLUMNS[n][0] === sort.by;
      on ? head.setAttribute("aria-sort", sort.down ? "descending" : "ascending") : head.removeAttribute("aria-sort");
    });
    // A row keeps its focus, and its place in the document, for as long as it is there.
    const focused = document.activeElement?.dataset?.key;
    put(body, found.map((row) => {
      const past = ctx.past.slice(-120).map((event) => event.endpoints.find((one) => one.endpoint === row.endpoint && one.method === row.method)?.rate);
      const cells = COLUMNS.map(([by, , cell]) => {
        if (by !== "endpoint") return h("td", { class: WORDS.includes(by) ? "" : "number" }, cell(row));
        return h("th", { scope: "row" }, h("button", { type: "button", class: "plain", "data-key": key(row), "aria-expanded": String(chosen === key(row)), onclick: () => choose(row) }, cell(row)));
      });
      return h("tr", { class: chosen === key(row) ? "chosen" : "" }, cells, h("td", { class: "sparkcell" }, spark(past, row.error_ratio > 0.05 ? "bad" : "ok", [120, 24])));
    }));
    if (focused) [...body.querySelectorAll("button")].find((button) => button.dataset.key === focused)?.focus();
    put(nothing, found.length > 0 ? [] : ctx.past.length === 0 ? empty("Waiting for the first second", null) : needle ? empty("No such endpoint", `Nothing that passed has “${needle}” in it.`) : empty("Nothing has passed yet", "Send a request through the ingress, and its endpoint is here within a second."));
  }

  let charts = null;
  function choose(row) {
    chosen = chosen === key(row) ? null : key(row);
    charts = null;
    put(detail);
    if (chosen) {
      charts = { row, rate: chart({ title: `Requests per second of ${key(row)}`, format: count, stacked: true }), time: chart({ title: `Latency of ${key(row)}`, format: seconds }) };
      put(detail, h("h2", { class: "spaced" }, key(row)), h("div", { class: "grid two" }, card("Requests per second", "by status, last 15 minutes", charts.rate.element), card("Latency", "last 15 minutes", charts.time.element)));
      load();
    }
    draw();
  }

  async function load() {
    if (!charts) return;
    const { row, rate, time } = charts;
    const end = Math.floor(Date.now() / 1000);
    const window = `${Math.max(4 * (ctx.interval ?? 10), 10)}s`;
    const quoted = (text) => JSON.stringify(text);
    const those = `method=${quoted(row.method)}, endpoint=${quoted(row.endpoint)}`;
    const quantile = (q) => `histogram_quantile(${q}, sum by (le) (rate(http_request_duration_seconds_bucket{${those}}[${window}])))`;
    const found = await attempt(() => Promise.all([
      range(`sum by (status_code) (rate(http_requests_total{${those}}[${window}]))`, end - 900, end, 5, signal),
      ...[0.5, 0.95, 0.99].map((q) => range(quantile(q), end - 900, end, 5, signal)),
    ]));
    if (!found || !charts || charts.row !== row) return;
    const tones = { 1: "quiet", 2: "ok", 3: "info", 4: "warn", 5: "bad" };
    const bounds = { from: (end - 900) * 1000, to: end * 1000 };
    const [statuses, ...quantiles] = found;
    rate.update({ ...bounds, series: statuses.map(({ metric, points }) => ({ name: metric.status_code, tone: tones[metric.status_code[0]] ?? "quiet", points })) });
    time.update({ ...bounds, series: [["p50", "quiet"], ["p95", "accent"], ["p99", "violet"]].map(([name, tone], n) => ({ name, tone, points: quantiles[n][0]?.points ?? [] })) });
  }

  draw();
  const timer = setInterval(load, 5000);
  signal.addEventListener("abort", () => clearInterval(timer));
  return { live: draw };
}
