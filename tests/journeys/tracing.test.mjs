// One trace from a client's request, or a messenger's message, to the model, the tools and the delivery of the answer, as an OpenTelemetry collector receives it.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import { after, before, beforeEach, test } from "node:test";
import { FakeTelegram } from "../peers/telegram/fake.mjs";
import { makeConfig } from "./lib/config.mjs";
import { FaultyModel } from "./lib/faulty_model.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { until } from "./lib/waiting.mjs";

const secretWord = "a-word-that-no-span-may-hold";
const traceId = () => crypto.randomBytes(16).toString("hex");
const spanId = () => crypto.randomBytes(8).toString("hex");

let model;
let collector;
let received; // {headers, body} of every POST

before(async () => {
  model = await FaultyModel.start();
  collector = http.createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    received.push({ path: request.url, headers: request.headers, body });
    response.writeHead(200, { "Content-Type": "application/json" }).end("{}");
  });
  await new Promise((resolve) => collector.listen(0, "127.0.0.1", resolve));
});
after(async () => {
  collector?.closeAllConnections();
  collector?.close();
  await model?.stop();
});
beforeEach(() => {
  received = [];
  model.plan(({ number }) =>
    number === 1 ? { text: "I look", tool: { name: "read", args: { path: "note.txt" } } } : { text: "done" },
  );
});

const spans = () =>
  received.flatMap(({ body }) => JSON.parse(body).resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)));

/** A gateway with these settings of diagnostics.otel; `use` gets it and a connected client. */
async function withGateway(otel, use, channels) {
  const config = makeConfig({ modelUrl: "http://127.0.0.1:1" });
  config.models.providers.fake.baseUrl = model.url;
  delete config.agents.defaults.workspace;
  if (channels) config.channels = channels;
  if (otel) config.diagnostics = { enabled: true, otel: { endpoint: `http://127.0.0.1:${collector.address().port}`, ...otel } };
  const gateway = new Gateway({ config });
  config.agents.defaults.workspace = gateway.workspace;
  fs.writeFileSync(`${gateway.stateDir}/openclaw.json`, JSON.stringify(config), { mode: 0o600 });
  fs.writeFileSync(gateway.file("note.txt"), secretWord);
  try {
    await gateway.start();
    await use(gateway, await gateway.client());
  } finally {
    await gateway.discard();
  }
}

async function say(client, traceparent) {
  const idempotencyKey = crypto.randomUUID();
  const params = { sessionKey: `agent:main:trace-${idempotencyKey}`, message: secretWord, idempotencyKey };
  await client.request("chat.send", params, 30000, traceparent ? { traceparent } : {});
  assert.equal((await client.outcome(idempotencyKey)).state, "final");
}

// parity: 1.12-otel
test("a message with a tool call is one trace, and everything in it knows its parent", async () => {
  const trace = traceId();
  const root = spanId();
  await withGateway({ enabled: true, serviceName: "my-claw", headers: { "x-tenant": "me" }, flushIntervalMs: 50 }, async (_, client) => {
    await say(client, `00-${trace}-${root}-01`);
    await until(() => spans().length >= 6, "six spans");
  });
  const all = spans();
  const named = (name) => all.filter((span) => span.name === name).sort((a, b) => (BigInt(a.startTimeUnixNano) < BigInt(b.startTimeUnixNano) ? -1 : 1));
  assert.deepEqual(all.map(({ name }) => name).sort(), ["lane", "message", "model", "model", "tool", "turn"]);
  const [[message], [lane], [turn], models, [tool]] = ["message", "lane", "turn", "model", "tool"].map(named);
  for (const span of all) {
    assert.equal(span.traceId, trace);
    assert.match(span.spanId, /^[0-9a-f]{16}$/);
    assert.ok(BigInt(span.endTimeUnixNano) >= BigInt(span.startTimeUnixNano));
    assert.equal(span.status, undefined, JSON.stringify(span));
  }
  assert.equal(message.parentSpanId, root);
  assert.equal(lane.parentSpanId, message.spanId);
  assert.equal(turn.parentSpanId, lane.spanId);
  for (const span of [...models, tool]) assert.equal(span.parentSpanId, turn.spanId);
  assert.ok(BigInt(models[0].endTimeUnixNano) <= BigInt(tool.startTimeUnixNano));
  assert.ok(BigInt(tool.endTimeUnixNano) <= BigInt(models[1].startTimeUnixNano));
  // What the model's server saw belongs to the call that was made to it.
  assert.deepEqual(model.requests.map(({ traceparent }) => traceparent), models.map(({ spanId: id }) => `00-${trace}-${id}-01`));
  const [{ path, headers, body }] = received;
  assert.deepEqual([path, headers["content-type"], headers["x-tenant"]], ["/v1/traces", "application/json", "me"]);
  assert.deepEqual(JSON.parse(body).resourceSpans[0].resource.attributes, [{ key: "service.name", value: { stringValue: "my-claw" } }]);
  for (const { body: sent } of received) assert.doesNotMatch(sent, new RegExp(`${secretWord}|note\\.txt`));
});

