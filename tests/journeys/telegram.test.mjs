// What Telegram has of its own; what every messenger must do is in tests/channels. The real binary, a Bot API on loopback, a scripted model.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { freePort } from "../peers/free_port.mjs";
import { FakeTelegram } from "../peers/telegram/fake.mjs";
import { makeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

let model;
let telegram;
const gateways = [];

before(async () => {
  model = await Model.start();
});
after(() => model?.stop());
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.discard().catch(() => {});
  await telegram?.stop();
});

async function startGateway(settings = {}, more = {}) {
  telegram = await FakeTelegram.start();
  const gateway = new Gateway({ modelUrl: model.url });
  gateways.push(gateway);
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  config.channels = { telegram: { botToken: telegram.token, apiRoot: telegram.url, ...settings } };
  Object.assign(config, more);
  fs.writeFileSync(path.join(gateway.stateDir, "openclaw.json"), JSON.stringify(config));
  await gateway.start();
  return gateway;
}
const told = (chat, pattern, count = 1) =>
  until(() => {
    const found = telegram.sent(chat).filter((message) => pattern.test(message.text ?? message.caption ?? ""));
    return found.length >= count ? found : undefined;
  }, `${count} message(s) to ${chat} like ${pattern}`, { describe: () => `; sent: ${JSON.stringify(telegram.sent(chat)).slice(0, 600)}` });

// parity: 1.3-telegram, 1.3-common
test("a message is answered once, where it came from, in Telegram's markup", async () => {
  await startGateway({ allowFrom: [7] });
  await telegram.inject(telegram.message(script(["**bold** & `code` <b>\n\n- one\n- two"])));
  const [answer] = await told(7, /bold/);
  assert.equal(answer.text, "<b>bold</b> &amp; <code>code</code> &lt;b&gt;\n\n• one\n• two");
  assert.equal(answer.parse_mode, "HTML");
  assert.ok(telegram.calls.some((call) => call.method === "sendChatAction"), "it shows that it types");
});

// parity: 1.2-group-policy, 1.2-mention-gating
test("in a group it answers when it is spoken to, and knows what was said before", async () => {
  const chat = { id: -100500, type: "supergroup", title: "Team" };
  const gateway = await startGateway({ allowFrom: [7], groups: { "-100500": {} } });
  fs.writeFileSync(path.join(gateway.workspace, "MEMORY.md"), "Ada is afraid of moths.");
  await telegram.inject(telegram.message("the server is called Hazel", { chat, from: { id: 8, first_name: "Bo" } }));
  const question = "@claw_bot what is its name?";
  await telegram.inject(telegram.message(question, { chat, entities: [{ type: "mention", offset: 0, length: 9 }] }));
  await told(-100500, /./);
  const [request] = await model.requests({ text: "what is its name", atLeast: 1 });
  assert.match(JSON.stringify(request.body ?? request), /Bo: the server is called Hazel/);
  assert.equal(telegram.sent(-100500).length, 1);
  assert.doesNotMatch(JSON.stringify(request.body ?? request), /afraid of moths/, "what is about one person stays out of groups");
  await telegram.inject(telegram.message("and what about me?"));
  const [alone] = await model.requests({ text: "and what about me", atLeast: 1 });
  assert.match(JSON.stringify(alone.body ?? alone), /afraid of moths/);
});

test("an answer that got no reply from Telegram is not sent twice; /resend sends it again", async () => {
  const gateway = await startGateway({ allowFrom: [7] });
  telegram.fault({ method: "sendMessage", drop: "after" });
  await telegram.inject(telegram.message("only once"));
  await told(7, /do not know whether my last message arrived/);
  assert.equal(telegram.sent(7).filter((message) => /only once/.test(message.text)).length, 1);
  const listed = await gateway.command(["messages", "dead"]);
  assert.match(listed.stdout, /failed/);
  await telegram.inject(telegram.message("/resend"));
  await told(7, /only once/, 2);
});

const photo = (id) => {
  telegram.files.set(`files/${id}`, { bytes: Buffer.from(`\x89PNG.... ${id}`) });
  return [{ file_id: id, file_unique_id: id, width: 9, height: 9 }];
};

