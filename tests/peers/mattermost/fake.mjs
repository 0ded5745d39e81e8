// Mattermost as far as a bot uses it, on loopback: the event socket, posts, threads, files, reactions, typing. It refuses what the server
// refuses; conformance.test.mjs lets Mattermost's own client judge it.
import crypto from "node:crypto";
import http from "node:http";
import { ServerSocket } from "../slack/socket.mjs";

const longestMessage = 16383; // characters
const letters = "abcdefghijklmnopqrstuvwxyz0123456789";
const repeatedWithinMs = 30000;

export const newId = () => Array.from(crypto.randomBytes(26), (byte) => letters[byte % letters.length]).join("");

/** The words that people see. */
export function shown(message) {
  const codes = [];
  const keep = (code) => `\u0001${codes.push(code) - 1}\u0002`;
  return message
    .replace(/^```[^\n]*\n([\s\S]*?)\n?```$/gm, (_, code) => keep(code))
    .replace(/`([^`\n]+)`/g, (_, code) => keep(code))
    .replace(/\\([\\`*_~[\]<>&|#.)+-])/g, (_, sign) => keep(sign))
    .replace(/\*\*|\*|~~/g, "")
    .replace(/^#{1,6} /gm, "")
    .replace(/\[([^\]]*)\]\(([^)]*)\)/g, "$1 ($2)")
    .replaceAll("\u200b", "")
    .replace(/\u0001(\d+)\u0002/g, (_, index) => codes[Number(index)]);
}

export class FakeMattermost {
  token = "TEST-mattermost-token-0123";
  me = { id: newId(), username: "claw", nickname: "Claw", first_name: "", last_name: "", is_bot: true };
  users = new Map();
  channels = new Map(); // id → {id, type, team_id, display_name, name, last_post_at, members}
  posts = new Map();
  files = new Map(); // id → {info, bytes}
  calls = []; // {method, path, body, status, at}
  faults = [];
  teamId = newId();
  opened = 0; // event sockets that said hello
  #links = new Set();
  #sockets = new Set();
  #pending = new Map(); // pending_post_id → {id, at}
  #clock = 0;

