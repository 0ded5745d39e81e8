// WhatsApp's side of the channel: the unmodified Baileys, one JSON object a line (JSON-RPC 2.0) on standard input and output.
// It keeps nothing on disk: what must survive is handed to the gateway (`store`) and used only when that has it on its disk.
import { createHash } from "node:crypto";
import { createInterface } from "node:readline";

// The Signal library prints whole sessions, private keys in them: nothing may print before it is loaded.
for (const name of ["log", "info", "warn", "error", "debug", "trace", "dir"]) console[name] = () => {};

const baileys = await import("@whiskeysockets/baileys");
const { proto, BufferJSON } = baileys;

const longestLine = 900 * 1024;
const pieceBytes = 256 * 1024;
const mostUnanswered = 64; // events the gateway has not taken yet
const mostRemembered = 1000; // messages that can be quoted, reacted to and sent again
const deepest = 12; // levels of a message's content
const firstWordMs = 15_000; // from a connection to a code or a login
const ackWaitMs = 20_000;
const pulseMs = 30_000;

const logger = { level: "silent", child: () => logger };
for (const name of ["trace", "debug", "info", "warn", "error", "fatal"]) logger[name] = () => {};

// ---- the line to the gateway ------------------------------------------------------------------------------------------

const write = (object) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...object }) + "\n");
const note = (method, params = {}) => write({ method, params });
const asked = new Map();
let lastAsked = 0;
/** Asks the gateway; settles with its answer. */
const ask = (method, params) =>
  new Promise((resolve, reject) => {
    const id = `s${++lastAsked}`;
    asked.set(id, { resolve, reject });
    write({ id, method, params });
  });

class Refusal extends Error {
  constructor(fault, message) {
    super(message);
    this.fault = fault;
  }
}

// ---- what must survive: credentials, sessions, messages the gateway has not taken -----------------------------------------

const kept = new Map(); // "creds", "session/1555.0", "spool/HASH" → JSON text
const text = (value) => JSON.stringify(value, BufferJSON.replacer);
const value = (json) => JSON.parse(json, BufferJSON.reviver);

async function keep(entries) {
  for (const [name, json] of Object.entries(entries)) json === null ? kept.delete(name) : kept.set(name, json);
  let part = {};
  let size = 0;
  const parts = [];
  for (const [name, json] of Object.entries(entries)) {
    const bytes = Buffer.byteLength(name) + Buffer.byteLength(json ?? "null");
    if (size + 2 * bytes > longestLine && size > 0) {
      parts.push(part);
      part = {};
      size = 0;
    }
    part[name] = json;
    size += 2 * bytes; // quotes inside of a text are escaped
  }
  parts.push(part);
  await Promise.all(parts.map((entries_) => ask("store", { entries: entries_ })));
}

const keys = {
  async get(type, ids) {
    const found = {};
    for (const id of ids) {
      const json = kept.get(`${type}/${id}`);
      if (json === undefined) continue;
      const one = value(json);
      found[id] = type === "app-state-sync-key" ? proto.Message.AppStateSyncKeyData.fromObject(one) : one;
    }
    return found;
  },
  async set(data) {
    const entries = {};
    for (const [type, ids] of Object.entries(data))
      for (const [id, one] of Object.entries(ids)) entries[`${type}/${id}`] = one === null || one === undefined ? null : text(one);
    if (Object.keys(entries).length > 0) await keep(entries);
  },
};

// ---- nothing lost between decrypting a message and the gateway's disk ---------------------------------------------------
// A message can be decrypted once. So its words are kept in the same write as the session that has moved on, until the gateway
// has taken it: the same stanza delivered again is read from there, and what nobody took is handed over at the next start.

const stanzas = new Map(); // hash of a ciphertext → attributes of the stanza it came in
const hashOf = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 32);

function noteStanza(stanza) {
  // Baileys takes what waited while we were away one after the other, and the rest all at once: then messages of somebody new
  // overtake each other and one may be lost. Everything is taken in order.
  // One that cannot be read would end that queue for good: it goes the other way.
  try {
    baileys.decodeMessageNode(stanza, creds.me.id, creds.me.lid ?? "");
    if (stanza.attrs.id) stanza.attrs.offline ??= "1";
  } catch {
    return;
  }
  const children = Array.isArray(stanza.content) ? stanza.content : [];
  for (const child of children) {
    if (child.tag !== "enc" || !child.content) continue;
    stanzas.set(hashOf(child.content), { ...stanza.attrs });
    if (stanzas.size > mostRemembered) stanzas.delete(stanzas.keys().next().value);
  }
}

