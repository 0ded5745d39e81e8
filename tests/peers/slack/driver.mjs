// Slack for the suite of all messengers (tests/channels): people and rooms on a Slack on loopback.
import net from "node:net";
import { until } from "../../journeys/lib/waiting.mjs";
import { bot, FakeSlack } from "./fake.mjs";

const emoji = { eyes: "👀", thumbsup: "👍", "+1": "👍", white_check_mark: "✅", tada: "🎉", heart: "❤️", hourglass_flowing_sand: "⏳", fire: "🔥" };
const nameOf = (sign) => Object.keys(emoji).find((name) => emoji[name] === sign) ?? "thumbsup";
const escape = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
const unescape = (text) => text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");

/** Mrkdwn as people see it: the words without their marks. */
export function shown(mrkdwn) {
  const styled = (text) =>
    ["*", "_", "~"].reduce((words, mark) => words.replace(new RegExp(`(^|[\\s(>•*_~])\\${mark}(\\S|\\S[^\\n]*?\\S)\\${mark}(?=$|[\\s).,:;!?*_~])`, "gm"), "$1$2"), text);
  const linked = (text) => text.replace(/<([^<>|\n]+)(?:\|([^<>\n]*))?>/g, (_, target, label) => label ?? target);
  return mrkdwn
    .split(/(```[^]*?```)/)
    .map((part) => {
      if (part.startsWith("```")) return unescape(part.slice(3, -3).replace(/^\n|\n$/g, ""));
      return part
        .split(/(`[^`\n]+`)/)
        .map((piece) => unescape(/^`.+`$/.test(piece) ? piece.slice(1, -1) : linked(styled(piece))))
        .join("");
    })
    .join("");
}

async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export class Driver {
  static channel = "slack";
  static label = "Slack";
  static unit = "utf16";
  static limit = 4000; // of chat.update, and what Slack advises for new messages
  // Slack knows no keys; a message carries ours as metadata, and the room is read where an answer was lost.
  static idempotent = true;
  static none = {
    11: "Slack takes any text as mrkdwn: there is no markup that it refuses.",
    20: "A bot's audio file is a file: Slack has no voice notes by its Web API.",
  };
  static typingRefreshMs = 30000;

  people = {};
  #threads = new Map(); // name → ts of the message that opened it
  #events = new Map(); // message id → what was handed over
  #webhooks = false;

  static async start() {
    const driver = new Driver();
    driver.slack = await FakeSlack.start();
    for (const [key, name] of [["ada", "Ada"], ["bo", "Bo"], ["eve", "Eve"]]) driver.#add(key, `U0${key.toUpperCase()}`, name);
    driver.people.robot = { id: "B0ROBOT", name: "Robot" };
    driver.rooms = { team: "C0TEAM" };
    driver.slack.room({ id: "C0TEAM", name: "team", is_channel: true });
    return driver;
  }

  #add(key, id, name) {
    this.people[key] = { id, name };
    this.slack.user({ id, name: name.toLowerCase(), display: name });
    this.slack.direct(id);
  }
  person(number) {
    const key = `p${number}`;
    if (!this.people[key]) this.#add(key, `U0P${number}`, `Person ${number}`);
    return key;
  }

  settings({ rooms = {}, webhooks = false, ...more } = {}) {
    this.#webhooks = webhooks;
    const channels = Object.fromEntries(Object.entries(rooms).map(([name, settings]) => [this.rooms[name] ?? name, settings]));
    const way = webhooks ? { mode: "http", signingSecret: this.slack.signingSecret } : { appToken: this.slack.appToken };
    return { botToken: this.slack.botToken, slackApiUrl: this.slack.apiUrl, ...way, channels, ...more };
  }
  get secrets() {
    return [this.slack.botToken, this.slack.appToken, this.slack.signingSecret];
  }
  badCredentials() {
    return this.settings({ botToken: "xoxb-wrong-token-0815" });
  }
  async config() {
    if (!this.#webhooks) return {};
    const port = await freePort();
    this.slack.webhook = { url: `http://127.0.0.1:${port}/slack/events` };
    return { webhooks: { port } };
  }
  async ready() {
    if (!this.slack.webhook) return until(() => this.slack.links.length > 0, "a connection of Socket Mode", { milliseconds: 30000 });
    const challenge = JSON.stringify({ type: "url_verification", token: "t", challenge: "are-you-there" });
    const answers = async () => (await this.slack.request(challenge).catch(() => ({}))).text === "are-you-there";
    return until(answers, "the answer to url_verification", { milliseconds: 30000, everyMs: 1100 });
  }

  #room(room, from) {
    return room ? this.rooms[room] : this.slack.direct(this.people[from].id);
  }
  #thread(room, name) {
    if (!name) return undefined;
    const key = `${room}/${name}`;
    // It was opened before anybody listened.
    if (!this.#threads.has(key)) this.#threads.set(key, this.slack.message(room, this.people.bo.id, `about ${name}`).ts);
    return this.#threads.get(key);
  }

  async say({ from = "ada", room, thread, text = "", mention = false, replyTo, files = [] }) {
    const channel = this.#room(room, from === "robot" ? "ada" : from);
    const more = {};
    const root = replyTo ?? this.#thread(channel, thread);
    if (root) more.thread_ts = this.slack.find(channel, root)?.thread_ts ?? root;
    if (files.length > 0) {
      more.subtype = "file_share";
      // A page instead of a picture is what Slack gives to whoever may not read it.
      const page = ({ type, bytes }) => type !== "text/html" && bytes.subarray(0, 9).toString() === "<!DOCTYPE";
      more.files = files.map((file) => this.slack.file({ ...file, page: page(file) }));
    }
    if (from === "robot") Object.assign(more, { subtype: "bot_message", bot_id: this.people.robot.id, username: this.people.robot.name });
    const words = (mention ? `<@${bot.user_id}> ` : "") + escape(text);
    const message = this.slack.message(channel, from === "robot" ? undefined : this.people[from].id, words, more);
    const handed = [this.slack.event(this.slack.callback(message))];
    // A mention in a room comes a second time, as another event.
    if (mention && room) {
      const { channel_type, subtype, ...same } = message;
      handed.push(this.slack.event(this.slack.callback({ ...same, type: "app_mention" })));
    }
    this.#events.set(message.ts, handed);
    await Promise.all(handed);
    return { id: message.ts, room, thread, channel };
  }

  #channel(message) {
    return message.channel ?? this.#room(message.room, message.person ?? "ada");
  }
  async edit(message, text) {
    const channel = this.#channel(message);
    const own = this.slack.find(channel, message.id);
    own.text = escape(text);
    await this.slack.changed(channel, own);
  }
  async remove(message) {
    const channel = this.#channel(message);
    await this.slack.deleted(channel, this.slack.find(channel, message.id));
  }
  async react(message, sign, { from = "ada" } = {}) {
    const item = { type: "message", channel: this.#channel(message), ts: message.id };
    const event = { type: "reaction_added", user: this.people[from].id, reaction: nameOf(sign), item, item_user: bot.user_id, event_ts: this.slack.ts() };
    await this.slack.event(this.slack.callback(event));
  }
  async command({ from = "ada", room, name, args = "" }) {
    const channel_id = this.#room(room, from);
    const { id, name: user_name } = this.people[from];
    const channel_name = room ?? "directmessage";
    const handed = this.slack.command({ command: "/openclaw", text: escape(`/${name} ${args}`.trim()), user_id: id, user_name: user_name.toLowerCase(), channel_id, channel_name });
    const token = `command-${this.#events.size}`;
    this.#events.set(token, [handed]);
    await handed;
    return { id: token, room, channel: channel_id };
  }
  async again(message) {
    for (const handed of this.#events.get(message.id)) {
      const one = await handed;
      if (one.envelope_id) this.slack.again(one);
      else await this.slack.event(one.payload);
    }
  }
  async raw(what) {
    const event = (more) => this.slack.callback({ type: "message", channel: "C0TEAM", user: this.people.ada.id, text: "broken", ts: this.slack.ts(), ...more });
    const envelope = (payload) => ({ envelope_id: `raw-${Date.now()}-${what}`, type: "events_api", payload, accepts_response_payload: false });
    const payloads = {
      "wrong-types": () => event({ channel: 5, user: [], text: { a: 1 }, ts: 12.5, files: "none", thread_ts: {} }),
      "missing-fields": () => this.slack.callback({ type: "message" }),
      "unknown-fields": () => this.slack.callback({ type: "galaxy_exploded", size: 3, where: { far: ["away"] } }),
      huge: () => event({ text: "x".repeat(10 * 1024 * 1024) }),
    };
    if (this.slack.webhook) {
      if (payloads[what]) return void (await this.slack.request(JSON.stringify(payloads[what]())).catch(() => {}));
      const bytes = what === "not-json" ? "{no json" : what === "deep" ? "[".repeat(3000) : Buffer.from([0x7b, 0xff, 0xfe, 0x7d]).toString("latin1");
      return void (await this.slack.request(bytes).catch(() => {}));
    }
    if (payloads[what]) return this.slack.raw(JSON.stringify(envelope(payloads[what]())));
    if (what === "not-json") return this.slack.raw("{this is no json");
    if (what === "deep") return this.slack.raw(`{"envelope_id":"deep","type":"events_api","payload":${"[".repeat(3000)}${"]".repeat(3000)}}`);
    return this.slack.raw(Buffer.concat([Buffer.from('{"type":"hello","text":"'), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from('"}')]));
  }

  sent({ room, person = "ada", thread } = {}) {
    const channel = this.#room(room, person);
    const root = thread && this.#threads.get(`${channel}/${thread}`);
    return this.slack.posted
      .filter((one) => one.channel === channel && (!thread || one.thread_ts === root) && (room || !one.ephemeral || one.ephemeral === this.people[person].id))
      .map(({ ts, text, thread_ts, edits, removed, file }) => ({
        id: ts,
        text: shown(text),
        markup: text,
        replyTo: thread_ts,
        thread: [...this.#threads.entries()].find(([, opened]) => opened === thread_ts)?.[0].split("/")[1],
        file: file && { name: file.name, type: file.type, bytes: file.bytes, voice: false },
        edits: edits.map(shown),
        removed: removed ?? false,
      }));
  }
  typing() {
    const room = (id) => Object.keys(this.rooms).find((name) => this.rooms[name] === id);
    const person = (id) => Object.keys(this.people).find((key) => `D${this.people[key].id.slice(1)}` === id);
    return this.slack.calls
      .filter((call) => call.method === "assistant.threads.setStatus" && typeof call.result === "object")
      .map(({ parameters, at }) => {
        const name = room(parameters.channel_id);
        return { ...(name ? { room: name } : { person: person(parameters.channel_id) }), on: parameters.status !== "", at };
      });
  }
  reactions() {
    return this.slack.reacted.map(({ ts, name, removed }) => ({ messageId: ts, emoji: emoji[name] ?? `:${name}:`, removed }));
  }

  fault({ what, times = 1, retryAfterMs = 1000 }) {
    const method = /^(chat\.postMessage|files\.completeUploadExternal)$/;
    const kinds = {
      limit: { status: 429, retry_after: Math.max(1, Math.ceil(retryAfterMs / 1000)) },
      "server-error": { status: 503 },
      "lost-answer": { cut: "after" },
      "not-sent": { cut: "before" },
      stall: { stall: true },
    };
    if (!kinds[what]) throw new Error(`Slack has no fault like ${what}`);
    this.slack.fault({ method, times, ...kinds[what] });
  }
  drop() {
    this.slack.drop();
  }

  async signatures(kind) {
    const body = JSON.stringify(this.slack.callback({ type: "app_home_opened", user: this.people.ada.id, channel: this.slack.direct(this.people.ada.id), tab: "home", event_ts: this.slack.ts() }));
    const now = Math.floor(Date.now() / 1000);
    const ask = (options) => this.slack.request(body, options);
    switch (kind) {
      case "good":
        return (await ask()).status;
      case "missing":
        return (await ask({ headers: { "x-slack-signature": undefined } })).status;
      case "wrong":
        return (await ask({ signature: `v0=${"0".repeat(64)}` })).status;
      case "stale":
        return (await ask({ timestamp: now - 600 })).status;
      case "replayed": {
        const once = { timestamp: now, signature: this.slack.signature(now, body) };
        await ask(once);
        return (await ask(once)).status;
      }
      default:
        return undefined;
    }
  }

  async stop() {
    await this.slack.stop();
  }
}
