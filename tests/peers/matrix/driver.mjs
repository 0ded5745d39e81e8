// Matrix for the suite of all messengers: the verbs of tests/channels/README.md over the homeserver of fake.mjs.
import { until } from "../../journeys/lib/waiting.mjs";
import { FakeMatrix } from "./fake.mjs";

const kinds = [["image/", "m.image"], ["audio/", "m.audio"], ["video/", "m.video"]];

export class Driver {
  static channel = "matrix";
  static label = "Matrix";
  static unit = "bytes";
  static limit = 65536; // of a whole event
  static idempotent = true;
  static none = {
    11: "A homeserver takes any text as formatted_body and judges no markup.",
    32: "Events come by /sync, which the gateway opens; there are no webhooks.",
  };
  static recorded = false;

  people = {};
  #direct = new Map();
  #threads = new Map();
  #seen = 0;

  static async start() {
    const driver = new Driver();
    const fake = (driver.fake = await FakeMatrix.start());
    const { world } = fake;
    driver.me = world.addUser("claw").id;
    driver.token = fake.token(driver.me);
    driver.secrets = [driver.token];
    for (const name of ["ada", "bo", "eve", "robot"]) driver.#add(name);
    const { ada, bo, eve, robot } = driver.people;
    driver.team = world.createRoom(ada.id, { name: "Team", invite: [bo.id, eve.id, robot.id, driver.me] });
    for (const { id } of [bo, eve, robot]) world.join(driver.team.id, id);
    return driver;
  }

