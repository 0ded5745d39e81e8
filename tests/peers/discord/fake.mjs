// Discord's REST API (version 10) and gateway as far as a bot uses them, on loopback; it refuses what Discord refuses.
// conformance.test.mjs lets discord.js judge it. https://discord.com/developers/docs/reference
import http from "node:http";
import { FakeGateway } from "./gateway.mjs";

const epoch = 1420070400000n;
const limits = { "x-ratelimit-limit": "5", "x-ratelimit-remaining": "4", "x-ratelimit-reset-after": "1.000", "x-ratelimit-bucket": "b1" };
const isId = (id) => typeof id === "string" && /^\d{1,20}$/.test(id);
const threads = [10, 11, 12];

function multipart(body, contentType) {
  const boundary = "--" + /boundary="?([^";]+)/.exec(contentType)[1];
  const result = { payload: {}, files: [] };
  for (const part of body.toString("latin1").split(boundary).slice(1, -1)) {
    const end = part.indexOf("\r\n\r\n");
    const head = Buffer.from(part.slice(0, end), "latin1").toString("utf8");
    const content = Buffer.from(part.slice(end + 4, -2), "latin1");
    const name = /name="([^"]+)"/.exec(head)[1];
    if (name === "payload_json") result.payload = JSON.parse(content.toString("utf8"));
    else result.files.push({ part: name, name: /filename="([^"]*)"/.exec(head)?.[1], type: /content-type: ([^\r\n]+)/i.exec(head)?.[1], bytes: content });
  }
  return result;
}

class Refusal extends Error {
  constructor(status, code, message, errors) {
    super(message);
    Object.assign(this, { status, body: { message, code, ...(errors && { errors }) } });
  }
}
const badForm = (field, code, message) => new Refusal(400, 50035, "Invalid Form Body", { [field]: { _errors: [{ code, message }] } });

export class FakeDiscord {
  token = "MTAw.TESTto.ken-of-the-fake-bot";
  applicationId = "100";
  me = { id: "100", username: "claw", discriminator: "0", global_name: null, avatar: null, bot: true, flags: 0 };
  guild = { id: "500", name: "Claw's", owner_id: "7" };
  ownRole = "501";
  users = new Map();
  channels = new Map();
  messages = new Map(); // by channel, in order
  calls = []; // {method, path, body, files, status, at}
  faults = [];
  typing = [];
  reactions = [];
  commands = [];
  files = new Map(); // by path below /attachments/
  #interactions = new Map();
  #nonces = new Map();
  #count = 0n;
  #sockets = new Set();

