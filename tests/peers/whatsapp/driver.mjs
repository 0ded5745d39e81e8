// WhatsApp for the suite of all messengers: the verbs of tests/channels/README.md over the server of fake.mjs.
import { until } from "../../journeys/lib/waiting.mjs";
import { folder, unavailable } from "./baileys.mjs";
import { FakeWhatsApp } from "./fake.mjs";

const kinds = ["imageMessage", "videoMessage", "audioMessage", "documentMessage", "stickerMessage"];
const mediaOf = { imageMessage: "image", videoMessage: "video", audioMessage: "audio", documentMessage: "document", stickerMessage: "sticker" };

/** The words as WhatsApp shows them. */
export function shown(markup) {
  const parts = markup.split(/(```[\s\S]*?```|`[^`\n]+`)/);
  const plain = (words) =>
    words
      .replace(/(?<![\p{L}\p{N}*])\*(?=\S)([^*\n]*?\S)\*(?![\p{L}\p{N}*])/gu, "$1")
      .replace(/(?<![\p{L}\p{N}_])_(?=\S)([^_\n]*?\S)_(?![\p{L}\p{N}_])/gu, "$1")
      .replace(/(?<![\p{L}\p{N}~])~(?=\S)([^~\n]*?\S)~(?![\p{L}\p{N}~])/gu, "$1");
  const code = (words) => (words.startsWith("```") ? words.slice(3, -3).replace(/^\n/, "") : words.slice(1, -1));
  return parts.map((part, index) => (index % 2 ? code(part) : plain(part))).join("");
}

export class Driver {
  static channel = "whatsapp";
  static label = "WhatsApp";
  static unit = "utf16";
  static limit = 65536;
  static idempotent = true;
  static typingRefreshMs = 8000;
  static none = {
    6: "WhatsApp has no threads in a chat or group.",
    11: "WhatsApp refuses no markup: marks it cannot read are shown as they are.",
    32: "WhatsApp Web has no webhooks: everything comes by the connection of the linked device.",
  };
  static recorded = false;
  static unavailable = unavailable;

  people = {
    ada: { id: "+15550002222", name: "Ada" },
    bo: { id: "+15550003333", name: "Bo" },
    eve: { id: "+15550004444", name: "Eve" },
    // WhatsApp marks no bots: this one is our own number on the owner's phone, whose words come as an echo.
    robot: { id: "+15550001111", name: "Robot" },
  };
  #logins = 0;
  #said = new Map(); // message id → who said it
  #files = new Map(); // message id → file that it carries

  static async start() {
    const driver = new Driver();
    driver.fake = await FakeWhatsApp.start();
    for (const key of Object.keys(driver.people)) driver.#person(key);
    driver.secrets = [];
    return driver;
  }

  settings({ rooms, ...more } = {}) {
    const settings = { url: this.fake.url, mediaUrl: this.fake.mediaUrl, sidecarFolder: folder(), messagesPerSecond: 50, ...more };
    if (rooms) settings.groups = Object.fromEntries(Object.entries(rooms).map(([, room]) => [this.fake.group, room]));
    return settings;
  }
  /** There are no credentials to get wrong: the number itself is refused. */
  badCredentials() {
    this.fake.banned = true;
    return this.settings();
  }

  person(number) {
    const key = `person${number}`;
    this.people[key] ??= { id: `+1555100${String(number).padStart(4, "0")}`, name: `Person ${number}` };
    this.#person(key);
    return key;
  }
  #person(key) {
    const { id, name } = this.people[key];
    if (key === "robot") return { jid: `${this.fake.number}@s.whatsapp.net`, is: (user) => [this.fake.number, "111"].includes(user) };
    return this.fake.person(id.slice(1), name);
  }

  /** The first time somebody scans the code with their phone. */
  async ready(gateway) {
    if (!this.fake.linked) {
      const client = await gateway.client();
      const account = async () => (await client.request("channels.status", {})).channelAccounts.whatsapp?.[0];
      const qr = await until(async () => (await account())?.qr, "a code to scan", { milliseconds: 29000 });
      this.secrets.push(qr.split(",")[3]);
      await this.fake.scan(qr);
      await client.close?.();
    }
    const before = this.#logins;
    await until(() => this.fake.logins > before && this.fake.ready, "the device to be logged in", { milliseconds: 29000 });
    this.#logins = this.fake.logins;
  }

  #where(room) {
    return room ? { group: this.fake.group } : {};
  }
  #jid(from, room) {
    return room ? this.fake.group : this.#person(from).jid;
  }

  async say({ from = "ada", room, text, mention = false, replyTo, files = [] }) {
    if (from === "robot") return { ...(await this.fake.sayToMyself({ conversation: text ?? "" })), room, from };
    const person = this.#person(from);
    const where = this.#where(room);
    const words = mention ? `@${this.fake.number} ${text ?? ""}` : (text ?? "");
    const contextInfo = {
      ...(mention && { mentionedJid: [`${this.fake.number}@s.whatsapp.net`] }),
      ...(replyTo && this.#quote(replyTo)),
    };
    const context = Object.keys(contextInfo).length > 0 ? { contextInfo } : {};
    let first;
    for (const [index, file] of files.entries()) {
      const message = await this.#carrying(file, index === 0 ? { caption: words, ...context } : {});
      const said = await this.fake.say(person, message, where);
      first ??= said;
    }
    // A voice note carries no words: they are said behind it.
    if (files.some((file) => file.voice) && words) first = undefined;
    first ??= await this.fake.say(person, mention || replyTo ? { extendedTextMessage: { text: words, ...context } } : { conversation: words }, where);
    this.#said.set(first.id, person.jid);
    return { id: first.id, room, from, stanza: first.stanza };
  }
  #quote(id) {
    const quoted = this.fake.inbox.find((one) => one.id === id);
    const participant = this.#said.get(id) ?? `${this.fake.number}@s.whatsapp.net`;
    return { stanzaId: id, participant, quotedMessage: quoted?.message ?? { conversation: "" } };
  }
  async #carrying({ name, type, bytes, voice }, more) {
    const kind = voice ? "audioMessage" : type.startsWith("image/") ? "imageMessage" : "documentMessage";
    const media = await this.fake.upload(bytes, mediaOf[kind], { mimetype: type });
    if (kind === "audioMessage") return { audioMessage: { ...media, ptt: true, seconds: 1, contextInfo: more.contextInfo } };
    if (kind === "documentMessage") return { documentMessage: { ...media, fileName: name, ...more } };
    return { imageMessage: { ...media, ...more } };
  }

  async edit({ id, room, from = "ada" }, text) {
    const key = { remoteJid: this.#jid(from, room), id, fromMe: false };
    await this.fake.say(this.#person(from), { protocolMessage: { key, type: 14, editedMessage: { conversation: text } } }, this.#where(room));
  }
  async remove({ id, room, from = "ada" }) {
    const key = { remoteJid: this.#jid(from, room), id, fromMe: false };
    await this.fake.say(this.#person(from), { protocolMessage: { key, type: 0 } }, this.#where(room));
  }
  async react({ id, room }, emoji, { from = "ada" } = {}) {
    const key = { remoteJid: this.#jid(from, room), id, fromMe: true };
    await this.fake.say(this.#person(from), { reactionMessage: { key, text: emoji } }, this.#where(room));
  }
  command({ from = "ada", room, name, args = "" }) {
    return this.say({ from, room, text: `/${name} ${args}`.trim(), mention: false });
  }
  async again({ stanza }) {
    this.fake.again(stanza);
  }

  async raw(what) {
    const ada = this.#person("ada");
    const bytes = (...parts) => Buffer.concat([...parts, Buffer.from([1])]); // padded by one, as WhatsApp pads
    switch (what) {
      case "not-json":
        return void (await this.fake.say(ada, null, { plain: bytes(Buffer.from("{this is no protobuf")) }));
      case "wrong-types":
        await this.fake.say(ada, { protocolMessage: { type: 14 } });
        await this.fake.say(ada, { imageMessage: { caption: "", mediaKey: Buffer.from("short"), directPath: "https://evil.example/x" } });
        return void (await this.fake.say(ada, { reactionMessage: {} }));
      case "missing-fields":
        this.fake.send({ tag: "message", attrs: { from: ada.jid }, content: [] });
        return this.fake.send({ tag: "message", attrs: { id: "X1" } });
      case "unknown-fields":
        this.fake.send({ tag: "message-of-tomorrow", attrs: { from: ada.jid, id: "X2" }, content: [{ tag: "surprise", attrs: {} }] });
        return void (await this.fake.say(ada, null, { plain: bytes(Buffer.from([0xfa, 0x7f, 3, 1, 2, 3])) }));
      case "deep": {
        let message = { conversation: "deep" };
        for (let depth = 0; depth < 60; ++depth) message = { extendedTextMessage: { text: "", contextInfo: { stanzaId: "D", quotedMessage: message } } };
        return void (await this.fake.say(ada, message));
      }
      case "huge":
        return void (await this.fake.say(this.#person("eve"), { conversation: "x".repeat(10 * 1024 * 1024) }));
      case "bad-utf8":
        return void (await this.fake.say(this.#person("eve"), null, { plain: bytes(Buffer.from([0x0a, 4, 0xff, 0xfe, 0xc0, 0x41])) }));
      default:
        throw new Error(`no such raw event: ${what}`);
    }
  }

  sent({ room, person = "ada" } = {}) {
    const to = room ? null : this.#person(person);
    const here = (jid) => (room ? jid === this.fake.group : to.is(jid.split("@")[0].split(":")[0]));
    return this.fake.inbox
      .filter((one) => here(one.to) && !one.message.protocolMessage && !one.message.reactionMessage)
      .map((one) => {
        const content = one.message.documentWithCaptionMessage?.message ?? one.message;
        const kind = kinds.find((name) => content[name]);
        const markup = content.conversation || content.extendedTextMessage?.text || content[kind]?.caption || "";
        const context = (content.extendedTextMessage ?? content[kind])?.contextInfo;
        return { id: one.id, text: shown(markup), markup, replyTo: context?.stanzaId || undefined, file: kind && this.#opened(one.id, kind, content[kind]), edits: one.edits.map(shown), removed: one.removed };
      });
  }
  #opened(id, kind, media) {
    if (!this.#files.has(id)) this.#files.set(id, { name: media.fileName || undefined, type: media.mimetype, bytes: this.fake.open(media, mediaOf[kind]), voice: !!media.ptt });
    return this.#files.get(id);
  }

  typing() {
    return this.fake.chatStates.map(({ to, on, at }) => {
      if (to === this.fake.group) return { room: "team", on, at };
      const user = to.split("@")[0];
      return { person: Object.keys(this.people).find((key) => this.#person(key).is(user)), on, at };
    });
  }
  reactions() {
    const last = new Map();
    return this.fake.inbox
      .filter((one) => one.message.reactionMessage)
      .map(({ message: { reactionMessage: { key, text } } }) => {
        const entry = { messageId: key.id, emoji: text || last.get(key.id), removed: !text };
        last.set(key.id, entry.emoji);
        return entry;
      });
  }

  fault({ what, times = 1 }) {
    if (what !== "bad-markup") this.fake.fault({ what, times });
  }
  drop() {
    this.fake.drop();
  }
  stop() {
    return this.fake.stop();
  }
}
