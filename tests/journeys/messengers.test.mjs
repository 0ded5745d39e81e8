// What all messengers have in common, shown with Telegram: setting up by the command line, several accounts, who may what,
// lines that come together.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { FakeTelegram } from "../peers/telegram/fake.mjs";
import { makeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

let model;
const fakes = [];
const gateways = [];

before(async () => {
  model = await Model.start();
});
after(() => model?.stop());
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.discard().catch(() => {});
  for (const fake of fakes.splice(0)) await fake.stop();
});

async function peer() {
  const fake = await FakeTelegram.start();
  fakes.push(fake);
  return fake;
}
const file = (gateway) => path.join(gateway.stateDir, "openclaw.json");
const written = (gateway) => JSON.parse(fs.readFileSync(file(gateway), "utf8"));
const rewrite = (gateway, change) => {
  const config = written(gateway);
  change(config);
  fs.writeFileSync(file(gateway), JSON.stringify(config));
};
async function startGateway(telegram, settings = {}, more = {}) {
  const gateway = new Gateway({ modelUrl: model.url });
  gateways.push(gateway);
  const config = { ...makeConfig({ modelUrl: model.url, workspace: gateway.workspace }), ...more };
  if (telegram) config.channels = { telegram: { botToken: telegram.token, apiRoot: telegram.url, allowFrom: [7], ...settings } };
  fs.writeFileSync(file(gateway), JSON.stringify(config));
  await gateway.start();
  return gateway;
}
const told = (telegram, chat, pattern, count = 1) =>
  until(() => {
    const found = telegram.sent(chat).filter((message) => pattern.test(message.text ?? message.caption ?? ""));
    return found.length >= count ? found : undefined;
  }, `${count} message(s) to ${chat} like ${pattern}`, { describe: () => `; sent: ${JSON.stringify(telegram.sent(chat)).slice(0, 600)}` });
const good = async (gateway, args, input) => {
  const done = await gateway.command(args, input);
  assert.equal(done.code, 0, `${args.join(" ")}: ${done.stdout} ${done.stderr}`);
  return args.includes("--json") ? JSON.parse(done.stdout) : done.stdout;
};
const polls = (telegram) => telegram.calls.filter((call) => call.method === "getUpdates").length;

// parity: 1.3-channels-cli
test("an account is set up by the command line, its token in the vault, and taken away again", async () => {
  const telegram = await peer();
  const gateway = await startGateway();
  await good(gateway, ["config", "set", "channels.telegram.apiRoot", telegram.url]);
  const added = await good(gateway, ["channels", "add", "telegram", "--json"], `${telegram.token}\n`);
  assert.equal(added.state, "up", JSON.stringify(added));
  assert.match(added.status.who, /claw_bot/);
  assert.ok(!fs.readFileSync(file(gateway), "utf8").includes(telegram.token), "the file refers to the vault");
  assert.equal(written(gateway).channels.telegram.botToken.source, "vault");
  assert.match(await good(gateway, ["channels", "list"]), /telegram +Telegram +1 account/);
  assert.match(await good(gateway, ["channels", "status", "--probe"]), /answers as/);
  await until(() => telegram.calls.find((call) => call.method === "setMyCommands"), "the chat commands to be published");
  assert.ok(telegram.commands.some(({ command }) => command === "help"));
  const unlinked = await gateway.command(["channels", "logout", "telegram"]);
  assert.notEqual(unlinked.code, 0);
  assert.match(unlinked.stderr, /channels remove telegram --delete/);
  const removed = await good(gateway, ["channels", "remove", "telegram", "--delete", "--json"]);
  assert.equal(removed.forgotten, true);
  assert.equal(written(gateway).channels?.telegram, undefined);
  assert.doesNotMatch(await good(gateway, ["secrets", "list"]), /telegram/);
  const unknown = await gateway.command(["channels", "add", "carrier-pigeon"]);
  assert.match(unknown.stderr, /It has: .*telegram/);
});

test("the commands are published once, not at each start", async () => {
  const telegram = await peer();
  const gateway = await startGateway(telegram);
  const published = () => telegram.calls.filter((call) => call.method === "setMyCommands").length;
  await until(() => published() === 1, "the commands");
  await gateway.stop();
  await gateway.start();
  await telegram.inject(telegram.message("here again"));
  await told(telegram, 7, /here again/);
  assert.equal(published(), 1);
});