  #add(key) {
    const user = this.fake.world.addUser(key);
    this.people[key] = { id: user.id, name: user.displayname };
  }

  person(number) {
    const key = `person${number}`;
    if (!this.people[key]) this.#add(key);
    return key;
  }

  settings({ rooms, ...more } = {}) {
    const settings = { homeserver: this.fake.url, accessToken: this.token, ...more };
    if (rooms) settings.groups = Object.fromEntries(Object.values(rooms).map((room) => [this.team.id, room]));
    return settings;
  }

  badCredentials() {
    return { homeserver: this.fake.url, accessToken: "syt_wrong" };
  }

  /** It waits for events, and is in the room. */
  ready() {
    const from = this.#seen;
    this.#seen = this.fake.calls.length;
    const polls = () => this.fake.calls.slice(from).some((call) => call.path.endsWith("/sync") && !call.query.full_state);
    return until(() => polls() && this.team.members.get(this.me) === "join", "the bot to wait for events in its room");
  }

  // Whoever writes to somebody for the first time invites them, and says what there is to say without waiting for them.
  #room(from, room) {
    if (room) return this.team;
    if (!this.#direct.has(from)) this.#direct.set(from, this.fake.world.createRoom(this.people[from].id, { direct: true, invite: [this.me] }));
    return this.#direct.get(from);
  }

  #thread(room, name) {
    if (!this.#threads.has(name)) {
      const root = this.fake.world.take(room.id, this.people.bo.id, "m.room.message", { msgtype: "m.text", body: `about ${name}` });
      this.#threads.set(name, root.event_id);
    }
    return this.#threads.get(name);
  }

  async say({ from = "ada", room: where, thread, text = "", mention = false, replyTo, files = [] }) {
    const { world } = this.fake;
    const { id, name } = this.people[from];
    const room = this.#room(from, where);
    const user = world.users.get(id);
    if (user.displayname !== name) {
      user.displayname = name;
      world.member(room, id, id, "join");
    }
    const common = { "m.mentions": mention ? { user_ids: [this.me] } : {} };
    if (thread) {
      const root = this.#thread(room, thread);
      common["m.relates_to"] = { rel_type: "m.thread", event_id: root, is_falling_back: true, "m.in_reply_to": { event_id: root } };
    }
    if (replyTo) common["m.relates_to"] = { ...common["m.relates_to"], is_falling_back: false, "m.in_reply_to": { event_id: replyTo } };
    const words = mention ? `Claw: ${text}` : text;
    const contents = files.map((file, index) => this.#file(file, index === 0 ? words : ""));
    if (!files.length) {
      const pill = { format: "org.matrix.custom.html", formatted_body: `<a href="https://matrix.to/#/${this.me}">Claw</a>: ${text}` };
      contents.push({ msgtype: from === "robot" ? "m.notice" : "m.text", body: words, ...(mention && pill) });
    }
    const events = contents.map((content) => world.take(room.id, id, "m.room.message", { ...content, ...common }));
    // A bot that is there follows the invitation before anybody else says something: what comes next must not overtake this.
    const invited = () => room.members.get(this.me) !== "join";
    if (invited()) await until(() => !invited(), "the bot to come", { milliseconds: 1000 }).catch(() => {});
    return { id: events[0].event_id, room: where, thread, roomId: room.id, sender: id, event: events[0] };
  }

  #file({ name, type, bytes, voice }, words) {
    const id = `file${this.fake.media.size}`;
    this.fake.media.set(id, { bytes, type: bytes.toString("latin1").startsWith("<!DOCTYPE") ? "text/html" : type });
    const msgtype = kinds.find(([prefix]) => type.startsWith(prefix))?.[1] ?? "m.file";
    const info = { mimetype: type, size: bytes.length };
    const content = { msgtype, body: words || name, filename: name, url: `mxc://${this.fake.world.serverName}/${id}`, info };
    return voice ? { ...content, "org.matrix.msc3245.voice": {} } : content;
  }

  async edit({ id, roomId, sender }, text) {
    const content = { msgtype: "m.text", body: `* ${text}`, "m.new_content": { msgtype: "m.text", body: text }, "m.relates_to": { rel_type: "m.replace", event_id: id } };
    this.fake.world.take(roomId, sender, "m.room.message", content);
  }

  async remove({ id, roomId, sender }) {
    this.fake.world.redact(roomId, sender, id);
  }

  async react({ id, room, roomId }, emoji, { from = "ada" } = {}) {
    const content = { "m.relates_to": { rel_type: "m.annotation", event_id: id, key: emoji } };
    this.fake.world.take(roomId ?? this.#room(from, room).id, this.people[from].id, "m.reaction", content);
  }

  command({ name, args, ...where }) {
    return this.say({ ...where, text: `/${name} ${args ?? ""}`.trim() });
  }

  async again({ roomId, event }) {
    const { type, sender, content, event_id } = event;
    this.fake.world.append(this.fake.world.rooms.get(roomId), sender, type, content).event_id = event_id;
  }

  async raw(what) {
    const { world } = this.fake;
    const ada = this.people.ada.id;
    const room = this.#room("ada");
    const put = (raw) => world.append(room, ada, "m.room.message", {}, { raw });
    const message = (body, more = "") => `{"type":"m.room.message","event_id":"$raw${world.position}","sender":"${ada}","content":{"msgtype":"m.text","body":${body}${more}}}`;
    switch (what) {
      case "not-json":
        return this.fake.garble();
      case "wrong-types":
        put(`{"type":"m.room.message","event_id":5,"sender":{},"content":7}`);
        put(`{"type":"m.room.message","event_id":"$types","sender":"${ada}","origin_server_ts":"soon","content":{"msgtype":"m.image","body":{"a":1},"url":[],"info":3,"m.relates_to":"x","m.mentions":[]}}`);
        return put("7");
      case "missing-fields":
        put(`{"type":"m.room.message","event_id":"$missing"}`);
        return put("{}");
      case "unknown-fields":
        return put(`{"type":"m.room.message.of.tomorrow","event_id":"$unknown","sender":"${ada}","content":{"surprise":[1]}}`);
      case "deep":
        return put(message(`"deep"`, `,"x":${"[".repeat(100000)}${"]".repeat(100000)}`));
      case "huge":
        return put(message(JSON.stringify("x".repeat(10 * 1024 * 1024))));
      case "bad-utf8":
        return put(Buffer.concat([Buffer.from(message('"')).subarray(0, -2), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from('"}}')]));
      default:
        throw new Error(`no such raw event: ${what}`);
    }
  }

  sent({ room, person = "ada", thread } = {}) {
    const events = (room ? this.team : this.#direct.get(person))?.events ?? [];
    const found = [];
    for (const event of events) {
      if (event.sender !== this.me || event.type !== "m.room.message") continue;
      const content = event.removed ?? event.content;
      const relation = content["m.relates_to"] ?? {};
      const edited = relation.rel_type === "m.replace" && found.find((message) => message.id === relation.event_id);
      if (edited) {
        const { body, formatted_body } = content["m.new_content"];
        Object.assign(edited, { text: body, markup: formatted_body ?? body });
        edited.edits.push(body);
      } else {
        found.push(this.#message(event, content, relation));
      }
    }
    return thread ? found.filter((message) => message.thread === thread) : found;
  }

  #message(event, content, relation) {
    const file = content.url && this.fake.media.get(content.url.split("/").at(-1));
    const text = file && content.body === content.filename ? "" : content.body;
    return {
      id: event.event_id,
      text,
      markup: content.formatted_body ?? text,
      replyTo: relation.is_falling_back ? undefined : relation["m.in_reply_to"]?.event_id,
      thread: relation.rel_type === "m.thread" ? [...this.#threads].find(([, root]) => root === relation.event_id)?.[0] : undefined,
      file: file && { name: content.filename, type: content.info.mimetype, bytes: file.bytes, voice: "org.matrix.msc3245.voice" in content },
      edits: [],
      removed: event.removed !== undefined,
    };
  }

  typing() {
    const of = (roomId) => (roomId === this.team.id ? { room: "team" } : { person: [...this.#direct].find(([, room]) => room.id === roomId)?.[0] });
    return this.fake.typings.filter(({ user }) => user === this.me).map(({ room, on, at }) => ({ ...of(room), on, at }));
  }

  reactions() {
    const mine = [...this.fake.world.rooms.values()].flatMap((room) => room.events.filter((event) => event.sender === this.me));
    const added = new Map();
    const log = [];
    for (const event of mine.sort((one, other) => one.position - other.position)) {
      if (event.type === "m.reaction") {
        const { event_id, key } = (event.removed ?? event.content)["m.relates_to"];
        added.set(event.event_id, { messageId: event_id, emoji: key });
        log.push({ messageId: event_id, emoji: key, removed: false });
      }
      if (event.type === "m.room.redaction" && added.has(event.redacts)) log.push({ ...added.get(event.redacts), removed: true });
    }
    return log;
  }

  fault(fault) {
    this.fake.fault(fault);
  }

  drop() {
    this.fake.dropConnections();
  }

  stop() {
    return this.fake.stop();
  }
}
