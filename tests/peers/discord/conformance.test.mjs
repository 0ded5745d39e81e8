// discord.js, unmodified, judges the fake: what it sends must be understood, what it gets must be what it expects.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { afterEach, beforeEach, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "../../journeys/lib/waiting.mjs";
import { installed } from "../install.mjs";
import { FakeDiscord } from "./fake.mjs";
import { intents } from "./gateway.mjs";

let discordjs;
let unavailable = false;
try {
  const folder = installed(path.dirname(fileURLToPath(import.meta.url)));
  discordjs = createRequire(path.join(folder, "package.json"))("discord.js");
} catch (error) {
  if (process.env.CI === "true") throw error;
  unavailable = `discord.js cannot be installed: ${error.message.split("\n")[0]}`;
}

const all = ["Guilds", "GuildMessages", "GuildMessageReactions", "DirectMessages", "DirectMessageReactions", "MessageContent"];
let discord;
let client;
let got;
let ada;
let team;

beforeEach(async () => {
  discord = await FakeDiscord.start();
  ada = discord.addUser({ id: "7", username: "ada", global_name: "Ada" });
  team = discord.addChannel({ id: "600", type: 0, name: "team" });
  got = [];
});
afterEach(async () => {
  await client?.destroy();
  client = undefined;
  await discord.stop();
});

async function login({ names = all, token = discord.token } = {}) {
  const { Client, Events, GatewayIntentBits, Partials } = discordjs;
  client = new Client({
    intents: names.map((name) => GatewayIntentBits[name]),
    partials: [Partials.Channel, Partials.Message, Partials.Reaction],
    rest: { api: `${discord.url}/api`, version: "10" },
  });
  client.on("error", (error) => got.push(`error ${error.message}`));
  client.on(Events.MessageCreate, (message) => message.author.bot || got.push(`message ${message.cleanContent}`));
  client.on(Events.ShardResume, () => got.push("resumed"));
  const ready = new Promise((resolve) => client.once(Events.ClientReady, resolve));
  await client.login(token);
  await ready;
}
const seen = (what, milliseconds = 10000) => until(() => got.includes(what), what, { milliseconds, describe: () => JSON.stringify(got) });

