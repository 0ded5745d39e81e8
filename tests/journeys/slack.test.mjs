// People talk to an agent on Slack: the real binary, a Slack on loopback (tests/peers/slack), a scripted model. What all
// messengers have in common is tests/channels; here is what only Slack has.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Driver } from "../peers/slack/driver.mjs";
import { bot } from "../peers/slack/fake.mjs";
import { makeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

let model;
let driver;
let slack;
const gateways = [];

before(async () => {
  model = await Model.start();
});
after(() => model?.stop());
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.discard().catch(() => {});
  await driver?.stop();
});

async function startGateway(settings = {}, more = {}) {
  driver = await Driver.start();
  slack = driver.slack;
  const gateway = new Gateway({ modelUrl: model.url });
  gateways.push(gateway);
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  config.channels = { slack: driver.settings({ allowFrom: [driver.people.ada.id], dmPolicy: "allowlist", rooms: { team: {} }, ...settings }) };
  Object.assign(config, more, await driver.config(gateway));
  fs.writeFileSync(path.join(gateway.stateDir, "openclaw.json"), JSON.stringify(config));
  await gateway.start();
  await driver.ready(gateway);
  return gateway;
}
const told = (where, pattern, count = 1) =>
  until(() => {
    const found = driver.sent(where).filter((message) => pattern.test(message.text));
    return found.length >= count ? found : undefined;
  }, `${count} message(s) like ${pattern}`, { describe: () => `; sent: ${JSON.stringify(driver.sent(where)).slice(0, 800)}; calls: ${slack.calls.slice(-5).map((call) => `${call.method} ${JSON.stringify(call.result)}`)}` });

// parity: 1.3-slack, 1.3-common
test("a direct message is answered once, in mrkdwn, and its event is acknowledged", async () => {
  await startGateway();
  await driver.say({ text: script(["**bold** & `code` <b> [words](https://example.org/?a=1&b=2)\n\n- one\n- two"]) });
  const [answer] = await told({}, /bold/);
  assert.equal(answer.markup, "*bold* &amp; `code` &lt;b&gt; <https://example.org/?a=1&amp;b=2|words>\n\n• one\n• two");
  await until(() => slack.unacknowledged.length === 0, "all events to be acknowledged");
  assert.equal(slack.late.length, 0, "each within three seconds");
  assert.equal(driver.sent().length, 1);
  assert.ok(driver.typing().some((shown) => shown.on && shown.person === "ada"), "it shows that it types");
});

// parity: 1.3-slack
test("by HTTP events: a message, a mention and a command are taken, signed; what is forged is not", async () => {
  await startGateway({ webhooks: true });
  await driver.say({ text: "hello by HTTP" });
  await told({}, /hello by HTTP/);
  await driver.say({ room: "team", text: "and you?", mention: true });
  await told({ room: "team" }, /and you/);
  await driver.command({ name: "status" });
  await until(() => slack.posted.some((one) => one.ephemeral === driver.people.ada.id), "the answer to the command");
  const forged = JSON.stringify(slack.callback(slack.message(slack.direct(driver.people.ada.id), driver.people.ada.id, "forged words")));
  const refused = await slack.request(forged, { signature: slack.signature(1, forged) });
  assert.equal(refused.status, 401);
  assert.equal((await model.requests({ text: "forged words" })).length, 0);
  assert.equal(slack.calls.filter((call) => call.method === "apps.connections.open").length, 0, "no socket is opened");
});

