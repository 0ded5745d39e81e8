// grammY, unmodified, judges the fake Bot API: what it sends must be understood, what it gets must be what it expects.
import assert from "node:assert/strict";
import http from "node:http";
import { createRequire } from "node:module";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "../../journeys/lib/waiting.mjs";
import { installed } from "../install.mjs";
import { FakeTelegram } from "./fake.mjs";

let grammy;
let unavailable = false;
try {
  const folder = installed(path.dirname(fileURLToPath(import.meta.url)));
  grammy = createRequire(path.join(folder, "package.json"))("grammy");
} catch (error) {
  unavailable = `grammY cannot be installed: ${error.message.split("\n")[0]}`;
}

const chat = { id: 7, type: "private", first_name: "Ada" };
let telegram;
let bot;
let errors;

beforeEach(async () => {
  telegram = await FakeTelegram.start();
  if (!grammy) return;
  bot = new grammy.Bot(telegram.token, { client: { apiRoot: telegram.url } });
  errors = [];
  bot.catch((error) => errors.push(error));
});
afterEach(async () => {
  await bot?.stop().catch(() => {});
  await telegram.stop();
  assert.deepEqual(errors ?? [], []);
});
const start = (more = {}) => new Promise((resolve) => bot.start({ onStart: resolve, ...more }).catch((error) => errors.push(error)));
const seen = (list, count) => until(() => list.length >= count, `${count} updates`, { describe: () => JSON.stringify(list) });