// parity: 1.1-hot-reload, 1.3-channels-cli
test("a second account comes, and changes, without touching the first one", async () => {
  const [first, second] = [await peer(), await peer()];
  const gateway = await startGateway(first, { accounts: { one: {} } });
  await until(() => polls(first) > 0, "the first account to poll");
  const polled = polls(first);
  const hellos = () => first.calls.filter((call) => call.method === "getMe").length;
  const met = hellos();
  rewrite(gateway, (config) => {
    config.channels.telegram.accounts.two = { apiRoot: second.url, botToken: second.token };
  });
  await until(() => polls(second) > 0, "the second account to poll");
  await second.inject(second.message("through the second"));
  await told(second, 7, /through the second/);
  rewrite(gateway, (config) => {
    config.channels.telegram.accounts.two.allowFrom = [8];
  });
  await until(() => second.calls.filter((call) => call.method === "getMe").length >= 2, "the second account to begin anew");
  await second.inject(second.message("no more"));
  assert.equal(hellos(), met, "the first account was not made anew");
  assert.ok(polls(first) - polled <= 1);
  await first.inject(first.message("through the first"));
  await told(first, 7, /through the first/);
  assert.equal(second.sent(7).filter((message) => /no more/.test(message.text)).length, 0);
  const status = await good(gateway, ["channels", "status", "--json"]);
  assert.ok(status.channelAccounts.telegram.every((account) => account.lastFrameAt > 0), "the last frame is liveness");
});

// parity: 1.3-directory-cli
test("people are found, and messages sent, changed, marked and taken away by hand", async () => {
  const telegram = await peer();
  const gateway = await startGateway(telegram, { groups: { "-100500": {} } });
  await until(() => polls(telegram) > 0, "the account to poll");
  assert.match(await good(gateway, ["directory", "self"]), /claw_bot/);
  assert.match(await good(gateway, ["directory", "peers", "list"]), /^7$/m);
  assert.deepEqual(await good(gateway, ["directory", "groups", "list", "--json"]), [{ kind: "group", id: "-100500" }]);
  await good(gateway, ["message", "send", "--channel", "telegram", "--target", "7", "--message", "It is **done**."]);
  const [sent] = await told(telegram, 7, /done/);
  assert.equal(sent.text, "It is <b>done</b>.");
  const call = telegram.calls.find(({ method }) => method === "sendMessage");
  const id = String(call.message_id ?? 1);
  await good(gateway, ["message", "edit", "--target", "7", "--message-id", id, "--message", "It is *really* done."]);
  assert.ok(telegram.calls.some(({ method, parameters }) => method === "editMessageText" && /really/.test(parameters.text)));
  await good(gateway, ["message", "react", "--target", "7", "--message-id", id, "--emoji", "👍"]);
  assert.ok(telegram.calls.some(({ method }) => method === "setMessageReaction"));
  await good(gateway, ["message", "delete", "--target", "7", "--message-id", id]);
  assert.ok(telegram.calls.some(({ method }) => method === "deleteMessage"));
  const nothing = await gateway.command(["message", "send", "--message", "to nobody"]);
  assert.match(nothing.stderr, /target is missing/);
});

// parity: 1.3-common
test("rapid lines of one person are one message, also when the gateway is killed between them", async () => {
  const telegram = await peer();
  const gateway = await startGateway(telegram, {}, { messages: { inbound: { debounceMs: 1500 } } });
  for (const line of ["first line", "second line"]) await telegram.inject(telegram.message(line));
  await told(telegram, 7, /first line[^]*second line/);
  assert.equal(telegram.sent(7).length, 1);
  await telegram.inject(telegram.message("third line"));
  await telegram.inject(telegram.message("/status"));
  await told(telegram, 7, /Session/);
  await model.requests({ text: "third line", atLeast: 1, milliseconds: 10000 });
  await until(() => telegram.sent(7).length === 3, "the command and the line, each by itself");
  for (const line of ["fourth line", "fifth line"]) await telegram.inject(telegram.message(line));
  await new Promise((resolve) => setTimeout(resolve, 600));
  await gateway.kill();
  telegram.dropConnections();
  await gateway.start();
  await told(telegram, 7, /fourth line[^]*fifth line/);
  assert.equal(telegram.sent(7).filter((message) => /fourth line/.test(message.text)).length, 1);
});

