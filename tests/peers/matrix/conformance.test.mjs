// matrix-js-sdk, unmodified, judges the fake homeserver: what it sends must be understood, what it gets must be what it expects.
import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, test } from "node:test";
import { until } from "../../journeys/lib/waiting.mjs";
import { FakeMatrix } from "./fake.mjs";
import { connected, quietClient, sdk, unavailable, watch } from "./sdk.mjs";

let fake;
let ada;
let claw;
let clients;

beforeEach(async () => {
  fake = await FakeMatrix.start();
  clients = [];
  for (const name of ["ada", "claw"]) fake.world.addUser(name, { password: `${name}-password` });
  ada = "@ada:fake.test";
  claw = "@claw:fake.test";
});
afterEach(async () => {
  for (const client of clients) client.stopClient();
  await fake.stop();
});
async function client(user, options) {
  const started = await connected(fake.url, { user_id: user, access_token: fake.token(user, `DEVICE${clients.length}`), device_id: `DEVICE${clients.length}` }, options);
  clients.push(started);
  return started;
}
const text = (body, more = {}) => ({ msgtype: "m.text", body, ...more });

// A suite that is skipped counts as nothing; a test counts as skipped.
(unavailable ? test : describe)("matrix-js-sdk and the fake homeserver", { skip: unavailable, concurrency: 1 }, () => {
  test("a login gives a token that is known, and a wrong password is refused", async () => {
    const stranger = quietClient({ baseUrl: fake.url });
    const login = (password) => stranger.loginRequest({ type: "m.login.password", identifier: { type: "m.id.user", user: "claw" }, password, device_id: "CLAW" });
    await assert.rejects(login("wrong"), (error) => error.errcode === "M_FORBIDDEN" && error.httpStatus === 403);
    const account = await login("claw-password");
    assert.equal(account.device_id, "CLAW");
    const known = quietClient({ baseUrl: fake.url, accessToken: account.access_token });
    assert.equal((await known.whoami()).user_id, claw);
  });

  test("an invitation to a direct chat arrives, is followed, and says that it is direct", async () => {
    const bot = await client(claw);
    const person = await client(ada);
    const { room_id } = await person.createRoom({ is_direct: true, invite: [claw], preset: "trusted_private_chat" });
    const invited = await until(() => bot.getRoom(room_id), "the invitation");
    await until(() => invited.getMyMembership() === "invite", "to be invited");
    assert.equal(invited.getDMInviter(), ada);
    await bot.joinRoom(room_id);
    await until(() => invited.getMyMembership() === "join", "to be in the room");
    await bot.setAccountData("m.direct", { [ada]: [room_id] });
    await until(() => bot.getAccountData("m.direct"), "the account data to come back");
    assert.deepEqual(await bot.getAccountDataFromServer("m.direct"), { [ada]: [room_id] });
    await until(() => person.getRoom(room_id)?.getJoinedMemberCount() === 2, "the other to see it");
  });

  test("words, a reply, a thread, an edit, a reaction, a redaction, typing and a receipt go there and back", async () => {
    const room = fake.world.createRoom(ada, { name: "Team", invite: [claw] });
    fake.world.join(room.id, claw);
    const [bot, person] = [await client(claw), await client(ada)];
    const seen = watch(bot, room.id);
    assert.equal(bot.getRoom(room.id).name, "Team");

    const { event_id: hello } = await person.sendMessage(room.id, text("hello", { "m.mentions": { user_ids: [claw] } }));
    const first = await seen((event) => event.getId() === hello);
    assert.deepEqual(first.getContent()["m.mentions"], { user_ids: [claw] });
    const { event_id: reply } = await bot.sendMessage(room.id, text("hi", { "m.relates_to": { "m.in_reply_to": { event_id: hello } } }));
    const local = await seen((event) => event.getId() === reply);
    assert.equal(local.replyEventId, hello);

    const { event_id: inThread } = await person.sendMessage(room.id, hello, text("aside"));
    const threaded = await seen((event) => event.getId() === inThread);
    assert.equal(threaded.threadRootId, hello);

    await bot.sendMessage(room.id, text("* hi there", { "m.new_content": text("hi there"), "m.relates_to": { rel_type: "m.replace", event_id: reply } }));
    const shown = () => person.getRoom(room.id).findEventById(reply);
    await until(() => shown()?.getContent().body === "hi there", "the edit to be shown", { describe: () => JSON.stringify(shown()?.getContent()) });

    const annotate = () => bot.sendEvent(room.id, "m.reaction", { "m.relates_to": { rel_type: "m.annotation", event_id: hello, key: "👀" } });
    const { event_id: reaction } = await annotate();
    await assert.rejects(annotate(), (error) => error.errcode === "M_DUPLICATE_ANNOTATION");
    const { events } = await bot.relations(room.id, hello, "m.annotation", "m.reaction");
    assert.deepEqual(events.map((event) => event.getId()), [reaction]);

    await bot.redactEvent(room.id, reply);
    await until(() => shown()?.isRedacted(), "the message to be taken back");

    await person.sendTyping(room.id, true, 5000);
    await until(() => bot.getRoom(room.id).getMember(ada)?.typing, "to see that she types");
    await person.sendReadReceipt(first);
    await until(() => bot.getRoom(room.id).hasUserReadEvent(ada, hello), "to see that she read it");
    assert.ok(fake.typings.some((sign) => sign.user === ada && sign.on));
  });

  test("an upgraded room names its replacement, which names it, and takes no more words of others", async () => {
    const room = fake.world.createRoom(ada, { name: "Old", invite: [claw], open: true });
    fake.world.join(room.id, claw);
    const [person, bot] = [await client(ada), await client(claw)];
    const { replacement_room } = await person.upgradeRoom(room.id, "11");
    await bot.joinRoom(replacement_room);
    await until(() => bot.getRoom(replacement_room)?.findPredecessor()?.roomId === room.id, "the new room to name the old one");
    const tombstone = bot.getRoom(room.id).currentState.getStateEvents("m.room.tombstone", "");
    assert.equal(tombstone.getContent().replacement_room, replacement_room);
    await assert.rejects(bot.sendMessage(room.id, text("still here")), (error) => error.errcode === "M_FORBIDDEN");
    await bot.sendMessage(replacement_room, text("here"));
  });

  test("the same transaction is the same event", async () => {
    const room = fake.world.createRoom(claw, {});
    const bot = await client(claw);
    const send = () => bot.sendEvent(room.id, "m.room.message", text("once"), "key-1");
    assert.equal((await send()).event_id, (await send()).event_id);
    assert.equal(room.events.filter((event) => event.content.body === "once").length, 1);
  });

  test("files go up, and come down with the token only", async () => {
    const bot = await client(claw);
    const { content_uri } = await bot.uploadContent(Buffer.from("the bytes"), { name: "a.txt", type: "text/plain" });
    const address = bot.mxcUrlToHttp(content_uri, undefined, undefined, undefined, false, true, true);
    assert.match(address, /_matrix\/client\/v1\/media\/download/);
    assert.equal((await fetch(address)).status, 401);
    const answer = await fetch(address, { headers: { authorization: `Bearer ${bot.getAccessToken()}` } });
    assert.equal(await answer.text(), "the bytes");
    assert.equal(answer.headers.get("content-type"), "text/plain");
    assert.equal((await fetch(bot.mxcUrlToHttp(content_uri))).status, 404, "the old door is closed");
  });

  test("what came in a gap is found behind the limited timeline", async () => {
    const room = fake.world.createRoom(ada, { invite: [claw] });
    fake.world.join(room.id, claw);
    const bot = await client(claw, { initialSyncLimit: 5 });
    bot.stopClient();
    for (let number = 0; number < 30; ++number) fake.world.take(room.id, ada, "m.room.message", text(`said ${number}`));
    const again = await client(claw, { initialSyncLimit: 5 });
    const bodies = () => again.getRoom(room.id).getLiveTimeline().getEvents().map((event) => event.getContent().body).filter(Boolean);
    assert.equal(bodies().length, 5);
    await again.scrollback(again.getRoom(room.id), 50);
    assert.deepEqual(bodies(), Array.from({ length: 30 }, (_, number) => `said ${number}`));
  });

  test("limits, sizes and a token that is taken back are said as the client expects them", async () => {
    const room = fake.world.createRoom(claw, {});
    const bot = await client(claw);
    fake.fault({ what: "limit", retryAfterMs: 1500 });
    const limited = await bot.http.authedRequest("PUT", `/rooms/${encodeURIComponent(room.id)}/send/m.room.message/k1`, undefined, text("x")).catch((error) => error);
    assert.ok(limited.isRateLimitError(), String(limited));
    assert.equal(limited.getRetryAfterMs(), 1500);
    const large = await bot.http.authedRequest("PUT", `/rooms/${encodeURIComponent(room.id)}/send/m.room.message/k2`, undefined, text("x".repeat(70000))).catch((error) => error);
    assert.equal(large.errcode, "M_TOO_LARGE");
    const out = new Promise((resolve) => bot.on(sdk.HttpApiEvent.SessionLoggedOut, resolve));
    fake.revoke(bot.getAccessToken());
    assert.equal((await out).errcode, "M_UNKNOWN_TOKEN");
  });
});
