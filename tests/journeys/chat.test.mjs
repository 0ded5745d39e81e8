// Turns: a person talks to the agent through the real binary, and the model behind it is scripted.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { textOf } from "./lib/client.mjs";
import { makeConfig, modelKey, writeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

let model;
let gateway;
let client;

before(async () => {
  model = await Model.start();
  gateway = await Gateway.start({ modelUrl: model.url });
  client = await gateway.client();
});
after(async () => {
  await gateway?.discard();
  await model?.stop();
});

const newSession = () => `agent:main:journey-${crypto.randomUUID()}`;
const ofRun = (runId, event) => (frame) => frame.event === event && frame.payload.runId === runId;
const eventsOf = (runId, event) => client.events.filter(ofRun(runId, event)).map((frame) => frame.payload);
const toolEvents = (runId) => eventsOf(runId, "agent").filter((payload) => payload.stream === "tool");

test("an answer is streamed as growing text and ends with the whole text", async () => {
  const session = newSession();
  const runId = await client.send(session, "LONG:120:5");
  const final = await client.outcome(runId);
  const whole = Array.from({ length: 120 }, (_, index) => `w${index}`).join(" ");
  assert.equal(final.state, "final");
  assert.equal(textOf(final.message).trim(), whole);

  const deltas = eventsOf(runId, "chat").filter((payload) => payload.state === "delta");
  assert.ok(deltas.length >= 2, `an answer of 600 ms came in ${deltas.length} deltas`);
  for (const delta of deltas) assert.ok(whole.startsWith(textOf(delta.message).trim()), textOf(delta.message));
  const joined = deltas.map((delta) => delta.deltaText).join("");
  assert.ok(whole.startsWith(joined.trim()), "deltaText only adds to what was there");

  const numbers = [...eventsOf(runId, "agent"), ...eventsOf(runId, "chat")].map((payload) => payload.seq);
  assert.ok(Math.min(...numbers) >= 1, "the events of a run are numbered");
  const streams = eventsOf(runId, "agent").map((payload) => `${payload.stream} ${payload.data.phase ?? ""}`.trim());
  assert.equal(streams[0], "lifecycle start");
  assert.equal(streams.at(-1), "lifecycle end");
  assert.ok(streams.includes("assistant"));
});

test("the history holds the question and the answer, and the next question sees both", async () => {
  const session = newSession();
  await client.outcome(await client.send(session, "my name is Ada"));
  await client.outcome(await client.send(session, "what is my name?"));
  const history = await client.history(session);
  assert.deepEqual(
    history.map((message) => message.role),
    ["user", "assistant", "user", "assistant"],
  );
  assert.match(textOf(history[0]), /my name is Ada/);
  assert.match(textOf(history[3]), /echo: .*what is my name\?/);
  const [request] = await model.requests({ text: "what is my name?" });
  assert.match(JSON.stringify(request.body.messages), /my name is Ada/);
});

test("every client sees the turn of another one", async () => {
  const onlooker = await gateway.client();
  const runId = await client.send(newSession(), "for all to see");
  assert.equal((await onlooker.outcome(runId)).state, "final");
  await onlooker.close();
});

// parity: 1.7-write, 1.7-edit, 1.7-read, 1.7-exec, 1.8-approvals
test("the agent reads, writes and edits files of its workspace, and runs a command once it is allowed to", async () => {
  const careful = await Gateway.start({
    modelUrl: model.url,
    tools: { exec: { security: "allowlist", ask: "always" } },
  });
  try {
    const owner = await careful.client();
    fs.writeFileSync(careful.file("plan.txt"), "the weather is bad\n");
    const steps = [
      { tool: "read", args: { path: "plan.txt" } },
      { tool: "write", args: { path: "notes/new.txt", content: "first draft" } },
      { tool: "edit", args: { path: "plan.txt", oldText: "bad", newText: "good" } },
      { tool: "exec", args: { command: "cat plan.txt" } },
      "The file says: $RESULT",
    ];
    const runId = await owner.send(newSession(), script(steps));
    const asked = await owner.waitFor(({ event }) => event === "exec.approval.requested", "a question for approval");
    assert.match(asked.payload.request.command, /cat plan\.txt/);
    assert.ok(asked.payload.expiresAtMs > asked.payload.createdAtMs);
    const { approvals } = await owner.request("exec.approval.list");
    assert.deepEqual(
      approvals.map((approval) => approval.id),
      [asked.payload.id],
    );
    await owner.request("exec.approval.resolve", { id: asked.payload.id, decision: "allow-once" });
    const resolved = await owner.waitFor(({ event }) => event === "exec.approval.resolved", "word of the decision");
    assert.equal(resolved.payload.decision, "allow-once");

    const final = await owner.outcome(runId);
    assert.match(textOf(final.message), /The file says: [\s\S]*the weather is good/);
    assert.equal(fs.readFileSync(careful.file("plan.txt"), "utf8"), "the weather is good\n");
    assert.equal(fs.readFileSync(careful.file("notes/new.txt"), "utf8"), "first draft");
    const tools = owner.events.filter(ofRun(runId, "agent")).filter((frame) => frame.payload.stream === "tool");
    const started = tools.filter((frame) => frame.payload.data.phase === "start");
    assert.deepEqual(
      started.map((frame) => frame.payload.data.name),
      ["read", "write", "edit", "exec"],
    );
    const results = tools.filter((frame) => frame.payload.data.phase === "result");
    assert.deepEqual(
      results.map((frame) => frame.payload.data.isError ?? false),
      [false, false, false, false],
    );
  } finally {
    await careful.discard();
  }
});

// parity: 1.8-approvals
test("a command that is denied does not run, and the model is told", async () => {
  const careful = await Gateway.start({
    modelUrl: model.url,
    tools: { exec: { security: "allowlist", ask: "always" } },
  });
  try {
    const owner = await careful.client();
    const session = newSession();
    const steps = [{ tool: "exec", args: { command: "touch forbidden.txt" } }, "I was told: $RESULT"];
    const runId = await owner.send(session, script(steps));
    const asked = await owner.waitFor(({ event }) => event === "exec.approval.requested", "a question for approval");
    await owner.request("exec.approval.resolve", { id: asked.payload.id, decision: "deny" });
    const final = await owner.outcome(runId);
    assert.match(textOf(final.message), /I was told: .*den(y|ied)/i);
    assert.ok(!fs.existsSync(careful.file("forbidden.txt")));
  } finally {
    await careful.discard();
  }
});

test("parallel tool calls are all answered before the model is asked again", async () => {
  const read = (path) => ({ tool: "read", args: { path } });
  fs.writeFileSync(gateway.file("left.txt"), "left\n");
  fs.writeFileSync(gateway.file("right.txt"), "right\n");
  const steps = [{ tools: [read("left.txt"), read("right.txt"), read("missing.txt")] }, "All read."];
  const runId = await client.send(newSession(), script(steps));
  assert.equal(textOf((await client.outcome(runId)).message), "All read.");
  const results = toolEvents(runId).filter((payload) => payload.data.phase === "result");
  assert.deepEqual(results.map((payload) => payload.data.isError ?? false).sort(), [false, false, true]);
});

test("a turn that is aborted stops, lets go of the model, and leaves the session usable", async () => {
  const session = newSession();
  const runId = await client.send(session, "LONG:9 HOLD:3:abort");
  await client.waitFor((frame) => ofRun(runId, "agent")(frame) && frame.payload.stream === "assistant", "some text");
  const answer = await client.request("chat.abort", { sessionKey: session, runId });
  assert.equal(answer.aborted, true);
  assert.deepEqual(answer.runIds, [runId]);
  assert.equal((await client.outcome(runId)).state, "aborted");
  const [request] = await model.requests({ text: "HOLD:3:abort", state: "aborted", atLeast: 1 });
  assert.ok(request, "the connection to the model was closed");
  assert.equal((await client.outcome(await client.send(session, "still there?"))).state, "final");
});

// parity: 1.3-webchat, 1.5-stop, 1.10-commands
test("/stop ends the turn like an abort", async () => {
  const session = newSession();
  const runId = await client.send(session, "LONG:9 HOLD:3:stop");
  await client.waitFor((frame) => ofRun(runId, "agent")(frame) && frame.payload.stream === "assistant", "some text");
  const idempotencyKey = crypto.randomUUID();
  const answer = await client.request("chat.send", { sessionKey: session, message: "/stop", idempotencyKey });
  assert.equal(answer.aborted, true);
  assert.equal((await client.outcome(runId)).state, "aborted");
});

// parity: 1.1-idempotency
test("a message that is sent twice with the same key is answered once", async () => {
  const session = newSession();
  const params = { sessionKey: session, message: "only once LONG:4 HOLD:2:twice", idempotencyKey: crypto.randomUUID() };
  const first = await client.request("chat.send", params);
  assert.deepEqual([first.runId, first.status], [params.idempotencyKey, "started"]);
  const second = await client.request("chat.send", params);
  assert.deepEqual([second.runId, second.status], [params.idempotencyKey, "in_flight"]);
  await model.requests({ text: "only once", state: "held", atLeast: 1 });
  await model.release("twice");
  await client.outcome(params.idempotencyKey);
  const isDone = async () => (await client.request("chat.send", params)).status === "ok";
  await until(isDone, "the same key to be answered with ok");
  assert.equal((await model.requests({ text: "only once" })).length, 1);
  assert.equal((await client.history(session)).length, 2);
});

// parity: 1.5-queue-modes, 1.5-serialisation
test("messages of one session are answered one after the other, each once", async () => {
  const session = newSession();
  const runs = await Promise.all(["one", "two", "three"].map((word) => client.send(session, `say ${word}`)));
  for (const runId of runs) assert.equal((await client.outcome(runId)).state, "final");
  // A queue may join waiting messages into one question, but none may be lost and none asked twice.
  const asked = async () => {
    const users = (await client.history(session)).filter((message) => message.role === "user");
    return (
      users
        .map(textOf)
        .join("\n")
        .match(/say (one|two|three)/g) ?? []
    );
  };
  await until(async () => (await asked()).length >= 3, "all three messages in the history");
  assert.deepEqual((await asked()).sort(), ["say one", "say three", "say two"]);
  assert.deepEqual(await model.refusals(), []);
});

const failures = {
  "refuses the request (400)": { text: "ERR:400", retryable: undefined },
  "refuses the key (401)": { text: "ERR:401", retryable: undefined },
  "is asked too often (429)": { text: "ERR:429", retryable: true },
  "breaks down (500)": { text: "ERR:500", retryable: true },
  "falls silent in the middle (cut stream)": { text: "LONG:9 CUT:4", retryable: true },
  "reports an error in the middle": { text: "LONG:9 STREAMERR:4", retryable: true },
};
for (const [what, { text, retryable }] of Object.entries(failures)) {
  test(`the person sees it when the model ${what}`, async () => {
    const session = newSession();
    const runId = await client.send(session, text);
    const end = await client.outcome(runId, 90000);
    assert.equal(end.state, "error", JSON.stringify(end));
    assert.ok(end.errorMessage?.length > 0, "an error says what happened");
    assert.ok(!JSON.stringify(end).includes(modelKey), "the error shows the key");
    if (retryable) assert.equal(end.retryable, true, JSON.stringify(end));

    const last = (await client.history(session)).at(-1);
    assert.deepEqual([last.role, last.stopReason], ["assistant", "error"]);
    assert.ok(last.errorMessage?.length > 0, "the history keeps what happened");
    assert.equal((await client.outcome(await client.send(session, "and now?"))).state, "final");
  });
}

test("a failed turn can be retried without writing the message again", async () => {
  const session = newSession();
  const failed = await client.send(session, "LONG:9 CUT:1");
  assert.equal((await client.outcome(failed, 90000)).state, "error");
  const idempotencyKey = crypto.randomUUID();
  const again = await client.request("chat.retry", { sessionKey: session, runId: failed, idempotencyKey });
  assert.equal(again.status, "started");
  await client.outcome(again.runId, 90000);
  const users = (await client.history(session)).filter((message) => message.role === "user");
  assert.equal(users.length, 1);
});

test("one error of the model that passes by itself is not shown", async () => {
  const runId = await client.send(newSession(), "ERRONCE:500 patience");
  assert.equal((await client.outcome(runId)).state, "final");
  assert.equal((await model.requests({ text: "ERRONCE:500 patience" })).length, 2);
});

test("the model's Retry-After is obeyed", async () => {
  const runId = await client.send(newSession(), "RETRYAFTER:2 later");
  assert.equal((await client.outcome(runId)).state, "final");
  const attempts = await model.requests({ text: "RETRYAFTER:2 later" });
  assert.ok(attempts.length <= 3, `${attempts.length} attempts in two seconds`);
  assert.ok(attempts.at(-1).at - attempts[0].at >= 2000, "asked again too early");
});

test("a model that calls the same tool for ever is stopped", async () => {
  fs.writeFileSync(gateway.file("loop.txt"), "round and round\n");
  const session = newSession();
  const runId = await client.send(session, 'LOOP:read:{"path":"loop.txt"}');
  const end = await client.outcome(runId, 60000);
  assert.ok(["final", "error"].includes(end.state), end.state);
  assert.match(`${end.errorMessage ?? ""}${textOf(end.message)}`, /loop|repeat|same (tool )?call|limit/i);
  const requests = await model.requests({ text: "LOOP:read" });
  assert.ok(requests.length <= 100, `the model was asked ${requests.length} times`);
  assert.equal((await client.outcome(await client.send(session, "are you well?"))).state, "final");
});

test("a stream that arrives in drops of a few bytes is put together correctly", async () => {
  const runId = await client.send(newSession(), "DRIP été 🌦 œuvre");
  assert.match(textOf((await client.outcome(runId)).message), /été 🌦 œuvre/);
});

test("the strict model never had a reason to refuse a request", async () => {
  assert.deepEqual(await model.refusals(), []);
});

test("the same turns work with a model that speaks Anthropic's dialect", async () => {
  const other = await Gateway.start({ modelUrl: model.url, api: "anthropic-messages" });
  try {
    const owner = await other.client();
    const session = newSession();
    fs.writeFileSync(other.file("a.txt"), "alpha\n");
    const read = { tool: "read", args: { path: "a.txt" } };
    const steps = [{ think: true, text: "I look.", tools: [read, read] }, read, "It says $RESULT"];
    const final = await owner.outcome(await owner.send(session, script(steps)));
    assert.match(textOf(final.message), /It says [\s\S]*alpha/);
    assert.equal((await owner.outcome(await owner.send(session, "and again"))).state, "final");
    assert.deepEqual(await model.refusals(), []);
  } finally {
    await other.discard();
  }
});

// parity: 1.3-webchat
test("a picture is shown to a model that sees, and every file is kept where the tools find it", async () => {
  const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  const seeing = new Gateway({ modelUrl: model.url });
  try {
    const config = makeConfig({ modelUrl: model.url, workspace: seeing.workspace });
    config.models.providers.fake.models[0].input = ["text", "image"];
    writeConfig(seeing.stateDir, config);
    await seeing.start();
    const its = await seeing.client();
    const send = (message, attachments) => {
      const params = { sessionKey: "main", message, attachments, idempotencyKey: crypto.randomUUID() };
      return its.request("chat.send", params);
    };
    const attachments = [
      { type: "image", mimeType: "image/png", fileName: "red.png", content: `data:image/png;base64,${pixel}` },
      { type: "file", mimeType: "text/plain", fileName: "../../notes.txt", content: Buffer.from("milk").toString("base64") },
    ];
    const { runId } = await send("what is on picture one?", attachments);
    assert.equal((await its.outcome(runId)).state, "final");
    const [request] = await model.requests({ text: "picture one", atLeast: 1 });
    const asked = request.body.messages.findLast((each) => each.role === "user").content;
    assert.deepEqual(asked.find((part) => part.type === "image_url")?.image_url.url, `data:image/png;base64,${pixel}`);
    const kept = fs.readdirSync(path.join(seeing.workspace, "media/inbound")).sort();
    assert.equal(kept.length, 2, "the name of a file decides nothing but its ending");
    assert.ok(kept.some((name) => name.endsWith(".txt") && fs.readFileSync(path.join(seeing.workspace, "media/inbound", name), "utf8") === "milk"));
    for (const name of kept) assert.match(JSON.stringify(asked), new RegExp(`media/inbound/${name}`));
    const history = await its.request("chat.history", { sessionKey: "main" });
    assert.ok(JSON.stringify(history).includes(pixel), "whoever loads the conversation sees the picture again");
    await assert.rejects(send("broken", [{ mimeType: "image/png", fileName: "x.png", content: "%%%" }]), /x\.png.*not base64/);
    await its.close();
  } finally {
    await seeing.discard();
  }
  // The other gateway's model reads text only.
  const blind = await client.request("chat.send", { sessionKey: newSession(), message: "and picture two?", attachments: [{ mimeType: "image/png", content: pixel }], idempotencyKey: crypto.randomUUID() });
  await client.outcome(blind.runId);
  const [request] = await model.requests({ text: "picture two", atLeast: 1 });
  assert.match(JSON.stringify(request.body.messages), /this model reads text only/);
  assert.ok(!JSON.stringify(request.body.messages).includes(pixel));
});

// parity: 1.5-sessions-cli, 1.1-events
test("conversations are listed, begun anew and deleted from the command line, and who follows them hears of it", async () => {
  const session = newSession();
  const follower = await gateway.client();
  assert.deepEqual(await follower.request("sessions.subscribe"), { subscribed: true });
  const runId = await client.send(session, "remember the quince");
  await client.outcome(runId);
  const messages = () => follower.events.filter(({ event, payload }) => event === "session.message" && payload.sessionKey === session);
  await until(() => messages().length === 2, "both messages");
  assert.deepEqual(messages().map(({ payload }) => [payload.message.role, payload.runId]), [["user", runId], ["assistant", runId]]);
  const { messages: history } = await client.request("chat.history", { sessionKey: session });
  assert.deepEqual(messages().map(({ payload }) => payload.message), history);

  const listed = await gateway.command(["sessions", "list", "--limit", "1", "--json"]);
  assert.deepEqual(JSON.parse(listed.stdout).sessions.map(({ key }) => key), [session]);
  assert.match((await gateway.command(["sessions"])).stdout, /remember the quince/);
  assert.equal((await gateway.command(["sessions", "reset", session])).code, 0);
  assert.equal((await gateway.command(["sessions", "delete", session])).code, 0);
  const changes = () => follower.events.filter(({ event, payload }) => event === "sessions.changed" && payload.key === session).map(({ payload }) => payload);
  await until(() => changes().length === 4, "every change");
  assert.deepEqual(changes().map(({ phase, reason }) => phase ?? reason), ["start", "end", "reset", "delete"]);
  assert.equal(client.events.some(({ event }) => /^sessions?\./.test(event)), false, "who did not ask hears nothing");
});