// A suite that is skipped counts as nothing; a test counts as skipped.
(unavailable ? test : describe)("discord.js and the fake", { skip: unavailable, concurrency: 1 }, () => {
  test("it logs in, and sees words, mentions, replies, files, edits, removals, reactions and threads", async () => {
    await login();
    assert.equal(client.user.tag, "claw");
    assert.equal(client.guilds.cache.get("500").channels.cache.get("600").name, "team");
    const { Events } = discordjs;
    client.on(Events.MessageUpdate, (_, message) => got.push(`edit ${message.content}`));
    client.on(Events.MessageDelete, (message) => got.push(`removal ${message.id}`));
    client.on(Events.MessageReactionAdd, (reaction, user) => got.push(`reaction ${reaction.emoji.name} by ${user.id}`));
    client.on(Events.ThreadCreate, (thread) => got.push(`thread ${thread.name} in ${thread.parentId}`));
    client.on(Events.MessageCreate, async (message) => {
      if (message.author.bot) return;
      if (message.mentions.has("100")) got.push("mentioned");
      if (message.mentions.roles.has("501")) got.push("role mentioned");
      if (message.reference) got.push(`reply to ${(await message.fetchReference()).content}`);
      for (const file of message.attachments.values()) got.push(`file ${file.name} ${await (await fetch(file.url)).text()}`);
      if (message.flags.has("IsVoiceMessage")) got.push("voice");
    });
    const own = discord.post(discord.direct("7").id, ada, { content: "hello" });
    await seen("message hello");
    const first = discord.post("600", ada, { content: "<@100> are you there? <@&501>", attachments: [discord.attach("a.txt", "text/plain", Buffer.from("bytes"))] });
    for (const what of ["mentioned", "role mentioned", "file a.txt bytes"]) await seen(what);
    discord.post("600", ada, { content: "and this", replyTo: first.id });
    await seen("reply to <@100> are you there? <@&501>");
    discord.post("600", ada, { attachments: [discord.attach("voice.ogg", "audio/ogg", Buffer.from("OggS"), { duration_secs: 2, waveform: "AAAA" })], flags: 1 << 13 });
    await seen("voice");
    Object.assign(own, { content: "hello!", edited_timestamp: new Date().toISOString() });
    discord.tell("MESSAGE_UPDATE", own);
    await seen("edit hello!");
    discord.gateway.dispatch("MESSAGE_REACTION_ADD", { user_id: "7", channel_id: "600", guild_id: "500", message_id: first.id, emoji: { id: null, name: "👍" }, burst: false, type: 0, member: discord.member(ada) });
    await seen("reaction 👍 by 7");
    discord.gateway.dispatch("MESSAGE_DELETE", { id: first.id, channel_id: "600", guild_id: "500" });
    await seen(`removal ${first.id}`);
    client.on(Events.MessageBulkDelete, (messages) => got.push(`removals ${messages.size}`));
    discord.removeAll("600", [discord.post("600", ada, { content: "x" }).id, discord.post("600", ada, { content: "y" }).id]);
    await seen("removals 2");
    discord.addThread("600", "alpha");
    await seen("thread alpha in 600");
    assert.ok(!got.some((one) => one.startsWith("error")), JSON.stringify(got));
  });

  test("it sends, replies with a file, edits, reacts, types, opens a thread and a direct chat, and removes", async () => {
    await login();
    const channel = await client.channels.fetch("600");
    const asked = discord.post("600", ada, { content: "question" });
    const sent = await channel.send({ content: "yo", reply: { messageReference: asked.id }, files: [{ attachment: Buffer.from("abc"), name: "f.txt" }], nonce: "n1", enforceNonce: true });
    assert.equal(sent.reference.messageId, asked.id);
    assert.equal(sent.attachments.first().name, "f.txt");
    const again = await channel.send({ content: "yo", nonce: "n1", enforceNonce: true });
    assert.equal(again.id, sent.id, "a nonce is sent once");
    assert.equal((await sent.edit("yo2")).content, "yo2");
    await sent.react("👀");
    await sent.reactions.cache.get("👀")?.users.remove("100").catch(() => {});
    await channel.sendTyping();
    assert.equal((await sent.startThread({ name: "t" })).parentId, "600");
    await sent.delete();
    const user = await client.users.fetch("7");
    assert.equal((await user.send("to you")).content, "to you");
    const fetched = await channel.messages.fetch({ after: "0", limit: 10 });
    assert.deepEqual(fetched.map((message) => message.content), ["question"]);
    assert.equal(discord.typing.length, 1);
    assert.deepEqual(discord.reactions[0], { messageId: sent.id, emoji: "👀", removed: false });
  });

  test("limits are waited out; what is too long, empty or in the wrong place is refused with Discord's codes", async () => {
    await login();
    const channel = await client.channels.fetch("600");
    discord.fault({ what: "limit", retryAfterMs: 700 });
    const began = Date.now();
    await channel.send("after a limit");
    assert.ok(Date.now() - began >= 650);
    discord.fault({ what: "limit", retryAfterMs: 500, global: true });
    await channel.send("after a global limit");
    const code = (wanted) => (error) => error.code === wanted;
    await assert.rejects(channel.send("x".repeat(2001)), code(50035));
    await assert.rejects(client.rest.post("/channels/600/messages", { body: {} }), code(50006));
    await assert.rejects(client.rest.post("/channels/601/messages", { body: { content: "x" } }), code(10003));
    const other = discord.post("600", ada, { content: "mine" });
    await assert.rejects(client.rest.patch(`/channels/600/messages/${other.id}`, { body: { content: "yours" } }), code(50005));
    await assert.rejects(client.rest.patch("/channels/600/messages/1", { body: { content: "x" } }), code(10008));
  });

  test("commands are set and used: a deferred answer, a follow-up; who is late or acts twice is refused", async () => {
    await login();
    const set = await client.application.commands.set([{ name: "status", description: "how it is", options: [{ type: 3, name: "arguments", description: "more" }] }]);
    assert.equal(set.size, 1);
    await assert.rejects(client.application.commands.set([{ name: "Two words", description: "x" }]));
    client.on(discordjs.Events.InteractionCreate, async (interaction) => {
      await interaction.deferReply({ flags: 64 });
      await interaction.editReply(`done: ${interaction.options.getString("arguments")}`);
      await interaction.followUp({ content: "and more", flags: 64 });
      await assert.rejects(client.rest.post(`/interactions/${interaction.id}/${interaction.token}/callback`, { body: { type: 5 } }), (error) => error.code === 40060);
      got.push(`command ${interaction.commandName} in ${interaction.channelId}`);
    });
    const { token } = discord.interact(ada, team, { id: "800", name: "status", type: 1, options: [{ name: "arguments", type: 3, value: "now" }] });
    await seen("command status in 600");
    assert.deepEqual(discord.messages.get("600").map((message) => message.content), ["done: now", "and more"]);
    assert.ok(discord.interaction(token).ephemeral);
  });

  test("a broken connection is resumed and told what it missed, once; op 7 and op 9 are followed", async () => {
    await login();
    const room = discord.direct("7").id;
    discord.gateway.cut();
    discord.post(room, ada, { content: "meanwhile" });
    await seen("message meanwhile", 20000);
    await seen("resumed");
    assert.equal(got.filter((one) => one === "message meanwhile").length, 1);
    discord.gateway.op({ op: 7, d: null });
    await until(() => got.filter((one) => one === "resumed").length === 2, "the second resume", { milliseconds: 20000 });
    discord.gateway.op({ op: 9, d: false });
    const identified = () => discord.gateway.log.filter((one) => one.op === 2).length;
    await until(() => identified() === 2 && discord.gateway.live.length === 1, "a new session", { milliseconds: 20000 });
    discord.post(room, ada, { content: "after all" });
    await seen("message after all");
  });

  test("a wrong token, an intent that is switched off, and words without the intent for them", async () => {
    await assert.rejects(login({ token: "MTAw.not.it" }), /token/i);
    await client.destroy();
    discord.gateway.disallowed = intents.content;
    await assert.rejects(login(), /disallowed intents/i);
    await client.destroy();
    await login({ names: ["Guilds", "GuildMessages", "DirectMessages"] });
    discord.post("600", ada, { content: "not for you" });
    await seen("message ");
    discord.post(discord.direct("7").id, ada, { content: "for you" });
    await seen("message for you");
  });
});