  static async start() {
    const fake = new FakeDiscord();
    fake.gateway = new FakeGateway(fake);
    fake.addUser(fake.me);
    fake.server = http.createServer((request, response) => fake.#serve(request, response));
    fake.server.on("connection", (socket) => {
      fake.#sockets.add(socket);
      socket.on("close", () => fake.#sockets.delete(socket));
    });
    fake.server.on("upgrade", (request, socket, head) => fake.gateway.upgrade(request, socket, head));
    await new Promise((resolve) => fake.server.listen(0, "127.0.0.1", resolve));
    const { port } = fake.server.address();
    fake.url = `http://127.0.0.1:${port}`;
    fake.gatewayUrl = `ws://127.0.0.1:${port}/gateway`;
    return fake;
  }

  async stop() {
    this.gateway.cut();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  snowflake() {
    return String(((BigInt(Date.now()) - epoch) << 22n) | (this.#count++ & 0x3fffffn));
  }

  addUser(user) {
    const whole = { discriminator: "0", global_name: null, avatar: null, bot: false, flags: 0, ...user };
    this.users.set(whole.id, whole);
    return whole;
  }

  addChannel(channel) {
    const inGuild = channel.type !== 1 && channel.type !== 3;
    const whole = { position: 0, permission_overwrites: [], parent_id: null, nsfw: false, ...(inGuild && { guild_id: this.guild.id }), ...channel };
    this.channels.set(whole.id, whole);
    this.messages.set(whole.id, []);
    return whole;
  }

  addThread(parentId, name) {
    const id = this.snowflake();
    const now = new Date().toISOString();
    const thread = this.addChannel({
      id,
      type: 11,
      parent_id: parentId,
      name,
      owner_id: this.guild.owner_id,
      message_count: 0,
      member_count: 1,
      thread_metadata: { archived: false, auto_archive_duration: 1440, archive_timestamp: now, locked: false, create_timestamp: now },
    });
    this.gateway.dispatch("THREAD_CREATE", { ...thread, newly_created: true });
    return thread;
  }

  direct(userId) {
    const found = [...this.channels.values()].find((channel) => channel.type === 1 && channel.recipients[0].id === userId);
    return found ?? this.addChannel({ id: this.snowflake(), type: 1, last_message_id: null, recipients: [this.users.get(userId)] });
  }

  guildIds() {
    return [this.guild.id];
  }
  member(user, more = {}) {
    return { roles: [], joined_at: "2020-01-01T00:00:00.000Z", deaf: false, mute: false, flags: 0, nick: null, ...more, ...(user && { user }) };
  }
  hello() {
    const role = (id, name, more) => ({ id, name, permissions: "2251799813685247", position: 0, color: 0, hoist: false, managed: false, mentionable: false, flags: 0, ...more });
    const own = [...this.channels.values()].filter((channel) => channel.guild_id === this.guild.id);
    const guild = {
      ...this.guild,
      icon: null,
      roles: [role(this.guild.id, "@everyone"), role(this.ownRole, "claw", { managed: true, tags: { bot_id: this.me.id } })],
      emojis: [],
      stickers: [],
      features: [],
      channels: own.filter((channel) => !threads.includes(channel.type)),
      threads: own.filter((channel) => threads.includes(channel.type)),
      members: [this.member(this.me)],
      member_count: this.users.size,
      presences: [],
      voice_states: [],
      stage_instances: [],
      guild_scheduled_events: [],
      soundboard_sounds: [],
      large: false,
      unavailable: false,
      preferred_locale: "en-US",
      premium_tier: 0,
      nsfw_level: 0,
      verification_level: 0,
      default_message_notifications: 0,
      explicit_content_filter: 0,
      mfa_level: 0,
      system_channel_flags: 0,
    };
    return [["GUILD_CREATE", guild]];
  }

  /** A message as everybody sees it; kept, and told to whoever listens. */
  post(channelId, author, { content = "", replyTo, attachments = [], mentions, flags = 0, nonce, ...more } = {}) {
    const channel = this.channels.get(channelId);
    const list = this.messages.get(channelId);
    const replied = replyTo === undefined ? undefined : list.find((message) => message.id === replyTo);
    const mentioned = mentions ?? [...content.matchAll(/<@!?(\d+)>/g)].map((match) => this.users.get(match[1])).filter(Boolean);
    const message = {
      id: this.snowflake(),
      channel_id: channelId,
      author,
      content,
      timestamp: new Date().toISOString(),
      edited_timestamp: null,
      tts: false,
      mention_everyone: false,
      mentions: mentioned,
      mention_roles: [...content.matchAll(/<@&(\d+)>/g)].map((match) => match[1]),
      attachments,
      embeds: [],
      components: [],
      pinned: false,
      type: replied ? 19 : 0,
      flags,
      ...(nonce !== undefined && { nonce }),
      ...(replied && { message_reference: { type: 0, message_id: replyTo, channel_id: channelId }, referenced_message: replied }),
      ...more,
    };
    // What only this test knows of it is told to nobody.
    Object.defineProperty(message, "kept", { value: { edits: [], removed: false } });
    list.push(message);
    this.gateway.dispatch("MESSAGE_CREATE", this.#told(message, channel));
    return message;
  }

  /** As the gateway tells a message: with where it was said. */
  #told(message, channel) {
    const told = { ...message, channel_type: channel.type };
    if (channel.guild_id) Object.assign(told, { guild_id: channel.guild_id, member: this.member(undefined, { nick: null }) });
    return told;
  }
  tell(type, message) {
    this.gateway.dispatch(type, this.#told(message, this.channels.get(message.channel_id)));
  }

  removeAll(channelId, ids) {
    for (const message of this.messages.get(channelId)) if (ids.includes(message.id)) message.kept.removed = true;
    this.gateway.dispatch("MESSAGE_DELETE_BULK", { ids, channel_id: channelId, guild_id: this.channels.get(channelId).guild_id });
  }

  attach(name, type, bytes, more = {}) {
    const id = this.snowflake();
    const path = `/attachments/1/${id}/${encodeURIComponent(name)}`;
    this.files.set(path, { bytes, type });
    return { id, filename: name, size: bytes.length, content_type: type, url: this.url + path, proxy_url: this.url + path, ...more };
  }

  interact(user, channel, data, type = 2) {
    const id = this.snowflake();
    const token = `aW50ZXJhY3Rpb24${id}`;
    this.#interactions.set(token, { id, channel, user, at: Date.now() });
    this.gateway.dispatch("INTERACTION_CREATE", {
      id,
      application_id: this.applicationId,
      type,
      token,
      version: 1,
      channel_id: channel.id,
      channel,
      data,
      ...(channel.guild_id ? { guild_id: channel.guild_id, member: this.member(user, { permissions: "0" }) } : { user }),
      entitlements: [],
      authorizing_integration_owners: {},
      context: channel.guild_id ? 0 : 1,
      locale: "en-US",
      app_permissions: "0",
      attachment_size_limit: 10485760,
    });
    return { id, token };
  }

  /** fault: {what: "limit" | "server-error" | "lost-answer" | "not-sent" | "stall", on?: expression of "METHOD /path", times?, retryAfterMs?, global?} */
  fault(fault) {
    this.faults.push({ times: 1, on: /^(POST \/channels\/\d+\/messages|(POST|PATCH) \/webhooks\/)/, ...fault });
  }

  async #serve(request, response) {
    const chunks = [];
    request.on("error", () => {});
    for await (const chunk of request) chunks.push(chunk);
    const raw = Buffer.concat(chunks);
    const address = new URL(request.url, "http://fake");
    const file = this.files.get(address.pathname);
    if (file) {
      response.writeHead(200, { "content-type": file.bytes.subarray(0, 2).toString() === "<!" ? "text/html" : file.type });
      return response.end(file.bytes);
    }
    const answer = (status, body, headers = limits) => {
      if (body === undefined) return response.writeHead(204, headers).end();
      response.writeHead(status, { "content-type": "application/json", ...headers });
      return response.end(JSON.stringify(body));
    };
    const path = /^\/api\/v10(\/.*)$/.exec(address.pathname)?.[1];
    if (!path) return answer(404, { message: "404: Not Found", code: 0 });
    const call = { method: request.method, path: decodeURIComponent(path), query: Object.fromEntries(address.searchParams), body: {}, files: [], at: Date.now() };
    this.calls.push(call);
    const line = `${call.method} ${call.path}`;
    const fault = this.faults.find((one) => one.times > 0 && one.on.test(line));
    if (fault) --fault.times;
    if (fault?.what === "not-sent") return request.socket.destroy();
    if (fault?.what === "stall") return undefined;
    try {
      if (!/^DiscordBot \(\S+, \S+\)/.test(request.headers["user-agent"] ?? "")) throw new Refusal(403, 40333, "internal network error");
      const tokenless = /^\/(interactions|webhooks)\//.test(path);
      if (!tokenless && request.headers.authorization !== `Bot ${this.token}`) throw new Refusal(401, 0, "401: Unauthorized");
      if (fault?.what === "limit") {
        const after = (fault.retryAfterMs ?? 1000) / 1000;
        const scope = fault.global ? { "x-ratelimit-global": "true", "x-ratelimit-scope": "global" } : { "x-ratelimit-scope": "user" };
        const headers = { ...limits, ...scope, "retry-after": String(Math.ceil(after)), "x-ratelimit-remaining": "0", "x-ratelimit-reset-after": String(after) };
        return answer((call.status = 429), { message: "You are being rate limited.", retry_after: after, global: Boolean(fault.global) }, headers);
      }
      if (fault?.what === "server-error") throw new Refusal(502, 0, "502: Bad Gateway");
      const type = request.headers["content-type"] ?? "";
      try {
        if (type.includes("multipart")) ({ payload: call.body, files: call.files } = multipart(raw, type));
        else if (raw.length) call.body = JSON.parse(raw);
      } catch {
        throw new Refusal(400, 50109, "The request body contains invalid JSON.");
      }
      const [status, body] = this.#route(call);
      call.status = status;
      if (fault?.what === "lost-answer") return request.socket.destroy();
      return answer(status, body);
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      call.status = error.status;
      return answer(error.status, error.body);
    }
  }

  #channel(id) {
    const channel = this.channels.get(id);
    if (!channel) throw new Refusal(404, 10003, "Unknown Channel");
    return channel;
  }
  #message(channelId, id) {
    this.#channel(channelId);
    const message = this.messages.get(channelId).find((one) => one.id === id && !one.kept.removed);
    if (!message) throw new Refusal(404, 10008, "Unknown Message");
    return message;
  }

  #route({ method, path, query, body, files }) {
    const line = `${method} ${path}`;
    const application = { id: this.applicationId, name: "claw", icon: null, description: "", bot_public: true, bot_require_code_grant: false, verify_key: "00", flags: 1 << 19, owner: this.users.get(this.guild.owner_id) ?? this.me };
    let found;
    if (line === "GET /gateway/bot")
      return [200, { url: this.gatewayUrl, shards: 1, session_start_limit: { total: 1000, remaining: 999, reset_after: 14400000, max_concurrency: 1 } }];
    if (line === "GET /users/@me") return [200, this.me];
    if (line === "GET /applications/@me" || line === "GET /oauth2/applications/@me") return [200, application];
    if (line === "GET /users/@me/guilds") return [200, [{ ...this.guild, icon: null, owner: false, permissions: "2251799813685247", features: [] }]];
    if ((found = /^GET \/users\/(\d+)$/.exec(line))) {
      if (!this.users.has(found[1])) throw new Refusal(404, 10013, "Unknown User");
      return [200, this.users.get(found[1])];
    }
    if (line === "POST /users/@me/channels") {
      if (!this.users.has(body.recipient_id)) throw new Refusal(400, 50033, "Invalid Recipient(s)");
      return [200, this.direct(body.recipient_id)];
    }
    if ((found = /^GET \/guilds\/(\d+)\/(channels|members|members\/search)$/.exec(line))) {
      if (found[1] !== this.guild.id) throw new Refusal(404, 10004, "Unknown Guild");
      if (found[2] === "channels") return [200, [...this.channels.values()].filter((channel) => channel.guild_id && !threads.includes(channel.type))];
      if (found[2] === "members") throw new Refusal(403, 50001, "Missing Access"); // without the privileged intent
      const begins = (name) => name?.toLowerCase().startsWith(query.query.toLowerCase());
      return [200, [...this.users.values()].filter((user) => begins(user.username) || begins(user.global_name)).map((user) => this.member(user))];
    }
    if ((found = /^PUT \/applications\/(\d+)\/commands$/.exec(line))) return [200, this.#setCommands(found[1], body)];
    if ((found = /^POST \/interactions\/(\d+)\/([^/]+)\/callback$/.exec(line))) return this.#callback(found[1], found[2], body);
    if ((found = /^(POST|PATCH) \/webhooks\/(\d+)\/([^/]+?)(?:\/messages\/(@original|\d+))?$/.exec(line))) return this.#followUp(found, body, files);
    if (!(found = /^[A-Z]+ \/channels\/([^/]+)(\/.*)?$/.exec(line))) throw new Refusal(404, 0, "404: Not Found");
    if (!isId(found[1])) throw badForm("channel_id", "NUMBER_TYPE_COERCE", `Value "${found[1]}" is not snowflake.`);
    return this.#inChannel(method, this.#channel(found[1]), found[2] ?? "", query, body, files);
  }

  #inChannel(method, channel, rest, query, body, files) {
    const line = `${method} ${rest}`;
    let found;
    if (line === "GET ") return [200, channel];
    if (line === "GET /messages") {
      const after = BigInt(query.after ?? 0);
      const list = this.messages.get(channel.id).filter((message) => !message.kept.removed && BigInt(message.id) > after);
      return [200, list.slice(0, Number(query.limit ?? 50)).reverse()];
    }
    if (line === "POST /messages") return [200, this.#create(channel, body, files)];
    if (line === "POST /typing") {
      this.typing.push({ channel, at: Date.now() });
      return [204];
    }
    if ((found = /^(PATCH|DELETE|POST) \/messages\/(\d+)(\/threads)?$/.exec(line))) {
      const message = this.#message(channel.id, found[2]);
      if (found[3]) return [201, this.addThread(channel.id, body.name)];
      if (found[1] === "DELETE") {
        message.kept.removed = true;
        this.gateway.dispatch("MESSAGE_DELETE", { id: message.id, channel_id: channel.id, ...(channel.guild_id && { guild_id: channel.guild_id }) });
        return [204];
      }
      if (message.author.id !== this.me.id) throw new Refusal(403, 50005, "Cannot edit a message authored by another user");
      return [200, this.#edit(message, body)];
    }
    if ((found = /^(PUT|DELETE) \/messages\/(\d+)\/reactions\/(.+)\/@me$/.exec(line))) {
      const message = this.#message(channel.id, found[2]);
      const emoji = found[3];
      if (!/^\w+:\d+$/.test(emoji) && !/^[\p{Extended_Pictographic}\p{Regional_Indicator}\d#*]/u.test(emoji)) throw new Refusal(400, 10014, "Unknown Emoji");
      this.reactions.push({ messageId: message.id, emoji, removed: found[1] === "DELETE" });
      return [204];
    }
    throw new Refusal(404, 0, "404: Not Found");
  }

  #check(body, files, { empty = false } = {}) {
    if (body.content !== undefined && body.content !== null && typeof body.content !== "string") throw badForm("content", "STRING_TYPE_CONVERT", "Could not interpret as string.");
    const content = (body.content ?? "").trim();
    const voice = (body.flags ?? 0) & (1 << 13);
    if (!content && !files.length && !body.embeds?.length && !empty) throw new Refusal(400, 50006, "Cannot send an empty message");
    if ([...content].length > 2000) throw badForm("content", "BASE_TYPE_MAX_LENGTH", "Must be 2000 or fewer in length.");
    if (body.nonce !== undefined && String(body.nonce).length > 25) throw badForm("nonce", "BASE_TYPE_MAX_LENGTH", "Must be 25 or fewer in length.");
    if (body.allowed_mentions?.parse?.some((one) => !["roles", "users", "everyone"].includes(one))) throw badForm("allowed_mentions", "BASE_TYPE_CHOICES", "Value must be one of ('users', 'everyone', 'roles').");
    if (files.length > 10) throw badForm("files", "BASE_TYPE_MAX_LENGTH", "Must be 10 or fewer in length.");
    if (files.some((file) => file.bytes.length > 10 * 1024 * 1024)) throw new Refusal(413, 40005, "Request entity too large");
    if (files.some((file) => !/^files\[\d+\]$/.test(file.part) || !file.name)) throw badForm("files", "BASE_TYPE_REQUIRED", "This field is required");
    if (voice) {
      const told = body.attachments?.[0];
      if (content || files.length !== 1) throw new Refusal(400, 50160, "Voice messages do not support additional content.");
      if (!files[0].type?.startsWith("audio/") || !(told?.duration_secs > 0) || !told.waveform) throw new Refusal(400, 50161, "Voice messages must have a single audio attachment.");
    }
    const ping = body.allowed_mentions;
    const everyone = /@(everyone|here)/.test(content) && (!ping || ping.parse?.includes("everyone"));
    return { content, flags: body.flags ?? 0, mention_everyone: everyone };
  }

  #attached(body, files) {
    return files.map((file, index) => {
      const told = body.attachments?.find((one) => String(one.id) === String(index)) ?? {};
      const more = told.waveform ? { waveform: told.waveform, duration_secs: told.duration_secs } : {};
      return this.attach(file.name, file.type ?? "application/octet-stream", file.bytes, more);
    });
  }

  #create(channel, body, files) {
    const checked = this.#check(body, files);
    const reference = body.message_reference;
    if (reference && !isId(reference.message_id)) throw badForm("message_reference", "NUMBER_TYPE_COERCE", "is not snowflake.");
    const known = reference && this.messages.get(channel.id).some((message) => message.id === reference.message_id && !message.kept.removed);
    if (reference && !known && reference.fail_if_not_exists !== false) throw badForm("message_reference", "REPLIES_UNKNOWN_MESSAGE", "Unknown message");
    if (body.enforce_nonce && body.nonce !== undefined) {
      const before = this.#nonces.get(`${channel.id} ${body.nonce}`);
      if (before) return before;
    }
    const message = this.post(channel.id, this.me, {
      ...checked,
      nonce: body.nonce,
      attachments: this.#attached(body, files),
      ...(known && { replyTo: reference.message_id }),
    });
    if (body.enforce_nonce && body.nonce !== undefined) this.#nonces.set(`${channel.id} ${body.nonce}`, message);
    return message;
  }

  #edit(message, body) {
    const checked = this.#check(body, [], { empty: message.attachments.length > 0 });
    if (body.content !== undefined) {
      message.content = checked.content;
      message.kept.edits.push(checked.content);
    }
    message.edited_timestamp = new Date().toISOString();
    this.tell("MESSAGE_UPDATE", message);
    return message;
  }

  #setCommands(application, list) {
    if (application !== this.applicationId) throw new Refusal(403, 20012, "You are not authorized to perform this action on this application");
    if (!Array.isArray(list) || list.length > 100) throw new Refusal(400, 30032, "Maximum number of application commands reached (100)");
    for (const command of list) {
      if (!/^[-_'\p{L}\p{N}]{1,32}$/u.test(command.name) || command.name !== command.name.toLowerCase()) throw badForm("name", "APPLICATION_COMMAND_INVALID_NAME", "Command name is invalid");
      for (const one of [command, ...(command.options ?? [])])
        if (!one.description || one.description.length > 100) throw badForm("description", "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 100 in length.");
    }
    if (new Set(list.map((command) => command.name)).size !== list.length) throw badForm("name", "APPLICATION_COMMANDS_DUPLICATE_NAME", "Application command names must be unique");
    this.commands = list.map((command, index) => ({ id: String(800 + index), application_id: application, version: "1", default_member_permissions: null, type: 1, ...command }));
    return this.commands;
  }

  #callback(id, token, body) {
    const interaction = this.#interactions.get(token);
    // Three seconds, and then Discord has told the person that the application did not answer.
    if (!interaction || interaction.id !== id || Date.now() - interaction.at > 3000) throw new Refusal(404, 10062, "Unknown interaction");
    if (interaction.answered) throw new Refusal(400, 40060, "Interaction has already been acknowledged.");
    if (![4, 5, 6].includes(body.type)) throw badForm("type", "BASE_TYPE_CHOICES", "Not a valid type");
    interaction.answered = body.type;
    interaction.ephemeral = Boolean((body.data?.flags ?? 0) & 64);
    interaction.tookMs = Date.now() - interaction.at;
    if (body.type === 4) interaction.original = this.post(interaction.channel.id, this.me, this.#check(body.data, []));
    return [204];
  }
  interaction(token) {
    return this.#interactions.get(token);
  }

  #followUp([, method, application, token, which], body, files) {
    const interaction = this.#interactions.get(token);
    if (application !== this.applicationId || !interaction?.answered || interaction.expired) throw new Refusal(404, 10015, "Unknown Webhook");
    const { channel } = interaction;
    const made = () => {
      const checked = this.#check(body, files);
      const message = this.post(channel.id, this.me, { ...checked, attachments: this.#attached(body, files) });
      message.kept.ephemeral = interaction.ephemeral;
      return message;
    };
    if (method === "POST") return [200, made()];
    if (which !== "@original") return [200, this.#edit(this.#message(channel.id, which), body)];
    if (interaction.original) return [200, this.#edit(interaction.original, body)];
    interaction.original = made();
    return [200, interaction.original];
  }
}
