// Bolt, Slack's own framework, unmodified, judges the Slack on loopback: by Socket Mode and by signed HTTP events.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import net from "node:net";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { fileURLToPath } from "node:url";
import { installed } from "../install.mjs";
import { until } from "../../journeys/lib/waiting.mjs";
import { bot, FakeSlack, team } from "./fake.mjs";

let bolt;
let missing;
try {
  const require = createRequire(path.join(installed(path.dirname(fileURLToPath(import.meta.url))), "package.json"));
  bolt = require("@slack/bolt");
} catch (error) {
  missing = `@slack/bolt cannot be installed here: ${String(error.message).split("\n")[0]}`;
}

// Bolt leaves a timer of half a minute behind; nothing waits for it.
after(() => setTimeout(() => process.exit(process.exitCode ?? 0), 500).unref());

let slack;
const seen = [];

function listen(app) {
  app.error(async (error) => seen.push(`error: ${error.message}`));
  app.message(async ({ message, say }) => {
    seen.push(`message: ${message.text}${message.files ? ` with ${message.files[0].name}` : ""}`);
    if (/^hello/.test(message.text ?? "")) await say({ text: "*hi*", thread_ts: message.thread_ts || message.ts });
  });
  app.event("app_mention", async ({ event }) => seen.push(`mention: ${event.text}`));
  app.event("reaction_added", async ({ event }) => seen.push(`reaction: ${event.reaction}`));
  app.command("/openclaw", async ({ command, ack, respond }) => {
    seen.push(`command: ${command.text}`);
    await ack();
    await respond({ text: "done", response_type: "ephemeral" });
  });
  app.action("ok", async ({ ack }) => {
    seen.push("action");
    await ack();
  });
}
const saw = (what, count = 1) =>
  until(() => seen.filter((one) => one === what).length >= count, `Bolt to see ${what}`, { describe: () => `; it saw ${JSON.stringify(seen)}` });

async function people() {
  slack.user({ id: "U0ADA", name: "ada", display: "Ada" });
  slack.room({ id: "C0TEAM", name: "team", is_channel: true });
  return slack.direct("U0ADA");
}

// A suite that is skipped counts as nothing; a test counts as skipped.
const suite = missing ? test : describe;

