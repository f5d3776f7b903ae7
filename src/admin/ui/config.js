// The configuration that runs, where it came from, and the level of the log.

import { get, send } from "./api.js";
import { card, clock, h, lasting, pill, put } from "./dom.js";

export const title = "Config";

const LEVELS = ["error", "warn", "info", "debug"];

/** A value as YAML has it. */
function yaml(value, depth = 0) {
  const pad = "  ".repeat(depth);
  const plain = (one) => (typeof one === "string" && !/^[\w./:@*%+-]+$/.test(one) ? JSON.stringify(one) : one === null ? "~" : String(one));
  if (Array.isArray(value)) {
    if (value.length === 0) return " []\n";
    if (value.every((one) => typeof one !== "object" || one === null)) return ` [ ${value.map(plain).join(", ")} ]\n`;
    return `\n${value.map((one) => `${pad}-${typeof one === "object" && one !== null ? yaml(one, depth + 1).replace(/^\n\s*/, " ") : ` ${plain(one)}\n`}`).join("")}`;
  }
  if (typeof value === "object" && value !== null) {
    const entries = Object.entries(value);
    return entries.length === 0 ? " {}\n" : `\n${entries.map(([key, one]) => `${pad}${key}:${yaml(one, depth + 1)}`).join("")}`;
  }
  return ` ${plain(value)}\n`;
}

export function mount(root, { signal, attempt, tell, mayOperate }) {
  const state = h("div");
  const text = h("div", { class: "sections-of" });
  const level = h("select", { disabled: !mayOperate(), onchange: async () => {
    const told = await attempt(() => send("PUT", `/api/v1/log-level?${new URLSearchParams({ level: level.value })}`));
    if (told) tell(`The log is at ${told.level} until the next reload.`);
    load();
  } }, LEVELS.map((name) => h("option", {}, name)));
  root.append(h("div", { class: "row-head" }, h("h1", {}, "Config"), h("label", {}, "Log level ", level)), state, text);
  let hash = null;

  async function load() {
    const told = await attempt(() => Promise.all([get("/api/v1/config", signal), get("/api/v1/log-level", signal)]));
    if (!told) return;
    const [config, log] = told;
    level.value = log.level;
    const fact = (term, value) => [h("dt", {}, term), h("dd", {}, value)];
    put(state, card("State", null,
      h("dl", { class: "facts wide" },
        fact("File", config.status === "current" ? pill("ok", "is what runs") : pill("bad", "does not run")),
        fact("Taken", `${clock(Date.parse(config.loaded_at))}, ${lasting((Date.now() - Date.parse(config.loaded_at)) / 1000)} ago`),
        fact("SHA-256", h("code", { class: "break" }, config.hash)),
        config.files.length > 0 ? fact("Read from", config.files.map((file) => h("code", { class: "chip" }, file))) : []),
      config.error ? h("pre", { class: "wrong" }, config.error) : null,
      config.notices.map((notice) => h("p", { class: "gap" }, pill("warn", notice.path), " ", notice.message))));
    if (config.hash === hash) return;
    hash = config.hash;
    const isPlain = ([, value]) => typeof value !== "object" || value === null;
    const all = Object.entries(config.config);
    put(text, h("pre", { class: "card yaml" }, all.filter(isPlain).map(([key, value]) => `${key}:${yaml(value)}`).join("").trimEnd()), all.filter((one) => !isPlain(one)).map(([key, value]) => {
      return h("details", { class: "card yaml", open: ["ingress", "admin"].includes(key) }, h("summary", {}, `${key}:`), h("pre", {}, yaml(value, 1).replace(/^\n/, "")));
    }));
  }
  load();
  const timer = setInterval(load, 10_000);
  signal.addEventListener("abort", () => clearInterval(timer));
  return {};
}
