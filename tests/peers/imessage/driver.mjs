// iMessage for the suite of all messengers: the verbs of tests/channels/README.md over the imsg of fake.mjs.
import fs from "node:fs";
import path from "node:path";
import { until } from "../../journeys/lib/waiting.mjs";
import { FakeImsg } from "./fake.mjs";

const teamId = 500;
const scripted = "imsg drives Messages by scripts, which have no";

export class Driver {
  static channel = "imessage";
  static label = "iMessage";
  static unit = "utf16";
  static limit = 4000; // Messages takes more; this is where OpenClaw and we split
  static idempotent = false;
  static recorded = true;
  static none = {
    3: "iMessage's mentions are not in what imsg gives.",
    6: "iMessage has no threads that could be answered apart.",
    7: `${scripted} replies.`,
    11: "iMessage takes plain words: there is no markup to refuse.",
    12: `${scripted} edits.`,
    14: `${scripted} sign of typing.`,
    15: `${scripted} reactions.`,
    20: `${scripted} voice notes of their own kind.`,
    22: "Messages limits nothing that it would tell.",
    32: "imsg calls nobody: its messages come by a program that we start.",
  };

  people = {
    ada: { id: "+15550000007", name: "Ada", chat: 7 },
    bo: { id: "+15550000008", name: "Bo", chat: 8 },
    eve: { id: "eve@example.org", name: "Eve", chat: 9 },
    robot: { id: "+15550009999", name: "Claw", chat: 99 }, // the Mac's own account; there are no bots
  };

  static async start() {
    const driver = new Driver();
    driver.fake = await FakeImsg.start();
    for (const person of Object.values(driver.people)) {
      driver.#meet(person);
      // People have no names here but those of the Mac's address book, which imsg does not give.
      person.name = person.id;
    }
    driver.fake.chats.set(teamId, { identifier: "chat500", guid: "iMessage;+;chat500", name: "Team", participants: ["+15550000007", "+15550000008"] });
    driver.secrets = ["a private message of somebody"];
    return driver;
  }

  #meet({ id, chat }) {
    this.fake.chats.set(chat, { identifier: id, guid: `iMessage;-;${id}`, participants: [id] });
  }

  settings({ rooms, webhooks, streamMode, replyToMode, ...more } = {}) {
    const settings = { cliPath: this.fake.cliPath, includeAttachments: true, ...more };
    if (rooms) settings.groups = Object.fromEntries(Object.values(rooms).map((room) => [teamId, room]));
    return settings;
  }

  badCredentials() {
    return { cliPath: path.join(this.fake.folder, "not-there") };
  }

  person(number) {
    const key = `person${number}`;
    if (!this.people[key]) {
      this.people[key] = { id: `+1555100${String(number).padStart(4, "0")}`, name: `Person ${number}`, chat: 1000 + number };
      this.#meet(this.people[key]);
    }
    return key;
  }

  #seen = 0;
  async ready() {
    await until(() => this.fake.subscriptions > this.#seen, "the gateway to watch for messages");
    this.#seen = this.fake.subscriptions;
  }

  #insert(from, room, more) {
    const { id, chat } = this.people[from];
    const row = this.fake.row(room ? teamId : chat, { sender: id, is_from_me: from === "robot", ...more });
    this.fake.insert(row);
    return { id: row.guid, room, from, row };
  }

  // Who is spoken to is said in words here: the pattern of the suite's configuration.
  async say({ from = "ada", room, text = "", mention = false, replyTo, files = [] }) {
    const words = mention ? `hey claw, ${text}` : text;
    const more = { text: files.length > 0 ? `\ufffc${words}` : words, attachments: files.map((file) => this.#attach(file)) };
    if (replyTo) more.reply_to_guid = replyTo;
    return this.#insert(from, room, more);
  }

  #attach({ name, type, bytes }) {
    const file = path.join(this.fake.attachments, `${this.fake.guid()}-${name}`);
    fs.writeFileSync(file, bytes);
    return { filename: file, transfer_name: name, uti: "public.data", mime_type: type, total_bytes: bytes.length, is_sticker: false, original_path: file, missing: false };
  }

  async edit() {
    // imsg says nothing of edited messages.
  }
  async remove() {
    // Nor of removed ones.
  }

  async react(message, emoji, { from = "ada" } = {}) {
    const more = { text: `Reacted ${emoji} to a message`, is_reaction: true, reaction_type: "like", reaction_emoji: emoji, is_reaction_add: true, reacted_to_guid: message.id };
    return this.#insert(from, message.room, more);
  }

  command({ from = "ada", room, name, args = "" }) {
    return this.say({ from, room, text: `/${name} ${args}`.trim() });
  }

  async again({ row }) {
    this.fake.write({ row: row.id, again: true, line: (subscription) => JSON.stringify({ jsonrpc: "2.0", method: "message", params: { subscription, message: row } }) });
  }

  async raw(what) {
    const line = (text) => this.fake.write({ line: () => text });
    const around = (more) => JSON.stringify({ jsonrpc: "2.0", method: "message", params: { subscription: 1, message: this.fake.row(7, { sender: "+15550000007", ...more }) } });
    switch (what) {
      case "not-json":
        return line("imsg: something happened");
      case "wrong-types":
        line(JSON.stringify({ jsonrpc: "2.0", method: "message", params: { message: { id: {}, chat_id: [], sender: 7, text: 5, attachments: [7, "x"], is_group: "no" } } }));
        return line(JSON.stringify({ jsonrpc: "2.0", method: 7, params: "x" }));
      case "missing-fields":
        line("{}");
        return line(JSON.stringify({ jsonrpc: "2.0", method: "message", params: {} }));
      case "unknown-fields":
        return line(JSON.stringify({ jsonrpc: "2.0", method: "news", params: { of: "tomorrow" } }));
      case "deep":
        return line(around({}).replace('"text":""', `"text":${"[".repeat(100000)}${"]".repeat(100000)}`));
      case "huge":
        return line(around({ text: "x".repeat(10 * 1024 * 1024) }));
      case "bad-utf8":
        return line(Buffer.concat([Buffer.from(around({}).slice(0, 80)), Buffer.from([0xff, 0xfe, 0xc0])]));
      default:
        throw new Error(`no such raw event: ${what}`);
    }
  }

  #sentTo({ params }, { room, person }) {
    const { id, chat } = this.people[person] ?? {};
    return room ? params.chat_id === teamId : params.chat_id === chat || params.to === id;
  }

  sent({ room, person = "ada" } = {}) {
    return this.fake.calls
      .filter((call) => call.method === "send" && !call.refused && this.#sentTo(call, { room, person }))
      .map(({ params, guid, file }) => ({ id: guid, text: params.text ?? "", markup: params.text ?? "", file: file && { ...file, voice: false }, edits: [], removed: false }));
  }

  typing() {
    return [];
  }

  reactions() {
    return [];
  }

  fault({ what, times = 1 }) {
    const faults = { limit: "failed", "server-error": "failed", "lost-answer": "lost-answer", "not-sent": "not-read", "bad-markup": "failed", stall: "stall" };
    this.fake.fault({ what: faults[what], times });
  }

  drop() {
    this.fake.drop();
  }

  stop() {
    return this.fake.stop();
  }
}
