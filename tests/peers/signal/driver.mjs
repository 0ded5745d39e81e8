// Signal for the suite of all messengers: the verbs of tests/channels/README.md over the daemon of fake.mjs.
import { until } from "../../journeys/lib/waiting.mjs";
import { FakeSignal } from "./fake.mjs";

const teamId = "VGVhbSBvZiB0aGUgY2xhdywgMzIgYnl0ZXMgbG9uZyE=";
const uuid = (number) => `11111111-2222-4333-8444-${String(number).padStart(12, "0")}`;
const direct = (call) => [call.params.recipient, call.params.username].flat().filter(Boolean);

export class Driver {
  static channel = "signal";
  static label = "Signal";
  static unit = "utf16";
  static limit = 4000; // Signal takes 64 KB; this is where OpenClaw and we split
  static idempotent = false;
  static typingRefreshMs = 10000;
  static none = {
    6: "Signal has no threads.",
    20: "signal-cli 0.13 neither tells that an attachment is a voice note nor sends one as such.",
    32: "signal-cli calls nobody: its events come by a stream that we open.",
  };
  static recorded = false;

  // Eve hides her number. Signal knows no bots: the only robot that is there is our own account, on another device.
  people = {
    ada: { id: "+15550000007", uuid: uuid(7), name: "Ada" },
    bo: { id: "+15550000008", uuid: uuid(8), name: "Bo" },
    eve: { id: `uuid:${uuid(9)}`, uuid: uuid(9), name: "Eve" },
  };

  static async start() {
    const driver = new Driver();
    const fake = await FakeSignal.start();
    driver.fake = fake;
    driver.people.robot = { id: fake.number, uuid: fake.uuid, name: "Claw" };
    driver.secrets = [fake.challenge];
    const { ada, bo } = driver.people;
    fake.groups.set(teamId, { name: "Team", members: [ada.id, bo.id] });
    fake.contacts = [ada, bo].map(({ id, uuid: own, name }) => ({ number: id, uuid: own, username: null, name, profile: {} }));
    return driver;
  }

  settings({ rooms, webhooks, ...more } = {}) {
    const settings = { account: this.fake.number, httpUrl: this.fake.url, ...more };
    if (rooms) settings.groups = Object.fromEntries(Object.values(rooms).map((room) => [teamId, room]));
    return settings;
  }

  badCredentials() {
    return { account: "+15550001234", httpUrl: this.fake.url };
  }

  person(number) {
    const key = `person${number}`;
    this.people[key] ??= { id: `+1555100${String(number).padStart(4, "0")}`, uuid: uuid(10000 + number), name: `Person ${number}` };
    return key;
  }

  /** What reads the stream for a gateway outlives it, so a stream alone does not say that the gateway is there. */
  async ready(gateway) {
    const connected = async () => {
      if (this.fake.listeners === 0) return false;
      const client = await gateway.client();
      const status = await client.request("channels.status", {});
      await client.close();
      return status.channelAccounts.signal[0].connected;
    };
    await until(connected, "the gateway to listen to signal-cli's events");
  }

