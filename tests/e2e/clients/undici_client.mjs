// What Node's undici gets: one line of JSON for each exchange. `undici_client.mjs ADDRESS`
import { createHash } from "node:crypto";
import { createRequire } from "node:module";
import { Readable } from "node:stream";

const { Client, FormData, fetch, Agent } = createRequire(process.env.E2E_NODE + "/")("undici");
const base = `http://${process.argv[2]}`;
const host = { host: "gateway.test" };

function show(what, status, headers, body) {
  headers = headers.filter(([name]) => name.toLowerCase() !== "date");
  const sha256 = createHash("sha256").update(body).digest("hex");
  const line = { what, status, headers, bytes: body.length, sha256 };
  if (body.length < 500) line.body = body.toString("latin1");
  console.log(JSON.stringify(line));
}

async function ask(client, what, options) {
  const response = await client.request({ method: "GET", ...options, headers: { ...host, ...options.headers } });
  const body = Buffer.from(await response.body.arrayBuffer());
  show(what, response.statusCode, Object.entries(response.headers), body);
}

// One connection with ten requests under way at a time.
const client = new Client(base, { pipelining: 10 });
const requests = [];
for (let n = 0; n < 40; n++) {
  requests.push(n % 4 === 3 ? { path: "/page", method: "HEAD" } : { path: n % 4 === 2 ? "/chunked" : `/items/${n}` });
}
await Promise.all(requests.map((options, n) => ask(client, `pipelined ${n}`, options)));
await ask(client, "created", {
  path: "/items", method: "POST", body: '{"name":"chair","price":1}', headers: { "content-type": "application/json" } });
await ask(client, "streamed upload", { path: "/raw", method: "PUT", body: Readable.from(Array(50).fill(Buffer.alloc(40000, 7))) });
await ask(client, "asked first", { path: "/raw", method: "PUT", body: Buffer.alloc(100000, 1), headers: { "x-odd": "\u00fc" } });
await ask(client, "nothing", { path: "/items/1", method: "DELETE" });
await ask(client, "big", { path: "/download/3000000" });
await client.close();

// fetch, as pages and services use it.
const dispatcher = new Agent({ connections: 4 });
async function fetched(what, path, options = {}) {
  const response = await fetch(base + path, { dispatcher, ...options });
  show(what, response.status, [...response.headers], Buffer.from(await response.arrayBuffer()));
}
const form = new FormData();
form.set("note", "from fetch");
form.set("file", new Blob([Buffer.alloc(50000, 3)], { type: "image/png" }), "picture.png");
await fetched("form", "/upload", { method: "POST", body: form });
await fetched("events", "/events?count=10");
await fetched("redirected", "/redirect");
await fetched("cookies", "/login", { method: "POST", body: new URLSearchParams({ username: "ann", password: "correct horse" }) });
await dispatcher.close();