// parity: 1.3-telegram
test("an album is one message with all its pictures, by polling and by webhook", async () => {
  for (const webhook of [false, true]) {
    const port = await freePort();
    const more = webhook ? { webhookUrl: "https://claw.example/telegram", webhookSecret: "s3cret-of-the-hook" } : {};
    const gateway = await startGateway({ allowFrom: [7], ...more }, webhook ? { webhooks: { port } } : {});
    telegram.proxy = (url) => url.replace("https://claw.example", `http://127.0.0.1:${port}`);
    await until(() => telegram.calls.some((call) => call.method === (webhook ? "setWebhook" : "getUpdates")), "the bot to be there");
    const word = webhook ? "three by webhook" : "three by polling";
    const items = ["A", "B", "C"].map((id, index) =>
      telegram.message(undefined, { photo: photo(id), media_group_id: "11", ...(index === 0 && { caption: script([word]) }) }),
    );
    await Promise.all(items.map((item) => telegram.inject(item)));
    await told(7, new RegExp(word));
    const requests = await model.requests({ text: word, atLeast: 1 });
    assert.equal(requests.length, 1);
    assert.equal(fs.readdirSync(path.join(gateway.workspace, "media/inbound")).length, 3);
    assert.equal(telegram.sent(7).length, 1, "one answer for all of them");
    await telegram.stop();
  }
});

test("a pressed button is answered at once and is what was said; a reaction starts nothing", async () => {
  const gateway = await startGateway({ allowFrom: [7] });
  await telegram.inject(telegram.message("choose"));
  await told(7, /choose/);
  const from = { id: 7, is_bot: false, first_name: "Ada" };
  const chat = { id: 7, type: "private" };
  const [{ message_id }] = telegram.calls.filter((call) => call.method === "sendMessage");
  const message = { ...telegram.message_of(7, message_id), chat };
  await telegram.inject({ callback_query: { id: "q1", from, chat_instance: "x", data: "the second one", message } });
  await told(7, /the second one/);
  await until(() => telegram.calls.find((call) => call.method === "answerCallbackQuery")?.parameters.callback_query_id === "q1", "the button to stop spinning");
  const before = (await model.stats()).requests;
  await telegram.inject({ message_reaction: { chat, message_id, user: from, date: 1, old_reaction: [], new_reaction: [{ type: "emoji", emoji: "👍" }] } });
  const counted = async () => /openclaw_channel_events_total\{[^}]*reaction[^}]*\} 1/.test(await (await gateway.fetch("/metrics")).text());
  await until(counted, "the reaction to arrive");
  assert.equal((await model.stats()).requests, before);
});

test("the commands are offered in Telegram's menu, with names that it takes", async () => {
  await startGateway({ allowFrom: [7] });
  await until(() => telegram.commands.length > 5, "the menu");
  assert.ok(telegram.commands.some(({ command, description }) => command === "status" && description.length > 3));
});

test("a file whose size is not said is cut off at the limit, in words", async () => {
  await startGateway({ allowFrom: [7], mediaMaxMb: 1 });
  telegram.files.set("files/H", { bytes: Buffer.alloc(3 * 1024 * 1024, 1) });
  await telegram.inject(telegram.message(undefined, { caption: "how large", document: { file_id: "H", file_name: "huge.bin" } }));
  const [request] = await model.requests({ text: "how large", atLeast: 1 });
  assert.match(JSON.stringify(request.body), /larger than 1 MB/);
});

test("a group that became a supergroup is named with its new id", async () => {
  const gateway = await startGateway({ allowFrom: [7], groups: { "-5": {} } });
  await telegram.inject({ message: { message_id: 1, date: 1, from: { id: 7 }, chat: { id: -5, type: "group" }, migrate_to_chat_id: -1005 } });
  await until(async () => /-1005/.test((await gateway.command(["channels", "status"])).stdout), "the new id to be named");
});

test("a wrong token is said once with what to do, and is not tried again and again", async () => {
  const gateway = await startGateway({ botToken: "1:wrong" });
  const shown = await until(async () => {
    const status = await gateway.command(["channels", "status"]);
    return /failed/.test(status.stdout) ? status.stdout : undefined;
  }, "the account to be failed");
  assert.match(shown, /does not know this bot token/);
  assert.match(shown, /BotFather/);
});