  #sender(from) {
    const { id, uuid: own, name } = this.people[from];
    return { number: id.startsWith("+") ? id : null, uuid: own, name };
  }

  #recipient(person) {
    const { id } = this.people[person];
    return id.startsWith("uuid:") ? id.slice(5) : id;
  }

  #send(from, room, content, timestamp) {
    const group = room && { groupInfo: { groupId: teamId, groupName: "Team", revision: 3, type: "DELIVER" } };
    const inner = content.editMessage ? { editMessage: { ...content.editMessage, dataMessage: { ...content.editMessage.dataMessage, ...group } } } : { dataMessage: { ...content.dataMessage, ...group } };
    const envelope = this.fake.envelope(this.#sender(from), inner, timestamp);
    this.fake.deliver(envelope);
    return { id: String(envelope.timestamp), room, from, envelope };
  }

  async say({ from = "ada", room, text = "", mention = false, replyTo, files = [] }) {
    const dataMessage = { message: mention ? `\ufffc ${text}` : text };
    const { number, uuid: own } = this.fake;
    if (mention) dataMessage.mentions = [{ name: number, number, uuid: own, start: 0, length: 1 }];
    if (replyTo) dataMessage.quote = this.#quote(replyTo);
    if (files.length > 0) dataMessage.attachments = files.map((file) => this.#attach(file));
    return this.#send(from, room, { dataMessage });
  }

  #quote(id) {
    const mine = this.fake.done("send").find((call) => String(call.timestamp) === id);
    const author = mine ? { number: this.fake.number, uuid: this.fake.uuid } : this.#sender("bo");
    return { id: Number(id), author: author.number, authorNumber: author.number, authorUuid: author.uuid, text: mine?.params.message ?? "" };
  }

  #attach({ name, type, bytes }) {
    const id = `${this.fake.now()}.${name.split(".").at(-1)}`;
    this.fake.attachments.set(id, bytes);
    return { contentType: type, filename: name, id, size: bytes.length, width: null, height: null, caption: null, uploadTimestamp: this.fake.now() };
  }

  async edit(message, text) {
    this.#send(message.from, message.room, { editMessage: { targetSentTimestamp: Number(message.id), dataMessage: { message: text } } });
  }

  async remove(message) {
    this.#send(message.from, message.room, { dataMessage: { remoteDelete: { timestamp: Number(message.id) } } });
  }

  async react(message, emoji, { from = "ada" } = {}) {
    const author = message.envelope ? this.#sender(message.from) : { number: this.fake.number, uuid: this.fake.uuid };
    const reaction = { emoji, targetAuthor: author.number, targetAuthorNumber: author.number, targetAuthorUuid: author.uuid, targetSentTimestamp: Number(message.id), isRemove: false };
    this.#send(from, message.room, { dataMessage: { reaction } });
  }

  command({ from = "ada", room, name, args = "" }) {
    return this.say({ from, room, text: `/${name} ${args}`.trim() });
  }

  async again({ envelope }) {
    this.fake.deliver(envelope);
  }

  async raw(what) {
    const whole = { envelope: this.fake.envelope(this.#sender("ada"), { dataMessage: { message: "TEXT" } }), account: this.fake.number };
    const around = (text) => JSON.stringify(whole).split('"TEXT"').join(text);
    const send = (text) => this.fake.raw(Buffer.from(text));
    switch (what) {
      case "not-json":
        return send("<html>502</html>");
      case "wrong-types":
        send(JSON.stringify({ envelope: { source: 7, sourceNumber: [], sourceUuid: {}, timestamp: "soon", dataMessage: "x" }, account: this.fake.number }));
        send(around('{"a":1}'));
        return send(JSON.stringify({ ...whole, envelope: { ...whole.envelope, dataMessage: { timestamp: [], message: 5, mentions: 7, attachments: [7, { id: [] }], quote: 3, groupInfo: "x" } } }));
      case "missing-fields":
        send("{}");
        return send(JSON.stringify({ envelope: {}, account: this.fake.number }));
      case "unknown-fields":
        return send(JSON.stringify({ envelope: { ...whole.envelope, dataMessage: undefined, messageOfTomorrow: { a: [1] } }, surprise: 1, account: this.fake.number }));
      case "deep":
        return send(around(`${"[".repeat(100000)}${"]".repeat(100000)}`));
      case "huge":
        return send(around(JSON.stringify("x".repeat(10 * 1024 * 1024))));
      case "bad-utf8": {
        const [before, after] = JSON.stringify(whole).split("TEXT");
        return this.fake.raw(Buffer.concat([Buffer.from(before), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from(after)]));
      }
      default:
        throw new Error(`no such raw event: ${what}`);
    }
  }

  #sentTo(call, { room, person }) {
    return room ? call.params.groupId === teamId : direct(call).includes(this.#recipient(person));
  }

  sent({ room, person = "ada" } = {}) {
    const found = [];
    for (const call of this.fake.calls) {
      if (call.refused || !this.#sentTo(call, { room, person })) continue;
      const { message = "", textStyle = [], attachments = [], quoteTimestamp, editTimestamp, targetTimestamp } = call.params;
      const markup = [message, ...textStyle.map((style) => `<${style}>`)].join("\n");
      if (call.method === "send" && editTimestamp !== undefined) {
        const edited = found.find((one) => one.id === String(editTimestamp));
        Object.assign(edited, { text: message, markup });
        edited.edits.push(message);
      } else if (call.method === "send") {
        const file = attachments.length > 0 ? FakeSignal.file(attachments[0]) : undefined;
        found.push({ id: String(call.timestamp), text: message, markup, replyTo: quoteTimestamp && String(quoteTimestamp), file, edits: [], removed: false });
      } else if (call.method === "remoteDelete") {
        const removed = found.find((one) => one.id === String(targetTimestamp));
        if (removed) removed.removed = true;
      }
    }
    return found;
  }

  typing() {
    return this.fake.done("sendTyping").map((call) => {
      const where = call.params.groupId ? { room: "team" } : { person: Object.keys(this.people).find((key) => direct(call).includes(this.#recipient(key))) };
      return { ...where, on: call.params.stop !== true, at: call.at };
    });
  }

  reactions() {
    return this.fake.done("sendReaction").map(({ params }) => ({ messageId: String(params.targetTimestamp), emoji: params.emoji, removed: params.remove === true }));
  }

  fault({ what, times = 1, retryAfterMs = 1000 }) {
    this.fake.fault({ what: what === "bad-markup" ? "bad-style" : what, times, retryAfterMs });
  }

  drop() {
    this.fake.dropStreams();
  }

  stop() {
    return this.fake.stop();
  }
}