// parity: 1.2-activation, 1.2-group-tools, 1.2-command-auth
test("in a group its owner says when it answers, and the sender decides which tools there are", async () => {
  const telegram = await peer();
  const chat = { id: -100500, type: "supergroup", title: "Team" };
  const bo = { id: 8, first_name: "Bo" };
  const groups = { "-100500": { toolsBySender: { 8: { deny: ["exec", "write"] } } } };
  const gateway = await startGateway(telegram, { groups });
  await telegram.inject(telegram.message("/activation always", { chat, from: bo }));
  await telegram.inject(telegram.message("nobody is spoken to", { chat }));
  await telegram.inject(telegram.message("/activation always", { chat }));
  await told(telegram, -100500, /every message in this group/);
  assert.equal(telegram.sent(-100500).length, 1, "who is not named cannot change it");
  await telegram.inject(telegram.message("bo asks", { chat, from: bo }));
  await told(telegram, -100500, /bo asks/);
  await telegram.inject(telegram.message("ada asks", { chat }));
  await told(telegram, -100500, /ada asks/);
  const offered = async (text) => {
    const [request] = await model.requests({ text, atLeast: 1 });
    return JSON.stringify((request.body ?? request).tools ?? []);
  };
  assert.match(await offered("ada asks"), /"exec"/);
  assert.doesNotMatch(await offered("bo asks"), /"exec"/);
  // What was heard survives a restart.
  await telegram.inject(telegram.message("/activation mention", { chat }));
  await told(telegram, -100500, /when I am mentioned/);
  await telegram.inject(telegram.message("the cellar is flooded", { chat, from: bo }));
  await until(() => polls(telegram) > 0 && telegram.calls.at(-1).method === "getUpdates", "the next poll");
  await gateway.kill();
  telegram.dropConnections();
  await gateway.start();
  await telegram.inject(telegram.message("@claw_bot what happened?", { chat, entities: [{ type: "mention", offset: 0, length: 9 }] }));
  const [request] = await model.requests({ text: "what happened", atLeast: 1 });
  assert.match(JSON.stringify(request.body ?? request), /Bo: the cellar is flooded/);
});