test("a slash command is answered to whoever gave it; plain words are no part of the room's talk", async () => {
  await startGateway();
  const { ada } = driver.people;
  const give = (text) => slack.command({ command: "/openclaw", text, user_id: ada.id, user_name: "ada", channel_id: "C0TEAM", channel_name: "team" });
  give("my secret is Rumpelstiltskin");
  const [answer] = await told({ room: "team" }, /Rumpelstiltskin/);
  assert.equal(slack.posted.find((one) => one.ts === answer.id).ephemeral, ada.id);
  await driver.say({ room: "team", text: "what do you know?", mention: true });
  await told({ room: "team" }, /what do you know/);
  const [asked] = await model.requests({ text: "what do you know", atLeast: 1 });
  assert.doesNotMatch(JSON.stringify(asked.body), /Rumpelstiltskin/);
  give("/status");
  await told({ room: "team" }, /[Mm]odel/);
  await until(() => slack.unacknowledged.length === 0, "both to be acknowledged");
  assert.equal(slack.late.length, 0);
});

test("a sixth answer to a command goes by the Web API, for its address takes five", async () => {
  await startGateway({ textChunkLimit: 40 });
  const { ada } = driver.people;
  const words = Array.from({ length: 7 }, (_, index) => `paragraph number ${index} of this answer`).join("\n\n");
  slack.command({ command: "/openclaw", text: script([words]), user_id: ada.id, user_name: "ada", channel_id: "C0TEAM", channel_name: "team" });
  await told({ room: "team" }, /number 6/);
  assert.equal(slack.posted.filter((one) => one.ephemeral === ada.id).length, 7);
  assert.equal(slack.calls.filter((call) => call.method === "chat.postEphemeral").length, 2);
});

test("Slack asks for a new connection: it is there before the old one goes, and nothing is lost or doubled", async () => {
  await startGateway();
  const [old] = slack.links;
  await driver.say({ text: "before" });
  await told({}, /before/);
  slack.disconnect("warning");
  await until(() => slack.links.length === 1 && slack.links[0] !== old, "the new connection");
  await driver.say({ text: "behind it" });
  await told({}, /behind it/);
  assert.equal(slack.calls.filter((call) => call.method === "apps.connections.open").length, 2);
  assert.equal(slack.calls.filter((call) => call.method === "auth.test").length, 1, "the account went on");
  assert.equal(driver.sent().length, 2);
});

test("Socket Mode that is turned off is said with what to do, and not tried again and again", async () => {
  const gateway = await startGateway();
  slack.disconnect("link_disabled");
  const shown = await until(async () => {
    const status = await gateway.command(["channels", "status"]);
    return /failed/.test(status.stdout) ? status.stdout : undefined;
  }, "the account to be failed");
  assert.match(shown, /Socket Mode is turned off/);
  assert.equal(slack.calls.filter((call) => call.method === "apps.connections.open").length, 1);
});

test("a token of the wrong kind is named", async () => {
  driver = await Driver.start();
  slack = driver.slack;
  const gateway = new Gateway({ modelUrl: model.url });
  gateways.push(gateway);
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  config.channels = { slack: driver.settings({ appToken: slack.botToken }) };
  fs.writeFileSync(path.join(gateway.stateDir, "openclaw.json"), JSON.stringify(config));
  await gateway.start();
  const shown = await until(async () => {
    const status = await gateway.command(["channels", "status"]);
    return /failed/.test(status.stdout) ? status.stdout : undefined;
  }, "the account to be failed");
  assert.match(shown, /another kind of token in appToken/);
  assert.match(shown, /xapp-/);
});

test("in a thread the agent gets to know once what the thread is about", async () => {
  await startGateway();
  const root = slack.message("C0TEAM", driver.people.bo.id, "the printer on floor three burns");
  const below = async (text) => {
    const message = slack.message("C0TEAM", driver.people.ada.id, `<@${bot.user_id}> ${text}`, { thread_ts: root.ts });
    slack.event(slack.callback(message));
    await told({ room: "team" }, new RegExp(text));
  };
  await below("what shall we do");
  const [first] = await model.requests({ text: "what shall we do", atLeast: 1 });
  assert.match(JSON.stringify(first.body), /Replying to Bo: .*the printer on floor three burns/);
  await below("zebra crossing");
  const [second] = await model.requests({ text: "zebra crossing", atLeast: 1 });
  const heard = second.body.messages.filter((message) => message.role === "user");
  assert.equal(JSON.stringify(heard).split("the printer on floor three").length, 2, "only where it was said first");
  assert.ok(slack.posted.every((one) => one.thread_ts === root.ts), "answered in the thread");
});

