// Money: what is counted, what stops a call before it is made, and the commands that show and change it.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { textOf } from "./lib/client.mjs";
import { makeConfig } from "./lib/config.mjs";
import { commandLine, FaultyModel } from "./lib/faulty_model.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { until } from "./lib/waiting.mjs";

let model;
let gateway;
let client;

before(async () => (model = await FaultyModel.start()));
after(() => model?.stop());

function config() {
  const made = makeConfig({ modelUrl: "http://127.0.0.1:1" });
  const entry = (id, cost) => ({ id, name: id, reasoning: false, input: ["text"], contextWindow: 200000, maxTokens: 1000, ...(cost ? { cost } : {}) });
  const dear = { input: 10, output: 30, cacheRead: 1, cacheWrite: 12 };
  made.models.providers = {
    paid: { baseUrl: model.url, apiKey: "sk-paid-key", api: "openai-completions", models: [entry("dear", dear)] },
    mine: { baseUrl: model.url, api: "openai-completions", models: [entry("local")] },
  };
  made.agents.defaults.model = { primary: "paid/dear" };
  return made;
}

beforeEach(async () => {
  model.plan(() => ({ text: "an answer" }));
  gateway = await Gateway.start({ config: config() });
  client = await gateway.client();
});
afterEach(() => gateway?.discard());

const newSession = () => `agent:main:budget-${crypto.randomUUID()}`;
async function say(session, text) {
  const end = await client.outcome(await client.send(session, text), 60000);
  return { ...end, said: end.state === "final" ? textOf(end.message) : `${end.errorMessage} ${end.errorHint ?? ""}` };
}
async function run(...args) {
  const result = await commandLine(gateway, args);
  assert.equal(result.code, 0, `${args.join(" ")}: ${result.stderr}`);
  return result.stdout;
}
const limits = async () => (await client.request("budget.status")).limits;
const limitOf = async (setting) => (await limits()).find((limit) => limit.setting === setting);
const cap = (setting, microUsd) =>
  until(async () => (await limitOf(setting))?.capMicroUsd === microUsd, `${setting} to be ${microUsd} in the running gateway`);

test("a new installation has a limit for a day, which a conversation does not touch", async () => {
  const [daily] = await limits();
  assert.deepEqual([daily.setting, daily.capMicroUsd, daily.default, daily.spentMicroUsd], ["budget.perDayUsd", 20_000_000, true, 0]);
  assert.equal((await say(newSession(), "hello")).state, "final");
  // 1000 tokens at 10 dollars and 10 at 30 dollars for a million.
  assert.equal((await limitOf("budget.perDayUsd")).spentMicroUsd, 10_300);
  assert.match(await run("budget"), /today, all agents +\$20\.00 \(default\) +\$0\.010300 +\$0 +openclaw budget set AMOUNT --daily/);
});

test("a call that could pass the limit is not made, the words say how to raise it, and raising it helps at once", async () => {
  const session = newSession();
  await run("budget", "set", "0.001");
  await cap("budget.perDayUsd", 1000);
  const refused = await say(session, "hello");
  assert.equal(refused.state, "error");
  assert.match(refused.said, /budget does not allow[\s\S]*openclaw budget set AMOUNT --daily/);
  assert.deepEqual(model.requests, [], "the model was called without money");
  await run("budget", "set", "2usd/day");
  await cap("budget.perDayUsd", 2_000_000);
  assert.equal((await say(session, "hello")).state, "final");
  await run("budget", "set", "off");
  await until(async () => (await limitOf("budget.perDayUsd")).capMicroUsd === undefined, "the limit to be off");
  await run("budget", "clear");
  await cap("budget.perDayUsd", 20_000_000);
});

