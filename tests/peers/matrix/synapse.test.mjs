// People and our bot on a real homeserver: the unmodified Synapse, matrix-js-sdk as what people use, the real binary, a scripted model.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { makeConfig, writeConfig } from "../../journeys/lib/config.mjs";
import { Gateway } from "../../journeys/lib/gateway.mjs";
import { Model } from "../../journeys/lib/model.mjs";
import { until } from "../../journeys/lib/waiting.mjs";
import { connected, unavailable as noSdk, watch } from "./sdk.mjs";
import { installedSynapse, Synapse } from "./synapse.mjs";

let unavailable = noSdk;
try {
  installedSynapse();
} catch (error) {
  unavailable ||= `Synapse cannot be installed from PyPI: ${error.message.split("\n")[0]}`;
}

let synapse;
let model;
let bot;
let ada;
let bo;
let gateway;
let clients = [];
let marks = 0;
const mark = () => `mk${++marks}mk`;
const text = (body, more = {}) => ({ msgtype: "m.text", body, "m.mentions": {}, ...more });

before(async () => {
  if (unavailable) return;
  [synapse, model] = await Promise.all([Synapse.start(), Model.start()]);
  const accounts = [];
  for (const name of ["claw", "ada", "bo"]) accounts.push(await synapse.register(name));
  bot = accounts[0];
  [ada, bo] = await Promise.all(accounts.slice(1).map((account) => connected(synapse.url, account)));
  clients.push(ada, bo);
});
after(async () => {
  for (const client of clients) client.stopClient();
  await model?.stop();
  await synapse?.stop();
});
afterEach(async () => {
  await gateway?.discard().catch(() => {});
  gateway = undefined;
});

/** A gateway with the bot's account, once it is connected. */
async function start(settings = {}, more = {}) {
  gateway = new Gateway({ modelUrl: model.url });
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  const people = [ada.getUserId(), bo.getUserId()];
  const account = { homeserver: synapse.url, accessToken: bot.access_token };
  config.channels = { matrix: { ...account, dm: { policy: "allowlist", allowFrom: people }, ...settings } };
  writeConfig(gateway.stateDir, Object.assign(config, more));
  await gateway.start();
  await up();
  return gateway;
}
async function account() {
  const client = await gateway.client();
  const status = await client.request("channels.status", {});
  await client.close();
  return status.channelAccounts.matrix[0];
}
const up = () => until(async () => (await account()).state === "up", "the account to be connected", { everyMs: 100 });

async function directRoom(person) {
  const { room_id } = await person.createRoom({ is_direct: true, preset: "trusted_private_chat", invite: [bot.user_id] });
  return room_id;
}
async function groupRoom(more = {}) {
  const { room_id } = await ada.createRoom({ name: "Team", preset: "private_chat", invite: [bot.user_id, bo.getUserId()], ...more });
  await bo.joinRoom(room_id);
  return room_id;
}
const joined = (roomId) => until(() => ada.getRoom(roomId)?.getMember(bot.user_id)?.membership === "join", "the bot to be in the room");
const bySelf = (own) => (event) => event.getSender() === bot.user_id && event.getType() === "m.room.message" && event.getContent().body?.includes(own);
const mention = (own, more = {}) => text(`Claw: ${own}`, { "m.mentions": { user_ids: [bot.user_id] }, ...more });
const count = (roomId, fits) => ada.getRoom(roomId).getLiveTimeline().getEvents().filter(fits).length;

