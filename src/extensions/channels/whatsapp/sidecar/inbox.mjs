// Messages that come: what the gateway should see of them, handed over until it has them, and what is remembered of them.
import * as baileys from "@whiskeysockets/baileys";
import { ask, longestLine, settings } from "./gateway_line.mjs";
import { dropFromSpool, link, spooled } from "./keys.mjs";

const { proto } = baileys;
const mostUnanswered = 64; // events the gateway has not taken yet
const mostRemembered = 1000; // messages that can be quoted, reacted to and sent again
const deepest = 12; // levels of a message's content

export const jidOf = (jid) => (jid ? baileys.jidNormalizedUser(jid) : "");

const remembered = new Map(); // id → WAMessage, to quote it, to read it, to send it again on a retry
export function remember(message) {
  remembered.set(message.key.id, message);
  if (remembered.size > mostRemembered) remembered.delete(remembered.keys().next().value);
}
export const recall = (id) => remembered.get(id);

const ours = new Set(); // ids of what we sent
export const isOurs = (id) => ours.has(id);
export function claim(id) {
  ours.add(id);
  if (ours.size > mostRemembered) ours.delete(ours.values().next().value);
}

const unread = new Map(); // chat → keys
function noteUnread(key) {
  const list = unread.get(key.remoteJid) ?? [];
  list.push(key);
  unread.set(key.remoteJid, list.slice(-50));
  if (unread.size > mostRemembered) unread.delete(unread.keys().next().value);
}
/** The keys of what was not read in a chat, which is read by this. */
export function takeUnread(jid) {
  const list = unread.get(jid) ?? [];
  unread.delete(jid);
  return list;
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

const forget = (id, from) => dropFromSpool(({ attrs }) => attrs.id === id && attrs.from === from);

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
  const { me } = link.creds;
  const toSelf = own && [jidOf(me?.id), jidOf(me?.lid)].includes(jidOf(key.remoteJid));
  if (kinds.length === 0) return drop();
  if (own && (!settings.selfChatMode || !toSelf || isOurs(key.id))) return drop();
  if (baileys.isJidBroadcast(key.remoteJid) || baileys.isJidNewsletter(key.remoteJid)) return drop();
  if (content.protocolMessage && !["REVOKE", "MESSAGE_EDIT"].includes(content.protocolMessage.type ?? "REVOKE")) return drop();
  if (handedOver.has(`${from}/${key.id}`)) return;
  remember(message);
  if (!own && !content.protocolMessage && !content.reactionMessage) noteUnread(key);
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

/** A message as Baileys gives it. */
export function take(message) {
  // A stanza's `from` is the chat, for groups and for people. Baileys may have given the chat its other name by now; the spool
  // knows the one that the stanza had.
  const found = spooled().find(({ attrs }) => attrs.id === message.key.id);
  handOver(message, found?.attrs.from ?? message.key.remoteJid);
}

/** What was decrypted in a former life and taken by nobody. */
export function takeSpooled() {
  for (const { attrs, plain, name } of spooled()) {
    try {
      const { fullMessage } = baileys.decodeMessageNode({ tag: "message", attrs }, link.creds.me.id, link.creds.me.lid ?? "");
      const padding = plain[plain.length - 1];
      const message = proto.Message.decode(plain.subarray(0, plain.length - padding));
      fullMessage.message = message.deviceSentMessage?.message ?? message;
      handOver(fullMessage, attrs.from);
    } catch {
      dropFromSpool((one) => one.name === name); // it cannot be read and never will be
    }
  }
}