  static async start() {
    const fake = new FakeMattermost();
    fake.users.set(fake.me.id, fake.me);
    fake.server = http.createServer((request, response) => fake.#serve(request, response));
    fake.server.on("connection", (socket) => {
      fake.#sockets.add(socket);
      socket.on("close", () => fake.#sockets.delete(socket));
    });
    fake.server.on("upgrade", (request, socket) => fake.#upgrade(request, socket));
    await new Promise((resolve) => fake.server.listen(0, "127.0.0.1", resolve));
    fake.url = `http://127.0.0.1:${fake.server.address().port}`;
    return fake;
  }

  async stop() {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  user(username, { id = newId(), nickname = "", is_bot = false } = {}) {
    const user = { id, username, nickname, first_name: "", last_name: "", is_bot };
    this.users.set(id, user);
    return user;
  }

  channel(type, display_name, members, id = newId()) {
    const team_id = ["D", "G"].includes(type) ? "" : this.teamId;
    const name = type === "D" ? [...members].sort().join("__") : display_name.toLowerCase();
    this.channels.set(id, { id, type, team_id, display_name, name, last_post_at: 0, members, delete_at: 0 });
    return this.channels.get(id);
  }

  direct(user) {
    const members = [this.me.id, user].sort();
    const found = [...this.channels.values()].find(({ type, name }) => type === "D" && name === members.join("__"));
    return found ?? this.channel("D", "", members);
  }

  /** The server's clock in milliseconds; no two posts are of the same. */
  now() {
    this.#clock = Math.max(this.#clock + 1, Date.now());
    return this.#clock;
  }

  /** Somebody's post, told to the bot. */
  post(fields) {
    const at = this.now();
    const post = { id: newId(), create_at: at, update_at: at, edit_at: 0, delete_at: 0, root_id: "", message: "", type: "", props: {}, file_ids: [], ...fields };
    post.metadata = { ...(post.file_ids.length > 0 && { files: post.file_ids.map((id) => this.files.get(id).info) }) };
    this.posts.set(post.id, post);
    const channel = this.channels.get(post.channel_id);
    channel.last_post_at = at;
    this.tell("posted", post);
    return post;
  }

  tell(event, post) {
    const channel = this.channels.get(post.channel_id);
    const sender = this.users.get(post.user_id);
    const data = {
      channel_display_name: channel.display_name,
      channel_name: channel.name,
      channel_type: channel.type,
      post: JSON.stringify(post),
      sender_name: `@${sender?.username}`,
      set_online: true,
      team_id: channel.team_id,
    };
    this.event(event, data, post.channel_id);
  }

  event(event, data, channel_id) {
    const broadcast = { omit_users: null, user_id: "", channel_id, team_id: "", connection_id: "" };
    for (const link of this.#links) link.send(JSON.stringify({ event, data, broadcast, seq: ++link.sequence }));
  }

  raw(text) {
    for (const link of this.#links) link.send(text);
  }

  react(user_id, post_id, emoji_name, removed = false) {
    const post = this.posts.get(post_id);
    const reaction = { user_id, post_id, emoji_name, create_at: Date.now() };
    this.event(removed ? "reaction_removed" : "reaction_added", { reaction: JSON.stringify(reaction) }, post.channel_id);
  }

  file(name, mime_type, bytes) {
    const id = newId();
    const info = { id, name, extension: name.split(".").at(-1), size: bytes.length, mime_type };
    this.files.set(id, { info, bytes });
    return id;
  }

  dropConnections() {
    for (const link of this.#links) link.socket.destroy();
  }

  /** fault: {status, retryAfter?, drop?: "before" | "after", stall?, times?} for the next posts of the bot. */
  fault(fault) {
    this.faults.push({ times: 1, ...fault });
  }

  // Server side.

  #upgrade(request, socket) {
    const { pathname } = new URL(request.url, "http://fake");
    if (pathname !== "/api/v4/websocket") return socket.end("HTTP/1.1 404 Not Found\r\n\r\n");
    const known = request.headers.authorization === `Bearer ${this.token}`;
    const link = new ServerSocket(request, socket, { onText: (text) => this.#action(link, text), onClose: () => this.#links.delete(link) });
    link.sequence = -1;
    if (known) this.#hello(link);
    return undefined;
  }

  #hello(link) {
    ++this.opened;
    this.#links.add(link);
    const data = { connection_id: newId(), server_version: "10.11.0.10.11.0" };
    link.send(JSON.stringify({ event: "hello", data, broadcast: { user_id: this.me.id }, seq: ++link.sequence }));
  }

  #action(link, text) {
    const { seq, action, data } = JSON.parse(text);
    if (action === "authentication_challenge" && data?.token === this.token) {
      link.send(JSON.stringify({ status: "OK", seq_reply: seq }));
      return this.#hello(link);
    }
    if (action === "authentication_challenge") return link.close();
    return link.send(JSON.stringify({ status: "OK", data: action === "ping" ? { text: "pong", node_id: "", version: "10.11.0" } : undefined, seq_reply: seq }));
  }

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { pathname, searchParams } = new URL(request.url, "http://fake");
    const call = { method: request.method, path: pathname.replace("/api/v4", ""), at: Date.now() };
    this.calls.push(call);
    const answer = (status, value, headers = {}) => {
      call.status = status;
      response.writeHead(status, { "content-type": "application/json", ...headers });
      response.end(JSON.stringify(value));
    };
    const refuse = (status, id, message, headers) =>
      answer(status, { id, message, detailed_error: "", request_id: newId(), status_code: status }, headers);
    if (!pathname.startsWith("/api/v4/")) return refuse(404, "api.context.404.app_error", "Sorry, we could not find the page.");
    if (request.headers.authorization?.replace(/^BEARER/, "Bearer") !== `Bearer ${this.token}`)
      return refuse(401, "api.context.session_expired.app_error", "Invalid or expired session, please login again.");
    if (request.headers["content-type"]?.includes("json") || (body.length > 0 && !request.headers["content-type"]?.includes("multipart")))
      try {
        call.body = JSON.parse(body);
      } catch {
        return refuse(400, "api.context.invalid_body_param.app_error", "Invalid or missing parameter in request body.");
      }
    const [what, id, part, more, last] = call.path.slice(1).split("/");
    const user = (name) => (name === "me" ? this.me : this.users.get(name));
    const missing = () => refuse(404, "store.sql.not_found.app_error", "Unable to find the existing object.");
    const route = `${request.method} ${what}${id ? "/ID" : ""}${part ? `/${part}` : ""}`;
    switch (route) {
      case "GET users/ID":
        return user(id) ? answer(200, user(id)) : missing();
      case `GET users/ID/${part}`:
        if (id === "username") {
          const found = [...this.users.values()].find(({ username }) => username === part);
          return found ? answer(200, found) : missing();
        }
        if (part === "channels") return answer(200, [...this.channels.values()].filter(({ members }) => members.includes(user(id)?.id)).map(({ members, ...channel }) => channel));
        return missing();
      case "POST users/ID/typing":
        if (!this.channels.has(call.body?.channel_id)) return refuse(400, "api.context.invalid_body_param.app_error", "Invalid channel_id.");
        return answer(200, { status: "OK" });
      case "DELETE users/ID/posts":
        // …/posts/POST/reactions/NAME
        if (!this.posts.has(more) || last !== "reactions") return missing();
        Object.assign(call, { reaction: { post_id: more, emoji_name: call.path.split("/").at(-1), removed: true } });
        return answer(200, { status: "OK" });
      case "POST reactions":
        if (call.body?.user_id !== this.me.id) return refuse(403, "api.reaction.save_reaction.user_id.app_error", "You cannot save a reaction for the other user.");
        if (!this.posts.has(call.body.post_id) || !/^[a-z0-9_+-]{1,64}$/.test(call.body.emoji_name)) return refuse(400, "api.reaction.save_reaction.invalid.app_error", "Reaction is not valid.");
        call.reaction = { ...call.body, removed: false };
        return answer(201, { ...call.body, create_at: Date.now() });
      case "POST channels/ID":
        if (id !== "direct" || call.body?.length !== 2 || !call.body.every((one) => this.users.has(one))) return refuse(400, "api.context.invalid_body_param.app_error", "Invalid or missing user_ids.");
        return answer(201, this.direct(call.body.find((one) => one !== this.me.id)));
      case "GET channels/ID/posts":
        return this.#channel_posts(id, searchParams, answer, missing);
      case "GET posts/ID":
        return this.posts.has(id) && !this.posts.get(id).delete_at ? answer(200, this.posts.get(id)) : missing();
      case "POST posts":
        return this.#create(call, request, answer, refuse);
      case "PUT posts/ID/patch":
        return this.#patch(call, id, answer, refuse, missing);
      case "DELETE posts/ID":
        if (!this.posts.has(id)) return missing();
        if (this.posts.get(id).user_id !== this.me.id) return refuse(403, "api.context.permissions.app_error", "You do not have the appropriate permissions.");
        this.posts.get(id).delete_at = this.now();
        this.tell("post_deleted", this.posts.get(id));
        return answer(200, { status: "OK" });
      case "POST files":
        return this.#upload(body, request.headers["content-type"] ?? "", answer, refuse);
      case "GET files/ID": {
        const file = this.files.get(id);
        if (!file) return missing();
        call.status = 200;
        response.writeHead(200, { "content-type": file.info.mime_type });
        return response.end(file.bytes);
      }
      default:
        return refuse(404, "api.context.404.app_error", `Sorry, we could not find the page: ${route}.`);
    }
  }

  #channel_posts(id, parameters, answer, missing) {
    if (!this.channels.has(id)) return missing();
    const since = Number(parameters.get("since") ?? 0);
    const found = [...this.posts.values()].filter((post) => post.channel_id === id && post.update_at > since).reverse();
    return answer(200, { order: found.map((post) => post.id), posts: Object.fromEntries(found.map((post) => [post.id, post])), next_post_id: "", prev_post_id: "" });
  }

  #create(call, request, answer, refuse) {
    const { channel_id, message = "", root_id = "", file_ids = [], pending_post_id = "" } = call.body ?? {};
    if (!this.channels.has(channel_id)) return refuse(403, "api.context.permissions.app_error", "You do not have the appropriate permissions.");
    if ([...message].length > longestMessage) return refuse(400, "model.post.is_valid.message_length.app_error", "Post Message property is longer than the maximum permitted length.");
    if (message === "" && file_ids.length === 0) return refuse(400, "api.post.create_post.empty.app_error", "A post needs words or files.");
    const root = this.posts.get(root_id);
    if (root_id !== "" && (!root || root.root_id !== "" || root.channel_id !== channel_id)) return refuse(400, "api.post.create_post.root_id.app_error", "Invalid RootId parameter.");
    if (file_ids.some((id) => !this.files.get(id)?.waiting)) return refuse(400, "api.context.invalid_body_param.app_error", "Invalid file_ids.");
    const fault = this.faults.find((one) => one.times > 0);
    if (fault) {
      --fault.times;
      call.status = 0;
      if (fault.stall) return undefined;
      if (fault.drop === "before") return request.socket.destroy();
      if (fault.drop !== "after") return refuse(fault.status, "api.fault.app_error", "Please try again.", fault.retryAfter !== undefined ? { "x-ratelimit-reset": String(fault.retryAfter) } : {});
    }
    const known = this.#pending.get(pending_post_id);
    if (pending_post_id && known && Date.now() - known.at < repeatedWithinMs) return answer(201, this.posts.get(known.id));
    for (const id of file_ids) this.files.get(id).waiting = false;
    const post = this.post({ user_id: this.me.id, channel_id, message, root_id, file_ids, pending_post_id, props: { from_bot: "true" } });
    if (pending_post_id) this.#pending.set(pending_post_id, { id: post.id, at: Date.now() });
    Object.assign(call, { post, status: 201 });
    return fault ? request.socket.destroy() : answer(201, post);
  }

  #patch(call, id, answer, refuse, missing) {
    const post = this.posts.get(id);
    if (!post) return missing();
    if (post.user_id !== this.me.id) return refuse(403, "api.context.permissions.app_error", "You do not have the appropriate permissions.");
    if ([...(call.body?.message ?? "")].length > longestMessage) return refuse(400, "model.post.is_valid.message_length.app_error", "Post Message property is longer than the maximum permitted length.");
    if (call.body?.message !== undefined) post.message = call.body.message;
    post.edit_at = post.update_at = this.now();
    call.post = post;
    this.tell("post_edited", post);
    return answer(200, post);
  }

  #upload(body, type, answer, refuse) {
    const boundary = /boundary="?([^";]+)/.exec(type)?.[1];
    const parts = boundary ? body.toString("latin1").split(`--${boundary}`).slice(1, -1) : [];
    const infos = [];
    let channel;
    for (const part of parts) {
      const end = part.indexOf("\r\n\r\n");
      const head = Buffer.from(part.slice(0, end), "latin1").toString();
      const content = Buffer.from(part.slice(end + 4, -2), "latin1");
      const name = /filename="([^"]*)"/.exec(head)?.[1];
      if (name === undefined && /name="channel_id"/.test(head)) channel = content.toString();
      if (name === undefined) continue;
      const id = this.file(name, /Content-Type: *([^\r\n]+)/i.exec(head)?.[1] ?? "application/octet-stream", content);
      this.files.get(id).waiting = true;
      infos.push(this.files.get(id).info);
    }
    if (!this.channels.has(channel)) return refuse(400, "api.file.upload_file.channel.app_error", "Unable to upload the file: no such channel.");
    return answer(201, { file_infos: infos, client_ids: [] });
  }
}
