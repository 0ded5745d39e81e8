// Mattermost's own client, unmodified, judges the fake server: its REST client and its event socket.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { afterEach, beforeEach, test } from "node:test";
import { fileURLToPath } from "node:url";
import { until } from "../../journeys/lib/waiting.mjs";
import { installed } from "../install.mjs";
import { FakeMattermost } from "./fake.mjs";

let library;
let skip;
try {
  const require = createRequire(path.join(installed(path.dirname(fileURLToPath(import.meta.url))), "package.json"));
  // The client is made for browsers.
  globalThis.WebSocket ??= require("ws");
  globalThis.window ??= new EventTarget();
  library = require("@mattermost/client");
} catch (error) {
  if (process.env.CI) throw error;
  skip = `Mattermost's client cannot be installed here: ${error.message.split("\n")[0]}`;
}

let fake;
let client;
let ada;
let team;
const sockets = [];

beforeEach(async () => {
  fake = await FakeMattermost.start();
  ada = fake.user("ada", { nickname: "Ada" });
  team = fake.channel("O", "Team", [fake.me.id, ada.id]);
  if (skip) return;
  client = new library.Client4();
  client.setUrl(fake.url);
  client.setToken(fake.token);
});
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.close();
  await fake.stop();
});

async function listen(token = fake.token) {
  const socket = new library.WebSocketClient();
  const events = [];
  sockets.push(socket);
  socket.addMessageListener((message) => events.push(message));
  socket.initialize(`${fake.url.replace("http", "ws")}/api/v4/websocket`, token);
  await until(() => events.some(({ event }) => event === "hello"), "hello");
  return events;
}
const next = (events, name) => until(() => events.find(({ event }) => event === name), `the event ${name}`);
async function refusal(promise) {
  const error = await promise.then(
    () => assert.fail("it was taken"),
    (caught) => caught,
  );
  return [error.status_code, error.server_error_id];
}

test("the client knows who it is, and others by their names", { skip }, async () => {
  assert.equal((await client.getMe()).username, "claw");
  assert.equal((await client.getUserByUsername("ada")).id, ada.id);
  assert.equal((await client.getUser(ada.id)).nickname, "Ada");
  client.setToken("wrong");
  assert.deepEqual(await refusal(client.getMe()), [401, "api.context.session_expired.app_error"]);
});

test("a post, its thread, an edit and a removal are what the server makes of them", { skip }, async () => {
  const events = await listen();
  const post = await client.createPost({ channel_id: team.id, message: "hello" });
  assert.equal(post.user_id, fake.me.id);
  const told = await next(events, "posted");
  assert.deepEqual([told.data.channel_type, JSON.parse(told.data.post).id], ["O", post.id]);
  const reply = await client.createPost({ channel_id: team.id, message: "below", root_id: post.id });
  assert.equal(reply.root_id, post.id);
  assert.deepEqual(await refusal(client.createPost({ channel_id: team.id, message: "x", root_id: reply.id })), [400, "api.post.create_post.root_id.app_error"]);
  assert.equal((await client.patchPost({ id: post.id, message: "hello again" })).message, "hello again");
  assert.equal(JSON.parse((await next(events, "post_edited")).data.post).message, "hello again");
  await client.deletePost(post.id);
  await next(events, "post_deleted");
  assert.deepEqual(await refusal(client.getPost(post.id)), [404, "store.sql.not_found.app_error"]);
  assert.deepEqual(await refusal(client.createPost({ channel_id: team.id, message: "x".repeat(16384) })), [400, "model.post.is_valid.message_length.app_error"]);
});

test("what was said meanwhile is read by the time of the last message", { skip }, async () => {
  const first = fake.post({ user_id: ada.id, channel_id: team.id, message: "one" });
  fake.post({ user_id: ada.id, channel_id: team.id, message: "two" });
  const { posts, order } = await client.getPostsSince(team.id, first.create_at);
  assert.deepEqual(order.map((id) => posts[id].message), ["two"]);
  const direct = await client.createDirectChannel([fake.me.id, ada.id]);
  assert.equal(direct.type, "D");
  assert.equal((await client.createDirectChannel([fake.me.id, ada.id])).id, direct.id);
});

test("a repeated pending id makes no second post", { skip }, async () => {
  const post = { channel_id: team.id, message: "once", pending_post_id: `${fake.me.id}:1` };
  const [one, two] = [await client.createPost(post), await client.createPost(post)];
  assert.equal(one.id, two.id);
});

test("reactions go and come by their names", { skip }, async () => {
  const events = await listen();
  const post = fake.post({ user_id: ada.id, channel_id: team.id, message: "like this" });
  assert.equal((await client.addReaction(fake.me.id, post.id, "eyes")).emoji_name, "eyes");
  await client.removeReaction(fake.me.id, post.id, "eyes");
  assert.deepEqual(fake.calls.filter(({ reaction }) => reaction).map(({ reaction }) => [reaction.post_id, reaction.emoji_name, reaction.removed]), [[post.id, "eyes", false], [post.id, "eyes", true]]);
  fake.react(ada.id, post.id, "+1");
  assert.equal(JSON.parse((await next(events, "reaction_added")).data.reaction).emoji_name, "+1");
});

test("a file is uploaded, goes with a post, and is fetched", { skip }, async () => {
  const form = new FormData();
  form.append("channel_id", team.id);
  form.append("files", new Blob(["the report"], { type: "text/plain" }), "report.txt");
  const { file_infos } = await client.uploadFile(form);
  const post = await client.createPost({ channel_id: team.id, message: "here", file_ids: file_infos.map(({ id }) => id) });
  assert.equal(post.metadata.files[0].name, "report.txt");
  const got = await fetch(client.getFileUrl(file_infos[0].id, 0).split("?")[0], { headers: { authorization: `Bearer ${fake.token}` } });
  assert.equal(await got.text(), "the report");
});

test("a limit is said in the server's words", { skip }, async () => {
  fake.fault({ status: 429, retryAfter: 1 });
  assert.deepEqual(await refusal(client.createPost({ channel_id: team.id, message: "x" })), [429, "api.fault.app_error"]);
});
