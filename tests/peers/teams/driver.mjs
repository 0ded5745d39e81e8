// Teams for the suite of all messengers: the verbs of tests/channels/README.md over the Bot Framework of fake.mjs.
import { until } from "../../journeys/lib/waiting.mjs";
import { freePort } from "../free_port.mjs";
import { FakeTeams, shown } from "./fake.mjs";

const noReactions = "The Bot Framework gives bots no way to react to a message.";
// The room of the suite is a group chat; its threads are those of a team's channel, for only channels have threads in Teams.
const group = { id: "19:5d9f00aa@thread.v2", conversationType: "groupChat" };
const channel = { id: "19:c0ffee00@thread.tacv2", conversationType: "channel" };
const teamId = "19:7ea37ea3@thread.tacv2";
const reactionNames = { "👍": "like", "❤️": "heart", "😆": "laugh", "😮": "surprised", "😢": "sad", "😡": "angry" };

export class Driver {
  static channel = "msteams";
  static label = "Microsoft Teams";
  static unit = "bytes";
  static limit = 28 * 1024;
  static idempotent = false;
  static none = {
    15: noReactions,
    20: "Teams has no voice notes for bots: people cannot send one to a bot, and a bot cannot send one.",
  };
  static recorded = false;
  static typingRefreshMs = 3500;

  people = {};
  #threads = new Map(); // name → id of the first message

  static async start() {
    const driver = new Driver();
    driver.fake = await FakeTeams.start();
    for (const [key, name] of [["ada", "Ada"], ["bo", "Bo"], ["eve", "Eve"], ["robot", "Robot"]]) driver.#add(key, name);
    driver.people.robot.bot = true;
    return driver;
  }

  get secrets() {
    return [this.fake.password, ...this.fake.tokens.keys()];
  }

