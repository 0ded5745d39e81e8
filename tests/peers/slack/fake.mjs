// Slack on loopback, as far as an app uses it: the Web API, Socket Mode with single-use tickets and redelivery, signed HTTP
// events, files, slash commands with their answering address, limits and faults on demand. Strict: it refuses what Slack refuses.
// conformance.test.mjs lets Bolt judge it.
import crypto from "node:crypto";
import http from "node:http";
import { ServerSocket } from "./socket.mjs";

export const team = "T0OPENCLAW";
export const bot = { user_id: "U0CLAW", bot_id: "B0CLAW", name: "claw" };

// Methods that read take no JSON: https://docs.slack.dev/apis/web-api (each method's page names what it accepts).
const formOnly = /^(auth\.test|apps\.connections\.open|conversations\.(info|list|history|replies)|users\.(conversations|info|list)|files\.(getUploadURLExternal|info))$/;
const nested = new Set(["metadata", "files", "blocks", "attachments"]);
const longestText = 40000; // of a new message
const longestUpdate = 4000;

/** Slack takes an upload as it is, or as the one part of a form, which is how its own client sends it. */
function uploaded(body, type) {
  const boundary = /^multipart\/.*boundary="?([^";]+)/.exec(type)?.[1];
  if (!boundary) return body;
  const begin = body.indexOf("\r\n\r\n") + 4;
  return body.subarray(begin, body.indexOf(`\r\n--${boundary}`, begin));
}

const wait = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

export class FakeSlack {
  botToken = "xoxb-test-4711-slackbottoken";
  appToken = "xapp-1-test-4711-slackapptoken";
  signingSecret = "5ecret0f51gn1ng0f5lack4711";
  calls = [];
  faults = [];
  posted = []; // what was accepted: {channel, ts, text, thread_ts, edits, removed, file, ephemeral}
  reacted = []; // {channel, ts, name, removed}
  acknowledged = [];
  late = []; // envelopes that were not acknowledged within three seconds
  users = new Map();
  rooms = new Map();
  files = new Map(); // private downloads: path → {bytes, type}
  #messages = new Map(); // room → messages, also of people
  #reactions = new Set();
  #uploads = new Map();
  #tickets = new Set();
  #responses = new Map();
  #links = new Set();
  #open = new Map(); // envelopes that wait for their acknowledgement
  #sockets = new Set();
  #stalled = new Set();
  #number = 0;
  #timers = new Set();
  behind = 0; // milliseconds that the clock of messages is late
  webhook; // {url}: events go there instead of to sockets

