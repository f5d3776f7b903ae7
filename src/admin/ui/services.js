// What the gateway calls: each service with its breaker, its health and its calls. Where it is not seen, why.

import { query } from "./api.js";
import { unseen } from "./coverage.js";
import { count, empty, h, pill, put, seconds, share } from "./dom.js";

export const title = "Services";

const BREAKER = { closed: "ok", half_open: "warn", open: "bad" };
const HEALTH = { healthy: "ok", unhealthy: "bad", unknown: "quiet" };
const QUERIES = {
  breaker: "circuit_breaker_state == 1",
  failing: "circuit_breaker_failure_rate",
  health: "service_instances_total",
  rate: "sum by (service) (rate(service_requests_total[1m]))",
  errors: 'sum by (service) (rate(service_requests_total{status_code=~"5.."}[1m]))',
  p95: "histogram_quantile(0.95, sum by (service, le) (rate(service_request_duration_seconds_bucket[1m])))",
  pool: "sum by (service) (connection_pool_connections_active)",
};

export function mount(root, { signal, attempt }) {
  const list = h("div", { class: "grid cards" });
  const gaps = h("div");
  root.append(h("div", { class: "row-head" }, h("h1", {}, "Services"), h("span", { class: "quiet" }, "what the gateway calls")), list, gaps);

  async function load() {
    const found = await attempt(() => Promise.all(Object.values(QUERIES).map((expression) => query(expression, signal))));
    if (!found) return;
    const by = new Map();
    const of = (name) => by.get(name) ?? by.set(name, { health: [] }).get(name);
    Object.keys(QUERIES).forEach((what, n) => found[n].forEach(({ metric, value }) => {
      if (!metric.service) return;
      const service = of(metric.service);
      if (what === "breaker") service.breaker = metric.state;
      else if (what === "health") service.health.push([metric.health, Number(value)]);
      else service[what] = Number(value);
    }));
    put(list, [...by].sort(([a], [b]) => a.localeCompare(b)).map(([name, service]) => one(name, service)));
    const missing = await unseen(["services", "breakers", "pools"], signal);
    put(gaps, by.size === 0 ? h("section", { class: "card" }, empty("No service is seen", null, missing)) : missing);
  }

  function one(name, service) {
    const fact = (term, value) => [h("dt", {}, term), h("dd", {}, value)];
    const states = service.health.filter(([, instances]) => instances > 0);
    const share5 = service.rate > 0 ? (service.errors ?? 0) / service.rate : null;
    return h("article", { class: `card service edge-${BREAKER[service.breaker] ?? HEALTH[states[0]?.[0]] ?? "quiet"}` },
      h("header", {}, h("h2", {}, name), service.breaker ? pill(BREAKER[service.breaker] ?? "quiet", `breaker ${service.breaker.replace("_", " ")}`) : null),
      h("p", { class: "chips" }, states.map(([state, instances]) => pill(HEALTH[state] ?? "quiet", `${instances} ${state}`))),
      h("dl", { class: "facts" },
        fact("Calls", service.rate === undefined ? "–" : `${count(service.rate)}/s`), fact("Errors", share(share5)), fact("p95", seconds(service.p95)),
        service.failing === undefined ? [] : fact("Failure rate", share(service.failing)), service.pool === undefined ? [] : fact("Pool", count(service.pool))));
  }

  load();
  const timer = setInterval(load, 5000);
  signal.addEventListener("abort", () => clearInterval(timer));
  return {};
}
