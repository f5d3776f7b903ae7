// Alerts: those that fire with what can be done about them, and what was, as lanes over time and as a list.

import { get, send } from "./api.js";
import { SEVERITY, card, clock, empty, h, lasting, pill, put, s } from "./dom.js";

export const title = "Alerts";

const SHOWN = { Active: "firing,acknowledged,suppressed", Pending: "pending", Resolved: "resolved" };
const STATUS = { firing: "bad", acknowledged: "info", suppressed: "quiet", pending: "warn", resolved: "ok" };
const DAYS = { "6 h": 0.25, "24 h": 1, "7 d": 7 };
const MINUTES = [["15 minutes", 15], ["1 hour", 60], ["4 hours", 240], ["1 day", 1440]];

export function mount(root, { ctx, signal, attempt, tell, mayOperate }) {
  let shown = "Active";
  let days = 1;
  let counts = "";
  const list = h("div", { class: "alerts" });
  const past = h("div");
  const choose = (names, chosen, pick, label) => h("div", { class: "choice", role: "group", "aria-label": label }, names.map((name) =>
    h("button", { type: "button", "aria-pressed": String(name === chosen), onclick: (event) => {
      for (const button of event.target.parentElement.children) button.setAttribute("aria-pressed", String(button === event.target));
      pick(name);
    } }, name)));
  const drill = mayOperate() ? h("button", { type: "button", onclick: test }, "Send a test") : null;
  root.append(
    h("div", { class: "row-head" }, h("h1", {}, "Alerts"), choose(Object.keys(SHOWN), shown, (name) => { shown = name; load(); }, "Which alerts"), drill),
    list,
    h("div", { class: "row-head" }, h("h2", {}, "What was"), choose(Object.keys(DAYS), "24 h", (name) => { days = DAYS[name]; story(); }, "How far back")),
    past,
  );

  async function load() {
    const told = await attempt(() => get(`/api/v1/alerts?status=${SHOWN[shown]}&limit=200`, signal));
    // Whoever is about to fill in a form keeps it.
    if (!told || list.querySelector("form:focus-within, form.open")) return;
    const nothing = { Active: ["All quiet", "No alert fires."], Pending: ["Nothing pending", "No condition holds that could become an alert."], Resolved: ["Nothing resolved", "No alert has ended within a day."] };
    put(list, told.alerts.length === 0 ? h("section", { class: "card" }, empty(...nothing[shown])) : told.alerts.map(one));
  }

  function one(alert) {
    const labels = Object.entries(alert.labels).filter(([name]) => !["alertname", "severity", "rule_name"].includes(name));
    const runbook = alert.annotations.runbook_url ?? alert.annotations.runbook;
    const facts = [
      alert.acknowledged_by && `acknowledged by ${alert.acknowledged_by}`,
      alert.suppressed_until && `suppressed until ${clock(Date.parse(alert.suppressed_until), false)}`,
      alert.muted_by && !alert.suppressed_until && `muted by ${alert.muted_by}`,
      alert.no_data_since && `no data since ${clock(Date.parse(alert.no_data_since), false)}`,
      alert.resolved_at && `resolved at ${clock(Date.parse(alert.resolved_at))}`,
    ].filter(Boolean);
    return h("article", { class: `card alert edge-${alert.resolved_at ? "ok" : SEVERITY[alert.severity]}`, "aria-label": alert.rule_name },
      h("header", {}, pill(SEVERITY[alert.severity], alert.severity), h("h3", {}, alert.rule_name), pill(STATUS[alert.status], alert.status),
        h("time", { class: "quiet", datetime: alert.started_at, title: alert.started_at }, `${lasting((Date.now() - Date.parse(alert.started_at)) / 1000)} ago`)),
      h("p", { class: "message" }, alert.message),
      facts.length > 0 ? h("p", { class: "quiet" }, facts.join(" · ")) : null,
      h("p", { class: "chips" }, labels.map(([name, value]) => h("code", { class: "chip" }, `${name}=${value}`)),
        runbook && /^https?:/.test(runbook) ? h("a", { href: runbook, rel: "noreferrer noopener", target: "_blank" }, "Runbook ↗") : null),
      mayOperate() && !alert.resolved_at && alert.status !== "pending" ? actions(alert) : null);
  }

  function actions(alert) {
    const box = h("div", { class: "actions" });
    const path = (what) => `/api/v1/alerts/${alert.fingerprint}/${what}`;
    const act = async (method, url) => {
      const done = await attempt(() => send(method, url));
      if (done) tell(done.message);
      put(box);
      await load();
      story();
    };
    const button = (text, onclick, primary) => h("button", { type: "button", class: primary ? "primary" : "", onclick }, text);
    const form = (label, field, text, go) => {
      const asked = h("form", { class: "inline open", onsubmit: (event) => { event.preventDefault(); asked.classList.remove("open"); go(field.value); } },
        h("label", {}, label, " ", field), h("button", { type: "submit", class: "primary" }, text), button("Cancel", () => buttons()));
      put(box, asked);
      field.focus();
    };
    function buttons() {
      put(box,
        alert.acknowledged_by
          ? button("Take back the acknowledgement", () => act("DELETE", path("acknowledge")))
          : button("Acknowledge", () => {
              const name = h("input", { type: "text", required: true, maxlength: 200, value: ctx.me.name ?? localStorage.getItem("outrider.name") ?? "", autocomplete: "name" });
              form("Who sees to it?", name, "Acknowledge", (by) => {
                localStorage.setItem("outrider.name", by);
                act("POST", `${path("acknowledge")}?${new URLSearchParams({ acknowledged_by: by })}`);
              });
            }, true),
        alert.suppressed_until
          ? button("End the suppression", () => act("DELETE", path("suppress")))
          : button("Suppress", () => {
              const time = h("select", {}, MINUTES.map(([name, value]) => h("option", { value, selected: value === 60 }, name)));
              form("For how long?", time, "Suppress", (minutes) => act("POST", `${path("suppress")}?${new URLSearchParams({ duration_minutes: minutes })}`));
            }));
    }
    buttons();
    return box;
  }

  async function test() {
    drill.disabled = true;
    const told = await attempt(() => send("POST", "/api/v1/test/alert"));
    drill.disabled = false;
    if (told) tell([told.message, ...told.deliveries.filter((one) => one.status !== "delivered").map((one) => `${one.channel}: ${one.detail}`)].join(". "), told.status !== "success");
  }

  async function story() {
    const from = new Date(Date.now() - days * 86_400_000).toISOString();
    const told = await attempt(() => get(`/api/v1/alerts/history?${new URLSearchParams({ from, limit: 1000 })}`, signal));
    if (!told) return;
    const { timeline, rules } = told;
    if (timeline.length === 0) return put(past, h("section", { class: "card" }, empty("Nothing happened", "No alert moved in this time.")));
    const mean = (value) => (value === null ? "–" : lasting(value));
    put(past,
      card("Lanes", "when each rule fired", lanes(timeline, Date.parse(from))),
      h("div", { class: "grid two" },
        card("Moves", `the last ${Math.min(40, timeline.length)} of ${told.total_count}`, h("ol", { class: "moves" }, timeline.slice(0, 40).map((move) => h("li", { class: `edge-${STATUS[move.transition] ?? "quiet"}` },
          h("time", { datetime: move.at }, clock(Date.parse(move.at))), h("b", {}, move.rule_name), pill(STATUS[move.transition] ?? "quiet", move.transition),
          move.detail ? h("span", { class: "quiet" }, move.detail) : null)))),
        card("By rule", "mean times", h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Mean times by rule" }, h("table", { class: "table" },
          h("thead", {}, h("tr", {}, ["Rule", "Fired", "To acknowledge", "To resolve"].map((name, n) => h("th", { scope: "col", class: n ? "number" : "" }, name)))),
          h("tbody", {}, Object.entries(rules).map(([name, times]) => h("tr", {}, h("th", { scope: "row" }, name), [times.fired, mean(times.mtta_seconds), mean(times.mttr_seconds)].map((value) => h("td", { class: "number" }, String(value)))))))))));
  }

  /** A lane for each rule, with a bar from when an alert fired until it was over. */
  function lanes(timeline, from) {
    const now = Date.now();
    const [width, row, left] = [1000, 30, 210];
    const x = (t) => left + ((Math.max(from, t) - from) / (now - from)) * (width - left - 8);
    const open = new Map();
    const bars = new Map();
    for (const move of [...timeline].reverse()) {
      const t = Date.parse(move.at);
      const lane = bars.get(move.rule_name) ?? bars.set(move.rule_name, []).get(move.rule_name);
      if (move.transition === "firing" && !open.has(move.fingerprint)) {
        const bar = { from: t, to: now, severity: move.severity };
        open.set(move.fingerprint, bar);
        lane.push(bar);
      } else if (move.transition === "resolved") {
        const bar = open.get(move.fingerprint);
        if (bar) bar.to = t;
        else lane.push({ from, to: t, severity: move.severity });
        open.delete(move.fingerprint);
      }
    }
    const all = [...bars].filter(([, lane]) => lane.length > 0);
    const height = all.length * row + 26;
    const marks = Array.from({ length: 5 }, (_, n) => from + ((now - from) * (n + 0.5)) / 5);
    return h("div", { class: "scroll", tabindex: 0, role: "region", "aria-label": "Lanes" }, s("svg", { class: "lanes", viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Lanes of ${all.map(([name, lane]) => `${name}, fired ${lane.length} times`).join("; ")}` },
      marks.map((t) => [s("line", { class: "grid", x1: x(t), x2: x(t), y1: 0, y2: height - 22 }), s("text", { class: "tick", x: x(t), y: height - 6, "text-anchor": "middle" }, clock(t, false))]),
      all.map(([name, lane], n) => [
        s("text", { class: "lane", x: 0, y: n * row + 20 }, name),
        s("line", { class: "grid", x1: left, x2: width - 8, y1: (n + 1) * row, y2: (n + 1) * row }),
        lane.map((bar) => s("rect", { class: `tone-${SEVERITY[bar.severity]}`, x: x(bar.from), y: n * row + 7, width: Math.max(4, x(bar.to) - x(bar.from)), height: row - 13, rx: 4 }, s("title", {}, `${clock(bar.from)} – ${bar.to === now ? "now" : clock(bar.to)}`))),
      ])));
  }

  load();
  story();
  const timers = [setInterval(load, 5000), setInterval(story, 15000)];
  signal.addEventListener("abort", () => timers.forEach(clearInterval));
  return {
    live(event) {
      // A count that changed is shown at once.
      const now = JSON.stringify(event.alerts);
      if (counts && counts !== now) { load(); story(); }
      counts = now;
    },
  };
}
