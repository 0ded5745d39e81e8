// Mattermost for the suite of all messengers: the verbs of tests/channels/README.md over fake.mjs.
import { until } from "../../journeys/lib/waiting.mjs";
import { FakeMattermost, newId, shown } from "./fake.mjs";

const emoji = { "👀": "eyes", "👍": "+1", "❤️": "heart" };

export class Driver {
  static channel = "mattermost";
  static label = "Mattermost";
  static unit = "codepoints";
  static limit = 16383;
  // The server knows a repeated pending_post_id for half a minute only, which a restart may outlast.
  static idempotent = false;
  static none = {
    11: "Mattermost's markdown is never refused: what it does not understand it shows as words.",
    20: "Mattermost has no voice notes: an audio file is a file.",
    32: "Mattermost's events come by a socket that the bot opens.",
  };
  static recorded = false;
  static typingRefreshMs = 4000;

  people = {};
  #threads = new Map();

  static async start() {
    const driver = new Driver();
    driver.fake = await FakeMattermost.start();
    for (const [key, name] of [["ada", "Ada"], ["bo", "Bo"], ["eve", "Eve"], ["robot", "Robot"]]) driver.#add(key, name, key === "robot");
    driver.secrets = [driver.fake.token];
    const members = [driver.fake.me.id, ...Object.values(driver.people).map(({ id }) => id)];
    driver.team = driver.fake.channel("O", "Team", members);
    return driver;
  }

