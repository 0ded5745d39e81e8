// Telegram for the suite of all messengers: the verbs of tests/channels/README.md over the Bot API of fake.mjs.
import { until } from "../../journeys/lib/waiting.mjs";
import { freePort } from "../free_port.mjs";
import { FakeTelegram, me, shown } from "./fake.mjs";

const team = { id: -100500, type: "supergroup", title: "Team", is_forum: true };
const sends = /^send(?!ChatAction)/;
const fields = ["photo", "document", "voice", "audio", "video", "animation"];

export class Driver {
  static channel = "telegram";
  static label = "Telegram";
  static unit = "utf16";
  static limit = 4096;
  static idempotent = false;
  static none = {};
  static recorded = false;

  people = {
    ada: { id: 7, name: "Ada" },
    bo: { id: 8, name: "Bo" },
    eve: { id: 9, name: "Eve" },
    robot: { id: 99, name: "Robot", is_bot: true },
  };
  #topics = new Map();
  #files = 0;

  static async start() {
    const driver = new Driver();
    driver.fake = await FakeTelegram.start();
    driver.secrets = [driver.fake.token, driver.webhookSecret];
    return driver;
  }

  webhookSecret = "telegram-webhook-secret-1234";

  settings({ rooms, webhooks = false, ...more } = {}) {
    const settings = { botToken: this.fake.token, apiRoot: this.fake.url, ...more };
    if (rooms) settings.groups = Object.fromEntries(Object.entries(rooms).map(([, room]) => [team.id, room]));
    this.#webhooks = webhooks;
    if (webhooks) Object.assign(settings, { webhookUrl: "https://claw.example/telegram", webhookSecret: this.webhookSecret, webhookPath: "/telegram" });
    return settings;
  }

  badCredentials() {
    return { botToken: "1:wrong", apiRoot: this.fake.url };
  }

  #webhooks = false;
  async config() {
    if (!this.#webhooks) return {};
    const port = await freePort();
    // What a reverse proxy does with the public address.
    this.fake.proxy = (url) => url.replace("https://claw.example", `http://127.0.0.1:${port}`);
    return { webhooks: { port } };
  }

  person(number) {
    const key = `person${number}`;
    this.people[key] ??= { id: 10000 + number, name: `Person ${number}` };
    return key;
  }

  ready() {
    const before = this.fake.calls.length;
    const method = this.#webhooks ? "setWebhook" : "getUpdates";
    const from = this.#seen ?? 0;
    this.#seen = before;
    return until(() => this.fake.calls.slice(from).some((call) => call.method === method), "the bot to ask for updates");
  }
  #seen;

  #user(from) {
    const { id, name, is_bot = false } = this.people[from];
    return { id, is_bot, first_name: name, username: name.toLowerCase().replace(/\W/g, "_") };
  }

