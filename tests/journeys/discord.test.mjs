// What only Discord has: sessions that are resumed, dead connections, close codes, servers, slash commands. What all messengers have is in
// tests/channels.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Bench, plainSettings } from "../channels/lib/bench.mjs";
import { Driver } from "../peers/discord/driver.mjs";
import { intents } from "../peers/discord/gateway.mjs";
import { Model } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

const ada = { person: "ada" };
const team = { room: "team" };
let model;
let bench;

before(async () => {
  model = await Model.start();
});
after(() => model?.stop());
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

const open = async (setup) => (bench = await Bench.open(Driver, model, setup));
const log = (key) => bench.driver.fake.gateway.log.filter((entry) => entry[key] !== undefined);
const ops = (op) => log("op").filter((entry) => entry.op === op);

// parity: 1.3-discord
test("it says who it is once, and resumes its session after a broken connection, an order to reconnect and a restart", async () => {
  await open();
  const { fake } = bench.driver;
  await bench.settled();
  const [identify] = ops(2);
  const wanted = Object.values(intents).reduce((all, one) => all | one, 0);
  assert.equal(identify.d.intents, wanted);
  fake.gateway.op({ op: 7, d: null });
  await until(() => ops(6).length === 1, "a resume on request");
  await bench.settled();
  fake.gateway.cut();
  const gap = await bench.ask({ text: "in the gap" });
  await bench.answers(ada, gap.mark);
  await bench.gateway.stop();
  const away = await bench.ask({ text: "while it was away" });
  await bench.gateway.start();
  await bench.answers(ada, away.mark);
  assert.equal(ops(2).length, 1, "one session all the time");
  assert.equal(ops(6).length, 3);
  assert.equal(bench.sent(ada, gap.mark).length, 1);
  assert.ok(!log("close").some(({ close }) => close === 1000 || close === 1001), "it says goodbye so that the session lives on");
});

test("when Discord has forgotten the session, what was missed is read from the chats", async () => {
  await open();
  const { fake } = bench.driver;
  await bench.settled();
  await bench.settled(team);
  await bench.gateway.stop();
  fake.gateway.forget();
  const direct = await bench.ask({ text: "directly" });
  const aside = await bench.ask({ from: "bo", text: "aside", ...team });
  const room = await bench.ask({ text: "in the room", mention: true, ...team });
  await bench.restart();
  await bench.answers(ada, direct.mark);
  await bench.answers(team, room.mark);
  assert.equal(ops(2).length, 2);
  const [request] = await bench.requests(room.mark, { atLeast: 1 });
  assert.ok(JSON.stringify(request.body).includes(aside.mark), "also what was said to nobody");
  for (const { mark } of [direct, room]) assert.equal((await bench.requests(mark)).length, 1);
});

test("what was taken back before anybody was asked is not told to the model, also when it was taken back in bulk", async () => {
  await open();
  const { driver } = bench;
  const said = [];
  for (const text of ["one", "two", "three"]) said.push(await bench.ask({ from: "bo", text, ...team }));
  driver.fake.removeAll("600", said.slice(0, 2).map(({ message }) => message.id));
  await driver.remove(said[2].message);
  const kept = await bench.ask({ from: "bo", text: "this stays", ...team });
  const { mark: own } = await bench.ask({ text: "what was said?", mention: true, ...team });
  const [request] = await bench.requests(own, { atLeast: 1 });
  const got = Bench.lastUserText(request);
  assert.ok(got.includes(kept.mark), got);
  for (const { mark } of said) assert.ok(!got.includes(mark), got);
});

test("a connection whose heartbeats nobody answers is dead, and replaced", async () => {
  class Quick extends Driver {
    static async start() {
      const driver = await Driver.start();
      driver.fake.gateway.heartbeatMs = 400;
      return driver;
    }
  }
  bench = await Bench.open(Quick, model);
  const { fake } = bench.driver;
  await until(() => ops(1).length >= 2, "heartbeats");
  assert.ok(ops(1).at(-1).d >= 1, "they say how far it has read");
  const connections = log("connect").length;
  fake.gateway.acknowledge = false;
  await until(() => log("close").some(({ close }) => close === 4200), "the dead connection to be left");
  fake.gateway.acknowledge = true;
  await until(() => log("connect").length > connections && fake.gateway.live.length === 1, "a new one");
  await bench.settled();
  assert.equal(ops(2).length, 1, "it was resumed");
});

test("an intent that is switched off is said with the way to switch it on, and not tried again", async () => {
  class Strict extends Driver {
    static async start() {
      const driver = await Driver.start();
      driver.fake.gateway.disallowed = intents.content;
      return driver;
    }
  }
  bench = await Bench.open(Strict, model, { wait: false });
  const account = await until(async () => {
    const seen = await bench.account();
    return seen.state === "failed" ? seen : undefined;
  }, "the account to have failed");
  assert.match(`${account.lastError} ${account.todo}`, /Message Content Intent/);
  assert.equal(log("connect").length, 1);
});

