// The page: sections by the address's hash, one stream of live events for all of them, colours and the token.

import { Problem, events, get, token } from "./api.js";
import { clock, h, put, s } from "./dom.js";
import * as alerts from "./alerts.js";
import * as config from "./config.js";
import * as coverage from "./coverage.js";
import * as endpoints from "./endpoints.js";
import * as overview from "./overview.js";
import * as query from "./query.js";
import * as services from "./services.js";
import * as traces from "./traces.js";

const SECTIONS = { overview, endpoints, services, alerts, traces, query, coverage, config };
/** Live events that are kept: five minutes. */
const KEPT = 300;

const of = (id) => document.getElementById(id);
const ctx = {
  /** The last live events, oldest first. */
  past: [],
  /** Who the agent takes us for. */
  me: { name: null, role: "none" },
  /** Says something to the reader, seen and heard. */
  tell(text, bad = false) {
    const told = of("told");
    put(told, text);
    told.dataset.state = bad ? "bad" : "ok";
    told.classList.add("shown");
    clearTimeout(ctx.telling);
    ctx.telling = setTimeout(() => told.classList.remove("shown"), 6000);
  },
  /** Runs `work`; what it throws is told. */
  async attempt(work) {
    try {
      return await work();
    } catch (error) {
      if (error.name === "AbortError") return undefined;
      if (error instanceof Problem && error.status === 401) ask(error.message);
      ctx.tell(error.message, true);
      return undefined;
    }
  },
  mayOperate: () => ctx.me.role === "operate",
};

let current = null;

/** The section that the address names, with what stands behind a `?` in it. */
function place() {
  const [name, rest] = location.hash.slice(1).split("?");
  return { name: SECTIONS[name] ? name : "overview", params: new URLSearchParams(rest ?? "") };
}

function show() {
  if (location.hash === "#main") return of("main").focus();
  const { name, params } = place();
  current?.abort.abort();
  const abort = new AbortController();
  const main = of("main");
  main.dataset.section = name;
  put(main);
  document.title = `${SECTIONS[name].title} · Outrider`;
  for (const link of of("sections").children) {
    const here = link.hash === `#${name}`;
    here ? link.setAttribute("aria-current", "page") : link.removeAttribute("aria-current");
    if (here) link.scrollIntoView({ block: "nearest", inline: "center" });
  }
  const view = SECTIONS[name].mount(main, { ...ctx, ctx, signal: abort.signal, params });
  current = { name, abort, view };
  const last = ctx.past[ctx.past.length - 1];
  if (last) view.live?.(last);
}

function live(event) {
  ctx.past.push(event);
  if (ctx.past.length > KEPT) ctx.past.shift();
  const pulse = of("pulse");
  const state = event.draining ? "draining" : "live";
  if (pulse.dataset.state !== state) {
    pulse.dataset.state = state;
    put(pulse, state);
  }
  const banner = of("banner");
  const refused = event.config.error;
  banner.hidden = !refused;
  if (refused && banner.textContent !== refused) {
    put(banner, h("strong", {}, "The configuration file is not what runs. "), refused.split("\n")[0], " ", h("a", { href: "#config" }, "All of it"));
  }
  const firing = event.alerts.firing;
  const badge = of("sections").querySelector(".badge");
  badge.hidden = firing === 0;
  put(badge, String(firing));
  badge.setAttribute("aria-label", `${firing} firing`);
  current?.view.live?.(event);
}

function lost(error) {
  const pulse = of("pulse");
  pulse.dataset.state = "lost";
  put(pulse, `lost at ${clock(Date.now())}`);
  if (error.status === 401) ask(error.message);
}

/** Asks for a token, once for each token that was refused. */
function ask(why) {
  if (of("signin").open || ask.refused === token.get()) return;
  ask.refused = token.get();
  put(of("signin-why"), why);
  of("signin").showModal();
}

let stream = null;
async function start() {
  stream?.abort();
  stream = new AbortController();
  events("/api/v1/live", stream.signal, live, lost);
  const [me, about] = await Promise.all([get("/api/v1/whoami").catch(() => ctx.me), get("/api/v1/observability").catch(() => null)]);
  ctx.me = { name: me.name, role: me.role };
  of("key").classList.toggle("on", Boolean(me.name));
  of("key").setAttribute("aria-label", me.name ? `Signed in as ${me.name}` : "Sign in with a token");
  if (about) put(of("whose"), h("strong", {}, about.service), " ", h("span", { class: "quiet" }, about.observability.logging.environment));
  show();
}

const THEMES = {
  auto: ["M12 3a9 9 0 1 0 0 18zM12 3a9 9 0 0 1 0 18", "as the system"],
  light: ["M12 8a4 4 0 1 0 0 8 4 4 0 0 0 0-8zM12 2v2M12 20v2M2 12h2M20 12h2M5 5l1.4 1.4M17.6 17.6 19 19M5 19l1.4-1.4M17.6 6.4 19 5", "light"],
  dark: ["M20 14.5A8.5 8.5 0 0 1 9.5 4 8.5 8.5 0 1 0 20 14.5z", "dark"],
};
function theme(name) {
  const [mark, text] = THEMES[name];
  name === "auto" ? document.documentElement.removeAttribute("data-theme") : (document.documentElement.dataset.theme = name);
  put(of("theme"), s("svg", { viewBox: "0 0 24 24", "aria-hidden": "true" }, s("path", { d: mark })));
  of("theme").setAttribute("aria-label", `Colours: ${text}`);
  of("theme").title = `Colours: ${text}`;
  localStorage.setItem("outrider.theme", name);
}

const names = Object.keys(THEMES);
const chosen = () => names.find((name) => name === localStorage.getItem("outrider.theme")) ?? "auto";
theme(chosen());
of("theme").addEventListener("click", () => theme(names[(names.indexOf(chosen()) + 1) % names.length]));
of("key").addEventListener("click", () => of("signin").showModal());
of("signin").addEventListener("close", () => {
  const wanted = of("signin").returnValue;
  const typed = of("token").value.trim();
  of("token").value = "";
  of("signin").returnValue = "";
  if (wanted === "in" && typed) token.set(typed);
  else if (wanted === "out") token.set("");
  else return;
  start();
});
put(of("sections"), Object.entries(SECTIONS).map(([name, section]) =>
  h("a", { href: `#${name}` }, section.title, name === "alerts" ? h("span", { class: "badge", hidden: true }) : null)));
addEventListener("hashchange", show);
show();
start();
