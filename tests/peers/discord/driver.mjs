// Discord for the suite of all messengers (tests/channels): what people do, and what they see of the bot.
import { until } from "../../journeys/lib/waiting.mjs";
import { FakeDiscord } from "./fake.mjs";
import { shown } from "./shown.mjs";

export class Driver {
  static channel = "discord";
  static label = "Discord";
  static unit = "codepoints";
  static limit = 2000;
  static idempotent = true;
  static none = {
    11: "Discord takes any text: what is no markup there is shown as it is written.",
    32: "Events come by a connection that the bot opens; Discord calls no address of ours.",
  };
  static recorded = false;
  static typingRefreshMs = 8000;

  static async start() {
    const driver = new Driver();
    driver.fake = await FakeDiscord.start();
    driver.people = {};
    for (const [key, id, name, bot] of [["ada", "7", "Ada"], ["bo", "8", "Bo"], ["eve", "9", "Eve"], ["robot", "10", "Robot", true]]) driver.#add(key, id, name, bot);
    driver.team = driver.fake.addChannel({ id: "600", type: 0, name: "team" });
    driver.threads = new Map();
    return driver;
  }

  #add(key, id, name, bot = false) {
    this.people[key] = { id, name };
    this.fake.addUser({ id, username: `${key}_${id}`, global_name: name, bot });
    return key;
  }
  person(number) {
    const key = `person${number}`;
    return this.people[key] ? key : this.#add(key, String(10000 + number), `Person ${number}`);
  }

  get secrets() {
    return [this.fake.token];
  }

  settings({ rooms, webhooks, ...more } = {}) {
    const channels = Object.fromEntries(Object.entries(rooms ?? {}).map(([, room]) => [this.team.id, room]));
    return { token: this.fake.token, restBase: `${this.fake.url}/api`, ...more, ...(rooms && { guilds: { [this.fake.guild.id]: { channels } } }) };
  }
  badCredentials() {
    return { ...this.settings(), token: "MTAw.not.the-token" };
  }

  async ready() {
    await until(() => this.fake.gateway.live.length > 0, "the bot to be connected to the gateway", { milliseconds: 60000 });
  }

  #author(from) {
    const user = this.fake.users.get(this.people[from].id);
    user.global_name = this.people[from].name; // people call themselves what they like
    return user;
  }
  #place({ from, room, thread }) {
    if (!room) return this.fake.direct(this.people[from].id);
    if (!thread) return this.team;
    if (!this.threads.has(thread)) this.threads.set(thread, this.fake.addThread(this.team.id, thread));
    return this.threads.get(thread);
  }

  async say({ from = "ada", room, thread, text = "", mention = false, replyTo, files = [] }) {
    const channel = this.#place({ from, room, thread });
    const voice = files.some((file) => file.voice);
    const attachments = files.map(({ name, type, bytes }) => this.fake.attach(name, type, bytes, voice ? { duration_secs: 1, waveform: "AAAA" } : {}));
    const content = mention ? `<@${this.fake.me.id}> ${text}` : text;
    const message = this.fake.post(channel.id, this.#author(from), { content, replyTo, attachments, flags: voice ? 1 << 13 : 0 });
    return { id: message.id, room, thread };
  }

  #find(id) {
    return [...this.fake.messages.values()].flat().find((message) => message.id === id);
  }
  async edit(message, text) {
    const found = this.#find(message.id);
    Object.assign(found, { content: text, edited_timestamp: new Date().toISOString() });
    this.fake.tell("MESSAGE_UPDATE", found);
  }
  async remove(message) {
    const found = this.#find(message.id);
    found.kept.removed = true;
    const channel = this.fake.channels.get(found.channel_id);
    this.fake.gateway.dispatch("MESSAGE_DELETE", { id: found.id, channel_id: channel.id, ...(channel.guild_id && { guild_id: channel.guild_id }) });
  }
  async react(message, emoji, { from = "ada" } = {}) {
    const found = this.#find(message.id);
    const channel = this.fake.channels.get(found.channel_id);
    const user = this.#author(from);
    this.fake.gateway.dispatch("MESSAGE_REACTION_ADD", {
      user_id: user.id,
      channel_id: channel.id,
      message_id: found.id,
      message_author_id: found.author.id,
      emoji: { id: null, name: emoji },
      burst: false,
      type: 0,
      ...(channel.guild_id && { guild_id: channel.guild_id, member: this.fake.member(user) }),
    });
  }

  async command({ from = "ada", room, name, args }) {
    const options = args ? [{ name: "arguments", type: 3, value: args }] : [];
    return this.fake.interact(this.#author(from), this.#place({ from, room }), { id: "800", name, type: 1, options });
  }
  get commands() {
    return this.fake.commands.map((command) => command.name);
  }

  async again(message) {
    this.fake.tell("MESSAGE_CREATE", this.#find(message.id));
  }

  async raw(what) {
    const { gateway } = this.fake;
    const ada = this.#author("ada");
    const place = { channel_id: this.fake.direct(ada.id).id, channel_type: 1 };
    const create = (d) => gateway.dispatch("MESSAGE_CREATE", d);
    if (what === "not-json") gateway.bytes(Buffer.from('{"op":0,"t":"MESSAGE_CREATE",'));
    else if (what === "wrong-types") {
      create({ ...place, id: 5, author: [], content: {}, mentions: "nobody", attachments: { id: 1 } });
      gateway.op({ op: "0", d: "what", t: 7, s: "x" });
      gateway.op({ op: 0, t: "MESSAGE_CREATE", s: null, d: null });
      gateway.bytes(Buffer.from("[1,2,3]"));
    } else if (what === "missing-fields") {
      create({ ...place });
      gateway.dispatch("INTERACTION_CREATE", { type: 2 });
      gateway.op({});
    } else if (what === "unknown-fields") {
      gateway.dispatch("SOMETHING_NEW", { anything: true });
      gateway.op({ op: 99, d: { new: true } });
    } else if (what === "deep") gateway.bytes(Buffer.from(`{"op":0,"s":null,"t":"MESSAGE_CREATE","d":${"[".repeat(100000)}${"]".repeat(100000)}}`));
    else if (what === "huge") gateway.bytes(Buffer.alloc(20 * 1024 * 1024, "x"));
    else if (what === "bad-utf8") gateway.bytes(Buffer.concat([Buffer.from('{"op":0,"t":"X","s":null,"d":"'), Buffer.from([0xff, 0xfe]), Buffer.from('"}')]));
    else throw new Error(`there is no ${what}`);
  }

  #seen(message, thread) {
    const [attachment] = message.attachments;
    const file = attachment && {
      name: attachment.filename,
      type: attachment.content_type,
      bytes: this.fake.files.get(new URL(attachment.url).pathname).bytes,
      voice: Boolean(message.flags & (1 << 13)),
    };
    return {
      id: message.id,
      text: shown(message.content),
      markup: message.content,
      replyTo: message.message_reference?.message_id,
      thread,
      file,
      edits: message.kept.edits.map(shown),
      removed: message.kept.removed,
    };
  }
  sent({ room, person = "ada", thread } = {}) {
    const own = (channel, name) =>
      (channel ? this.fake.messages.get(channel.id) : []).filter((message) => message.author.id === this.fake.me.id).map((message) => this.#seen(message, name));
    if (!room) return own([...this.fake.channels.values()].find((channel) => channel.type === 1 && channel.recipients[0].id === this.people[person].id));
    if (thread) return own(this.threads.get(thread), thread);
    return [...own(this.team), ...[...this.threads].flatMap(([name, channel]) => own(channel, name))];
  }

  typing() {
    return this.fake.typing.map(({ channel, at }) => {
      const person = channel.type === 1 && Object.keys(this.people).find((key) => this.people[key].id === channel.recipients[0].id);
      return { ...(person ? { person } : { room: "team" }), on: true, at };
    });
  }
  reactions() {
    return this.fake.reactions.map((reaction) => ({ ...reaction }));
  }

  fault(fault) {
    this.fake.fault(fault);
  }
  drop() {
    this.fake.gateway.cut();
  }
  async stop() {
    await this.fake.stop();
  }
}
