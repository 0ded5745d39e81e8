#!/usr/bin/env node
// Latency and throughput of turns through any gateway of the protocol, and what the gateway adds to the model's own time.
//   node bench/turns.mjs --url ws://127.0.0.1:PORT --token T [--protocol 3-4] [--sessions 1] [--turns 100] [--warmup 10]
//                        [--connections 1] [--message ping] [--pid GATEWAY] [--model http://127.0.0.1:PORT] [--timeout 60]
// Every session runs its turns one after the other; sessions run side by side. Times are milliseconds seen by the client:
// ack = answer to chat.send, first = first text, final = event "final". With --model, the gateway's last request is
// repeated directly and `added` is final minus that.
import crypto from "node:crypto";
import { parseArgs } from "node:util";
import { GatewayClient } from "../tests/journeys/lib/client.mjs";
import { directLatency } from "./lib/direct_model.mjs";
import { measureTree } from "./lib/processes.mjs";
import { round, summary } from "./lib/statistics.mjs";

const { values: options } = parseArgs({
  options: {
    url: { type: "string" },
    token: { type: "string", default: "" },
    protocol: { type: "string", default: "3-4" },
    sessions: { type: "string", default: "1" },
    turns: { type: "string", default: "100" },
    warmup: { type: "string", default: "10" },
    connections: { type: "string", default: "1" },
    message: { type: "string", default: "ping" },
    pid: { type: "string" },
    model: { type: "string" },
    timeout: { type: "string", default: "60" },
  },
});
const number = (name) => Number(options[name]);
const [minProtocol, maxProtocol] = options.protocol.split("-").map(Number);
const prefix = `agent:main:bench-${crypto.randomBytes(3).toString("hex")}`;

const runs = new Map();
const errors = [];

function onEvent({ event, payload }) {
  const run = runs.get(payload?.runId);
  if (!run) return;
  const isText = event === "agent" ? payload.stream === "assistant" : payload.state === "delta";
  if (isText) run.first ??= performance.now();
  if (event === "chat" && ["final", "error", "aborted"].includes(payload.state)) run.end(payload);
}

async function connectAll() {
  const client = { id: "gateway-client", version: "bench", platform: "linux", mode: "backend" };
  const shared = { token: options.token, minProtocol, maxProtocol, client, caps: [], keepEvents: false, onEvent };
  const clients = Array.from({ length: number("connections") }, () => new GatewayClient(options.url, shared));
  await Promise.all(clients.map((each) => each.connect()));
  return clients;
}

/** One turn: {ack, first, final} in milliseconds. */
async function turn(client, sessionKey) {
  const runId = crypto.randomUUID();
  const run = {};
  runs.set(runId, run);
  const ended = new Promise((resolve) => (run.end = resolve));
  const tooLate = AbortSignal.timeout(number("timeout") * 1000);
  const timeout = new Promise((resolve) => tooLate.addEventListener("abort", () => resolve({ state: "timeout" })));
  try {
    const started = performance.now();
    const params = { sessionKey, message: options.message, idempotencyKey: runId };
    await client.request("chat.send", params, number("timeout") * 1000);
    const acknowledged = performance.now();
    const payload = await Promise.race([ended, timeout]);
    const final = performance.now();
    if (payload.state !== "final") throw new Error(payload.errorMessage ?? payload.state);
    return { ack: acknowledged - started, first: (run.first ?? final) - started, final: final - started };
  } finally {
    runs.delete(runId);
  }
}

async function runSessions(clients, turns, latencies) {
  const sessions = Array.from({ length: number("sessions") }, (_, index) => `${prefix}-${index}`);
  const runOne = async (sessionKey, index) => {
    for (let count = 0; count < turns; count++) {
      await turn(clients[index % clients.length], sessionKey).then(
        (latency) => latencies.push(latency),
        (error) => errors.push(error.message),
      );
    }
  };
  await Promise.all(sessions.map(runOne));
}

const clients = await connectAll();
await runSessions(clients, number("warmup"), []);
errors.length = 0;
const gateway = options.pid ? () => measureTree(number("pid")) : () => undefined;
const before = gateway();
const latencies = [];
const started = performance.now();
await runSessions(clients, number("turns"), latencies);
const seconds = (performance.now() - started) / 1000;
const after = gateway();

const of = (name) => summary(latencies.map((latency) => latency[name]));
const result = {
  sessions: number("sessions"),
  turns: latencies.length,
  errors: errors.length,
  firstErrors: [...new Set(errors)].slice(0, 3),
  turnsPerSecond: round(latencies.length / seconds, 1),
  ackMs: of("ack"),
  firstMs: of("first"),
  finalMs: of("final"),
};
if (before && latencies.length > 0) {
  result.cpuMsPerTurn = round((after.cpuMs - before.cpuMs) / latencies.length);
  result.rssMb = { before: round(before.rssMb, 1), after: round(after.rssMb, 1) };
}
if (options.model && latencies.length > 0) {
  result.modelMs = await directLatency(options.model);
  result.addedMs = {
    median: round(result.finalMs.median - result.modelMs.p50),
    p99: round(result.finalMs.p99 - result.modelMs.p99),
  };
}
console.log(JSON.stringify(result, null, 1));
await Promise.all(clients.map((client) => client.close()));
process.exitCode = errors.length > 0 ? 1 : 0;