// A suite that is skipped counts as nothing; a test counts as skipped.
(unavailable ? test : describe)("on a real Synapse", { skip: unavailable, concurrency: 1 }, () => {
  // parity: 1.3-matrix
  test("whoever invites us and writes at once is answered, in markup, and sees that it was read and is being answered", async () => {
    await start();
    const own = mark();
    const roomId = await directRoom(ada);
    const seen = watch(ada, roomId);
    let typed = false;
    ada.on("RoomMember.typing", (event, member) => (typed ||= member.userId === bot.user_id && member.typing));
    const script = `SCRIPT:${JSON.stringify([{ text: `**bold** ${own} <b>`, pauseMs: 60 }])}`;
    const { event_id } = await ada.sendMessage(roomId, text(`hello ${script}`));
    const answer = await seen(bySelf(own), "the answer");
    assert.equal(answer.getContent().formatted_body, `<strong>bold</strong> ${own} &lt;b&gt;`);
    assert.equal(answer.getContent().body, `bold ${own} <b>`);
    assert.deepEqual(answer.getContent()["m.mentions"], {});
    await until(() => ada.getRoom(roomId).hasUserReadEvent(bot.user_id, event_id), "the receipt");
    assert.ok(typed, "it showed that it types");
    const direct = await fetch(`${synapse.url}/_matrix/client/v3/user/${bot.user_id}/account_data/m.direct`, { headers: { authorization: `Bearer ${bot.access_token}` } });
    assert.deepEqual((await direct.json())[ada.getUserId()].at(-1), roomId, "the room is kept as a direct one");
  });

  test("in a room it answers when it is mentioned, in a thread in the thread, and knows what was said and not taken back", async () => {
    const alias = `team${Date.now()}`;
    await start({ groups: { [`#${alias}:synapse.test`]: {} } }); // the alias does not exist yet: said, and no reason to stop
    const roomId = await groupRoom({ room_alias_name: alias });
    await joined(roomId);
    await gateway.stop();
    await gateway.start();
    await up();
    const seen = watch(ada, roomId);
    const [heard, removed, own, inThread] = [mark(), mark(), mark(), mark()];
    await bo.sendMessage(roomId, text(`the server is called ${heard}`));
    const { event_id: gone } = await bo.sendMessage(roomId, text(`a secret ${removed}`));
    await bo.redactEvent(roomId, gone);
    const { event_id: root } = await ada.sendMessage(roomId, mention(own));
    await seen(bySelf(own), "the answer in the room");
    const [request] = await model.requests({ text: own, atLeast: 1 });
    const asked = JSON.stringify(request.body);
    assert.match(asked, new RegExp(`Bo: the server is called ${heard}`));
    assert.ok(!asked.includes(removed), "what was taken back is not told");
    await ada.sendMessage(roomId, root, mention(inThread));
    const answer = await seen(bySelf(inThread), "the answer in the thread");
    assert.equal(answer.threadRootId, root);
    const [aside] = await model.requests({ text: inThread, atLeast: 1 });
    assert.ok(!JSON.stringify(aside.body).includes(heard), "a thread is a conversation of its own");
  });

  test("a reply to the bot needs no mention; a name and a pattern do not make one of what is meant for others", async () => {
    const roomId = await groupRoom();
    await start({ groups: { [roomId]: {} }, replyToMode: "first" });
    await joined(roomId);
    const seen = watch(ada, roomId);
    const [first, other, second] = [mark(), mark(), mark()];
    const { event_id: asked } = await ada.sendMessage(roomId, mention(first));
    const answer = await seen(bySelf(first), "the first answer");
    assert.equal(answer.replyEventId, asked);
    await bo.sendMessage(roomId, text(`the claw of a bear ${other}`));
    await bo.sendMessage(roomId, text(second, { "m.relates_to": { "m.in_reply_to": { event_id: answer.getId() } } }));
    await seen((event) => bySelf(second)(event), "the second answer");
    assert.equal((await model.requests({ text: other })).filter((request) => !JSON.stringify(request.body).includes(second)).length, 0);
  });

  test("an answer that streams is one message, edited; an edit of the question is no new question; the mark comes and goes", async () => {
    const roomId = await groupRoom();
    const marked = { messages: { ackReaction: "👀", ackReactionScope: "group-mentions", removeAckAfterReply: true } };
    await start({ groups: { [roomId]: {} }, streamMode: "partial" }, marked);
    await joined(roomId);
    const seen = watch(ada, roomId);
    const own = mark();
    const words = Array.from({ length: 60 }, (_, index) => `w${index}`).join(" ");
    const { event_id: question } = await ada.sendMessage(roomId, mention(`SCRIPT:${JSON.stringify([{ text: `${words} ${own}`, pauseMs: 80 }])}`));
    const reaction = await seen((event) => event.getType() === "m.reaction" && event.getSender() === bot.user_id, "the mark");
    assert.equal(reaction.getRelation().key, "👀");
    assert.equal(reaction.getRelation().event_id, question);
    const message = await seen((event) => event.getSender() === bot.user_id && /^w0 /.test(event.getContent().body ?? ""), "the beginning");
    await until(() => message.getContent().body === `${words} ${own}`, "the whole answer", { describe: () => message.getContent().body });
    assert.ok(message.replacingEvent(), "it was edited");
    await until(() => reaction.isRedacted(), "the mark to be gone");
    const asked = (await model.requests({ text: own })).length;
    await ada.sendMessage(roomId, text("* again", { "m.new_content": text(`Claw: again ${own}`), "m.relates_to": { rel_type: "m.replace", event_id: question } }));
    const next = mark();
    await ada.sendMessage(roomId, mention(next));
    await seen(bySelf(next), "the answer to what came after");
    assert.equal((await model.requests({ text: own })).filter((request) => !JSON.stringify(request.body).includes(next)).length, asked);
  });

  test("pictures come in by the authenticated door, and files and voice go out", async () => {
    await start();
    const roomId = await directRoom(ada);
    await joined(roomId);
    const seen = watch(ada, roomId);
    const own = mark();
    const png = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.alloc(500, 7)]);
    const { content_uri } = await ada.uploadContent(png, { name: "cat.png", type: "image/png" });
    await ada.sendMessage(roomId, { msgtype: "m.image", body: `what is this ${own}`, filename: "cat.png", url: content_uri, info: { mimetype: "image/png", size: png.length } });
    await seen(bySelf("cat.png"), "an answer to the picture");
    assert.equal((await model.requests({ text: own })).length, 1, "its caption is what was asked");
    const stored = fs.readdirSync(gateway.file("media/inbound"));
    assert.deepEqual(stored.map((name) => fs.readFileSync(gateway.file("media/inbound", name)).equals(png)), [true]);
    const outgoing = { "report.txt": Buffer.from("the report"), "voice.ogg": Buffer.concat([Buffer.from("OggS\0"), Buffer.alloc(200, 3)]) };
    for (const [name, bytes] of Object.entries(outgoing)) fs.writeFileSync(gateway.file(name), bytes);
    for (const [name, kind] of [["report.txt", "m.file"], ["voice.ogg", "m.audio"]]) {
      const steps = [`Here it is\nMEDIA:${name}`];
      await ada.sendMessage(roomId, text(`send it SCRIPT:${JSON.stringify(steps)}`));
      const sent = await seen((event) => event.getContent().msgtype === kind && event.getSender() === bot.user_id, name);
      const address = ada.mxcUrlToHttp(sent.getContent().url, undefined, undefined, undefined, false, true, true);
      const answer = await fetch(address, { headers: { authorization: `Bearer ${ada.getAccessToken()}` } });
      assert.ok(Buffer.from(await answer.arrayBuffer()).equals(outgoing[name]), name);
      assert.equal(sent.getContent().filename, name);
    }
  });

  test("kill -9 at any moment: one answer, or one word about what happened, and what came meanwhile is answered once", async () => {
    await start();
    const roomId = await directRoom(ada);
    await joined(roomId);
    for (const [round, wait] of [5, 60, 200].entries()) {
      const [own, meanwhile] = [mark(), mark()];
      await ada.sendMessage(roomId, text(`round ${round} ${own} SLEEP:100`));
      await new Promise((resolve) => setTimeout(resolve, wait));
      await gateway.kill();
      await ada.sendMessage(roomId, text(meanwhile));
      await gateway.start();
      await up();
      const told = (event) => bySelf("⚙️")(event) && event.getTs() > began;
      const began = Date.now() - 60_000;
      await until(() => count(roomId, bySelf(meanwhile)) === 1, "what came meanwhile to be answered");
      await until(() => count(roomId, bySelf(own)) + count(roomId, told) >= 1, `an answer or a word about round ${round}`);
      assert.ok(count(roomId, bySelf(own)) <= 1, "no second answer");
      assert.equal(count(roomId, bySelf(meanwhile)), 1);
    }
  });

  test("a question behind many other messages, said while the gateway was down, is found and answered", async () => {
    const roomId = await groupRoom();
    await start({ groups: { [roomId]: {} } });
    await joined(roomId);
    const seen = watch(ada, roomId);
    const [before, own] = [mark(), mark()];
    await ada.sendMessage(roomId, mention(before));
    await seen(bySelf(before), "the answer before");
    await gateway.stop();
    await ada.sendMessage(roomId, mention(own));
    const chatter = (number) => bo.http.authedRequest("PUT", `/rooms/${encodeURIComponent(roomId)}/send/m.room.message/${own}${number}`, undefined, text(`chatter ${number}`));
    await Promise.all(Array.from({ length: 70 }, (_, number) => chatter(number))); // more than one sync answer holds
    await gateway.start();
    await seen(bySelf(own), "the answer to what was said in the gap", { milliseconds: 30000 });
    const old = (await model.requests({ text: before })).filter((request) => !JSON.stringify(request.body).includes(own));
    assert.equal(old.length, 1, "nothing old is answered again");
  });

  test("at its first start it answers nothing that was said before", async () => {
    const roomId = await directRoom(ada);
    await start();
    await joined(roomId);
    await gateway.discard();
    const old = mark();
    await ada.sendMessage(roomId, text(old));
    await start(); // a new state: nothing is known of before
    const seen = watch(ada, roomId);
    const own = mark();
    await ada.sendMessage(roomId, text(own));
    await seen(bySelf(own), "the answer to what is new");
    assert.equal((await model.requests({ text: old })).filter((request) => !JSON.stringify(request.body).includes(own)).length, 0);
  });

  test("with a password it logs in once and keeps its place; a login that was ended from elsewhere is made again", async () => {
    const account_ = { userId: bot.user_id, password: bot.password, accessToken: undefined, deviceName: "Journey" };
    await start(account_);
    const devices = async () => {
      const answer = await fetch(`${synapse.url}/_matrix/client/v3/devices`, { headers: { authorization: `Bearer ${bot.access_token}` } });
      return (await answer.json()).devices.filter((device) => device.display_name === "Journey");
    };
    assert.equal((await devices()).length, 1);
    await gateway.stop();
    await gateway.start();
    await up();
    assert.equal((await devices()).length, 1, "the same device");
    const roomId = await directRoom(ada);
    await joined(roomId);
    const seen = watch(ada, roomId);
    const own = mark();
    await ada.sendMessage(roomId, text(own));
    await seen(bySelf(own), "an answer");
    const { stdout } = await gateway.command(["channels", "status", "--probe"]);
    assert.ok(stdout.includes(bot.user_id), stdout);
  });

  test("an encrypted room is answered in words, once", async () => {
    await start();
    const initial_state = [{ type: "m.room.encryption", state_key: "", content: { algorithm: "m.megolm.v1.aes-sha2" } }];
    const { room_id: roomId } = await ada.createRoom({ is_direct: true, preset: "trusted_private_chat", invite: [bot.user_id], initial_state });
    await joined(roomId);
    const sealed = { algorithm: "m.megolm.v1.aes-sha2", ciphertext: "AwgAEnAC", device_id: "X", sender_key: "k", session_id: "s" };
    const send = (key) => ada.http.authedRequest("PUT", `/rooms/${encodeURIComponent(roomId)}/send/m.room.encrypted/${key}`, undefined, sealed);
    await send(mark());
    const seen = watch(ada, roomId);
    await seen((event) => event.getSender() === bot.user_id && /encrypted/.test(event.getContent().body ?? ""), "the notice");
    await send(mark());
    await gateway.stop();
    await send(mark());
    await gateway.start();
    await up();
    const other = await directRoom(ada);
    const own = mark();
    const seenThere = watch(ada, other);
    await ada.sendMessage(other, text(own));
    await seenThere(bySelf(own), "an answer elsewhere");
    assert.equal(count(roomId, (event) => event.getSender() === bot.user_id && event.getType() === "m.room.message"), 1);
  });

  test("an invitation is followed as autoJoin says", async () => {
    const wanted = await directRoom(ada);
    await start({ autoJoin: "allowlist", autoJoinAllowlist: [wanted] });
    await joined(wanted);
    const other = await directRoom(ada);
    const own = mark();
    const seen = watch(ada, wanted);
    await ada.sendMessage(wanted, text(own));
    await seen(bySelf(own), "an answer in the room that is allowed");
    assert.equal(ada.getRoom(other).getMember(bot.user_id).membership, "invite");
  });

  test("an upgraded room is followed, and its settings hold in the new one", async () => {
    const room = await groupRoom({ preset: "public_chat" });
    await start({ groups: { [room]: { requireMention: false } }, groupPolicy: "open" });
    await joined(room);
    const { replacement_room } = await ada.upgradeRoom(room, "9");
    await joined(replacement_room);
    const own = mark();
    const seen = watch(ada, replacement_room);
    await ada.sendMessage(replacement_room, text(own));
    await seen(bySelf(own), "an answer without a mention in the new room");
  });

  test("a message goes to somebody who never wrote", async () => {
    await start();
    const own = mark();
    const sent = await gateway.command(["message", "send", "--channel", "matrix", "--target", bo.getUserId(), "--message", `good morning ${own}`]);
    assert.equal(sent.code, 0, sent.stderr);
    const room = await until(() => bo.getRooms().find((one) => one.getMyMembership() === "invite" && one.getDMInviter() === bot.user_id), "the invitation");
    await bo.joinRoom(room.roomId);
    await until(() => room.getLiveTimeline().getEvents().some(bySelf(own)), "the message");
    const again = mark();
    await gateway.command(["message", "send", "--channel", "matrix", "--target", bo.getUserId(), "--message", again]);
    await until(() => room.getLiveTimeline().getEvents().some(bySelf(again)), "the next one in the same room");
  });

  test("a token that was taken back is said with what to do", async () => {
    const login = { type: "m.login.password", identifier: { type: "m.id.user", user: bot.user_id }, password: bot.password };
    const made = await (await fetch(`${synapse.url}/_matrix/client/v3/login`, { method: "POST", body: JSON.stringify(login) })).json();
    await start({ accessToken: made.access_token });
    await fetch(`${synapse.url}/_matrix/client/v3/logout`, { method: "POST", headers: { authorization: `Bearer ${made.access_token}` }, body: "{}" });
    await ada.sendMessage(await directRoom(ada), text("anybody?")); // wakes the poll
    const state = await until(async () => {
      const seen = await account();
      return seen.state === "failed" ? seen : undefined;
    }, "the account to have failed", { milliseconds: 45000 });
    assert.match(`${state.lastError} ${state.todo}`, /access token.*accessToken/s);
  });
});