/** A gateway with a Telegram bot; `use` gets the bot's peer too. */
async function withTelegram(use) {
  const telegram = await FakeTelegram.start();
  const settings = { botToken: telegram.token, apiRoot: telegram.url, allowFrom: [7] };
  try {
    await withGateway({ enabled: true, flushIntervalMs: 50 }, (gateway, client) => use(telegram, gateway, client), { telegram: settings });
  } finally {
    await telegram.stop();
  }
}
const outbox = () => spans().filter(({ name }) => name === "outbox");

// parity: 1.12-otel
test("a messenger's message is one trace up to its delivery, with a stop of the gateway in between", async () => {
  await withTelegram(async (telegram, gateway) => {
    telegram.fault({ method: "sendMessage", status: 429, retry_after: 600 });
    await telegram.inject(telegram.message(secretWord));
    await until(() => telegram.calls.some(({ method, refused }) => method === "sendMessage" && refused), "the answer to be put off");
    await gateway.stop();
    assert.equal(telegram.sent(7).length, 0);
    await gateway.restart();
    await until(() => outbox().length === 2, "both spans of the delivery");
    assert.equal(telegram.sent(7).length, 1);
  });
  const all = spans();
  assert.deepEqual(all.map(({ name }) => name).sort(), ["lane", "message", "model", "model", "outbox", "outbox", "tool", "turn"]);
  assert.equal(new Set(all.map((span) => span.traceId)).size, 1);
  const [message, lane, turn] = ["message", "lane", "turn"].map((name) => all.find((span) => span.name === name));
  assert.deepEqual([message.parentSpanId || undefined, lane.parentSpanId, turn.parentSpanId], [undefined, message.spanId, lane.spanId]);
  for (const span of all.filter(({ name }) => ["model", "tool", "outbox"].includes(name))) assert.equal(span.parentSpanId, turn.spanId, span.name);
  const [stopped, sent] = outbox();
  assert.deepEqual([stopped.status?.message, sent.status], ["queued", undefined]);
  assert.ok(sent.attributes.some(({ key, value }) => key === "openclaw.channel" && value.stringValue === "telegram"));
  for (const { body } of received) assert.doesNotMatch(body, new RegExp(secretWord));
});

// parity: 1.12-otel
test("an answer that a client has delivered to a messenger, and what it sends there, belong to the client's trace", async () => {
  const traces = [traceId(), traceId(), traceId()];
  const roots = [spanId(), spanId(), spanId()];
  const parent = (index) => ({ traceparent: `00-${traces[index]}-${roots[index]}-01` });
  await withTelegram(async (telegram, _, client) => {
    const to = { channel: "telegram", to: "7" };
    const named = { message: "one", deliver: true, sessionKey: "main", idempotencyKey: crypto.randomUUID(), ...to };
    await client.request("agent", named, 30000, { last: ({ status }) => status === "ok", ...parent(0) });
    await client.request("send", { message: "two", idempotencyKey: crypto.randomUUID(), ...to }, 30000, parent(1));
    await until(() => outbox().length === 2, "both deliveries");
    // A conversation that the messenger began is where its session's answers go.
    await telegram.inject(telegram.message("three"));
    await until(() => telegram.sent(7).length === 3, "the answer to Telegram's own message");
    const nowhere = { message: "x", deliver: true, sessionKey: "agent:main:elsewhere", idempotencyKey: crypto.randomUUID() };
    await assert.rejects(client.request("agent", nowhere), /nowhere to deliver to/);
    const last = { message: "four", deliver: true, sessionKey: "main", idempotencyKey: crypto.randomUUID() };
    await client.request("chat.send", last, 30000, parent(2));
    await until(() => telegram.sent(7).length === 4, "the answer of chat.send in Telegram");
    await until(() => outbox().length === 4, "every delivery");
  });
  const ends = traces.map((trace) => outbox().find((span) => span.traceId === trace));
  assert.equal(ends[1].parentSpanId, roots[1]);
  for (const index of [0, 2]) {
    const turn = spans().find(({ name, traceId: trace }) => name === "turn" && trace === traces[index]);
    assert.equal(ends[index].parentSpanId, turn.spanId);
  }
});

test("a message without a trace begins one, and what waits at the end is still sent", async () => {
  await withGateway({ enabled: true, flushIntervalMs: 60000 }, async (_, client) => {
    await say(client);
    assert.equal(received.length, 0);
  });
  const all = spans();
  assert.equal(all.length, 6);
  assert.equal(new Set(all.map((span) => span.traceId)).size, 1);
  assert.deepEqual(all.filter((span) => !span.parentSpanId).map(({ name }) => name), ["message"]);
});

// parity: 1.12-otel
test("nothing is sent to anybody unless it is turned on, nor of a trace that the client does not record", async () => {
  for (const [otel, flags] of [[undefined, "01"], [{ enabled: false }, "01"], [{ enabled: true, flushIntervalMs: 0 }, "00"]]) {
    model.plan(() => ({ text: "done" }));
    await withGateway(otel, (_, client) => say(client, `00-${traceId()}-${spanId()}-${flags}`));
    assert.deepEqual([received.length, model.requests.map(({ traceparent }) => traceparent)], [0, [undefined]]);
  }
});