test("commands of a server are offered, answered within three seconds for one person alone, in as many parts as it takes", async () => {
  await open({ settings: (driver) => ({ ...plainSettings(driver), maxLinesPerMessage: 5 }) });
  const { driver } = bench;
  await until(() => driver.commands.includes("status"), "the commands to be offered");
  for (const command of driver.fake.commands) assert.deepEqual(command.options.map((option) => [option.name, option.required ?? false]), [["arguments", false]]);
  const status = await driver.command({ name: "status", room: "team" });
  const [answer] = await bench.answers(team, /fake-1/);
  const interaction = driver.fake.interaction(status.token);
  assert.ok(interaction.tookMs < 3000 && interaction.ephemeral);
  assert.equal(interaction.original.id, answer.id, "it is the answer to the command");
  assert.ok(!driver.fake.calls.some((call) => call.path === "/channels/600/messages" && call.method === "POST"));
  // Nobody who is not let in commands anything, and they are told so.
  const refused = await driver.command({ name: "status", room: "team", from: "eve" });
  await until(() => driver.fake.interaction(refused.token).original, "a word to the stranger");
  // What follows the first part is for that person alone as well.
  const help = await driver.command({ name: "help", room: "team" });
  await until(() => driver.fake.calls.some((call) => call.method === "POST" && call.path === `/webhooks/100/${help.token}`), "a second part");
  const parts = driver.fake.messages.get("600").slice(-2);
  for (const part of parts) assert.ok(part.kept.ephemeral, "nobody else sees it");
  // Too late for the command's own answer: it comes as a message.
  driver.fake.fault({ what: "server-error", on: /^POST \/interactions\// });
  await driver.command({ name: "help" });
  await bench.answers(ada, /\/status/);
  assert.ok(driver.fake.calls.some((call) => call.method === "POST" && /^\/channels\/\d+\/messages$/.test(call.path)));
});

test("settings of servers hold for their channels and threads; the bot's own role is a mention; nobody else is pinged", async () => {
  const guild = (driver) => ({ ...driver.settings({ dmPolicy: "allowlist", allowFrom: ["7", "8"] }), guilds: { 500: { requireMention: true, users: ["7"], channels: { team: { requireMention: false }, "601": {} } } } });
  await open({ settings: (driver) => ({ asItIs: guild(driver) }) });
  const { driver } = bench;
  const other = driver.fake.addChannel({ id: "601", type: 0, name: "other" });
  const closed = driver.fake.addChannel({ id: "602", type: 0, name: "closed" });
  const free = await bench.ask({ text: "without a mention, by the name of the channel", ...team });
  await bench.answers(team, free.mark);
  const thread = await bench.ask({ text: "in a thread too", thread: "alpha", ...team });
  await bench.answers({ ...team, thread: "alpha" }, thread.mark);
  const users = driver.fake.users;
  driver.fake.post(other.id, users.get("7"), { content: "to nobody" });
  driver.fake.post(other.id, users.get("8"), { content: "<@100> from one who is not listed" });
  driver.fake.post(closed.id, users.get("7"), { content: "<@100> in a channel that is not listed" });
  driver.fake.post(other.id, users.get("7"), { content: "<@&501> @everyone by the role" });
  const said = (channel) => driver.fake.messages.get(channel.id).filter((message) => message.author.id === "100");
  await until(() => said(other).length === 1, "the answer to the role");
  assert.match(said(other)[0].content, /@everyone by the role/);
  await bench.settled();
  assert.equal(said(other).length + said(closed).length, 1);
  const sends = driver.fake.calls.filter((call) => call.method === "POST" && call.path.endsWith("/messages"));
  for (const { body } of sends) {
    assert.deepEqual(body.allowed_mentions.parse, []);
    assert.ok(body.enforce_nonce && body.nonce.length <= 25);
  }
  assert.ok(!said(other)[0].mention_everyone);
});

test("a limit for everything stops everything for as long as it says; a tall answer is split", async () => {
  await open();
  const { driver } = bench;
  await bench.settled();
  driver.fake.fault({ what: "limit", global: true, retryAfterMs: 1200 });
  const one = await bench.ask({ text: "first" });
  await until(() => driver.fake.calls.some((call) => call.status === 429), "the limit");
  const limited = driver.fake.calls.find((call) => call.status === 429).at;
  const two = await bench.ask({ from: "bo", text: "second" });
  await bench.answers(ada, one.mark);
  await bench.answers({ person: "bo" }, two.mark);
  const calls = driver.fake.calls.filter((call) => call.at > limited + 50 && call.at < limited + 1100);
  assert.deepEqual(calls.map((call) => call.path), [], "nothing is asked meanwhile");
  const lines = Array.from({ length: 40 }, (_, number) => `- point ${number}.`).join("\n");
  await driver.say({ text: `make a list ${await bench.scripted([lines])}` });
  await bench.answers(ada, "point 39.");
  const parts = driver.sent(ada).filter((message) => message.text.includes("point"));
  assert.equal(parts.length, 3);
  for (const part of parts) assert.ok(part.markup.split("\n").length <= 17);
});

test("a message to a person opens the chat with them; the bot's name is known", async () => {
  await open();
  const { driver, gateway } = bench;
  const client = await gateway.client();
  await client.request("send", { channel: "discord", to: "user:8", message: "good **morning**", idempotencyKey: "morning" });
  const [sent] = await bench.answers({ person: "bo" }, /morning/);
  assert.equal(sent.markup, "good **morning**");
  await assert.rejects(client.request("send", { channel: "discord", to: "@bo", message: "x", idempotencyKey: "wrong" }), /channel:ID|no chat/);
  const probed = await gateway.command(["channels", "status", "--probe"]);
  assert.match(probed.stdout, /@claw/);
  assert.ok(driver.fake.calls.some((call) => call.path === "/users/@me/channels"));
  await client.close();
});