suite("Bolt by Socket Mode", { skip: missing }, () => {
  let app;
  let direct;
  before(async () => {
    slack = await FakeSlack.start();
    direct = await people();
    const clientOptions = { slackApiUrl: slack.apiUrl };
    // It tries again after the first of these times, and its watch ends after the second.
    const times = { clientPingTimeout: 1500, serverPingTimeout: 3000 };
    const receiver = new bolt.SocketModeReceiver({ appToken: slack.appToken, logLevel: bolt.LogLevel.ERROR, installerOptions: { clientOptions }, ...times });
    app = new bolt.App({ token: slack.botToken, receiver, logLevel: bolt.LogLevel.ERROR, clientOptions });
    listen(app);
    await app.start();
  });
  after(async () => {
    await app?.stop();
    await slack?.stop();
  });
  const say = (text, more) => slack.event(slack.callback(slack.message(direct, "U0ADA", text, more)));

  test("takes messages, mentions, files, reactions, commands and buttons, and acknowledges each", async () => {
    say("hello");
    await saw("message: hello");
    await until(() => slack.posted.length === 1, "Bolt's answer");
    assert.equal(slack.posted[0].text, "*hi*");
    assert.ok(slack.posted[0].thread_ts, "in the thread");
    const { channel_type, ...mention } = slack.message("C0TEAM", "U0ADA", `<@${bot.user_id}> hey`);
    slack.event(slack.callback({ ...mention, type: "app_mention" }));
    await saw(`mention: <@${bot.user_id}> hey`);
    say("see", { subtype: "file_share", files: [slack.file({ name: "a.txt", type: "text/plain", bytes: Buffer.from("bytes") })] });
    await saw("message: see with a.txt");
    slack.event(slack.callback({ type: "reaction_added", user: "U0ADA", reaction: "thumbsup", item: { type: "message", channel: "C0TEAM", ts: "1.1" }, event_ts: slack.ts() }));
    await saw("reaction: thumbsup");
    slack.command({ command: "/openclaw", text: "status", user_id: "U0ADA", user_name: "ada", channel_id: "C0TEAM", channel_name: "team" });
    await saw("command: status");
    await until(() => slack.posted.some((one) => one.text === "done" && one.ephemeral === "U0ADA"), "the answer to the command");
    slack.interactive({
      type: "block_actions",
      user: { id: "U0ADA" },
      team: { id: team },
      api_app_id: "A0CLAW",
      container: {},
      trigger_id: "1.2.3",
      response_url: `${slack.url}/commands/x/y`,
      actions: [{ type: "button", action_id: "ok", block_id: "b", value: "1" }],
    });
    await saw("action");
    await until(() => slack.unacknowledged.length === 0, "all to be acknowledged");
    assert.deepEqual(seen.filter((one) => one.startsWith("error")), []);
  });

  test("calls the Web API: post, update, react, thread, upload and download, delete", async () => {
    const { client } = app;
    const told = await client.chat.postMessage({ channel: "C0TEAM", text: "x", metadata: { event_type: "e", event_payload: { key: "k" } } });
    await client.chat.update({ channel: "C0TEAM", ts: told.ts, text: "y" });
    await client.reactions.add({ channel: "C0TEAM", timestamp: told.ts, name: "eyes" });
    await assert.rejects(client.reactions.add({ channel: "C0TEAM", timestamp: told.ts, name: "eyes" }), /already_reacted/);
    await client.chat.postMessage({ channel: "C0TEAM", text: "below", thread_ts: told.ts });
    const thread = await client.conversations.replies({ channel: "C0TEAM", ts: told.ts });
    assert.deepEqual(thread.messages.map((message) => message.text), ["y", "below"]);
    const history = await client.conversations.history({ channel: "C0TEAM", limit: 1, include_all_metadata: true });
    assert.equal(history.messages[0].metadata.event_payload.key, "k");
    assert.equal((await client.users.info({ user: "U0ADA" })).user.profile.display_name, "Ada");
    assert.equal((await client.conversations.open({ users: "U0ADA" })).channel.id, direct);
    await client.files.uploadV2({ channel_id: "C0TEAM", thread_ts: told.ts, filename: "f.txt", file: Buffer.from("abc"), initial_comment: "look" });
    const sent = slack.posted.at(-1);
    assert.equal(sent.file.bytes.toString(), "abc");
    assert.equal(sent.text, "look");
    assert.equal(sent.thread_ts, told.ts);
    await client.assistant.threads.setStatus({ channel_id: "C0TEAM", thread_ts: told.ts, status: "is typing..." });
    await client.chat.delete({ channel: "C0TEAM", ts: told.ts });
    await assert.rejects(client.chat.postMessage({ channel: "C0NOWHERE", text: "x" }), /channel_not_found/);
    await assert.rejects(client.chat.postMessage({ channel: "C0TEAM", text: "" }), /no_text/);
    await assert.rejects(client.chat.update({ channel: "C0TEAM", ts: told.ts, text: "z" }), /message_not_found/);
  });

  test("waits as long as a limit says, and sends once", async () => {
    slack.fault({ method: "chat.postMessage", status: 429, retry_after: 1 });
    const began = Date.now();
    await app.client.chat.postMessage({ channel: "C0TEAM", text: "after the limit" });
    assert.ok(Date.now() - began >= 950);
    assert.equal(slack.posted.filter((one) => one.text === "after the limit").length, 1);
  });

  test("makes its connection anew when it is told to, and gets what was said while it was gone once", async () => {
    slack.disconnect();
    await until(() => slack.links.length > 0, "the new connection");
    say("after the refresh");
    await saw("message: after the refresh");
    slack.drop();
    await until(() => slack.links.length === 0, "the end of the connection");
    say("while away");
    await saw("message: while away");
    await until(() => slack.unacknowledged.length === 0, "all to be acknowledged");
    assert.equal(seen.filter((one) => one === "message: while away").length, 1);
  });
});

suite("Bolt by HTTP events", { skip: missing }, () => {
  let app;
  before(async () => {
    slack = await FakeSlack.start();
    await people();
    seen.length = 0;
    const server = net.createServer();
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { port } = server.address();
    await new Promise((resolve) => server.close(resolve));
    const options = { token: slack.botToken, signingSecret: slack.signingSecret, logLevel: bolt.LogLevel.ERROR };
    app = new bolt.App({ ...options, clientOptions: { slackApiUrl: slack.apiUrl } });
    listen(app);
    await app.start({ port, host: "127.0.0.1" });
    slack.webhook = { url: `http://127.0.0.1:${port}/slack/events` };
  });
  after(async () => {
    await app?.stop();
    await slack?.stop();
  });

  test("takes what is signed and refuses what is not, is stale or is of somebody else", async () => {
    const challenge = JSON.stringify({ type: "url_verification", token: "t", challenge: "c123" });
    assert.match((await slack.request(challenge)).text, /c123/);
    const { answer } = await slack.event(slack.callback(slack.message("C0TEAM", "U0ADA", "héllo")));
    assert.equal(answer.status, 200);
    await saw("message: héllo");
    const body = JSON.stringify(slack.callback(slack.message("C0TEAM", "U0ADA", "forged")));
    const now = Math.floor(Date.now() / 1000);
    assert.equal((await slack.request(body, { signature: `v0=${"0".repeat(64)}` })).status, 401);
    assert.equal((await slack.request(body, { timestamp: now - 600 })).status, 401);
    assert.equal((await slack.request(body, { headers: { "x-slack-signature": undefined } })).status, 401);
    assert.ok(!seen.includes("message: forged"));
  });

  test("takes a command and answers it by the address that came with it", async () => {
    await slack.command({ command: "/openclaw", text: "status", user_id: "U0ADA", user_name: "ada", channel_id: "C0TEAM", channel_name: "team" });
    await saw("command: status");
    await until(() => slack.posted.some((one) => one.text === "done" && one.ephemeral === "U0ADA"), "the answer");
  });
});
