// The overview: what passes now, its last hours as charts, the busiest endpoints and what fires.

import { get, range } from "./api.js";
import { chart, spark } from "./chart.js";
import { SEVERITY, bytes, card, count, empty, h, pill, put, seconds, share } from "./dom.js";

export const title = "Overview";

const RANGES = { "5 min": 300, "15 min": 900, "1 h": 3600, "6 h": 21600 };
const CLASSES = [["5xx", "bad"], ["4xx", "warn"], ["3xx", "info"], ["2xx", "ok"], ["1xx", "quiet"]];

/** A figure with its name, a second line and a small chart. */
function tile(name, tone) {
  const value = h("p", { class: "figure" }, "–");
  const note = h("p", { class: "quiet note" });
  const line = h("div", { class: "sparkline" });
  const element = h("section", { class: `tile tone-${tone}`, "aria-label": name }, h("h2", {}, name), value, note, line);
  return { element, set: (figure, unit, more, values) => { put(value, figure, unit ? h("small", {}, unit) : null); put(note, more); put(line, spark(values, tone)); } };
}

export function mount(root, { ctx, signal, attempt }) {
  const tiles = { rate: tile("Requests", "ok"), errors: tile("Errors", "bad"), latency: tile("Latency p95", "accent"), open: tile("Open now", "info") };
  const traffic = chart({ title: "Requests per second by status", format: (v) => count(v), stacked: true, height: 240 });
  const latency = chart({ title: "Latency", format: seconds, height: 240 });
  const busiest = h("div", { class: "bars" });
  const firing = h("div", {});
  const sockets = h("dl", { class: "facts" });
  let span = Number(sessionStorage.getItem("outrider.range")) || 300;

  const choice = h("div", { class: "choice", role: "group", "aria-label": "Time shown" }, Object.entries(RANGES).map(([name, secs]) =>
    h("button", { type: "button", "aria-pressed": String(secs === span), onclick: (event) => {
      span = secs;
      sessionStorage.setItem("outrider.range", secs);
      for (const button of choice.children) button.setAttribute("aria-pressed", String(button === event.target));
      draw();
    } }, name)));

  root.append(
    h("h1", { class: "visually-hidden" }, "Overview"),
    h("div", { class: "tiles" }, Object.values(tiles).map((one) => one.element)),
    h("div", { class: "row-head" }, h("h2", {}, "Over time"), choice),
    h("div", { class: "grid two" }, card("Requests per second", "by status", traffic.element), card("Latency", "from the head of a request to the last byte of its answer", latency.element)),
    h("div", { class: "grid three" },
      card("Busiest endpoints", "last seconds", busiest, h("a", { class: "more", href: "#endpoints" }, "All endpoints")),
      card("Alerts", null, firing, h("a", { class: "more", href: "#alerts" }, "All alerts")),
      card("WebSockets and connections", null, sockets)),
  );

  async function draw() {
    const end = Math.floor(Date.now() / 1000);
    const step = Math.max(1, Math.round(span / 180));
    const window = `${Math.max(4 * ctx.interval, 2 * step, 10)}s`;
    const quantile = (q) => `histogram_quantile(${q}, sum by (le) (rate(http_request_duration_seconds_bucket[${window}])))`;
    const found = await attempt(() => Promise.all([
      range(`sum by (class) (label_replace(rate(http_requests_total[${window}]), "class", "\${1}xx", "status_code", "(.).."))`, end - span, end, step, signal),
      ...[0.5, 0.95, 0.99].map((q) => range(quantile(q), end - span, end, step, signal)),
    ]));
    if (!found) return;
    const [classes, ...quantiles] = found;
    const bounds = { from: (end - span) * 1000, to: end * 1000 };
    traffic.update({ ...bounds, series: CLASSES.flatMap(([name, tone]) => {
      const points = classes.find((row) => row.metric.class === name)?.points;
      return points ? [{ name, tone, points }] : [];
    }) });
    const names = [["p50", "quiet"], ["p95", "accent"], ["p99", "violet"]];
    latency.update({ ...bounds, series: names.map(([name, tone], n) => ({ name, tone, points: quantiles[n][0]?.points ?? [] })) });
  }

  async function alerts() {
    const told = await get("/api/v1/alerts?limit=5", signal).catch(() => null);
    if (!told || signal.aborted) return;
    put(firing, told.alerts.length === 0
      ? empty("All quiet", "No alert fires.")
      : h("ul", { class: "list" }, told.alerts.map((alert) => h("li", {}, pill(SEVERITY[alert.severity], alert.severity), h("div", {}, h("b", {}, alert.rule_name), h("p", { class: "quiet" }, alert.message))))));
  }

  function live(event) {
    const past = ctx.past.slice(-90);
    const { requests, websocket, connections } = event;
    tiles.rate.set(count(requests.rate), "/s", `${count(requests.total)} since the start`, past.map((one) => one.requests.rate));
    tiles.errors.set(share(requests.error_ratio), "", `${count(requests.by_class["5xx"])} of 5xx, ${count(requests.by_class["4xx"])} of 4xx a second`, past.map((one) => one.requests.error_ratio));
    tiles.errors.element.classList.toggle("alarmed", requests.error_ratio > 0.05);
    tiles.latency.set(seconds(requests.p95), "", `p50 ${seconds(requests.p50)}, p99 ${seconds(requests.p99)}`, past.map((one) => one.requests.p95));
    tiles.open.set(count(requests.active), " requests", `${count(connections)} connections, ${count(websocket.sessions)} WebSockets`, past.map((one) => one.connections));
    const rows = [...event.endpoints].sort((a, b) => b.rate - a.rate || b.total - a.total).slice(0, 6);
    const most = Math.max(1e-9, ...rows.map((row) => row.rate));
    put(busiest, rows.length === 0
      ? empty("Nothing has passed yet", "Send a request through the ingress, and it is here within a second.")
      : h("ol", {}, rows.map((row) => h("li", { vars: { "--share": `${(row.rate / most) * 100}%` } },
        h("span", { class: "method" }, row.method), h("code", { title: row.endpoint }, row.endpoint),
        row.error_ratio > 0 ? pill("bad", share(row.error_ratio)) : null, h("b", {}, `${count(row.rate)}/s`)))));
    const fact = (name, value) => [h("dt", {}, name), h("dd", {}, value)];
    put(sockets,
      fact("Sessions", count(websocket.sessions)),
      fact("Messages in", `${count(websocket.messages.inbound)}/s`), fact("Messages out", `${count(websocket.messages.outbound)}/s`),
      fact("Connections", count(connections)),
      fact("From clients", `${bytes(event.bytes.inbound)}/s`), fact("To clients", `${bytes(event.bytes.outbound)}/s`));
  }

  (async () => {
    // How often the history is sampled says how short a window of a rate may be.
    const told = await get("/api/v1/config", signal).catch(() => null);
    ctx.interval = Number.parseFloat(told?.config.history.interval) || 10;
    draw();
  })();
  ctx.interval ??= 10;
  alerts();
  const timers = [setInterval(draw, 5000), setInterval(alerts, 5000)];
  signal.addEventListener("abort", () => timers.forEach(clearInterval));
  return { live };
}
