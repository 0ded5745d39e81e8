// WhatsApp's side of the channel, a process of its own: the unmodified Baileys, its connection, and what the gateway asks of it.
import { Refusal, note, serve, settings } from "./gateway_line.mjs"; // the first one: it silences what prints keys
import { createHash } from "node:crypto";
import * as baileys from "@whiskeysockets/baileys";
import { claim, isOurs, jidOf, recall, remember, take, takeSpooled, takeUnread } from "./inbox.mjs";
import { begin, changeCreds, keepingSignalRepository, keys, link, noteStanza, restore } from "./keys.mjs";

const pieceBytes = 256 * 1024;
const firstWordMs = 15_000; // from a connection to a code or a login
const ackWaitMs = 20_000;
const pulseMs = 30_000;

const logger = { level: "silent", child: () => logger };
for (const name of ["trace", "debug", "info", "warn", "error", "fatal"]) logger[name] = () => {};

// ---- the connection ---------------------------------------------------------------------------------------------------

let socket;
let open = false;
let frames = 0;

// Media come from WhatsApp's own servers and from nowhere else, whatever a message says.
const plainFetch = globalThis.fetch;
globalThis.fetch = (address, options) => {
  const url = new URL(String(address));
  if (url.protocol !== "https:" || !/(^|\.)whatsapp\.(net|com)$/.test(url.hostname)) return Promise.reject(new Error("not an address of WhatsApp"));
  const to = settings.mediaUrl ? new URL(url.pathname + url.search, settings.mediaUrl) : url;
  return plainFetch(to, { redirect: "error", ...options, signal: options?.signal ?? AbortSignal.timeout(120_000) });
};

function connect() {
  open = false;
  const mine = baileys.makeWASocket({
    auth: { creds: link.creds, keys },
    logger,
    browser: ["OpenClaw", "Chrome", "1.0"],
    emitOwnEvents: false,
    fireInitQueries: true,
    generateHighQualityLinkPreview: false,
    getMessage: async (key) => recall(key.id)?.message,
    makeSignalRepository: keepingSignalRepository,
    markOnlineOnConnect: false,
    shouldSyncHistoryMessage: () => false,
    shouldIgnoreJid: (jid) => baileys.isJidBroadcast(jid) || baileys.isJidNewsletter(jid),
    syncFullHistory: false,
    cachedGroupMetadata: async (jid) => groups.get(jid),
    ...(settings.url && { waWebSocketUrl: settings.url }),
  });
  socket = mine;
  mine.ws.prependListener("CB:message", noteStanza);
  mine.ws.prependListener("CB:ack,class:message", settle);
  mine.ws.on("frame", () => ++frames);
  // A handshake that says no more is begun anew by the gateway.
  const late = setTimeout(() => mine.end(Object.assign(new Error("no answer"), { output: { statusCode: 408 } })), firstWordMs);
  let saving = Promise.resolve();
  mine.ev.on("creds.update", (change) => {
    saving = changeCreds(change).catch(() => {});
  });
  mine.ev.on("groups.update", (changes) => changes.forEach((change) => groups.delete(change.id)));
  mine.ev.on("group-participants.update", (change) => groups.delete(change.id));
  mine.ev.on("connection.update", (change) => {
    if (change.qr || change.connection === "open" || change.connection === "close") clearTimeout(late);
    if (mine !== socket) return;
    if (change.qr) note("qr", { qr: change.qr });
    if (change.isNewLogin) note("paired");
    if (change.connection === "open") {
      open = true;
      const { me } = link.creds;
      note("connection", { state: "open", id: jidOf(me?.id), lid: jidOf(me?.lid), name: me?.name ?? "" });
      takeSpooled();
    }
    if (change.connection === "close") {
      open = false;
      failWaiting();
      const code = change.lastDisconnect?.error?.output?.statusCode ?? 0;
      // The pairing is done; WhatsApp wants the login in a connection of its own.
      if (code === baileys.DisconnectReason.restartRequired) return void saving.then(connect);
      note("connection", { state: "close", code });
    }
  });
  mine.ev.on("messages.upsert", ({ messages }) => {
    for (const message of messages) {
      try {
        take(message);
      } catch {
        note("unreadable");
      }
    }
  });
}

const groups = new Map();
async function groupOf(jid) {
  if (!groups.has(jid)) {
    groups.set(jid, await socket.groupMetadata(jid));
    setTimeout(() => groups.delete(jid), 5 * 60_000).unref();
  }
  return groups.get(jid);
}

// ---- sending: done when WhatsApp's server says so -------------------------------------------------------------------------

const sending = new Map(); // id → {resolve, reject}
function settle(stanza) {
  const one = sending.get(stanza.attrs.id);
  if (!one) return;
  sending.delete(stanza.attrs.id);
  const code = Number(stanza.attrs.error ?? 0);
  if (!code) return one.resolve();
  const fault = code === 429 ? "limit" : code >= 500 ? "transient" : code === 404 ? "missing" : "refused";
  one.reject(new Refusal(fault, `WhatsApp did not take the message (${code}).`));
}
function failWaiting() {
  for (const one of sending.values()) one.reject(new Refusal("ambiguous", "The connection to WhatsApp broke before it answered."));
  sending.clear();
}

