// Every dialect through the real gateway: streaming, tools, an abort, errors, a stall, and one connection for many turns.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import { after, before, describe, test } from "node:test";
import { textOf } from "./lib/client.mjs";
import { makeConfig, modelKey } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";

const newSession = () => `agent:main:dialect-${crypto.randomUUID()}`;
const paths = {
  "openai-completions": "/v1/chat/completions",
  "openai-responses": "/v1/responses",
  "anthropic-messages": "/v1/messages",
  "google-generative-ai": "/v1beta/models",
  ollama: "/api/chat",
};

for (const [api, path] of Object.entries(paths)) {
  describe(`the dialect ${api}`, () => {
    let model;
    let gateway;
    let client;
    before(async () => {
      model = await Model.start(["--key", modelKey]);
      gateway = await Gateway.start({ modelUrl: model.url, api });
      client = await gateway.client();
    });
    after(async () => {
      await gateway?.discard();
      await model?.stop();
    });

    test("streams, and sends back what was said", async () => {
      const session = newSession();
      const runId = await client.send(session, "LONG:60:5");
      const final = await client.outcome(runId);
      assert.equal(final.state, "final", JSON.stringify(final));
      assert.equal(textOf(final.message).trim(), Array.from({ length: 60 }, (_, index) => `w${index}`).join(" "));
      const deltas = client.events.filter(({ event, payload }) => event === "chat" && payload.runId === runId && payload.state === "delta");
      assert.ok(deltas.length >= 2, `an answer of 300 ms came in ${deltas.length} deltas`);
      const second = await client.outcome(await client.send(session, "and again, DRIP l’été 🌦"));
      assert.match(textOf(second.message), /l’été 🌦/);
      const [request] = await model.requests({ text: "and again" });
      assert.equal(request.path, path);
      assert.match(JSON.stringify(request.body), /w58 w59/);
      assert.deepEqual(await model.refusals(), []);
    });

    test("thinks and calls tools, several at once and one after another", async () => {
      fs.writeFileSync(gateway.file("plan.txt"), "the weather is good\n");
      const read = { tool: "read", args: { path: "plan.txt" } };
      const steps = [
        { think: true, text: "I look.", tools: [read, { tool: "read", args: { path: "gone.txt" } }] },
        { think: true, ...read },
        "The file says: $RESULT",
      ];
      const session = newSession();
      const final = await client.outcome(await client.send(session, script(steps)));
      assert.equal(final.state, "final", JSON.stringify(final));
      assert.match(textOf(final.message), /The file says: [\s\S]*the weather is good/);
      assert.equal((await client.outcome(await client.send(session, "thank you"))).state, "final");
      assert.deepEqual(await model.refusals(), []);
    });

    test("an abort reaches the model, and the session goes on", async () => {
      const session = newSession();
      const runId = await client.send(session, "LONG:20 HOLD:5:door");
      await model.requests({ state: "held", atLeast: 1 });
      await client.request("chat.abort", { sessionKey: session, runId });
      assert.equal((await client.outcome(runId)).state, "aborted");
      await model.requests({ state: "aborted", atLeast: 1 });
      const next = await client.outcome(await client.send(session, "go on"));
      assert.match(textOf(next.message), /echo: .*go on/);
      assert.deepEqual(await model.refusals(), []);
    });

    test("passing errors are tried again, lasting ones are said in words", async () => {
      for (const passing of ["ERRONCE:500", "CUTONCE:2", "ERRONCE:429"]) {
        const final = await client.outcome(await client.send(newSession(), `${passing} once ${crypto.randomUUID()}`));
        assert.equal(final.state, "final", `${passing}: ${JSON.stringify(final)}`);
      }
      const denied = await client.outcome(await client.send(newSession(), "ERR:403"));
      assert.equal(denied.state, "error");
      assert.match(denied.errorMessage, /does not let this API key use/);
      const inStream = await client.outcome(await client.send(newSession(), "LONG:9 STREAMERR:2"), 60000);
      assert.equal(inStream.state, "error");
      assert.match(inStream.errorMessage, /fake (failed|is overloaded)/);
      assert.doesNotMatch(JSON.stringify(client.events), new RegExp(modelKey));
    });
  });
}

// parity: 1.12-providers
test("a model that Ollama has not pulled is named with the command that pulls it", async () => {
  const model = await Model.start(["--models", "other"]);
  const gateway = await Gateway.start({ modelUrl: model.url, api: "ollama" });
  try {
    const client = await gateway.client();
    const final = await client.outcome(await client.send(newSession(), "hello"));
    assert.equal(final.state, "error");
    assert.match(JSON.stringify(final), /ollama pull fake-1/);
  } finally {
    await gateway.discard();
    await model.stop();
  }
});

test("an Ollama that runs is found and asked by its own door, for a window of the size that the conversation is cut to", async () => {
  const model = await Model.start(["--models", "qwen3:8b"]);
  const gateway = new Gateway({ modelUrl: model.url, env: { OLLAMA_HOST: model.url } });
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  delete config.models;
  delete config.agents.defaults.model;
  fs.writeFileSync(`${gateway.stateDir}/openclaw.json`, JSON.stringify(config));
  try {
    await gateway.start();
    const client = await gateway.client();
    const final = await client.outcome(await client.send(newSession(), "hello"));
    assert.equal(final.state, "final", JSON.stringify(final));
    const [request] = await model.requests({ text: "hello" });
    assert.equal(request.path, "/api/chat");
    assert.equal(request.body.options.num_ctx, 8192);
    assert.equal(request.body.keep_alive, "30m");
    assert.deepEqual(await model.refusals(), []);
  } finally {
    await gateway.discard();
    await model.stop();
  }
});

/** A model that says one word and, where `stalls`, nothing more; counts its connections. */
async function plainModel({ stalls }) {
  const sockets = new Set();
  const server = http.createServer((request, response) => {
    sockets.add(request.socket);
    request.resume().once("end", () => {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write('data: {"id":"c","choices":[{"delta":{"content":"hi"}}]}\n\n');
      if (stalls) return;
      response.write('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
      // What follows the last event comes apart from it, as it does from servers that log first.
      setImmediate(() => setImmediate(() => response.end(": bye\n\n")));
    });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    sockets,
    stop() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

test("turn after turn uses one connection", async () => {
  const model = await plainModel({ stalls: false });
  const gateway = await Gateway.start({ modelUrl: model.url });
  try {
    const client = await gateway.client();
    const session = newSession();
    for (let turn = 0; turn < 3; turn++) {
      assert.equal((await client.outcome(await client.send(session, `turn ${turn}`))).state, "final");
    }
    assert.equal(model.sockets.size, 1);
  } finally {
    await gateway.discard();
    await model.stop();
  }
});

test("a model that falls silent is given up after the time that is set, in words", async () => {
  const model = await plainModel({ stalls: true });
  const gateway = new Gateway({ modelUrl: model.url });
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  config.agents.defaults.llm = { idleTimeoutSeconds: 1 };
  fs.writeFileSync(`${gateway.stateDir}/openclaw.json`, JSON.stringify(config));
  try {
    await gateway.start();
    const client = await gateway.client();
    const final = await client.outcome(await client.send(newSession(), "hello"), 60000);
    assert.equal(final.state, "error");
    assert.match(JSON.stringify(final), /stopped in the middle of its reply: nothing came for 1 s/);
    assert.match(JSON.stringify(final), /agents\.defaults\.llm\.idleTimeoutSeconds/);
  } finally {
    await gateway.discard();
    await model.stop();
  }
});