  #chat(from, room) {
    return room ? team : { id: this.people[from].id, type: "private", first_name: this.people[from].name };
  }

  #topic(thread) {
    if (!this.#topics.has(thread)) this.#topics.set(thread, 1000 + this.#topics.size);
    return this.#topics.get(thread);
  }

  async say({ from = "ada", room, thread, text, mention = false, replyTo, files = [] }) {
    const common = { from: this.#user(from), chat: this.#chat(from, room) };
    if (thread) Object.assign(common, { message_thread_id: this.#topic(thread), is_topic_message: true });
    if (replyTo) common.reply_to_message = this.fake.message_of(common.chat.id, replyTo);
    const words = mention ? `@${me.username} ${text ?? ""}` : text;
    const entities = mention ? [{ type: "mention", offset: 0, length: me.username.length + 1 }] : undefined;
    let first;
    const album = files.length > 1 ? `album-${++this.#files}` : undefined;
    for (const [index, file] of files.entries()) {
      const caption = index === 0 ? { caption: words, caption_entities: entities } : {};
      const update = this.fake.message(undefined, { ...common, ...caption, ...this.#attach(file), ...(album && { media_group_id: album }) });
      first ??= update;
      await this.fake.inject(update);
    }
    if (!first) {
      first = this.fake.message(words, { ...common, ...(entities && { entities }) });
      Object.assign(first, (await this.fake.inject(first)).update);
    }
    return { id: String(first.message.message_id), room, thread, update: first };
  }

  #attach({ name, type, bytes, voice }) {
    const file_id = `F${++this.#files}`;
    this.fake.files.set(`files/${file_id}`, { bytes });
    const file = { file_id, file_unique_id: file_id, file_size: bytes.length };
    if (voice) return { voice: { ...file, mime_type: type, duration: 1 } };
    if (type.startsWith("image/")) return { photo: [{ ...file, file_id: "small", file_size: 1, width: 1, height: 1 }, { ...file, width: 90, height: 90 }] };
    return { document: { ...file, file_name: name, mime_type: type } };
  }

  async edit({ update }, text) {
    await this.fake.inject({ edited_message: { ...update.message, text, edit_date: update.message.date } });
  }

  async remove() {
    // Telegram tells a bot nothing of removed messages.
  }

  async react(message, emoji, { from = "ada" } = {}) {
    const user = this.#user(from);
    const reaction = [{ type: "emoji", emoji }];
    const chat = this.#chat(from, message.room);
    await this.fake.inject({ message_reaction: { chat, message_id: Number(message.id), user, date: 0, old_reaction: [], new_reaction: reaction } });
  }

  async command({ from = "ada", room, name, args = "" }) {
    const word = room ? `/${name}@${me.username}` : `/${name}`;
    const entities = [{ type: "bot_command", offset: 0, length: word.length }];
    const update = this.fake.message(`${word} ${args}`.trim(), { from: this.#user(from), chat: this.#chat(from, room), entities });
    await this.fake.inject(update);
    return { id: String(update.message.message_id), room };
  }

  /** The names that the platform offers while somebody types a slash. */
  get commands() {
    return this.fake.commands.map(({ command }) => command);
  }

  async again({ update }) {
    await this.fake.inject(update);
  }

  async raw(what) {
    const from = this.#user("ada");
    const chat = this.#chat("ada");
    const deep = (levels) => `${"[".repeat(levels)}${"]".repeat(levels)}`;
    const update = (text) => `{"ok":true,"result":[{"update_id":1,"message":{"message_id":1,"date":1,"from":{"id":7},"chat":{"id":7,"type":"private"},"text":${text}}}]}`;
    switch (what) {
      case "not-json":
        return this.fake.answerPoll("<html>504 Gateway Time-out</html>");
      case "wrong-types":
        await this.fake.inject({ message: { message_id: "x", date: "soon", from: [], chat: 5, text: { a: 1 }, entities: "none", photo: 7 } });
        return this.fake.inject({ message: [], callback_query: 5 });
      case "missing-fields":
        await this.fake.inject({ message: { message_id: 5 } });
        return this.fake.inject({});
      case "unknown-fields":
        return this.fake.inject({ message_of_tomorrow: { chat }, surprise: [1] });
      case "deep":
        return this.fake.answerPoll(update(deep(100000)));
      case "huge":
        return this.fake.answerPoll(update(JSON.stringify("x".repeat(10 * 1024 * 1024))));
      case "bad-utf8":
        return this.fake.answerPoll(Buffer.concat([Buffer.from(update('"')).subarray(0, -4), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from('"}}]}')]), from);
      default:
        throw new Error(`no such raw event: ${what}`);
    }
  }

  sent({ room, person = "ada", thread } = {}) {
    const chat = String(room ? team.id : this.people[person].id);
    const found = [];
    for (const { method, parameters, refused, message_id } of this.fake.calls) {
      if (refused || String(parameters.chat_id) !== chat) continue;
      const edited = found.find((message) => message.id === String(parameters.message_id));
      if (method === "editMessageText" && edited) {
        Object.assign(edited, { text: shown(parameters), markup: parameters.text });
        edited.edits.push(edited.text);
      }
      if (method === "deleteMessage" && edited) edited.removed = true;
      if (sends.test(method)) found.push(this.#message(parameters, message_id));
    }
    return thread ? found.filter((message) => message.thread === thread) : found;
  }

  #message(parameters, message_id) {
    const topic = Number(parameters.message_thread_id);
    const field = fields.find((name) => parameters[name]?.bytes !== undefined);
    const file = field && parameters[field];
    const markup = parameters.text ?? parameters.caption ?? "";
    return {
      id: String(message_id),
      text: shown({ text: markup, parse_mode: parameters.parse_mode }),
      markup,
      replyTo: parameters.reply_parameters && String(parameters.reply_parameters.message_id),
      thread: [...this.#topics].find(([, id]) => id === topic)?.[0],
      file: file && { name: file.filename, type: file.type, bytes: Buffer.from(file.bytes, "base64"), voice: field === "voice" },
      edits: [],
      removed: false,
    };
  }

  #calls(method) {
    return this.fake.calls.filter((call) => call.method === method && !call.refused);
  }

  typing() {
    return this.#calls("sendChatAction").map(({ parameters, at }) => {
      const room = Number(parameters.chat_id) === team.id ? "team" : undefined;
      const person = Object.keys(this.people).find((key) => this.people[key].id === Number(parameters.chat_id));
      return { ...(room ? { room } : { person }), on: true, at };
    });
  }

  reactions() {
    const last = new Map();
    return this.#calls("setMessageReaction").map(({ parameters }) => {
      const messageId = String(parameters.message_id);
      const emoji = parameters.reaction?.[0]?.emoji;
      const entry = { messageId, emoji: emoji ?? last.get(messageId), removed: emoji === undefined };
      last.set(messageId, entry.emoji);
      return entry;
    });
  }

  fault({ what, times = 1, retryAfterMs = 1000 }) {
    const of = { method: sends, times };
    const faults = {
      limit: { ...of, status: 429, retry_after: Math.ceil(retryAfterMs / 1000) },
      "server-error": { ...of, status: 502, description: "Bad Gateway" },
      "lost-answer": { ...of, drop: "after" },
      "not-sent": { ...of, drop: "before" },
      "bad-markup": { ...of, markup: true, status: 400, description: "Bad Request: can't parse entities: Can't find end tag corresponding to start tag \"b\"" },
      stall: { ...of, stall: true },
    };
    this.fake.fault(faults[what]);
  }

  drop() {
    this.fake.dropConnections();
  }

  async signatures(kind) {
    const update = this.fake.message(`signature ${kind}`, { from: this.#user("ada") });
    const secrets = { missing: null, wrong: "not-the-secret", good: this.webhookSecret };
    // Telegram signs neither the time nor the content: the secret is all there is.
    if (!(kind in secrets)) return undefined;
    return (await this.fake.inject(update, { secret: secrets[kind] })).status;
  }

  stop() {
    return this.fake.stop();
  }
}
