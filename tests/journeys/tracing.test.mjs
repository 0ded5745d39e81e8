// One trace from a client's request to the model and the tools, as an OpenTelemetry collector receives it.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import { after, before, beforeEach, test } from "node:test";
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
async function withGateway(otel, use) {
  const config = makeConfig({ modelUrl: "http://127.0.0.1:1" });
  config.models.providers.fake.baseUrl = model.url;
  delete config.agents.defaults.workspace;
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

test("nothing is sent to anybody unless it is turned on, nor of a trace that the client does not record", async () => {
  for (const [otel, flags] of [[undefined, "01"], [{ enabled: false }, "01"], [{ enabled: true, flushIntervalMs: 0 }, "00"]]) {
    model.plan(() => ({ text: "done" }));
    await withGateway(otel, (_, client) => say(client, `00-${traceId()}-${spanId()}-${flags}`));
    assert.deepEqual([received.length, model.requests.map(({ traceparent }) => traceparent)], [0, [undefined]]);
  }
});
