// A key or a model fails, and another one answers: who is asked, in which order, who rests, and what people are told.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { textOf } from "./lib/client.mjs";
import { makeConfig } from "./lib/config.mjs";
import { commandLine, FaultyModel } from "./lib/faulty_model.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { until } from "./lib/waiting.mjs";

let one;
let two;
let gateway;
let client;

before(async () => {
  one = await FaultyModel.start();
  two = await FaultyModel.start();
});
after(async () => {
  await one?.stop();
  await two?.stop();
});

const entry = (id) => ({ id, name: id, reasoning: false, input: ["text"], contextWindow: 200000, maxTokens: 1000 });

/** Provider one with two keys in auth-profiles.json, and provider two, whose model takes over. */
function config() {
  const made = makeConfig({ modelUrl: "http://127.0.0.1:1" });
  made.models.providers = {
    one: { baseUrl: one.url, api: "openai-completions", models: [entry("m1")] },
    two: { baseUrl: two.url, apiKey: "sk-two-secret-key", api: "openai-completions", models: [entry("m2")] },
  };
  made.agents.defaults.model = { primary: "one/m1", fallbacks: ["two/m2"] };
  return made;
}

const profiles = {
  version: 1,
  profiles: {
    "one:first": { type: "api_key", provider: "one", key: "sk-first-secret-key" },
    "one:second": { type: "api_key", provider: "one", key: "sk-second-secret-key" },
    "one:old": { type: "oauth", provider: "one", access: "old-token", refresh: "r", expires: 1000 },
  },
  order: { one: ["one:first", "one:second", "one:old"] },
};

beforeEach(async () => {
  one.plan(() => ({ text: "one answers" }));
  two.plan(() => ({ text: "two answers" }));
  gateway = new Gateway({ config: config() });
  const folder = path.join(gateway.stateDir, "agents", "main", "agent");
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, "auth-profiles.json"), JSON.stringify(profiles), { mode: 0o600 });
  await gateway.start();
  client = await gateway.client();
});
afterEach(() => gateway?.discard());

const newSession = () => `agent:main:failover-${crypto.randomUUID()}`;
async function say(session, text) {
  const runId = await client.send(session, text);
  const end = await client.outcome(runId, 60000);
  return { ...end, runId, said: end.state === "final" ? textOf(end.message) : `${end.errorMessage} ${end.errorHint ?? ""}` };
}
const notices = async (session) => (await client.history(session)).map(textOf).filter((text) => text.startsWith("⚙️"));
const why = async (session) => (await client.request("models.why", session ? { sessionKey: session } : {})).candidates;

// parity: 1.6-auth-profiles
test("when a key is limited the next one answers, stays with the session, and nobody is bothered", async () => {
  one.plan(({ key }) => (key === "sk-first-secret-key" ? { status: 429, message: "slow down, first" } : { text: "the second key answers" }));
  const session = newSession();
  assert.match((await say(session, "hello")).said, /the second key answers/);
  assert.deepEqual(one.keys, ["sk-first-secret-key", "sk-second-secret-key"]);
  assert.match((await say(session, "and again")).said, /the second key answers/);
  assert.deepEqual(one.keys.slice(2), ["sk-second-secret-key"], "the limited key was asked again");
  assert.deepEqual(two.requests, []);
  assert.deepEqual(await notices(session), []);

  const candidates = await why();
  assert.deepEqual(candidates.map(({ ref, state }) => `${ref} ${state}`), ["one/m1 resting", "one/m1 next", "one/m1 unusable", "two/m2 ready"]);
  assert.match(candidates[0].why, /resting until .* UTC after: .*429.*slow down, first/);
  assert.equal(candidates[0].failure, "rate-limit");
  assert.ok(Math.abs(candidates[0].untilMs - Date.now() - 60_000) < 30_000, "the first rest is a minute");
  assert.match(candidates[2].why, /one:old expired at 1970/);
  const all = JSON.stringify([candidates, await client.history(session)]) + fs.readFileSync(path.join(gateway.stateDir, "logs", "openclaw.log"), "utf8");
  assert.ok(!all.includes("secret-key"), "a key was shown");
});