test("people are told once when four fifths of a limit are spent", async () => {
  await run("budget", "set", "2", "--daily");
  await cap("budget.perDayUsd", 2_000_000);
  const costing = (tokens) => model.plan(() => ({ usage: { prompt_tokens: tokens, completion_tokens: 0, total_tokens: tokens } }));
  const session = newSession();
  const told = async () => (await client.history(session)).map(textOf).filter((text) => text.startsWith("⚙️"));
  costing(150_000);
  await say(session, "one");
  assert.deepEqual(await told(), []);
  costing(15_000);
  assert.equal((await say(session, "two")).state, "final");
  await until(async () => (await told()).length === 1, "the warning");
  assert.match((await told())[0], /^⚙️ \$1\.65 of \$2\.00 are spent \(budget\.perDayUsd\)/);
  costing(100);
  assert.equal((await say(session, "three")).state, "final");
  assert.equal((await told()).length, 1);
});

test("limits of a month, an agent and a session stand beside that of the day", async () => {
  await run("budget", "set", "0.02", "--agent", "main");
  await run("budget", "set", "50", "--monthly");
  await run("budget", "set", "1", "--session");
  await cap("budget.agents.main.perDayUsd", 20_000);
  assert.equal((await limitOf("budget.perMonthUsd")).capMicroUsd, 50_000_000);
  const refused = await say(newSession(), "hello");
  assert.match(refused.said, /--daily --agent main[\s\S]*budget\.agents\.main\.perDayUsd/);
  await run("budget", "clear", "--agent", "main");
  await until(async () => !(await limitOf("budget.agents.main.perDayUsd")), "the agent's limit to go");
  assert.equal((await say(newSession(), "hello")).state, "final");
  assert.equal((await limitOf("budget.perMonthUsd")).spentMicroUsd, 10_300);
  const wrong = await commandLine(gateway, ["budget", "set", "5", "--daily", "--monthly"]);
  assert.notEqual(wrong.code, 0);
});

test("a model on this machine is free, whatever the limit", async () => {
  await run("budget", "set", "0");
  await cap("budget.perDayUsd", 0);
  const session = newSession();
  await say(session, "/model mine/local");
  assert.equal((await say(session, "hello")).said, "an answer");
  assert.equal((await limitOf("budget.perDayUsd")).spentMicroUsd, 0);
});

// parity: 1.6-usage
test("what was spent on what is shown by day, model, agent and session, in the chat and on the command line", async () => {
  const session = newSession();
  await say(session, "one");
  await say(session, "two");
  await say(session, "/model mine/local");
  await say(session, "three");
  const report = async (by) => JSON.parse(await run("usage", "--by", by, "--json"));
  const models = await report("model");
  assert.deepEqual(models.rows.map(({ name, calls, costMicroUsd }) => [name, calls, costMicroUsd]), [["paid/dear", 2, 20_600], ["mine/local", 1, 0]]);
  assert.equal((await report("agent")).rows[0].name, "main");
  assert.deepEqual((await report("session")).rows.map(({ name, calls }) => [name, calls]), [[session, 3]]);
  assert.equal((await report("day")).totals.costMicroUsd, 20_600);
  assert.match(await run("usage", "--by", "model", "--days", "1"), /paid\/dear +2 +2000 +0 +20 +\$0\.020600/);
  assert.match((await say(session, "/usage")).said, /This session: \$0\.020600, 3 model calls[\s\S]*paid\/dear/);
  assert.match((await say(session, "/budget")).said, /today, all agents: \$0\.020600 of \$20\.00/);
});

test("a call that was running in a crash counts in full, and the limit holds", async () => {
  await run("budget", "set", "0.5");
  await cap("budget.perDayUsd", 500_000);
  model.plan(() => ({ text: "it begins", holdEnd: true }));
  await client.send(newSession(), "hello");
  const reserved = await until(async () => (await limitOf("budget.perDayUsd")).reservedMicroUsd, "a reservation");
  await until(() => model.requests.length === 1, "the call");
  await gateway.kill();
  model.release();
  await gateway.restart();
  client = await gateway.client();
  const after = await limitOf("budget.perDayUsd");
  assert.deepEqual([after.spentMicroUsd, after.reservedMicroUsd], [reserved, 0]);
  assert.ok(after.spentMicroUsd <= 500_000);
});
