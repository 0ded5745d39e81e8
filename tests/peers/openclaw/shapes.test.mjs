// Our answers and events have the shapes that OpenClaw's clients read (shapes.json), for both protocols.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { problems, shapes } from "./lib/shape.mjs";
import { Setting } from "./lib/setting.mjs";

let setting;
before(async () => {
  setting = await Setting.start();
});
after(() => setting.stop());

function right(name, payload) {
  assert.ok(shapes[name], `shapes.json says nothing about ${name}`);
  assert.deepEqual(problems(payload, shapes[name]), [], `${name}: ${JSON.stringify(payload).slice(0, 500)}`);
}

test("the checker finds what is wrong", () => {
  const shape = { key: "text", "count?": "int", list: [{ "*": "'a'|null" }] };
  assert.deepEqual(problems({ key: "k", list: [{ x: "a", y: null }] }, shape), []);
  assert.equal(problems({ key: "", count: 1.5, list: [{ x: "b" }] }, shape).length, 3);
  assert.equal(problems({ list: {} }, shape).length, 2);
  assert.equal(problems(null, shape).length, 1);
});

for (const protocol of [3, 4]) {
  describe(`protocol ${protocol}`, () => {
    let client;
    const key = `agent:main:shapes-${protocol}`;
    before(async () => {
      client = await setting.gateway.client({ minProtocol: protocol, maxProtocol: protocol });
    });

    test("hello-ok", () => {
      right("connect", client.hello);
      assert.equal(client.hello.protocol, protocol);
      assert.equal("capabilities" in client.hello.features, protocol >= 4, "protocol 3 does not know capabilities");
    });

    test("a turn, its events and the whole life of a session", async () => {
      const idempotencyKey = `shapes-${protocol}`;
      right("chat.send", await client.request("chat.send", { sessionKey: key, message: "LONG:4", idempotencyKey }));
      await client.outcome(idempotencyKey);
      right("agent.wait", await client.request("agent.wait", { runId: idempotencyKey }));
      for (const { event, payload } of client.events) {
        if (shapes[`event:${event}`]) right(`event:${event}`, payload);
      }
      const deltas = client.events.filter(({ event, payload }) => event === "chat" && payload.state === "delta");
      assert.ok(deltas.length > 0);
      for (const { payload } of deltas) {
        assert.equal(typeof payload.deltaText, "string");
        assert.equal(payload.agentId, "main");
      }
      const agent = { message: "hello", sessionKey: key, idempotencyKey: `${idempotencyKey}-agent` };
      right("agent", await client.request("agent", agent, 30000, { last: ({ status }) => status !== "accepted" }));
      for (const [method, params] of [
        ["chat.history", { sessionKey: key }],
        ["sessions.patch", { key, label: `shapes ${protocol}`, thinkingLevel: "low" }],
        ["sessions.list", { includeDerivedTitles: true, includeLastMessage: true }],
        ["sessions.preview", { keys: [key, "agent:main:nobody"] }],
        ["sessions.resolve", { label: `shapes ${protocol}` }],
        ["status", {}],
        ["health", {}],
        ["usage.cost", {}],
        ["sessions.compact", { key, maxLines: 1 }],
        ["sessions.reset", { key }],
        ["chat.abort", { sessionKey: key }],
        ["sessions.delete", { key }],
      ]) {
        right(method, await client.request(method, params));
      }
    });

    for (const method of [
      "system-presence",
      "channels.status",
      "models.list",
      "agents.list",
      "agent.identity.get",
      "skills.status",
      "config.get",
      "config.schema",
      "logs.tail",
      "exec.approvals.get",
      "usage.status",
      "node.list",
      "node.pair.list",
      "last-heartbeat",
    ]) {
      test(method, async () => right(method, await client.request(method)));
    }

    test("config.patch", async () => {
      const { hash } = await client.request("config.get");
      const raw = JSON.stringify({ agents: { defaults: { bootstrapMaxChars: 10000 + protocol } } });
      right("config.patch", await client.request("config.patch", { raw, baseHash: hash }));
      const refused = await client.request("config.patch", { raw, baseHash: hash }).catch((error) => error);
      assert.match(refused.message, /changed by somebody else/);
    });
  });
}