// parity: 1.6-fallback
test("an empty account makes the fallback answer: said once, kept over kill -9, and ended by hand", async () => {
  one.plan(() => ({ status: 402, message: "no credit left" }));
  const session = newSession();
  const first = await say(session, "hello");
  assert.equal(first.said, "two answers");
  assert.deepEqual(one.keys, ["sk-first-secret-key", "sk-second-secret-key"]);
  const told = await notices(session);
  assert.equal(told.length, 1, told.join("\n"));
  assert.match(told[0], /two\/m2 takes over from one\/m1: .*402.*no credit left.*\/models why/);
  const event = client.events.find(({ event, payload }) => event === "agent" && payload.runId === first.runId && payload.data.phase === "model");
  assert.equal(event?.payload.data.model, "two/m2");
  assert.equal(event?.payload.data.fallback, true);
  assert.match(JSON.stringify(first.message.details), /insteadOf.*one\/m1/);
  assert.equal((await say(session, "again")).said, "two answers");
  assert.equal((await notices(session)).length, 1, "the notice came twice");

  await gateway.kill();
  await gateway.restart();
  client = await gateway.client();
  one.plan(() => ({ text: "one is paid again" }));
  assert.equal((await say(session, "after the crash")).said, "two answers");
  assert.deepEqual(one.requests, [], "the empty account was asked after the restart");

  const shown = await commandLine(gateway, ["models", "why"]);
  assert.match(shown.stdout, /one\/m1 with the profile one:first {2}resting[\s\S]*402[\s\S]*openclaw models retry one/);
  const chat = await say(session, "/models why");
  assert.match(chat.said, /one\/m1[\s\S]*resting[\s\S]*two\/m2[\s\S]*next/);
  const retried = await commandLine(gateway, ["models", "retry", "one"]);
  assert.equal(retried.code, 0, retried.stderr);
  assert.equal((await say(session, "now?")).said, "one is paid again");
  assert.match((await notices(session)).at(-1), /one\/m1 answers again/);
});

// parity: 1.6-fallback
test("a request that is wrong is nobody's fault: no other key, no other model, nobody rests", async () => {
  one.plan(() => ({ status: 400, message: "messages: something is odd" }));
  const end = await say(newSession(), "hello");
  assert.equal(end.state, "error");
  assert.match(end.said, /something is odd/);
  assert.equal(one.requests.length, 1);
  assert.deepEqual(two.requests, []);
  assert.ok((await why()).every(({ state }) => state !== "resting"));
});

test("after the time that the provider named exactly one call finds out", async () => {
  one.plan(() => ({ status: 429, message: "wait", retryAfter: 2 }));
  assert.equal((await say(newSession(), "hello")).said, "two answers");
  const before = one.requests.length;
  assert.equal((await say(newSession(), "too early")).said, "two answers");
  assert.equal(one.requests.length, before, "Retry-After was not obeyed");
  await until(async () => (await why()).every(({ state }) => state !== "resting"), "the end of the rest");
  one.plan(({ number }) => (number <= 2 ? { hold: true, text: "one is back" } : { text: "one is back" }));
  // Two keys are half open, so one call goes to each of them and the others to the fallback.
  const sessions = [newSession(), newSession(), newSession(), newSession(), newSession()];
  const runs = await Promise.all(sessions.map((session) => client.send(session, "who is there?")));
  await until(() => two.requests.filter(({ text }) => text.includes("who is there?")).length === 3, "three to go to the fallback");
  assert.equal(one.requests.length, 2);
  one.release();
  const answers = await Promise.all(runs.map(async (run) => textOf((await client.outcome(run)).message)));
  assert.equal(answers.filter((text) => text === "one is back").length, 2);
  assert.equal((await say(newSession(), "and now?")).said, "one is back");
});

