// What must survive: credentials, sessions, words that the gateway has not taken. Nothing is kept on disk here: every change is
// handed to the gateway (`store`), which seals it, and used only when that has it on its disk.
import { createHash } from "node:crypto";
import * as baileys from "@whiskeysockets/baileys";
import { ask, longestLine } from "./gateway_line.mjs";

const { proto, BufferJSON } = baileys;
const mostStanzas = 1000;

/** The credentials of the link; Baileys changes them in place. */
export const link = { creds: undefined };

const kept = new Map(); // by the names of Baileys' own files: "creds", "session-1555.0"; "spool-HASH" is ours → JSON text
const text = (value) => JSON.stringify(value, BufferJSON.replacer);
const value = (json) => JSON.parse(json, BufferJSON.reviver);
const nameOf = (type, id) => `${type}-${id}`.replace(/\//g, "__").replace(/:/g, "-");

/** What the gateway has from a former life. */
export function restore(entries) {
  for (const [name, json] of Object.entries(entries)) kept.set(name, json);
}
export function begin() {
  link.creds = kept.has("creds") ? value(kept.get("creds")) : baileys.initAuthCreds();
}
export async function changeCreds(change) {
  Object.assign(link.creds, change);
  await keep({ creds: text(link.creds) });
}

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

/** Baileys' store of keys. */
export const keys = {
  async get(type, ids) {
    const found = {};
    for (const id of ids) {
      const json = kept.get(nameOf(type, id));
      if (json === undefined) continue;
      const one = value(json);
      found[id] = type === "app-state-sync-key" ? proto.Message.AppStateSyncKeyData.fromObject(one) : one;
    }
    return found;
  },
  async set(data) {
    const entries = {};
    for (const [type, ids] of Object.entries(data))
      for (const [id, one] of Object.entries(ids)) entries[nameOf(type, id)] = one === null || one === undefined ? null : text(one);
    if (Object.keys(entries).length > 0) await keep(entries);
  },
};

// ---- nothing lost between decrypting a message and the gateway's disk ---------------------------------------------------
// A message can be decrypted once. So its words are kept in the same write as the session that has moved on, until the gateway
// has taken it: the same stanza delivered again is read from there, and what nobody took is handed over at the next start.

const stanzas = new Map(); // hash of a ciphertext → attributes of the stanza it came in
const hashOf = (bytes) => createHash("sha256").update(bytes).digest("hex").slice(0, 32);

/** Before Baileys sees it. */
export function noteStanza(stanza) {
  // Baileys takes what waited while we were away one after the other, and the rest all at once: then messages of somebody new
  // overtake each other and one may be lost. Everything is taken in order.
  // One that cannot be read would end that queue for good: it goes the other way.
  try {
    baileys.decodeMessageNode(stanza, link.creds.me.id, link.creds.me.lid ?? "");
    if (stanza.attrs.id) stanza.attrs.offline ??= "1";
  } catch {
    return;
  }
  const children = Array.isArray(stanza.content) ? stanza.content : [];
  for (const child of children) {
    if (child.tag !== "enc" || !child.content) continue;
    stanzas.set(hashOf(child.content), { ...stanza.attrs });
    if (stanzas.size > mostStanzas) stanzas.delete(stanzas.keys().next().value);
  }
}

export function keepingSignalRepository(auth, ...more) {
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

/** The words that nobody has taken: [{name, attrs, plain}]. */
export function spooled() {
  return [...kept].filter(([name]) => name.startsWith("spool-")).map(([name, json]) => ({ name, ...value(json) }));
}
/** They are not needed any more; that this may be lost in a crash does no harm: the gateway knows the ids of messages. */
export function dropFromSpool(wanted) {
  const entries = {};
  for (const one of spooled()) if (wanted(one)) entries[one.name] = null;
  if (Object.keys(entries).length > 0) keep(entries).catch(() => {});
}