function keepingSignalRepository(auth, ...more) {
  const real = baileys.DEFAULT_CONNECTION_CONFIG.makeSignalRepository(auth, ...more);
  const once = (ciphertext, group, decrypt) =>
    auth.keys.transaction(async () => {
      const hash = hashOf(ciphertext);
      const { [hash]: had } = await auth.keys.get("spool", [hash]);
      if (had) return Buffer.from(had.plain);
      const plain = await decrypt();
      const attrs = stanzas.get(hash);
      stanzas.delete(hash);
      if (attrs) await auth.keys.set({ spool: { [hash]: { attrs, plain: Buffer.from(plain) } } });
      return plain;
    }, group);
  return {
    ...real,
    decryptMessage: (what) => once(what.ciphertext, what.jid, () => real.decryptMessage(what)),
    decryptGroupMessage: (what) => once(what.msg, what.group, () => real.decryptGroupMessage(what)),
  };
}

function spooled() {
  return [...kept].filter(([name]) => name.startsWith("spool/")).map(([name, json]) => ({ name, ...value(json) }));
}
/** The words of a message are not needed any more; that this may be lost in a crash does no harm: the gateway knows its ids. */
function forget(id, from) {
  const entries = {};
  for (const one of spooled()) if (one.attrs.id === id && one.attrs.from === from) entries[one.name] = null;
  if (Object.keys(entries).length > 0) keep(entries).catch(() => {});
}

// ---- messages that come ---------------------------------------------------------------------------------------------

const remembered = new Map(); // id → WAMessage, to quote it, to read it, to send it again on a retry
function remember(message) {
  remembered.set(message.key.id, message);
  if (remembered.size > mostRemembered) remembered.delete(remembered.keys().next().value);
}
const unread = new Map(); // chat → keys
const ours = new Set(); // ids of what we sent
function isOurs(id) {
  return ours.has(id);
}
function claim(id) {
  ours.add(id);
  if (ours.size > mostRemembered) ours.delete(ours.values().next().value);
}

const unwanted = /thumbnail|messageSecret|senderKeyDistribution|deviceListMetadata|waveform|scansSidecar/i;
/** As JSON has it, without what nobody reads, and no deeper than anything real is. */
function pruned(one, depth = 0) {
  if (one === null || typeof one !== "object") return one;
  if (depth > deepest) return undefined;
  if (Array.isArray(one)) return one.slice(0, 1000).map((part) => pruned(part, depth + 1) ?? null);
  return Object.fromEntries(Object.entries(one).filter(([name]) => !unwanted.test(name)).map(([name, part]) => [name, pruned(part, depth + 1)]));
}
/** With bytes as base64. */
function plainContent(message) {
  return pruned(proto.Message.toObject(baileys.normalizeMessageContent(message) ?? {}, { bytes: String, enums: String, longs: Number }));
}

let unanswered = 0;
const waiting = [];
const handedOver = new Set(); // "from/id" on their way to the gateway

function handOver(message, from) {
  const key = message.key;
  const drop = () => forget(key.id, from);
  if (!message.message || !key.id || !key.remoteJid) return;
  const content = plainContent(message.message);
  const kinds = Object.keys(content).filter((kind) => kind !== "messageContextInfo");
  const own = !!key.fromMe;
  const self = jidOf(creds.me?.id);
  const toSelf = own && [self, jidOf(creds.me?.lid)].includes(jidOf(key.remoteJid));
  if (kinds.length === 0) return drop();
  if (own && (!settings.selfChatMode || !toSelf || isOurs(key.id))) return drop();
  if (baileys.isJidBroadcast(key.remoteJid) || baileys.isJidNewsletter(key.remoteJid)) return drop();
  if (content.protocolMessage && !["REVOKE", "MESSAGE_EDIT"].includes(content.protocolMessage.type ?? "REVOKE")) return drop();
  if (handedOver.has(`${from}/${key.id}`)) return;
  remember(message);
  if (!own && !content.protocolMessage && !content.reactionMessage) {
    const list = unread.get(key.remoteJid) ?? [];
    list.push(key);
    unread.set(key.remoteJid, list.slice(-50));
    if (unread.size > mostRemembered) unread.delete(unread.keys().next().value);
  }
  const event = {
    id: key.id,
    chat: key.remoteJid,
    chatAlt: key.remoteJidAlt ?? "",
    participant: key.participant ?? "",
    participantAlt: key.participantAlt ?? "",
    self: own,
    name: message.pushName ?? "",
    at: Number(message.messageTimestamp ?? 0),
    content,
  };
  if (JSON.stringify(event).length > longestLine) event.content = { conversation: "[A message that is too large to be read]" };
  handedOver.add(`${from}/${key.id}`);
  waiting.push({ event, from });
  offer();
}