async function deliver(jid, content, options) {
  if (!open) throw new Refusal("transient", "WhatsApp is not connected.");
  const id = options.messageId;
  claim(id);
  let timer;
  const answered = new Promise((resolve, reject) => {
    sending.set(id, { resolve, reject });
    timer = setTimeout(() => {
      if (sending.delete(id)) reject(new Refusal("ambiguous", "WhatsApp did not answer."));
    }, ackWaitMs);
  });
  answered.catch(() => {}); // it may fail before anybody waits for it
  try {
    if (baileys.isJidGroup(jid)) await groupOf(jid).catch(() => {});
    const sent = await socket.sendMessage(jid, content, options);
    remember(sent);
    await answered;
    return { id: sent.key.id };
  } catch (error) {
    sending.delete(id);
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/** A message's id, with its author behind a slash in groups. */
function keyOf(jid, whole) {
  const [id, participant] = whole.split("/");
  const known = recall(id);
  if (known) return known.key;
  return { remoteJid: jid, id, fromMe: isOurs(id), ...(participant && { participant }) };
}
function quoteOf(jid, whole) {
  if (!whole) return {};
  const key = keyOf(jid, whole);
  return { quoted: recall(key.id) ?? { key, message: { conversation: "" } } };
}

const uploads = new Map(); // id → pieces
function contentOf({ text: words, mentions = [], file }) {
  if (!file) return { text: words, mentions, linkPreview: null };
  const bytes = Buffer.concat(uploads.get(file.id) ?? []);
  const caption = words || undefined;
  const mimetype = file.type || "application/octet-stream";
  switch (file.kind) {
    case "image":
      return { image: bytes, caption, mimetype, mentions, jpegThumbnail: "" };
    case "video":
      return { video: bytes, caption, mimetype, mentions, jpegThumbnail: "" };
    case "voice":
      return { audio: bytes, ptt: true, mimetype: "audio/ogg; codecs=opus" };
    case "audio":
      return { audio: bytes, mimetype };
    default:
      return { document: bytes, caption, mimetype, fileName: file.name, mentions };
  }
}

const needOpen = () => {
  if (!open) throw new Refusal("transient", "WhatsApp is not connected.");
};
async function read(jid) {
  const list = takeUnread(jid);
  if (list.length > 0 && settings.readReceipts) await socket.readMessages(list);
}
/** A courtesy is not worth an error. */
const politely = (work) => Promise.resolve(work).catch(() => {});

const methods = {
  state: ({ entries }) => restore(entries),
  start(given) {
    Object.assign(settings, given);
    begin();
    connect();
  },
  async send({ to, id, text: words, mentions, replyTo, file }) {
    needOpen();
    void politely(read(to));
    try {
      return await deliver(to, contentOf({ text: words, mentions, file }), { messageId: id, ...quoteOf(to, replyTo) });
    } finally {
      if (file) uploads.delete(file.id);
    }
  },
  edit: ({ to, id, target, text: words, mentions }) => deliver(to, { text: words, mentions, linkPreview: null, edit: keyOf(to, target) }, { messageId: id }),
  remove: ({ to, id, target }) => deliver(to, { delete: { ...keyOf(to, target), fromMe: true } }, { messageId: id }),
  react: ({ to, id, target, emoji }) => deliver(to, { react: { text: emoji, key: keyOf(to, target) } }, { messageId: id }),
  async typing({ to, on }) {
    needOpen();
    if (on) await politely(read(to));
    await socket.sendPresenceUpdate(on ? "composing" : "paused", to);
  },
  put({ id, data }) {
    if (!uploads.has(id)) uploads.set(id, []);
    uploads.get(id).push(Buffer.from(data, "base64"));
  },
  /** Sends the file in pieces before the answer: the pieces of one file never stand between two of another. */
  async fetch({ transfer, media, kind, limit }) {
    const key = Buffer.from(media.mediaKey ?? "", "base64");
    if (key.length !== 32) throw new Refusal("invalid", "WhatsApp does not say how to read this file.");
    const stream = await baileys.downloadContentFromMessage({ ...media, mediaKey: key }, kind);
    const pieces = [];
    let size = 0;
    for await (const piece of stream) {
      size += piece.length;
      if (size > limit) {
        stream.destroy();
        throw new Refusal("invalid", `it is larger than ${Math.floor(limit / 1048576)} MB`);
      }
      pieces.push(piece);
    }
    const bytes = Buffer.concat(pieces);
    const wanted = media.fileSha256 ?? "";
    if (!wanted || createHash("sha256").update(bytes).digest("base64") !== wanted) throw new Refusal("invalid", "it is not the file that was sent");
    for (let at = 0; at < bytes.length; at += pieceBytes) note("piece", { transfer, data: bytes.subarray(at, at + pieceBytes).toString("base64") });
    return { bytes: size };
  },
  async groups() {
    needOpen();
    const all = Object.values(await socket.groupFetchAllParticipating());
    return { groups: all.slice(0, 1000).map(({ id, subject }) => ({ id, name: subject ?? "" })) };
  },
  async logout() {
    needOpen();
    await socket.logout();
  },
};

process.on("unhandledRejection", () => {});
process.on("uncaughtException", () => process.exit(1));
setInterval(() => {
  note("pulse", { frames });
  frames = 0;
}, pulseMs).unref();
serve(methods);
