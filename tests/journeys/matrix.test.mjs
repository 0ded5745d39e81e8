// Matrix's own things, which the suite of all messengers does not ask: rooms, gaps, logins, old homeservers. tests/peers/matrix has the
// homeserver on loopback, and synapse.test.mjs there goes through the same with a real one.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { FakeMatrix } from "../peers/matrix/fake.mjs";
import { makeConfig, writeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

const [claw, ada, bo, eve] = ["claw", "ada", "bo", "eve"].map((name) => `@${name}:fake.test`);
let model;
let fake;
let gateway;

before(async () => {
  model = await Model.start();
});
after(() => model?.stop());
afterEach(async () => {
  await gateway?.discard().catch(() => {});
  await fake?.stop();
  gateway = fake = undefined;
});

async function homeserver() {
  fake = await FakeMatrix.start();
  for (const name of ["claw", "ada", "bo", "eve"]) fake.world.addUser(name, { password: `${name}-password` });
  return fake;
}

async function start(settings = {}, { wait = true } = {}) {
  if (!fake) await homeserver();
  gateway = new Gateway({ modelUrl: model.url });
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  const account = { homeserver: fake.url, accessToken: fake.token(claw, "CLAW"), dm: { policy: "allowlist", allowFrom: [ada] } };
  config.channels = { matrix: { ...account, ...settings } };
  writeConfig(gateway.stateDir, config);
  await gateway.start();
  if (wait) await listening();
}
async function listening() {
  await until(async () => /up|connected/.test((await account()).state), "the account to be connected");
}
async function account() {
  const client = await gateway.client();
  const status = await client.request("channels.status", {});
  await client.close();
  return status.channelAccounts.matrix[0];
}

function say(room, body, { from = ada, ...more } = {}) {
  return fake.world.take(room.id, from, "m.room.message", { msgtype: "m.text", body, "m.mentions": {}, ...more });
}
const mentioned = { "m.mentions": { user_ids: [claw] } };
const sent = (room) => room.events.filter((event) => event.sender === claw && event.type === "m.room.message");
const told = (room, pattern) =>
  until(() => sent(room).find((event) => pattern.test(event.content.body)), `${pattern}`, { describe: () => `; sent: ${JSON.stringify(sent(room).map((event) => event.content)).slice(0, 1000)}` });
const joined = (room) => until(() => room.members.get(claw) === "join", "the bot to be in the room");

// parity: 1.3-matrix
test("a homeserver without the authenticated door gives its files by the old one", async () => {
  await homeserver();
  fake.oldMedia = true;
  await start();
  const room = fake.world.createRoom(ada, { direct: true, invite: [claw] });
  const bytes = Buffer.from("\x89PNG\r\n\x1a\n and a cat", "latin1");
  fake.media.set("cat", { bytes, type: "image/png" });
  for (const number of [1, 2]) {
    say(room, `cat${number}.png`, { msgtype: "m.image", url: "mxc://fake.test/cat", info: { mimetype: "image/png", size: bytes.length } });
    await told(room, new RegExp(`cat${number}`));
  }
  const [stored] = fs.readdirSync(path.join(gateway.workspace, "media/inbound"));
  assert.ok(fs.readFileSync(path.join(gateway.workspace, "media/inbound", stored)).equals(bytes));
  const tries = fake.calls.filter((call) => /client\/v1\/media\/download/.test(call.path));
  assert.equal(tries.length, 1, "the door that is not there is tried once");
});

test("with a password it logs in once; a login that was ended elsewhere is made again, and a wrong one is said", async () => {
  const logins = () => fake.calls.filter((call) => call.path.endsWith("/login"));
  await homeserver();
  await start({ accessToken: undefined, userId: claw, password: "claw-password" });
  const room = fake.world.createRoom(ada, { direct: true, invite: [claw] });
  say(room, "hello");
  await told(room, /hello/);
  await gateway.stop();
  await gateway.start();
  await listening();
  assert.equal(logins().length, 1, "the token is kept");
  const { token } = fake.calls.findLast((call) => call.token && call.path.endsWith("/sync"));
  for (const name of fs.readdirSync(gateway.stateDir, { recursive: true }).map((one) => path.join(gateway.stateDir, one)))
    if (fs.statSync(name).isFile()) assert.ok(!fs.readFileSync(name).includes(token), `the token stands in ${name}`);
  assert.match((await gateway.command(["secrets", "list"])).stdout, /channels\.matrix\.default\.keys/);
  await gateway.stop();
  fake.revokeAll();
  say(room, "are you there");
  await gateway.start();
  await told(room, /are you there/);
  assert.equal(logins().length, 2);
  await gateway.discard();
  await start({ accessToken: undefined, userId: claw, password: "wrong" }, { wait: false });
  const failed = await until(async () => {
    const seen = await account();
    return seen.state === "failed" ? seen : undefined;
  }, "the account to have failed");
  assert.match(failed.lastError, /does not take this user and password/);
  assert.equal(logins().length, 3, "a wrong password is tried once");
});

test("when the homeserver does not know our place any more it goes on from now and says so", async () => {
  await start();
  const room = fake.world.createRoom(ada, { direct: true, invite: [claw] });
  say(room, "before");
  await told(room, /before/);
  await gateway.stop();
  say(room, "lost in between");
  fake.world.oldest = fake.world.position + 1;
  say(room, "lost too");
  await gateway.start();
  await listening();
  assert.match((await account()).lastError ?? "", /does not know any more where we stopped/);
  say(room, "and now");
  await told(room, /and now/);
  assert.equal(sent(room).filter((event) => /lost|before/.test(event.content.body)).length, 1, "nothing old is answered");
});

test("of a gap that is too long the newest are read, and that is said; nothing is answered twice", async () => {
  await start({ groups: { "*": {} } });
  const room = fake.world.createRoom(ada, { name: "Busy", invite: [claw, bo] });
  fake.world.join(room.id, bo);
  await joined(room);
  say(room, "one", mentioned);
  await told(room, /one/);
  await gateway.stop();
  say(room, "too old", mentioned);
  for (let number = 0; number < 600; ++number) say(room, `chatter ${number}`, { from: bo });
  say(room, "young enough", mentioned);
  for (let number = 0; number < 100; ++number) say(room, `more ${number}`, { from: bo });
  await gateway.start();
  await told(room, /young enough/);
  assert.equal(sent(room).filter((event) => /too old$/.test(event.content.body)).length, 0);
  assert.equal(sent(room).filter((event) => /one$/.test(event.content.body)).length, 1);
  const log = fs.readFileSync(path.join(gateway.stateDir, "logs/openclaw.log"), "utf8");
  assert.match(log, /More than 500 messages came to/);
});

test("an answer that is too long with its markup is sent as plain words", async () => {
  await start();
  const room = fake.world.createRoom(ada, { direct: true, invite: [claw] });
  fake.fault({ what: "too-large" });
  say(room, script(["**strong** words"]));
  const answer = await told(room, /strong words/);
  assert.equal(answer.content.formatted_body, undefined);
});

test("a room that the configuration names by its alias is that room, and none that only claims it", async () => {
  await homeserver();
  const real = fake.world.createRoom(ada, { name: "Ops", alias: "#ops:fake.test", invite: [claw] });
  await start({ groups: { "#ops:fake.test": {} }, groupAllowFrom: [] });
  const claimed = fake.world.createRoom(eve, { name: "#ops:fake.test", invite: [claw, bo] });
  fake.world.join(claimed.id, bo);
  fake.world.append(claimed, eve, "m.room.canonical_alias", { alias: "#ops:fake.test" }, { state_key: "" });
  await Promise.all([joined(real), joined(claimed)]);
  say(claimed, "the false one", { from: eve, ...mentioned });
  say(real, "the true one", mentioned);
  await told(real, /the true one/);
  say(real, "once more", mentioned);
  await told(real, /once more/);
  assert.equal(sent(claimed).length, 0);
});

// parity: 1.3-matrix
test("a third person makes a group of a direct chat: it is silent until it is spoken to, and no stranger gets in", async () => {
  await start({ groups: { "*": {} } });
  const room = fake.world.createRoom(ada, { direct: true, invite: [claw] });
  say(room, "between us");
  await told(room, /between us/);
  fake.world.member(room, ada, eve, "invite");
  fake.world.join(room.id, eve);
  say(room, "what do you know of her?", { from: eve });
  say(room, "not for you, claw's friend said");
  say(room, "but this", mentioned);
  await told(room, /but this/);
  const [request] = await model.requests({ text: "but this", atLeast: 1 });
  assert.doesNotMatch(JSON.stringify(request.body), /between us/, "what was said in private is not known here");
  assert.equal(sent(room).length, 2);
});

// parity: 1.3-matrix
test("threadReplies always answers each message of a room in a thread of its own, off never in one", async () => {
  await start({ threadReplies: "always", groups: { "*": { requireMention: false } } });
  const room = fake.world.createRoom(ada, { name: "Threads", invite: [claw] });
  await joined(room);
  const question = say(room, "a question");
  const answer = await told(room, /a question/);
  const { rel_type, event_id } = answer.content["m.relates_to"];
  assert.deepEqual({ rel_type, event_id }, { rel_type: "m.thread", event_id: question.event_id });
  await gateway.discard();
  await start({ threadReplies: "off", groups: { "*": { requireMention: false } } });
  const root = say(room, "the root");
  await told(room, /the root/);
  say(room, "in it", { "m.relates_to": { rel_type: "m.thread", event_id: root.event_id, is_falling_back: true, "m.in_reply_to": { event_id: root.event_id } } });
  assert.equal((await told(room, /in it/)).content["m.relates_to"], undefined);
});

test("allowlistOnly closes what dm.policy and groupPolicy open", async () => {
  await start({ allowlistOnly: true, dm: { policy: "open", allowFrom: [ada] }, groupPolicy: "open" });
  const stranger = fake.world.createRoom(eve, { direct: true, invite: [claw] });
  const unlisted = fake.world.createRoom(eve, { name: "Anybody", invite: [claw, bo] });
  fake.world.join(unlisted.id, bo);
  await Promise.all([joined(stranger), joined(unlisted)]);
  say(stranger, "let me in", { from: eve });
  say(unlisted, "and here", { from: eve, ...mentioned });
  const room = fake.world.createRoom(ada, { direct: true, invite: [claw] });
  say(room, "hello");
  await told(room, /hello/);
  assert.deepEqual([sent(stranger).length, sent(unlisted).length], [0, 0]);
  assert.equal((await model.requests({ text: "let me in" })).length + (await model.requests({ text: "and here" })).length, 0);
});

test("an upgraded room is followed: its settings hold in the new one, also after a restart, and answers that were due arrive there", async () => {
  await homeserver();
  const room = fake.world.createRoom(ada, { name: "Team", invite: [claw, eve], open: true });
  await start({ groups: { [room.id]: { requireMention: false } }, groupAllowFrom: [ada] });
  await joined(room);
  say(room, "in the old room");
  await told(room, /in the old room/);
  say(room, "HOLD:1:upgraded and then");
  await model.requests({ text: "HOLD:1:upgraded", state: "held", atLeast: 1 });
  const next = fake.world.upgrade(room.id, ada);
  await joined(next);
  await model.release("upgraded");
  await told(next, /and then/);
  say(next, "in the new room");
  await told(next, /in the new room/);
  await gateway.stop();
  await gateway.start();
  await listening();
  say(next, "still without a mention");
  await told(next, /still without a mention/);
  // Anybody can make a room that says it replaced another.
  const claimed = fake.world.createRoom(eve, { name: "Team", invite: [claw, ada], predecessor: { room_id: room.id, event_id: "$x" } });
  fake.world.join(claimed.id, ada);
  await joined(claimed);
  say(claimed, "the false one"); // unmentioned, as only the listed room allows
  say(next, "the true one");
  await told(next, /the true one/);
  assert.equal(sent(claimed).length, 0);
});

test("a replacement that cannot be joined is said, and followed when we are invited", async () => {
  await homeserver();
  const room = fake.world.createRoom(ada, { name: "Closed", invite: [claw] });
  await start({ groups: { [room.id]: { requireMention: false } } });
  await joined(room);
  say(room, "hello");
  await told(room, /hello/);
  const next = fake.world.upgrade(room.id, ada);
  const said = async () => /was replaced by .* cannot be joined: .*Invite this account/.test((await account()).lastError ?? "");
  await until(said, "the reason to be said");
  fake.world.member(next, ada, claw, "invite");
  await joined(next);
  say(next, "here you are");
  await told(next, /here you are/);
});
