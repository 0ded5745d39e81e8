// Baileys, unmodified and without our sidecar, judges the fake: it pairs, talks, sends files and is thrown out, as with WhatsApp.
import assert from "node:assert/strict";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { until } from "../../journeys/lib/waiting.mjs";
import { folder, unavailable } from "./baileys.mjs";
import { FakeWhatsApp } from "./fake.mjs";

const why = unavailable();
const silent = { level: "silent", child: () => silent };
for (const name of ["trace", "debug", "info", "warn", "error", "fatal"]) silent[name] = () => {};

// A suite that is skipped counts as nothing; a test counts as skipped.
(why ? test : describe)("Baileys 7.0.0-rc.9", { skip: why, concurrency: 1 }, () => {
  let baileys;
  let fake;
  let ada;
  let bo;
  let creds;
  let socket;
  const kept = new Map();
  const messages = [];
  const closes = [];
  const plainFetch = globalThis.fetch;

  const keys = {
    get: async (type, ids) => Object.fromEntries(ids.map((id) => [id, kept.get(`${type}/${id}`)]).filter(([, one]) => one != null).map(([id, one]) => [id, JSON.parse(one, baileys.BufferJSON.reviver)])),
    set: async (data) => {
      for (const [type, ids] of Object.entries(data))
        for (const [id, one] of Object.entries(ids)) kept.set(`${type}/${id}`, one == null ? null : JSON.stringify(one, baileys.BufferJSON.replacer));
    },
  };
  function connect() {
    socket = baileys.makeWASocket({
      auth: { creds, keys },
      logger: silent,
      waWebSocketUrl: fake.url,
      emitOwnEvents: false,
      markOnlineOnConnect: false,
      shouldSyncHistoryMessage: () => false,
      syncFullHistory: false,
      getMessage: async () => undefined,
    });
    const mine = socket;
    mine.ev.on("creds.update", (change) => Object.assign(creds, change));
    mine.ev.on("messages.upsert", ({ messages: came, type }) => messages.push(...came.map((message) => ({ type, ...message }))));
    mine.ev.on("connection.update", (change) => {
      if (change.qr) fake.scan(change.qr);
      if (change.connection === "open") closes.push("open");
      if (change.connection === "close") {
        const code = change.lastDisconnect.error.output.statusCode;
        closes.push(code);
        if (code === 515) connect();
      }
    });
  }
  const came = (pattern) => until(() => messages.find(({ message }) => pattern.test(JSON.stringify(message ?? {}))), `a message like ${pattern}`);
  const got = (id) => until(() => fake.inbox.find((one) => one.id === id), `the message ${id}`);

  before(async () => {
    baileys = await import(pathToFileURL(path.join(folder(), "node_modules/@whiskeysockets/baileys/lib/index.js")));
    fake = await FakeWhatsApp.start();
    ada = fake.person("15550002222", "Ada");
    bo = fake.person("15550003333", "Bo");
    globalThis.fetch = (address, options) => plainFetch(String(address).replace("https://mmg.whatsapp.net", fake.mediaUrl), options);
    creds = baileys.initAuthCreds();
    connect();
    await until(() => fake.ready, "the device to be linked", { milliseconds: 20000 });
  });
  after(async () => {
    globalThis.fetch = plainFetch;
    socket?.end();
    await fake?.stop();
  });

  test("it is linked by a code that is scanned: 515, then a login of its own", async () => {
    await until(() => closes.length > 1, "the login");
    assert.deepEqual(closes, [515, "open"]);
    assert.equal(creds.me.id, fake.botJid);
    assert.equal(fake.broken, undefined);
  });

  test("a direct message is read by it, and its answer by the person; edits, reactions and removals name what they are about", async () => {
    await fake.say(ada, { conversation: "hello" });
    const message = await came(/hello/);
    assert.equal(message.key.remoteJid, ada.jid);
    assert.equal(message.key.remoteJidAlt, ada.lid);
    assert.equal(message.pushName, "Ada");
    const { key } = await socket.sendMessage(ada.jid, { text: "hi", linkPreview: null }, { quoted: message });
    const sent = await got(key.id);
    assert.equal(sent.message.extendedTextMessage.text, "hi");
    assert.equal(sent.message.extendedTextMessage.contextInfo.stanzaId, message.key.id);
    await socket.sendMessage(ada.jid, { text: "hi!", edit: key });
    await until(() => sent.edits.length > 0, "the edit");
    assert.deepEqual(sent.edits, ["hi!"]);
    await socket.sendMessage(ada.jid, { react: { text: "👍", key: message.key } });
    await until(() => fake.inbox.some((one) => one.message.reactionMessage?.key.id === message.key.id), "the reaction");
    await socket.sendMessage(ada.jid, { delete: key });
    await until(() => sent.removed, "the removal");
    await socket.readMessages([message.key]);
    await until(() => fake.reads.includes(message.key.id), "the blue ticks");
    await socket.sendPresenceUpdate("composing", ada.jid);
    await until(() => fake.chatStates.some(({ on }) => on), "typing");
  });

  test("in a group everybody reads what it sends, by sender keys", async () => {
    await fake.say(bo, { extendedTextMessage: { text: "@15550001111 yo", contextInfo: { mentionedJid: ["15550001111@s.whatsapp.net"] } } }, { group: fake.group });
    const message = await came(/yo/);
    assert.equal(message.key.participant, bo.jid);
    const metadata = await socket.groupMetadata(fake.group);
    assert.equal(metadata.subject, "Team");
    assert.equal(metadata.participants.length, 3);
    const { key } = await socket.sendMessage(fake.group, { text: "to all" });
    assert.equal((await got(key.id)).message.extendedTextMessage.text, "to all");
    assert.equal(Object.keys(await socket.groupFetchAllParticipating()).length, 1);
  });

  test("a file comes and goes sealed, and is whole", async () => {
    const bytes = Buffer.from("a paper".repeat(1000));
    await fake.say(ada, { documentMessage: await fake.upload(bytes, "document", { mimetype: "application/pdf", fileName: "paper.pdf" }) });
    const message = await came(/paper\.pdf/);
    const loaded = await baileys.downloadMediaMessage(message, "buffer", {});
    assert.ok(loaded.equals(bytes));
    const { key } = await socket.sendMessage(ada.jid, { audio: bytes, ptt: true, mimetype: "audio/ogg; codecs=opus", seconds: 1 });
    const { audioMessage } = (await got(key.id)).message;
    assert.equal(audioMessage.ptt, true);
    assert.ok(fake.open(audioMessage, "audio").equals(bytes));
  });

  test("what is said while it is away comes once when it is back, and a repeated id is shown once", async () => {
    fake.drop();
    await until(() => closes.at(-1) !== "open", "the end of the connection");
    await fake.say(ada, { conversation: "while you were away" });
    connect();
    const message = await came(/while you were away/);
    assert.equal(message.type, "append");
    await until(() => fake.waiting === 0, "the receipt");
    assert.equal(messages.filter(({ key }) => key.id === message.key.id).length, 1);
    for (const round of [1, 2]) await socket.sendMessage(ada.jid, { text: `round ${round}` }, { messageId: "3EB0000000000000000001" });
    await until(() => fake.duplicates === 1, "the second copy");
    assert.equal(fake.inbox.filter(({ id }) => id === "3EB0000000000000000001").length, 1);
    assert.equal(fake.retries, 0);
  });

  test("a limit and an error are said in the acknowledgement", async () => {
    const updates = [];
    socket.ev.on("messages.update", (list) => updates.push(...list));
    fake.fault({ what: "server-error" });
    const { key } = await socket.sendMessage(ada.jid, { text: "lost" });
    await until(() => updates.find((one) => one.key.id === key.id), "the error");
    assert.deepEqual(updates.find((one) => one.key.id === key.id).update.messageStubParameters, ["500"]);
    assert.ok(!fake.inbox.some(({ id }) => id === key.id));
  });

  test("it is told when the phone removes it (401), and another client takes its place (440)", async () => {
    fake.end(undefined, { tag: "conflict", attrs: { type: "replaced" } });
    await until(() => closes.at(-1) === 440, "the replacement");
    connect();
    await until(() => closes.at(-1) === "open", "the login");
    fake.unlink();
    await until(() => closes.at(-1) === 401, "the removal");
    connect();
    await until(() => closes.filter((one) => one === 401).length === 2, "the refusal of the old keys");
  });
});