  static async start() {
    const fake = new FakeSlack();
    fake.server = http.createServer((request, response) => fake.#serve(request, response).catch(() => request.socket.destroy()));
    fake.server.on("connection", (socket) => {
      fake.#sockets.add(socket);
      socket.on("close", () => fake.#sockets.delete(socket));
    });
    fake.server.on("upgrade", (request, socket) => fake.#link(request, socket));
    await new Promise((resolve) => fake.server.listen(0, "127.0.0.1", resolve));
    fake.url = `http://127.0.0.1:${fake.server.address().port}`;
    fake.apiUrl = `${fake.url}/api/`;
    fake.user({ id: bot.user_id, name: bot.name, is_bot: true });
    return fake;
  }

  async stop() {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  #later(milliseconds, run) {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      run();
    }, milliseconds);
    this.#timers.add(timer);
  }

  user({ id, name, display = name, is_bot = false }) {
    this.users.set(id, { id, team_id: team, name, real_name: display, deleted: false, is_bot, profile: { display_name: display, real_name: display } });
  }
  room(room) {
    this.rooms.set(room.id, { is_member: true, ...room });
    this.#messages.set(room.id, []);
  }
  /** The direct room of a person and the bot. */
  direct(user) {
    const id = `D${user.slice(1)}`;
    if (!this.rooms.has(id)) this.room({ id, is_im: true, user });
    return id;
  }

  ts() {
    return `${Math.floor((Date.now() - this.behind) / 1000)}.${String(++this.#number).padStart(6, "0")}`;
  }

  /** A message of a person in a room: it is there, whether somebody is told or not. */
  message(channel, user, text, more = {}) {
    const room = this.rooms.get(channel);
    const ts = this.ts();
    const type = room.is_im ? "im" : room.is_mpim ? "mpim" : room.is_private ? "group" : "channel";
    const message = { type: "message", channel, channel_type: type, user, text, ts, event_ts: ts, team, client_msg_id: crypto.randomUUID(), ...more };
    const parent = more.thread_ts && this.find(channel, more.thread_ts);
    if (parent) message.parent_user_id = parent.user;
    this.#messages.get(channel).push(message);
    return message;
  }
  /** What is told of a message that was edited, or deleted. */
  changed(channel, message) {
    const { metadata, ...shown } = message;
    const edited = { ...shown, edited: { user: message.user, ts: this.ts() } };
    const ts = this.ts();
    const event = { type: "message", subtype: "message_changed", hidden: true, channel, channel_type: message.channel_type, message: edited, previous_message: shown, ts, event_ts: ts };
    return this.event(this.callback(event));
  }
  deleted(channel, message) {
    const ts = this.ts();
    const list = this.#messages.get(channel);
    list.splice(list.indexOf(message), 1);
    const event = { type: "message", subtype: "message_deleted", hidden: true, channel, channel_type: message.channel_type, deleted_ts: message.ts, previous_message: message, ts, event_ts: ts };
    return this.event(this.callback(event));
  }
  find(channel, ts) {
    return this.#messages.get(channel)?.find((message) => message.ts === ts);
  }

  callback(event, id = `Ev${++this.#number}`) {
    return {
      token: "verification-token-of-old",
      team_id: team,
      api_app_id: "A0CLAW",
      event,
      type: "event_callback",
      event_id: id,
      event_time: Math.floor(Date.now() / 1000),
      authorizations: [{ enterprise_id: null, team_id: team, user_id: bot.user_id, is_bot: true, is_enterprise_install: false }],
      is_ext_shared_channel: false,
    };
  }

  /** Hands an event over, as callback() made it: now, or when somebody is there to take it. */
  event(payload) {
    return this.#hand_over("events_api", payload, { accepts_response_payload: false, retry_attempt: 0, retry_reason: "" });
  }
  /** A slash command; its answers go to the address that comes with it. */
  command(fields) {
    const token = crypto.randomBytes(12).toString("hex");
    this.#responses.set(token, { uses: 0, ...fields });
    const payload = {
      token: "verification-token-of-old",
      team_id: team,
      team_domain: "openclaw",
      is_enterprise_install: "false",
      api_app_id: "A0CLAW",
      response_url: `${this.url}/commands/${team}/${token}`,
      trigger_id: `${++this.#number}.${Date.now()}.${crypto.randomBytes(16).toString("hex")}`,
      ...fields,
    };
    return this.#hand_over("slash_commands", payload, { accepts_response_payload: true });
  }
  interactive(payload) {
    return this.#hand_over("interactive", payload, { accepts_response_payload: true });
  }

  #hand_over(type, payload, more) {
    if (this.webhook) return this.#post_event(type, payload);
    const envelope = { envelope_id: crypto.randomUUID(), type, payload, ...more };
    this.#open.set(envelope.envelope_id, envelope);
    this.#push(envelope);
    return envelope;
  }
  /** The same envelope once more, as after an acknowledgement that got lost. */
  again(envelope) {
    this.#open.set(envelope.envelope_id, envelope);
    this.#push(envelope);
  }
  #push(envelope) {
    const link = this.links.at(-1);
    if (!link) return;
    link.send(JSON.stringify(envelope));
    this.#later(3000, () => {
      if (!this.#open.has(envelope.envelope_id) || !link.open) return;
      this.late.push(envelope);
      if (envelope.retry_attempt === undefined) return void this.#open.delete(envelope.envelope_id);
      if (envelope.retry_attempt >= 3) return void this.#open.delete(envelope.envelope_id);
      envelope.retry_attempt++;
      envelope.retry_reason = "timeout";
      this.#push(envelope);
    });
  }
  get links() {
    return [...this.#links].filter((link) => link.open && !link.draining);
  }
  /** Slack gives up after five minutes: nothing of what waits is delivered any more. */
  giveUp() {
    this.#open.clear();
  }
  get unacknowledged() {
    return [...this.#open.values()];
  }
  /** Any bytes at all, in the stream of events. */
  raw(bytes) {
    this.links.at(-1).send(bytes);
  }

  /** Slack wants this connection to be made anew. */
  disconnect(reason = "refresh_requested") {
    for (const link of this.links) {
      link.send(JSON.stringify({ type: "disconnect", reason, debug_info: { host: "applink-1" } }));
      link.draining = true;
      this.#later(3000, () => link.close());
    }
  }
  drop() {
    for (const link of this.#links) link.destroy();
  }

  #link(request, socket) {
    const address = new URL(request.url, "http://slack");
    if (address.pathname !== "/link/" || !this.#tickets.delete(address.searchParams.get("ticket"))) {
      socket.end("HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n");
      return;
    }
    const link = new ServerSocket(request, socket, {
      onText: (text) => {
        const answer = JSON.parse(text);
        if (this.#open.delete(answer.envelope_id)) this.acknowledged.push(answer);
      },
      onClose: () => {
        this.#links.delete(link);
        clearInterval(link.pings);
      },
    });
    this.#links.add(link);
    link.pings = setInterval(() => link.ping(), 1000);
    link.pings.unref();
    const connection_info = { app_id: "A0CLAW" };
    const debug_info = { host: "applink-1", build_number: 1, approximate_connection_time: 18060 };
    link.send(JSON.stringify({ type: "hello", num_connections: this.#links.size, debug_info, connection_info }));
    this.#later(100, () => {
      if (!link.open) return;
      for (const envelope of this.#open.values()) {
        if (envelope.retry_attempt !== undefined) {
          envelope.retry_attempt++;
          envelope.retry_reason = "connection_failed";
        }
        link.send(JSON.stringify(envelope));
      }
    });
  }

  // ---- events by HTTP

  signature(timestamp, body) {
    return "v0=" + crypto.createHmac("sha256", this.signingSecret).update(`v0:${timestamp}:${body}`).digest("hex");
  }
  /** One signed request: {status, text}. */
  async request(body, { type = "application/json", timestamp = Math.floor(Date.now() / 1000), signature, headers = {} } = {}) {
    const signed = signature ?? this.signature(timestamp, body);
    const all = { "content-type": type, "x-slack-request-timestamp": String(timestamp), "x-slack-signature": signed, ...headers };
    for (const name of Object.keys(all)) if (all[name] === undefined) delete all[name];
    const answer = await fetch(this.webhook.url, { method: "POST", headers: all, body });
    return { status: answer.status, text: await answer.text() };
  }
  async #post_event(type, payload) {
    const form = type === "slash_commands" ? new URLSearchParams(payload) : type === "interactive" ? new URLSearchParams({ payload: JSON.stringify(payload) }) : undefined;
    const body = form ? form.toString() : JSON.stringify(payload);
    let answer;
    for (let attempt = 0; attempt < 50; attempt++) {
      const headers = attempt > 0 ? { "x-slack-retry-num": String(attempt), "x-slack-retry-reason": "http_error" } : {};
      answer = await this.request(body, { type: form ? "application/x-www-form-urlencoded" : "application/json", headers }).catch(() => ({ status: 0 }));
      if (answer.status === 200 || form) break;
      await wait(100);
    }
    return { payload, answer };
  }

  // ---- the Web API

  /** fault: {method: name or pattern, status?, error?, retry_after?, cut: "before" | "after", stall, times} */
  fault(fault) {
    this.faults.push({ times: 1, ...fault });
  }

  async #serve(request, response) {
    const address = new URL(request.url, "http://slack");
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const answer = (status, value, headers = {}) => {
      response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
      response.end(JSON.stringify(value));
    };
    if (address.pathname.startsWith("/upload/")) return this.#upload(address.pathname.slice(8), uploaded(body, request.headers["content-type"] ?? ""), response);
    if (address.pathname.startsWith("/files-pri/")) return this.#download(address.pathname.slice(11), request, response);
    if (address.pathname.startsWith("/commands/")) return this.#respond(address.pathname.split("/").at(-1), body, answer);
    const method = /^\/api\/([\w.]+)$/.exec(address.pathname)?.[1];
    if (!method) return answer(404, { ok: false, error: "not_found" });
    const type = request.headers["content-type"] ?? "";
    let parameters = Object.fromEntries(address.searchParams);
    if (type.includes("json") && !formOnly.test(method)) parameters = { ...parameters, ...JSON.parse(body.toString() || "{}") };
    if (type.includes("urlencoded")) parameters = { ...parameters, ...Object.fromEntries(new URLSearchParams(body.toString())) };
    for (const key of nested)
      if (typeof parameters[key] === "string")
        try {
          parameters[key] = JSON.parse(parameters[key]);
        } catch {
          return answer(200, { ok: false, error: "invalid_arguments" });
        }
    const token = (request.headers.authorization ?? "").replace(/^Bearer /, "") || parameters.token;
    const call = { method, parameters, at: Date.now(), type };
    this.calls.push(call);
    const fault = this.faults.find((one) => one.times > 0 && (one.method instanceof RegExp ? one.method.test(method) : one.method === method));
    if (fault) {
      --fault.times;
      if (fault.stall) return void this.#stalled.add(response);
      if (fault.cut === "before") return request.socket.destroy();
      if (fault.cut !== "after") {
        if (fault.status === 429) return answer(429, { ok: false, error: "ratelimited" }, { "retry-after": String(fault.retry_after ?? 1) });
        if (fault.status) return answer(fault.status, { ok: false, error: "internal_error" });
        return answer(200, { ok: false, error: fault.error });
      }
    }
    const wanted = method === "apps.connections.open" ? this.appToken : this.botToken;
    if (!token) return answer(200, { ok: false, error: "not_authed" });
    if (token !== wanted) return answer(200, { ok: false, error: token === this.appToken || token === this.botToken ? "not_allowed_token_type" : "invalid_auth" });
    const result = this.#call(method, parameters);
    call.result = result;
    if (fault?.cut === "after") return request.socket.destroy();
    return answer(200, typeof result === "string" ? { ok: false, error: result } : { ok: true, ...result }, method === "auth.test" ? { "x-oauth-scopes": "chat:write" } : {});
  }

  /** The answer, or Slack's word for what is wrong. */
  #call(method, parameters) {
    const room = this.rooms.get(parameters.channel ?? parameters.channel_id);
    const list = room && this.#messages.get(room.id);
    const message = list?.find((one) => one.ts === (parameters.timestamp ?? parameters.ts));
    switch (method) {
      case "apps.connections.open": {
        const ticket = crypto.randomUUID();
        this.#tickets.add(ticket);
        return { url: `${this.url.replace(/^http/, "ws")}/link/?ticket=${ticket}&app_id=A0CLAW` };
      }
      case "auth.test":
        return { url: "https://openclaw.slack.com/", team: "Openclaw", user: bot.name, team_id: team, user_id: bot.user_id, bot_id: bot.bot_id, is_enterprise_install: false };
      case "chat.postMessage":
        return this.#post(room, parameters);
      case "chat.postEphemeral": {
        if (!room) return "channel_not_found";
        if (!this.users.has(parameters.user)) return "user_not_in_channel";
        if (!parameters.text) return "no_text";
        const ts = this.ts();
        this.posted.push({ channel: room.id, ts, text: parameters.text, ephemeral: parameters.user, edits: [] });
        return { message_ts: ts };
      }
      case "chat.update": {
        if (!room) return "channel_not_found";
        if (!message) return "message_not_found";
        if (message.user !== bot.user_id) return "cant_update_message";
        if (!parameters.text && !parameters.blocks) return "no_text";
        if ((parameters.text ?? "").length > longestUpdate) return "msg_too_long";
        message.text = parameters.text;
        const posted = this.posted.find((one) => one.ts === message.ts && one.channel === room.id);
        posted.text = parameters.text;
        posted.edits.push(parameters.text);
        this.changed(room.id, message);
        return { channel: room.id, ts: message.ts, text: parameters.text };
      }
      case "chat.delete": {
        if (!room) return "channel_not_found";
        if (!message) return "message_not_found";
        if (message.user !== bot.user_id) return "cant_delete_message";
        list.splice(list.indexOf(message), 1);
        this.posted.find((one) => one.ts === message.ts && one.channel === room.id).removed = true;
        return { channel: room.id, ts: message.ts };
      }
      case "reactions.add":
      case "reactions.remove": {
        const removed = method === "reactions.remove";
        if (!room) return "channel_not_found";
        if (!message) return "message_not_found";
        if (!/^[a-z0-9_+'-]{1,100}$/.test(parameters.name ?? "")) return "invalid_name";
        const key = `${room.id}/${message.ts}/${parameters.name}`;
        if (!removed && this.#reactions.has(key)) return "already_reacted";
        if (removed && !this.#reactions.delete(key)) return "no_reaction";
        if (!removed) this.#reactions.add(key);
        this.reacted.push({ channel: room.id, ts: message.ts, name: parameters.name, removed });
        return {};
      }
      case "assistant.threads.setStatus":
        if (!this.rooms.has(parameters.channel_id)) return "channel_not_found";
        if (!this.find(parameters.channel_id, parameters.thread_ts)) return "invalid_thread_ts";
        return parameters.status === undefined ? "invalid_arguments" : {};
      case "conversations.open":
        if (!this.users.has(parameters.users)) return "user_not_found";
        return { channel: { id: this.direct(parameters.users) } };
      case "conversations.info":
        return room ? { channel: room } : "channel_not_found";
      case "users.conversations":
        return { channels: [...this.rooms.values()].filter((one) => one.is_member), response_metadata: { next_cursor: "" } };
      case "conversations.list":
        return { channels: [...this.rooms.values()].filter((one) => !one.is_im), response_metadata: { next_cursor: "" } };
      case "conversations.history":
      case "conversations.replies": {
        if (!room) return "channel_not_found";
        const oldest = Number(parameters.oldest ?? 0);
        const replies = method === "conversations.replies";
        if (replies && !message) return "thread_not_found";
        const fits = (one) => (replies ? one.ts === message.ts || one.thread_ts === message.ts : !one.thread_ts || one.thread_ts === one.ts);
        const found = list.filter((one) => fits(one) && (Number(one.ts) > oldest || (replies && one === message)));
        if (!replies) found.reverse();
        const limit = Number(parameters.limit ?? 100);
        const metadata = String(parameters.include_all_metadata) === "true";
        const shown = found.map(({ metadata: own, ...one }) => (metadata && own ? { ...one, metadata: own } : one));
        const from = Number(parameters.cursor ?? 0);
        const page = shown.slice(from, from + limit);
        const more = shown.length > from + limit;
        return { messages: page, has_more: more, response_metadata: { next_cursor: more ? String(from + limit) : "" } };
      }
      case "users.info":
        return this.users.has(parameters.user) ? { user: this.users.get(parameters.user) } : "user_not_found";
      case "users.list":
        return { members: [...this.users.values()], response_metadata: { next_cursor: "" } };
      case "files.getUploadURLExternal": {
        if (!parameters.filename || !(Number(parameters.length) > 0)) return "invalid_arguments";
        const id = `F${++this.#number}`;
        this.#uploads.set(id, { name: parameters.filename, length: Number(parameters.length) });
        return { upload_url: `${this.url}/upload/${id}`, file_id: id };
      }
      case "files.completeUploadExternal":
        return this.#complete(parameters);
      case "files.info": {
        const file = [...this.files.values()].find((one) => one.id === parameters.file);
        return file ? { file: { id: file.id, name: file.name, mimetype: file.type, url_private_download: file.url } } : "file_not_found";
      }
      default:
        return "unknown_method";
    }
  }

  #thread(room, ts) {
    if (!ts) return undefined;
    const root = this.find(room.id, ts);
    if (!root) return "thread_not_found";
    return root.thread_ts && root.thread_ts !== root.ts ? "cannot_reply_to_message" : undefined;
  }

  #post(room, { text, blocks, thread_ts, metadata }) {
    if (!room) return "channel_not_found";
    if (!room.is_member) return "not_in_channel";
    if (!text && !blocks) return "no_text";
    if ((text ?? "").length > longestText) return "msg_too_long";
    if (metadata && (typeof metadata.event_type !== "string" || typeof metadata.event_payload !== "object")) return "invalid_metadata_format";
    const problem = this.#thread(room, thread_ts);
    if (problem) return problem;
    const message = this.message(room.id, bot.user_id, text, { bot_id: bot.bot_id, app_id: "A0CLAW", ...(thread_ts && { thread_ts }), ...(metadata && { metadata }) });
    this.posted.push({ channel: room.id, ts: message.ts, text, thread_ts, edits: [] });
    // Whoever is subscribed to messages gets their own as well.
    this.#echo(message);
    return { channel: room.id, ts: message.ts, message };
  }
  #echo(message) {
    const { metadata, ...shown } = message;
    setImmediate(() => this.event(this.callback(shown)));
  }

  #upload(id, body, response) {
    const upload = this.#uploads.get(id);
    const good = upload && body.length === upload.length;
    if (good) upload.bytes = body;
    response.writeHead(good ? 200 : 400, { "content-type": "text/plain" });
    response.end(good ? `OK - ${body.length}` : "length mismatch");
  }
  #complete({ files, channel_id, thread_ts, initial_comment }) {
    const room = this.rooms.get(channel_id);
    if (!Array.isArray(files) || files.length === 0) return "invalid_arguments";
    if (channel_id && !room) return "channel_not_found";
    if (files.some((file) => !this.#uploads.get(file.id)?.bytes)) return "file_not_found";
    const problem = room && this.#thread(room, thread_ts);
    if (problem) return problem;
    for (const [index, file] of files.entries()) {
      const { name, bytes } = this.#uploads.get(file.id);
      this.#uploads.delete(file.id);
      if (!room) continue;
      const shown = { id: file.id, name, title: file.title, size: bytes.length };
      const message = this.message(room.id, bot.user_id, index === 0 ? (initial_comment ?? "") : "", { bot_id: bot.bot_id, subtype: "file_share", files: [shown], ...(thread_ts && { thread_ts }) });
      this.posted.push({ channel: room.id, ts: message.ts, text: message.text, thread_ts, edits: [], file: { name, title: file.title, bytes } });
      this.#echo(message);
    }
    return { files: files.map(({ id, title }) => ({ id, title })) };
  }

  /** A file that a person sent: {id, name, mimetype, size, url_private_download}, as it stands in a message. */
  file({ name, type, bytes, voice = false, page = false }) {
    const id = `F${++this.#number}`;
    const path = `${team}-${id}/${name}`;
    const url = `${this.url}/files-pri/${path}`;
    this.files.set(path, { id, name, type, bytes, url, page });
    return { id, name, title: name, mimetype: type, size: bytes.length, mode: "hosted", url_private: url, url_private_download: url, ...(voice && { subtype: "slack_audio" }) };
  }
  #download(path, request, response) {
    const file = this.files.get(decodeURIComponent(path));
    if (!file) return response.writeHead(404).end();
    // Without the right to read it there is no 403, but a page to log in.
    if (file.page || request.headers.authorization !== `Bearer ${this.botToken}`) {
      response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
      return response.end("<!DOCTYPE html><html><body>Sign in to Slack</body></html>");
    }
    response.writeHead(200, { "content-type": file.type });
    response.end(file.bytes);
  }

  #respond(token, body, answer) {
    const target = this.#responses.get(token);
    const value = JSON.parse(body.toString());
    this.calls.push({ method: "response_url", parameters: value, at: Date.now() });
    if (!target) return answer(404, { ok: false, error: "expired_url" });
    if (++target.uses > 5) return answer(404, { ok: false, error: "used_url" });
    if (!value.text) return answer(400, { ok: false, error: "no_text" });
    const ephemeral = value.response_type === "in_channel" ? undefined : target.user_id;
    this.posted.push({ channel: target.channel_id, ts: this.ts(), text: value.text, ephemeral, edits: [] });
    answer(200, { ok: true });
  }
}