function offer() {
  while (unanswered < mostUnanswered && waiting.length > 0) {
    const { event, from } = waiting.shift();
    ++unanswered;
    ask("message", event)
      .then(() => forget(event.id, from))
      .catch(() => {})
      .finally(() => {
        --unanswered;
        handedOver.delete(`${from}/${event.id}`);
        offer();
      });
  }
}

/** What was decrypted in a former life and taken by nobody. */
function handOverSpool() {
  for (const { attrs, plain, name } of spooled()) {
    try {
      const { fullMessage } = baileys.decodeMessageNode({ tag: "message", attrs }, creds.me.id, creds.me.lid ?? "");
      const padding = plain[plain.length - 1];
      let message = proto.Message.decode(plain.subarray(0, plain.length - padding));
      message = message.deviceSentMessage?.message ?? message;
      fullMessage.message = message;
      handOver(fullMessage, attrs.from);
    } catch {
      keep({ [name]: null }).catch(() => {}); // it cannot be read and never will be
    }
  }
}

// ---- the connection ---------------------------------------------------------------------------------------------------

let settings = {};
let creds;
let socket;
let open = false;
let frames = 0;

const jidOf = (jid) => (jid ? baileys.jidNormalizedUser(jid) : "");

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
    auth: { creds, keys },
    logger,
    browser: ["OpenClaw", "Chrome", "1.0"],
    emitOwnEvents: false,
    fireInitQueries: true,
    generateHighQualityLinkPreview: false,
    getMessage: async (key) => remembered.get(key.id)?.message,
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
    Object.assign(creds, change);
    const now = text(creds);
    saving = keep({ creds: now }).catch(() => {});
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
      note("connection", { state: "open", id: jidOf(creds.me?.id), lid: jidOf(creds.me?.lid), name: creds.me?.name ?? "" });
      handOverSpool();
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
        // A stanza's `from` is the chat, for groups and for people.
        handOver(message, stanzaOf(message));
      } catch {
        note("unreadable");
      }
    }
  });
}
// Baileys may have given the chat its other name by now; the spool knows the one that the stanza had.
function stanzaOf(message) {
  const found = spooled().find(({ attrs }) => attrs.id === message.key.id);
  return found?.attrs.from ?? message.key.remoteJid;
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
  const known = remembered.get(id);
  if (known) return known.key;
  return { remoteJid: jid, id, fromMe: isOurs(id), ...(participant && { participant }) };
}
function quoteOf(jid, whole) {
  if (!whole) return {};
  const key = keyOf(jid, whole);
  return { quoted: remembered.get(key.id) ?? { key, message: { conversation: "" } } };
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
  const list = unread.get(jid);
  if (!list) return;
  unread.delete(jid);
  if (settings.readReceipts) await socket.readMessages(list);
}
/** A courtesy is not worth an error. */
const politely = (work) => Promise.resolve(work).catch(() => {});

const methods = {
  state({ entries }) {
    for (const [name, json] of Object.entries(entries)) kept.set(name, json);
  },
  start(given) {
    settings = given;
    creds = kept.has("creds") ? value(kept.get("creds")) : baileys.initAuthCreds();
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

async function take(line) {
  let request;
  try {
    request = JSON.parse(line);
  } catch {
    return;
  }
  if (!request.method) {
    const one = asked.get(request.id);
    asked.delete(request.id);
    if (request.error) one?.reject(new Error(request.error.message));
    else one?.resolve(request.result);
    return;
  }
  try {
    const result = await methods[request.method](request.params ?? {});
    if (request.id !== undefined) write({ id: request.id, result: result ?? {} });
  } catch (error) {
    if (request.id === undefined) return;
    const fault = error.fault ?? "transient";
    // Of a foreign error only its first line: it may carry a stanza.
    const message = String(error.message ?? error).split("\n")[0].slice(0, 300);
    write({ id: request.id, error: { code: -32000, message, data: { fault } } });
  }
}

process.on("unhandledRejection", () => {});
process.on("uncaughtException", () => process.exit(1));
setInterval(() => {
  note("pulse", { frames });
  frames = 0;
}, pulseMs).unref();
createInterface({ input: process.stdin, crlfDelay: Infinity })
  .on("line", (line) => void take(line))
  .on("close", () => process.exit(0));
note("ready", { proto: 1, pid: process.pid });
