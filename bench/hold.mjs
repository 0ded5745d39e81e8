#!/usr/bin/env node
// Many clients that stay connected: how fast they get in, what each costs, and how long one turn takes to reach them all.
//   node bench/hold.mjs --url ws://127.0.0.1:PORT --token T [--protocol 3-4] [--clients 1000] [--batch 25] [--pid GATEWAY]
//                       [--settle 12] [--no-turn]
import crypto from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { parseArgs } from "node:util";
import { GatewayClient } from "../tests/journeys/lib/client.mjs";
import { measureTree } from "./lib/processes.mjs";
import { round, summary } from "./lib/statistics.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    token: { type: "string", default: "" },
    protocol: { type: "string", default: "3-4" },
    clients: { type: "string", default: "1000" },
    batch: { type: "string", default: "25" },
    pid: { type: "string" },
    settle: { type: "string", default: "12" }, // ours gives freed memory back each ten seconds
    "no-turn": { type: "boolean", default: false },
  },
});
const wanted = Number(options.clients);
const [minProtocol, maxProtocol] = options.protocol.split("-").map(Number);

const clients = [];
const handshakes = [];
const failures = [];
const reached = { runId: crypto.randomUUID(), count: 0, lastAt: 0 };
let events = 0;
let allReached;
const everyoneReached = new Promise((resolve) => (allReached = resolve));

function onEvent({ event, payload }) {
  events++;
  if (event !== "chat" || payload.runId !== reached.runId || payload.state !== "final") return;
  reached.count++;
  reached.lastAt = performance.now();
  if (reached.count === clients.length) allReached();
}

async function connectOne() {
  const client = new GatewayClient(options.url, {
    token: options.token,
    minProtocol,
    maxProtocol,
    client: { id: "gateway-client", version: "bench", platform: "linux", mode: "backend" },
    caps: [],
    keepEvents: false,
    onEvent,
  });
  const started = performance.now();
  try {
    await client.connect(60000);
    handshakes.push(performance.now() - started);
    clients.push(client);
  } catch (error) {
    failures.push(error.message);
  }
}

async function fanOut() {
  const started = performance.now();
  const params = { sessionKey: "agent:main:hold", message: "to everybody", idempotencyKey: reached.runId };
  await clients[0].request("chat.send", params, 60000);
  await Promise.race([everyoneReached, pause(60000, undefined, { ref: false })]);
  return { reached: reached.count, milliseconds: round(reached.lastAt - started, 0) };
}

const measure = options.pid ? () => measureTree(Number(options.pid)) : () => undefined;
// The first ones bring in the code that all of them need; what each further one costs is the question.
const first = Math.min(Number(options.batch), wanted);
await Promise.all(Array.from({ length: first }, connectOne));
const before = measure();
const started = performance.now();
while (clients.length + failures.length < wanted) {
  const size = Math.min(Number(options.batch), wanted - clients.length - failures.length);
  await Promise.all(Array.from({ length: size }, connectOne));
}
const seconds = (performance.now() - started) / 1000;
// What is measured is a gateway at rest with its clients, so here the passing of time is the subject.
await pause(Number(options.settle) * 1000);
const after = measure();

const result = {
  clients: clients.length,
  failures: failures.length,
  firstFailures: [...new Set(failures)].slice(0, 3),
  clientsPerSecond: round((clients.length - first) / seconds, 0),
  handshakeMs: summary(handshakes),
  receivedKbPerClient: round(clients.reduce((sum, each) => sum + each.socket.bytesIn, 0) / 1024 / clients.length, 1),
  events,
};
if (before) {
  result.rssMb = { before: round(before.rssMb, 1), after: round(after.rssMb, 1) };
  result.rssKbPerClient = round(((after.rssMb - before.rssMb) * 1024) / Math.max(1, clients.length - first), 1);
}
if (!options["no-turn"]) result.oneTurnToAll = await fanOut();
console.log(JSON.stringify(result, null, 1));
for (const client of clients) client.socket.destroy();