  #add(key, name) {
    const number = Object.keys(this.people).length + 1;
    this.people[key] = { id: `00000000-0000-4000-8000-${String(number).padStart(12, "0")}`, name, teamsId: `29:1-${key}` };
  }

  person(number) {
    const key = `person${number}`;
    if (!this.people[key]) this.#add(key, `Person ${number}`);
    return key;
  }

  settings({ rooms, webhooks, ...more } = {}) {
    const { appId, password, tenant, url, serviceUrl } = this.fake;
    const settings = {
      appId,
      appPassword: password,
      tenantId: tenant,
      serviceUrl,
      loginUrl: url,
      openIdMetadataUrl: `${url}/v1/.well-known/openidconfiguration`,
      ...more,
    };
    if (rooms) settings.teams = Object.fromEntries(Object.values(rooms).flatMap((room) => [[group.id, room], [teamId, { channels: { [channel.id]: room } }]]));
    return settings;
  }

  badCredentials() {
    return { ...this.settings(), appPassword: "not-the-password-at-all" };
  }

  async config() {
    const port = await freePort();
    this.fake.endpoint = `http://127.0.0.1:${port}/api/messages`;
    return { webhooks: { port } };
  }

  /** The endpoint is there once the bot has signed in: it refuses what nobody signed. */
  ready() {
    return until(() => this.fake.post("{}").then((status) => status === 401, () => false), "the bot's endpoint");
  }

  #from(key) {
    const { id, name, teamsId, bot } = this.people[key];
    return bot ? { id: `28:${id}`, name } : { id: teamsId, name, aadObjectId: id };
  }

  #place(from, room, thread) {
    if (!room) return { conversation: { id: `a:1-${from}`, conversationType: "personal" } };
    if (!thread) return { conversation: group };
    const root = this.#root(thread);
    return {
      conversation: { ...channel, id: `${channel.id};messageid=${root}` },
      channelData: { tenant: { id: this.fake.tenant }, team: { id: teamId, name: "Team" }, channel: { id: channel.id, name: "General" } },
    };
  }

  #root(thread) {
    if (!this.#threads.has(thread)) {
      const id = this.fake.id();
      this.fake.conversation(channel.id, "channel").activities.set(id, { mine: false, text: thread });
      this.#threads.set(thread, id);
    }
    return this.#threads.get(thread);
  }

  #message({ from = "ada", room, thread, text = "", mention = false, replyTo, files = [] }) {
    const place = this.#place(from, room, thread);
    const mark = `<at>${this.fake.botName}</at>`;
    const words = mention ? `${mark}&nbsp;${text}` : text;
    const more = { text: words };
    if (mention) more.entities = [{ type: "mention", text: mark, mentioned: { id: this.fake.botId, name: this.fake.botName } }];
    const attachments = files.map((file) => this.#attach(file));
    if (replyTo) attachments.push(this.#quote(place.conversation.id, replyTo, text));
    if (attachments.length > 0) more.attachments = attachments;
    const activity = this.fake.activity({ from: this.#from(from), ...place, ...more });
    if (thread) activity.replyToId = this.#root(thread);
    return { id: activity.id, room, thread, from, activity };
  }

  async say(what) {
    const message = this.#message(what);
    await this.fake.deliver(message.activity);
    return message;
  }

  #attach({ name, type, bytes }) {
    const path = `/files/${this.fake.files.size}/${encodeURIComponent(name)}`;
    const picture = type.startsWith("image/");
    this.fake.files.set(path, { bytes, type, token: picture });
    if (picture) return { contentType: "image/*", contentUrl: `${this.fake.url}${path}` };
    const content = { downloadUrl: `${this.fake.url}${path}`, uniqueId: name, fileType: name.split(".").at(-1) };
    return { contentType: "application/vnd.microsoft.teams.file.download.info", contentUrl: `https://contoso.sharepoint.com/${name}`, name, content };
  }

  /** The form in which Teams shows an answer to a message. */
  #quote(conversation, id, text) {
    const quoted = this.fake.conversations.get(conversation)?.activities.get(id);
    const who = quoted?.mine ? { id: this.fake.botId, name: this.fake.botName } : { id: this.people.bo.teamsId, name: "Bo" };
    const block = `<blockquote itemscope="" itemtype="http://schema.skype.com/Reply" itemid="${id}">\r\n<strong itemprop="mri" itemid="${who.id}">${who.name}</strong><span itemprop="time" itemid="${id}"></span>\r\n<p itemprop="preview">${quoted?.text ?? ""}</p>\r\n</blockquote>`;
    return { contentType: "text/html", content: `${block}\r\n<p>${text}</p>` };
  }

  async edit({ activity }, text) {
    await this.fake.deliver({ ...activity, type: "messageUpdate", text, channelData: { ...activity.channelData, eventType: "editMessage" } });
  }

  async remove({ activity }) {
    await this.fake.deliver({ ...activity, type: "messageDelete", text: undefined, channelData: { ...activity.channelData, eventType: "softDeleteMessage" } });
  }

  async react(message, emoji, { from = "ada" } = {}) {
    const reaction = { type: "messageReaction", replyToId: message.id, reactionsAdded: [{ type: reactionNames[emoji] ?? emoji }] };
    await this.fake.deliver(this.fake.activity({ from: this.#from(from), ...this.#place(from, message.room, message.thread), ...reaction }));
  }

  command({ name, args = "", ...more }) {
    return this.say({ ...more, text: `/${name} ${args}`.trim(), mention: more.room !== undefined });
  }

  async again({ activity }) {
    await this.fake.deliver(activity);
  }

  async raw(what) {
    const { activity } = this.#message({ text: "broken" });
    const send = (body) => this.fake.deliver(activity, { body, once: true });
    const text = JSON.stringify(activity);
    switch (what) {
      case "not-json":
        return send("<html>502 Bad Gateway</html>");
      case "wrong-types":
        return send(JSON.stringify({ ...activity, id: 5, from: [], conversation: "one", text: { a: 1 }, entities: "none", attachments: 7, channelData: [] }));
      case "missing-fields":
        return send(JSON.stringify({ type: "message", serviceUrl: activity.serviceUrl, channelId: "msteams" }));
      case "unknown-fields":
        return send(JSON.stringify({ ...activity, type: "messageOfTomorrow", surprise: [1] }));
      case "deep":
        return send(`${text.slice(0, -1)},"value":${"[".repeat(100000)}${"]".repeat(100000)}}`);
      case "huge":
        return send(JSON.stringify({ ...activity, text: "x".repeat(10 * 1024 * 1024) }));
      case "bad-utf8":
        return send(Buffer.concat([Buffer.from(text.slice(0, -1)), Buffer.from(',"value":"'), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from('"}')]));
      default:
        throw new Error(`no such raw event: ${what}`);
    }
  }

  #ids({ room, person }) {
    return room ? [group.id, channel.id] : [`a:1-${person}`];
  }

  sent({ room, person = "ada", thread } = {}) {
    const ids = this.#ids({ room, person });
    const found = [];
    for (const { method, conversation = "", activityId, body, status, id } of this.fake.calls) {
      const [place, root] = conversation.split(";messageid=");
      if (!ids.includes(place) || !(status >= 200 && status < 300)) continue;
      const edited = found.find((message) => message.id === activityId);
      if (method === "PUT" && edited) {
        Object.assign(edited, { text: shown(body), markup: body.text });
        edited.edits.push(edited.text);
      }
      if (method === "DELETE" && edited) edited.removed = true;
      if (method === "POST" && body?.type === "message") found.push(this.#sent(body, id, root));
    }
    return thread ? found.filter((message) => message.thread === thread) : found;
  }

  #sent(body, id, root) {
    const attached = body.attachments?.[0];
    const data = /^data:([^;]+);base64,(.*)$/.exec(attached?.contentUrl ?? "");
    return {
      id,
      text: shown(body),
      markup: body.text,
      replyTo: body.replyToId,
      thread: [...this.#threads].find(([, first]) => first === root)?.[0],
      file: data ? { name: attached.name, type: data[1], bytes: Buffer.from(data[2], "base64"), voice: false } : undefined,
      edits: [],
      removed: false,
    };
  }

  typing() {
    const signs = this.fake.calls.filter(({ body, status }) => body?.type === "typing" && status === 201);
    return signs.map(({ conversation, at }) => {
      const place = conversation.split(";")[0];
      const person = Object.keys(this.people).find((key) => place === `a:1-${key}`);
      return { ...(person ? { person } : { room: "team" }), on: true, at };
    });
  }

  reactions() {
    return [];
  }

  fault({ what, times = 1, retryAfterMs = 1000 }) {
    const faults = {
      limit: { status: 429, code: "TooManyRequests", retryAfter: Math.ceil(retryAfterMs / 1000) },
      "server-error": { status: 502, code: "BadGateway" },
      "lost-answer": { drop: "after" },
      "not-sent": { drop: "before" },
      "bad-markup": { markup: true, status: 400, code: "BadSyntax" },
      stall: { stall: true },
    };
    this.fake.fault({ ...faults[what], times });
  }

  drop() {
    this.fake.dropConnections();
  }

  async signatures(kind) {
    const hour = 3600;
    const now = Math.floor(Date.now() / 1000);
    const { activity } = this.#message({ text: `signature ${kind}` });
    const signs = { missing: null, wrong: { key: "other" }, stale: { claims: { nbf: now - 2 * hour, exp: now - hour } }, good: {}, replayed: {} };
    if (kind === "good") this.#last = activity;
    return this.fake.deliver(kind === "replayed" ? this.#last : activity, { sign: signs[kind], once: true });
  }
  #last;

  stop() {
    return this.fake.stop();
  }
}