  #add(key, name, is_bot = false) {
    const driver = this;
    const { id } = this.fake.user(key, { nickname: name, is_bot });
    this.people[key] = {
      id,
      get name() {
        return driver.fake.users.get(id).nickname;
      },
      set name(value) {
        driver.fake.users.get(id).nickname = value;
      },
    };
  }

  person(number) {
    const key = `person${number}`;
    if (!this.people[key]) this.#add(key, `Person ${number}`);
    return key;
  }

  settings({ rooms, webhooks, ...more } = {}) {
    const settings = { botToken: this.fake.token, baseUrl: this.fake.url, ...more };
    if (rooms) settings.groups = Object.fromEntries(Object.values(rooms).map((room) => [this.team.id, room]));
    return settings;
  }

  badCredentials() {
    return { ...this.settings(), botToken: "not-the-token-at-all" };
  }

  async ready() {
    const before = this.#seen;
    await until(() => this.fake.opened > before, "the bot to open its event socket");
    this.#seen = this.fake.opened;
    await this.say({ from: "eve", text: "the first words are of nobody" });
  }
  #seen = 0;

  #channel(from, room) {
    return room ? this.team : this.fake.direct(this.people[from].id);
  }

  #root(thread) {
    if (!this.#threads.has(thread)) {
      const root = this.fake.post({ user_id: this.people.bo.id, channel_id: this.team.id, message: `about ${thread}` });
      this.#threads.set(thread, root.id);
    }
    return this.#threads.get(thread);
  }

  async say({ from = "ada", room, thread, text = "", mention = false, replyTo, files = [] }) {
    const fields = { user_id: this.people[from].id, channel_id: this.#channel(from, room).id, message: mention ? `@${this.fake.me.username} ${text}` : text };
    if (thread) fields.root_id = this.#root(thread);
    if (replyTo) fields.root_id = this.fake.posts.get(replyTo).root_id || replyTo;
    if (this.fake.users.get(fields.user_id).is_bot) fields.props = { from_bot: "true" };
    fields.file_ids = files.map(({ name, type, bytes }) => this.fake.file(name, type, bytes));
    const post = this.fake.post(fields);
    return { id: post.id, room, thread, post };
  }

  async edit({ id }, text) {
    const post = this.fake.posts.get(id);
    Object.assign(post, { message: text, edit_at: this.fake.now(), update_at: this.fake.now() });
    this.fake.tell("post_edited", post);
  }

  async remove({ id }) {
    const post = this.fake.posts.get(id);
    post.delete_at = this.fake.now();
    this.fake.tell("post_deleted", post);
  }

  async react(message, sign, { from = "ada" } = {}) {
    this.fake.react(this.people[from].id, message.id, emoji[sign]);
  }

  // The clients keep words behind a slash to themselves, unless a space is before it.
  command({ name, args = "", ...more }) {
    return this.say({ ...more, text: ` /${name} ${args}`.trimEnd(), mention: more.room !== undefined });
  }

  async again({ post }) {
    this.fake.tell("posted", post);
  }

  async raw(what) {
    const posted = (post) => JSON.stringify({ event: "posted", data: { channel_type: "D", post }, broadcast: {}, seq: 999 });
    switch (what) {
      case "not-json":
        return this.fake.raw("<html>");
      case "wrong-types":
        this.fake.raw(posted(JSON.stringify({ id: 5, user_id: [], channel_id: {}, message: 7, props: "x", metadata: 3 })));
        return this.fake.raw('{"event":7,"data":[],"seq":"x"}');
      case "missing-fields":
        this.fake.raw(posted("{}"));
        return this.fake.raw('{"event":"posted"}');
      case "unknown-fields":
        return this.fake.raw('{"event":"post_of_tomorrow","data":{"surprise":[1]},"seq":1}');
      case "deep":
        return this.fake.raw(posted(`${"[".repeat(100000)}${"]".repeat(100000)}`));
      case "huge":
        return this.fake.raw(posted(JSON.stringify({ id: newId(), message: "x".repeat(10 * 1024 * 1024) })));
      case "bad-utf8":
        return this.fake.raw(Buffer.concat([Buffer.from('{"event":"'), Buffer.from([0xff, 0xfe, 0xc0]), Buffer.from('"}')]));
      default:
        throw new Error(`no such raw event: ${what}`);
    }
  }

  sent({ room, person = "ada", thread } = {}) {
    const channel = room ? this.team.id : this.fake.direct(this.people[person].id).id;
    const found = [];
    for (const { method, path, body, post, status } of this.fake.calls) {
      if (!(status >= 200 && status < 300)) continue;
      if (method === "POST" && path === "/posts" && post?.channel_id === channel) found.push(this.#sent(post, body));
      const edited = found.find(({ id }) => path.startsWith(`/posts/${id}`));
      if (edited && method === "PUT") {
        Object.assign(edited, { text: shown(body.message), markup: body.message });
        edited.edits.push(edited.text);
      }
      if (edited && method === "DELETE") edited.removed = true;
    }
    return thread ? found.filter((message) => message.thread === thread) : found;
  }

  #sent({ id, root_id, file_ids }, { message }) {
    const file = this.fake.files.get(file_ids[0]);
    return {
      id,
      text: shown(message),
      markup: message,
      replyTo: root_id || undefined,
      thread: [...this.#threads].find(([, root]) => root === root_id)?.[0],
      file: file && { name: file.info.name, type: file.info.mime_type, bytes: file.bytes, voice: false },
      edits: [],
      removed: false,
    };
  }

  typing() {
    const signs = this.fake.calls.filter(({ path, status }) => path.endsWith("/typing") && status === 200);
    return signs.map(({ body, at }) => {
      const person = Object.keys(this.people).find((key) => this.fake.direct(this.people[key].id).id === body.channel_id);
      return { ...(body.channel_id === this.team.id ? { room: "team" } : { person }), on: true, at };
    });
  }

  reactions() {
    const signs = this.fake.calls.filter(({ reaction, status }) => reaction && status < 300);
    return signs.map(({ reaction }) => ({
      messageId: reaction.post_id,
      emoji: Object.keys(emoji).find((sign) => emoji[sign] === reaction.emoji_name),
      removed: reaction.removed,
    }));
  }

  fault({ what, times = 1, retryAfterMs = 1000 }) {
    const faults = {
      limit: { status: 429, retryAfter: Math.ceil(retryAfterMs / 1000) },
      "server-error": { status: 502 },
      "lost-answer": { drop: "after" },
      "not-sent": { drop: "before" },
      stall: { stall: true },
    };
    this.fake.fault({ ...faults[what], times });
  }

  drop() {
    this.fake.dropConnections();
  }

  stop() {
    return this.fake.stop();
  }
}
