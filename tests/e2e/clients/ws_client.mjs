// What Node's ws gets, as lines, then what it sent and received, as JSON. `ws_client.mjs ADDRESS`
import { once } from "node:events";
import { createRequire } from "node:module";

const WebSocket = createRequire(process.env.E2E_NODE + "/")("ws");
const base = `ws://${process.argv[2]}`;
const account = { closes: {}, messages: {}, sessions: {} };
const count = (of, key) => (account[of][key] = (account[of][key] ?? 0) + 1);
const kind = (binary) => (binary ? "binary" : "text");

async function open(path, options = {}) {
  const socket = new WebSocket(base + path, { headers: { host: "gateway.test" }, ...options });
  socket.received = [];
  socket.on("message", (data, binary) => {
    count("messages", `outbound/${kind(binary)}`);
    socket.received.push(data);
    socket.emit("received");
  });
  await once(socket, "open");
  count("sessions", "opened");
  return socket;
}

async function echo(socket, data, fragments = 1) {
  const received = once(socket, "received");
  const size = Math.ceil(data.length / fragments);
  for (let n = 0; n < fragments; n++) {
    socket.send(data.slice(n * size, (n + 1) * size), { fin: n === fragments - 1 });
    if (n < fragments - 1) {
      socket.ping("between");
      count("messages", "inbound/ping");
      count("messages", "outbound/pong");
    }
  }
  count("messages", `inbound/${kind(typeof data !== "string")}`);
  await received;
  const same = Buffer.compare(Buffer.from(data), socket.received.pop()) === 0;
  console.log("echo", data.length, fragments, same);
}

async function closed(socket, code, initiator) {
  const [seen, reason] = await once(socket, "close");
  console.log("closed", seen, reason.toString());
  count("messages", "inbound/close");
  count("messages", "outbound/close");
  count("sessions", "closed");
  count("closes", `${code}/${initiator}`);
}

for (const perMessageDeflate of [{ threshold: 0 }, false]) {
  const socket = await open("/ws/echo", { perMessageDeflate });
  console.log("extensions", socket.extensions);
  await echo(socket, "hello");
  await echo(socket, "grüße ".repeat(50), 3);
  await echo(socket, Buffer.alloc(100000, 5));
  await echo(socket, Buffer.alloc(3000, 6), 5);
  // Without a code, as pages do it that call close().
  socket.close();
  await closed(socket, 1005, "client");
}

const gone = await open("/ws/close/4002");
await closed(gone, "4xxx", "gateway");

const vanishing = await open("/ws/echo");
await echo(vanishing, "and then it was gone");
vanishing.terminate();
count("sessions", "aborted");
count("closes", "1006/client");

const refused = new WebSocket(base + "/ws/deny");
const [, response] = await once(refused, "unexpected-response");
console.log("refused", response.statusCode);
response.resume();
count("sessions", "rejected");

console.log(JSON.stringify(account));