test("names are looked up once, and mentions are words", async () => {
  await startGateway();
  const direct = slack.direct(driver.people.ada.id);
  for (const text of ["ask <@U0BO> &amp; <#C0TEAM|team>", "and <@U0BO> again"]) slack.event(slack.callback(slack.message(direct, driver.people.ada.id, text)));
  await told({}, /again/);
  const [request] = await model.requests({ text: "ask @Bo & #team", atLeast: 1 });
  assert.ok(request);
  const asked = slack.calls.filter((call) => call.method === "users.info").map((call) => call.parameters.user);
  assert.deepEqual([...asked].sort(), ["U0ADA", "U0BO"]);
});

test("after a long absence it reads what was said meanwhile and answers it once", async () => {
  const gateway = await startGateway();
  slack.behind = 20 * 60 * 1000;
  await driver.say({ text: "before the absence" });
  await told({}, /before the absence/);
  await driver.say({ room: "team", from: "bo", text: "the lamp is called Lumen" });
  await until(() => slack.unacknowledged.length === 0, "all to be acknowledged");
  await gateway.stop();
  slack.behind = 10 * 60 * 1000;
  await driver.say({ text: "while you were away" });
  await driver.say({ room: "team", text: "what is the lamp called?", mention: true });
  slack.giveUp();
  slack.behind = 0;
  slack.fault({ method: "conversations.history", status: 429, retry_after: 1 });
  await gateway.start();
  await told({}, /while you were away/);
  await told({ room: "team" }, /what is the lamp called/);
  await driver.say({ text: "and now" });
  await told({}, /and now/);
  for (const words of [/before the absence/, /while you were away/, /and now/]) assert.equal(driver.sent().filter((one) => words.test(one.text)).length, 1, String(words));
  const reads = () => slack.calls.filter((call) => call.method === "conversations.history").length;
  const before = reads();
  await gateway.stop();
  await gateway.start();
  await driver.ready(gateway);
  await driver.say({ text: "after a short one" });
  await told({}, /after a short one/);
  assert.equal(reads(), before, "a short absence is Slack's own affair");
});

test("a message to a person goes to their direct room; files are taken from Slack's hosts alone", async () => {
  const gateway = await startGateway();
  const sent = await gateway.command(["message", "send", "--channel", "slack", "--target", `user:${driver.people.bo.id}`, "--message", "good morning"]);
  assert.equal(sent.code, 0, sent.stderr + sent.stdout);
  await told({ person: "bo" }, /good morning/);
  const elsewhere = { id: "F0X", name: "x.txt", mimetype: "text/plain", size: 3, url_private_download: "https://files.slack.com.evil.example/x.txt" };
  const message = slack.message(slack.direct(driver.people.ada.id), driver.people.ada.id, "look at this", { subtype: "file_share", files: [elsewhere] });
  slack.event(slack.callback(message));
  const [request] = await model.requests({ text: "look at this", atLeast: 1 });
  assert.match(JSON.stringify(request.body), /was not fetched: it lies on a host that is not Slack's/);
});

test("a room may be named by its name", async () => {
  await startGateway({ rooms: { "#team": {} } });
  await driver.say({ room: "team", text: "by name", mention: true });
  await told({ room: "team" }, /by name/);
  slack.room({ id: "C0OTHER", name: "other", is_channel: true });
  slack.event(slack.callback(slack.message("C0OTHER", driver.people.ada.id, `<@${bot.user_id}> not listed`)));
  await driver.say({ room: "team", text: "by name again", mention: true });
  await told({ room: "team" }, /by name again/);
  assert.equal(slack.posted.filter((one) => one.channel === "C0OTHER").length, 0);
  assert.equal(slack.calls.filter((call) => call.method === "conversations.info").length, 2);
});