test("a reply that breaks is begun anew by another model, and what tools have done stays", async () => {
  one.plan(({ number }) =>
    number === 1 ? { text: "I write.", tool: { name: "write", args: { path: "note.txt", content: "kept\n" } } } : { text: "half of an answer that", cutAfter: 3 },
  );
  two.plan(() => ({ text: "a whole answer" }));
  const session = newSession();
  const end = await say(session, "do it");
  assert.equal(end.said, "a whole answer");
  assert.equal(fs.readFileSync(gateway.file("note.txt"), "utf8"), "kept\n");
  assert.equal(one.requests.length, 3, "a broken stream is tried once more, and then left");
  assert.equal(two.requests.length, 1);
  assert.ok(two.requests[0].messages.some(({ role }) => role === "tool"), "the other model sees what the tool did");
  const history = await client.history(session);
  assert.equal(history.filter(({ role }) => role === "toolResult").length, 1);
  assert.ok(!JSON.stringify(history).includes("half of"), "the broken reply is in the history");
  const pieces = client.events.filter(({ event, payload }) => event === "chat" && payload.runId === end.runId && payload.state === "delta").map(({ payload }) => payload);
  const last = pieces.at(-1);
  if (pieces.some((piece) => textOf(piece.message).includes("half of")))
    assert.ok(pieces.some((piece) => piece.replace), "the whole answer did not replace the half one");
  assert.ok(!textOf(last.message).includes("half of"), textOf(last.message));
});

test("a model that a person chose for the session is not replaced by another one", async () => {
  const session = newSession();
  await say(session, "/model one/m1");
  one.plan(() => ({ status: 402, message: "no credit left" }));
  const end = await say(session, "hello");
  assert.equal(end.state, "error");
  assert.match(end.said, /no credit left[\s\S]*\/model default/);
  assert.deepEqual(two.requests, []);
  one.plan(() => ({ text: "one answers" }));
  assert.equal((await say(session, "paid")).said, "one answers", "the last model that is left is asked all the same");
});

test("when nobody can answer the person reads why, for each of them", async () => {
  one.plan(() => ({ status: 401, message: "bad key" }));
  two.plan(() => ({ status: 402, message: "two is empty" }));
  const end = await say(newSession(), "hello");
  assert.equal(end.state, "error");
  assert.match(end.said, /one\/m1 with the profile one:first[\s\S]*bad key[\s\S]*two\/m2[\s\S]*two is empty[\s\S]*\/models why/);
  assert.ok(!end.said.includes("secret-key"));
});

test("keys and fallbacks are managed from the command line, and a key never stands in its arguments", async () => {
  const run = async (args, input) => {
    const result = await commandLine(gateway, args, input);
    assert.equal(result.code, 0, `${args.join(" ")}: ${result.stderr}`);
    return result.stdout;
  };
  const refused = await commandLine(gateway, ["models", "auth", "add", "one", "sk-on-the-command-line"]);
  assert.notEqual(refused.code, 0);
  await run(["models", "auth", "add", "one", "--name", "third"], "sk-third-secret-key\n");
  const file = path.join(gateway.stateDir, "agents/main/agent/auth-profiles.json");
  const stored = JSON.parse(fs.readFileSync(file, "utf8"));
  assert.equal(stored.profiles["one:third"].key, "sk-third-secret-key");
  assert.deepEqual(stored.profiles["one:old"], profiles.profiles["one:old"], "a foreign login was touched");
  assert.equal(fs.statSync(file).mode & 0o777, 0o600);
  await run(["models", "auth", "order", "one", "one:third", "one:first"]);
  const listed = await run(["models", "auth", "list", "--json"]);
  assert.deepEqual(JSON.parse(listed).profiles.map(({ profile }) => profile), ["one:third", "one:first"]);
  assert.ok(!listed.includes("secret-key"));
  await say(newSession(), "hello");
  assert.deepEqual(one.keys, ["sk-third-secret-key"], "the running gateway did not take the new key");
  await run(["models", "auth", "remove", "one:third"]);
  assert.equal(JSON.parse(fs.readFileSync(file, "utf8")).profiles["one:third"], undefined);

  await run(["models", "fallbacks", "add", "one/m1"]);
  assert.match(await run(["models", "fallbacks", "list"]), /1\. two\/m2\n2\. one\/m1/);
  await run(["models", "fallbacks", "remove", "two/m2"]);
  await run(["models", "fallbacks", "clear"]);
  assert.match(await run(["models", "fallbacks"]), /No model takes over/);
  const config = JSON.parse(fs.readFileSync(path.join(gateway.stateDir, "openclaw.json"), "utf8"));
  assert.deepEqual(config.agents.defaults.model, { primary: "one/m1", fallbacks: [] });
});
