// Coverage: what is seen, what is not, why, and which key of the configuration shows more.

import { get } from "./api.js";
import { card, h, pill, put } from "./dom.js";

export const title = "Coverage";

const STATUS = { seen: "ok", partly: "warn", unseen: "quiet" };

/** One area. */
function area(one) {
  return h("article", { class: `card area edge-${STATUS[one.status]}` },
    h("header", {}, h("h2", {}, one.name), pill(STATUS[one.status], one.status)),
    h("p", {}, one.reason),
    one.enable && one.status !== "seen" ? h("p", {}, "Switch it on by ", h("code", { class: "key" }, `${one.enable}:`), " in agent.yaml.") : null,
    one.metrics.length > 0 ? h("p", { class: "chips" }, one.metrics.map((metric) => h("code", { class: metric.exported ? "chip on" : "chip off", title: metric.exported ? "exported" : "not exported now" }, metric.name))) : null);
}

/** The areas among `names` that are not seen whole, for sections that show them. */
export async function unseen(names, signal) {
  const told = await get("/api/v1/coverage", signal).catch(() => null);
  const areas = names.flatMap((name) => (told?.coverage.areas ?? []).filter((one) => one.name === name && one.status !== "seen"));
  return areas.map((one) =>
    h("p", { class: "gap", "data-status": one.status }, pill(STATUS[one.status], `${one.name} ${one.status}`), " ", one.reason, one.enable ? [" Switch it on by ", h("code", { class: "key" }, `${one.enable}:`), " in agent.yaml."] : null));
}

export function mount(root, { signal, attempt }) {
  const list = h("div", { class: "grid cards" });
  const note = h("span", { class: "quiet" });
  root.append(h("div", { class: "row-head" }, h("h1", {}, "Coverage"), note), list);
  const order = ["unseen", "partly", "seen"];
  (async () => {
    const told = await attempt(() => get("/api/v1/coverage", signal));
    if (!told) return;
    const { areas, unseen: missing } = told.coverage;
    put(note, missing.length === 0 ? "every family is exported" : `${missing.length} families are not exported now; what is unseen is absent, never zero`);
    put(list, [...areas].sort((a, b) => order.indexOf(b.status) - order.indexOf(a.status)).map(area));
    if (areas.length === 0) put(list, card(null, null, "Nothing is reported."));
  })();
  return {};
}