// A suite that is skipped counts as nothing; a test counts as skipped.
(unavailable ? test : describe)("grammY and the fake Bot API", { skip: unavailable, concurrency: 1 }, () => {
  test("long polling: words, a command in a topic, an edit, a reply, a reaction and a button", async () => {
    const got = [];
    bot.command("status", (context) => got.push(`command ${context.match} in ${context.msg.message_thread_id}`));
    bot.on("message:text", (context) => got.push(`text ${context.msg.text} ${context.msg.reply_to_message?.text ?? ""}`.trim()));
    bot.on("edited_message:text", (context) => got.push(`edit ${context.editedMessage.text}`));
    bot.on("message_reaction", (context) => got.push(`reaction ${context.reactions().emojiAdded}`));
    bot.on("callback_query:data", (context) => {
      got.push(`button ${context.callbackQuery.data}`);
      return context.answerCallbackQuery();
    });
    await start({ allowed_updates: ["message", "edited_message", "message_reaction", "callback_query"] });
    const group = { id: -100500, type: "supergroup", title: "Team", is_forum: true };
    const first = telegram.message("hello");
    await telegram.inject(first);
    await telegram.inject(telegram.message("and this", { reply_to_message: telegram.message_of(7, first.message.message_id) }));
    const entities = [{ type: "bot_command", offset: 0, length: 16 }];
    await telegram.inject(telegram.message("/status@claw_bot now", { chat: group, entities, message_thread_id: 3, is_topic_message: true }));
    await telegram.inject({ edited_message: { ...first.message, text: "hello there", edit_date: 1 } });
    const user = { id: 7, is_bot: false, first_name: "Ada" };
    const thumb = [{ type: "emoji", emoji: "👍" }];
    await telegram.inject({ message_reaction: { chat, message_id: 1, user, date: 1, old_reaction: [], new_reaction: thumb } });
    await telegram.inject({ callback_query: { id: "1", from: user, chat_instance: "x", data: "yes", message: first.message } });
    await seen(got, 6);
    assert.deepEqual(got, ["text hello", "text and this hello", "command now in 3", "edit hello there", "reaction 👍", "button yes"]);
    await until(() => telegram.calls.some((call) => call.method === "answerCallbackQuery"), "the button to be answered");
  });

  test("sending: markup, edits, replies, reactions, typing, removing, commands, and the words of each refusal", async () => {
    const { api } = bot;
    const sent = await api.sendMessage(7, "<b>hi</b> &amp; you", { parse_mode: "HTML" });
    assert.equal(sent.text, "hi & you");
    const edited = await api.editMessageText(7, sent.message_id, "hi 2");
    assert.equal(edited.text, "hi 2");
    const refused = (promise) => promise.then(() => assert.fail("it was taken"), (error) => {
      assert.ok(error instanceof grammy.GrammyError, String(error));
      return error;
    });
    assert.match((await refused(api.editMessageText(7, sent.message_id, "hi 2"))).description, /message is not modified/);
    assert.match((await refused(api.editMessageText(7, 99999, "x"))).description, /message to edit not found/);
    assert.match((await refused(api.sendMessage(7, "<h1>no</h1>", { parse_mode: "HTML" }))).description, /can't parse entities/);
    assert.match((await refused(api.sendMessage(7, "<b>open", { parse_mode: "HTML" }))).description, /can't parse entities/);
    assert.match((await refused(api.sendMessage(7, "x".repeat(4097)))).description, /message is too long/);
    assert.match((await refused(api.sendMessage(7, ""))).description, /message text is empty/);
    await api.sendMessage(7, `<b>${"x".repeat(4096)}</b>`, { parse_mode: "HTML" });
    assert.match((await refused(api.sendMessage(7, "x", { reply_parameters: { message_id: 424242 } }))).description, /message to be replied not found/);
    await api.sendMessage(7, "x", { reply_parameters: { message_id: 424242, allow_sending_without_reply: true } });
    await api.setMessageReaction(7, sent.message_id, [{ type: "emoji", emoji: "👀" }]);
    await api.setMessageReaction(7, sent.message_id, []);
    assert.match((await refused(api.setMessageReaction(7, sent.message_id, [{ type: "emoji", emoji: "🦞" }]))).description, /REACTION_INVALID/);
    await api.sendChatAction(7, "typing");
    await api.deleteMessage(7, sent.message_id);
    assert.match((await refused(api.deleteMessage(7, sent.message_id))).description, /message to delete not found/);
    await api.setMyCommands([{ command: "status", description: "how things are" }]);
    assert.deepEqual(await api.getMyCommands(), [{ command: "status", description: "how things are" }]);
    assert.match((await refused(api.setMyCommands([{ command: "Not-Good", description: "x" }]))).description, /BOT_COMMAND_INVALID/);
  });

  test("files: a picture, a document, a voice note out; one in", async () => {
    const { api } = bot;
    const photo = await api.sendPhoto(7, new grammy.InputFile(Buffer.from([1, 2, 3]), "a.png"), { caption: "cap" });
    assert.equal(photo.caption, "cap");
    assert.ok(photo.photo.length > 0, "the answer has the picture's sizes");
    const paper = await api.sendDocument(7, new grammy.InputFile(Buffer.from("paper"), "paper.txt"));
    assert.equal(paper.document.file_name, "paper.txt");
    assert.ok((await api.sendVoice(7, new grammy.InputFile(Buffer.from("OggS"), "v.ogg"))).voice);
    assert.equal(Buffer.from(telegram.sent(7)[1].document.bytes, "base64").toString(), "paper");
    telegram.files.set("files/D", { bytes: Buffer.from("what came") });
    const got = [];
    bot.on("message:document", async (context) => {
      const file = await context.getFile();
      const answer = await fetch(`${telegram.url}/file/bot${telegram.token}/${file.file_path}`);
      got.push(await answer.text());
    });
    await start();
    await telegram.inject(telegram.message(undefined, { caption: "see", document: { file_id: "D", file_unique_id: "u", file_size: 9 } }));
    await seen(got, 1);
    assert.deepEqual(got, ["what came"]);
    await assert.rejects(api.getFile("nothing"), /invalid file_id/);
  });

  test("an album comes as messages with one media_group_id", async () => {
    const got = [];
    bot.on("message:photo", (context) => got.push([context.msg.media_group_id, context.msg.caption ?? "", context.msg.photo.at(-1).file_id]));
    await start();
    const photo = (id) => [{ file_id: id, file_unique_id: id, width: 1, height: 1 }];
    await telegram.inject(telegram.message(undefined, { photo: photo("A"), caption: "two", media_group_id: "11" }));
    await telegram.inject(telegram.message(undefined, { photo: photo("B"), media_group_id: "11" }));
    await seen(got, 2);
    assert.deepEqual(got, [["11", "two", "A"], ["11", "", "B"]]);
  });

  test("a limit names its seconds; a wrong token is refused; a second poller gets the conflict; a dropped poll loses nothing", async () => {
    telegram.fault({ method: "sendMessage", status: 429, retry_after: 3 });
    await assert.rejects(bot.api.sendMessage(7, "x"), (error) => error instanceof grammy.GrammyError && error.error_code === 429 && error.parameters.retry_after === 3);
    const stranger = new grammy.Bot("1:wrong", { client: { apiRoot: telegram.url } });
    await assert.rejects(stranger.api.getMe(), (error) => error.error_code === 401);
    const got = [];
    bot.on("message:text", (context) => got.push(context.msg.text));
    await start();
    telegram.fault({ method: "getUpdates", drop: "before" });
    telegram.dropConnections();
    await telegram.inject(telegram.message("in the gap"));
    await seen(got, 1);
    await telegram.inject(telegram.message("after it"));
    await seen(got, 2);
    assert.deepEqual(got, ["in the gap", "after it"]);
    await bot.stop();
    const first = bot.api.getUpdates({ timeout: 5 });
    first.catch(() => {});
    await until(() => telegram.calls.at(-1).method === "getUpdates" && telegram.calls.at(-1).parameters.timeout, "the first poll");
    const second = bot.api.getUpdates({ timeout: 1 });
    second.catch(() => {});
    await assert.rejects(first, (error) => error.error_code === 409);
    assert.deepEqual(await second, []);
  });

  test("a webhook gets its updates with the secret; while it is set there is no polling", async () => {
    const got = [];
    bot.on("message:text", (context) => got.push(context.msg.text));
    const handle = grammy.webhookCallback(bot, "http", { secretToken: "s3cret" });
    const server = http.createServer((request, response) => handle(request, response).catch((error) => errors.push(error)));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    try {
      await bot.api.setWebhook(`http://127.0.0.1:${server.address().port}/hook`, { secret_token: "s3cret" });
      assert.equal((await telegram.inject(telegram.message("by webhook"))).status, 200);
      assert.equal((await telegram.inject(telegram.message("forged"), { secret: "guess" })).status, 401);
      assert.deepEqual(got, ["by webhook"]);
      await assert.rejects(bot.api.getUpdates(), (error) => error.error_code === 409);
      await bot.api.deleteWebhook();
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});