// parity: 1.2-activation
test("sessions.patch says when a group is answered, for that group alone, and takes it back", async () => {
  const telegram = await peer();
  const room = (id) => ({ id, type: "supergroup", title: `Room ${id}` });
  const gateway = await startGateway(telegram, { groups: { "-100500": {}, "-100600": {} } });
  const client = await gateway.client({ scopes: ["operator.admin"] });
  const patch = (groupActivation, key = "agent:main:telegram:group:-100500") => client.request("sessions.patch", { key, groupActivation });
  const { entry } = await patch("always");
  assert.equal(entry.groupActivation, "always");
  await telegram.inject(telegram.message("nobody is spoken to here", { chat: room(-100500) }));
  await told(telegram, -100500, /nobody is spoken to here/);
  await telegram.inject(telegram.message("nor there", { chat: room(-100600) }));
  await patch("mention");
  await telegram.inject(telegram.message("and silent again", { chat: room(-100500) }));
  await patch(null);
  await telegram.inject(telegram.message("/activation", { chat: room(-100500) }));
  await told(telegram, -100500, /as the configuration says/);
  await telegram.inject(telegram.message("the last one, alone", { chat: { id: 7, type: "private" } }));
  await told(telegram, 7, /the last one/);
  assert.equal(telegram.sent(-100600).length, 0);
  assert.equal(telegram.sent(-100500).filter((message) => /silent again/.test(message.text)).length, 0);
  await assert.rejects(patch("sometimes"), /always or mention/);
  await assert.rejects(patch("always", "agent:main:main"), /no group's/);
  await assert.rejects(patch("always", "agent:main:slack:group:c0team"), /No account is in the group/);
});

// parity: 1.2-group-tools
test("a group's tools are its own, its senders' come before them, and another group's rules touch neither", async () => {
  const telegram = await peer();
  const entry = { requireMention: false, tools: { deny: ["exec"] }, toolsBySender: { 8: { allow: ["read"] } } };
  const groups = { "-100500": entry, "-100600": { requireMention: false }, "*": { requireMention: false, tools: { deny: ["write"] } } };
  const gateway = await startGateway(telegram, { groups, groupAllowFrom: [7, 8] });
  const room = (id) => ({ id, type: "supergroup", title: `Room ${id}` });
  const offered = async (text, chat, from) => {
    await telegram.inject(telegram.message(text, { chat, ...(from && { from }) }));
    await told(telegram, chat.id, new RegExp(text));
    const [request] = await model.requests({ text, atLeast: 1 });
    return ((request.body ?? request).tools ?? []).map((tool) => tool.function.name);
  };
  const ruled = await offered("ada in the ruled group", room(-100500));
  assert.ok(!ruled.includes("exec") && ruled.includes("write"), String(ruled));
  assert.deepEqual(await offered("bo in the ruled group", room(-100500), { id: 8, first_name: "Bo" }), ["read"]);
  const other = await offered("ada in the other group", room(-100600));
  assert.ok(other.includes("exec") && !other.includes("write"), String(other));
  const alone = await offered("ada alone", { id: 7, type: "private" });
  assert.ok(alone.includes("exec") && alone.includes("write"), String(alone));
  // What was not offered is not run either.
  await telegram.inject(telegram.message(script([{ tool: "exec", args: { command: "touch proof" } }, "then $RESULT"]), { chat: room(-100500) }));
  await told(telegram, -100500, /then .*exec/);
  assert.ok(!fs.existsSync(gateway.file("proof")));
});

test("the agent hears of reactions on its own messages, and of no others", async () => {
  const telegram = await peer();
  await startGateway(telegram);
  await telegram.inject(telegram.message("please answer"));
  await told(telegram, 7, /please answer/);
  await telegram.inject(telegram.message("and once more")); // by then the first one's id is on disk
  await told(telegram, 7, /and once more/);
  const answer = telegram.calls.find(({ method }) => method === "sendMessage").message_id;
  const react = (message_id, emoji) =>
    telegram.inject({
      message_reaction: {
        chat: { id: 7, type: "private" },
        message_id,
        user: { id: 7, first_name: "Ada" },
        date: 1,
        old_reaction: [],
        new_reaction: [{ type: "emoji", emoji }],
      },
    });
  await react(answer, "🔥");
  await react(99999, "👎");
  await telegram.inject(telegram.message("what did I do"));
  const [request] = await model.requests({ text: "what did I do", atLeast: 1 });
  const asked = JSON.stringify(request.body ?? request);
  assert.match(asked, /reaction added: 🔥 by Ada/);
  assert.doesNotMatch(asked, /👎/);
});

// parity: 1.6-block-streaming
test("blocks of an answer come while it is made; after a kill nothing of it comes twice", async () => {
  const telegram = await peer();
  const gateway = await startGateway(telegram, { blockStreaming: true });
  const text = [1, 2, 3].map((number) => `paragraph ${number} ${"and so on ".repeat(100)}`).join("\n\n");
  const name = "blocks-of-this-test";
  await telegram.inject(telegram.message(`go ${await model.answer(name, [{ text, pauseMs: 2, hold: { after: 500, name } }])}`));
  await told(telegram, 7, /paragraph 1/);
  assert.equal(telegram.sent(7).filter((message) => /paragraph 3/.test(message.text)).length, 0);
  await until(async () => (await model.release(name)) > 0, "the model to wait");
  await told(telegram, 7, /paragraph 3/);
  const words = (all) => all.map((message) => message.text).join("").replace(/\s/g, "");
  assert.equal(words(telegram.sent(7)), text.replace(/\s/g, ""));
  const again = "blocks-and-a-kill";
  await telegram.inject(telegram.message(`go ${await model.answer(again, [{ text: text.replaceAll("paragraph", "chapter"), pauseMs: 2, hold: { after: 500, name: again } }])}`));
  await told(telegram, 7, /chapter 1/);
  await gateway.kill();
  telegram.dropConnections();
  await gateway.start();
  await told(telegram, 7, /stopped while it answered/);
  assert.equal(telegram.sent(7).filter((message) => /chapter 1/.test(message.text)).length, 1);
});

// parity: 1.3-common
test("humanDelay waits between the blocks of an answer, not before its first", async () => {
  const telegram = await peer();
  const config = makeConfig({ modelUrl: model.url });
  config.agents.defaults.humanDelay = { mode: "custom", minMs: 1500, maxMs: 1600 };
  const gateway = new Gateway({ modelUrl: model.url });
  gateways.push(gateway);
  config.agents.defaults.workspace = gateway.workspace;
  config.channels = { telegram: { botToken: telegram.token, apiRoot: telegram.url, allowFrom: [7], blockStreaming: true } };
  fs.writeFileSync(file(gateway), JSON.stringify(config));
  await gateway.start();
  const text = [1, 2, 3].map((number) => `paragraph ${number} ${"and so on ".repeat(100)}`).join("\n\n");
  const asked = Date.now();
  await telegram.inject(telegram.message(`go ${await model.answer("like-a-person", [{ text }])}`));
  await told(telegram, 7, /paragraph 3/);
  const times = telegram.calls.filter(({ method }) => method === "sendMessage").map(({ at }) => at);
  const gaps = times.slice(1).map((at, index) => at - times[index]);
  assert.ok(gaps.length >= 1 && gaps.every((gap) => gap >= 1450), `${gaps}`);
  assert.ok(times[0] - asked < 1450 || process.env.OPENCLAW_TEST_PATIENCE > 1, "the first comes at once");
});
