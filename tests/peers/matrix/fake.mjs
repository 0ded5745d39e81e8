// A Matrix homeserver as far as a bot and the people around it use it, on loopback: sync with filters and gaps, relations, media,
// account data, limits and faults on demand. conformance.test.mjs lets matrix-js-sdk judge it; synapse.mjs is the real thing.
import crypto from "node:crypto";
import http from "node:http";
import { Refusal, World } from "./world.mjs";

const unrecognized = () => new Refusal(404, "M_UNRECOGNIZED", "Unrecognized request");
const unknownToken = () => new Refusal(401, "M_UNKNOWN_TOKEN", "Invalid access token passed.", { soft_logout: false });
const accepted = { "m.text": 1, "m.notice": 1, "m.emote": 1, "m.image": 1, "m.file": 1, "m.audio": 1, "m.video": 1, "m.location": 1 };

function json(body) {
  try {
    const value = JSON.parse(body.toString() || "{}");
    if (value === null || typeof value !== "object" || Array.isArray(value)) throw new Error();
    return value;
  } catch {
    throw new Refusal(400, "M_NOT_JSON", "Content not JSON.");
  }
}

export class FakeMatrix {
  world = new World("fake.test");
  calls = [];
  faults = [];
  media = new Map();
  typings = []; // {user, room, on, at}
  oldMedia = false; // a homeserver from before authenticated media
  #tokens = new Map();
  #transactions = new Map();
  #filters = [];
  #garbage = 0;
  #sockets = new Set();

  static async start() {
    const fake = new FakeMatrix();
    fake.server = http.createServer((request, response) => fake.#serve(request, response));
    fake.server.on("connection", (socket) => {
      fake.#sockets.add(socket);
      socket.on("close", () => fake.#sockets.delete(socket));
    });
    await new Promise((resolve) => fake.server.listen(0, "127.0.0.1", resolve));
    fake.url = `http://127.0.0.1:${fake.server.address().port}`;
    return fake;
  }

  async stop() {
    this.dropConnections();
    await new Promise((resolve) => this.server.close(resolve));
  }

  dropConnections() {
    for (const socket of this.#sockets) socket.destroy();
  }

  token(userId, device = "DEVICE") {
    const token = `syt_${crypto.randomBytes(18).toString("base64url")}`;
    this.#tokens.set(token, { user: userId, device });
    return token;
  }

  revoke(token) {
    this.#tokens.delete(token);
    this.world.changed();
  }

  revokeAll() {
    for (const token of [...this.#tokens.keys()]) this.revoke(token);
  }

  /** fault: {what: limit | server-error | lost-answer | not-sent | stall | too-large, times, retryAfterMs}; of the next sent events. */
  fault(fault) {
    this.faults.push({ times: 1, ...fault });
  }

  /** The next sync answers are no JSON. */
  garble(times = 1) {
    this.#garbage += times;
    this.dropConnections();
  }

  #who(request) {
    const given = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    if (!given) throw new Refusal(401, "M_MISSING_TOKEN", "Missing access token");
    const known = this.#tokens.get(given);
    if (!known) throw unknownToken();
    return { ...known, token: given };
  }

  async #serve(request, response) {
    const chunks = [];
    try {
      for await (const chunk of request) chunks.push(chunk);
    } catch {
      return; // cut
    }
    const address = new URL(request.url, "http://fake");
    const call = { method: request.method, path: address.pathname, query: Object.fromEntries(address.searchParams), at: Date.now() };
    this.calls.push(call);
    const cors = { "access-control-allow-origin": "*" };
    try {
      const answer = await this.#answer(request, response, call, Buffer.concat(chunks));
      if (answer === undefined || response.destroyed) return;
      call.status = 200;
      if (answer.bytes) {
        response.writeHead(200, { "content-type": answer.type, ...cors });
        return response.end(answer.bytes);
      }
      response.writeHead(200, { "content-type": "application/json", ...cors });
      response.end(answer.text ?? JSON.stringify(answer));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      call.status = error.status;
      response.writeHead(error.status, { "content-type": "application/json", ...cors });
      response.end(JSON.stringify(error.body));
    }
  }

  async #answer(request, response, call, body) {
    const parts = call.path.split("/").slice(1).map(decodeURIComponent);
    const [root, area, version, ...rest] = parts;
    if (root !== "_matrix") throw unrecognized();
    const route = `${call.method} ${area}/${version}`;
    if (area === "client" && version === "versions") return { versions: ["v1.1", "v1.10", "v1.11", "v1.12"], unstable_features: {} };
    if (route === "POST client/v3" && rest[0] === "login") return this.#login(json(body));
    if (area === "media" && version === "v3" && rest[0] === "download") return this.#download(rest[1], rest[2], !this.oldMedia);
    const { user, device, token } = this.#who(request);
    call.token = token;
    if (area === "media" && rest[0] === "upload") return this.#upload(request, body);
    if (area === "media" && rest[0] === "config") return { "m.upload.size": 50_000_000 };
    if (area === "client" && version === "v1" && rest[0] === "media") {
      if (this.oldMedia) throw unrecognized();
      if (rest[1] === "config") return { "m.upload.size": 50_000_000 };
      return this.#download(rest[2], rest[3], false);
    }
    if (area === "client" && version === "v1" && rest[2] === "relations") return this.#relations(user, rest, call.query);
    if (area !== "client" || version !== "v3") throw unrecognized();
    if (rest[0] === "sync") return this.#sync(user, token, call.query, response);
    if (rest[0] === "rooms") return this.#room(call, rest.slice(1), user, device, body, response);
    return this.#account(call, rest, user, device, body);
  }

  #login(body) {
    if (body.type !== "m.login.password") throw new Refusal(400, "M_UNKNOWN", "Unknown login type");
    const named = body.identifier?.user ?? "";
    const user = this.world.users.get(named) ?? this.world.users.get(`@${named}:${this.world.serverName}`);
    if (!user || user.password !== body.password) throw new Refusal(403, "M_FORBIDDEN", "Invalid username or password");
    const device_id = body.device_id ?? crypto.randomBytes(5).toString("hex").toUpperCase();
    return { user_id: user.id, access_token: this.token(user.id, device_id), device_id, home_server: this.world.serverName };
  }

  #account(call, rest, user, device, body) {
    const world = this.world;
    const [what, ...more] = rest;
    const route = `${call.method} ${what}`;
    if (route === "GET account" && more[0] === "whoami") return { user_id: user, device_id: device, is_guest: false };
    if (route === "POST logout") return {};
    if (route === "GET capabilities") return { capabilities: {} };
    if (route === "GET pushrules") return { global: { override: [], content: [], room: [], sender: [], underride: [] } };
    if (route === "GET joined_rooms") return { joined_rooms: [...world.rooms.values()].filter((room) => room.members.get(user) === "join").map((room) => room.id) };
    if (route === "GET profile") {
      const known = world.users.get(more[0]);
      if (!known) throw new Refusal(404, "M_NOT_FOUND", "Profile was not found");
      return { displayname: known.displayname };
    }
    if (route === "POST createRoom") {
      const wish = json(body);
      return { room_id: world.createRoom(user, { name: wish.name, invite: wish.invite, direct: wish.is_direct }).id };
    }
    if (route === "POST join") return { room_id: world.join(more[0], user).id };
    if (route === "GET directory" && more[0] === "room") {
      const room = [...world.rooms.values()].find((one) => one.alias === more[1]);
      if (!room) throw new Refusal(404, "M_NOT_FOUND", `Room alias ${more[1]} not found`);
      return { room_id: room.id, servers: [world.serverName] };
    }
    if (route === "POST user_directory") {
      const { search_term, limit = 10 } = json(body);
      if (typeof search_term !== "string") throw new Refusal(400, "M_BAD_JSON", "`search_term` is required field");
      const found = [...world.users.values()].filter((one) => `${one.id} ${one.displayname}`.toLowerCase().includes(search_term.toLowerCase()));
      return { limited: found.length > limit, results: found.slice(0, limit).map((one) => ({ user_id: one.id, display_name: one.displayname })) };
    }
    if (what === "user" && more[0] !== user) throw new Refusal(403, "M_FORBIDDEN", "Cannot act for other users.");
    if (what === "user" && more[1] === "filter") {
      if (call.method === "POST") return { filter_id: String(this.#filters.push(json(body)) - 1) };
      return this.#filters[Number(more[2])];
    }
    if (what === "user" && more[1] === "account_data") {
      if (call.method === "PUT") {
        world.setData(user, more[2], json(body));
        return {};
      }
      const data = world.users.get(user).data.get(more[2]);
      if (!data) throw new Refusal(404, "M_NOT_FOUND", "Account data not found");
      return data.content;
    }
    throw unrecognized();
  }

  async #sync(user, token, query, response) {
    if (this.#garbage > 0) {
      --this.#garbage;
      return { text: "<html>gateway trouble</html>" };
    }
    let filter = {};
    if (query.filter?.startsWith("{")) filter = json(query.filter);
    else if (query.filter !== undefined) filter = this.#filters[Number(query.filter)];
    if (!filter) throw new Refusal(400, "M_INVALID_PARAM", "No such filter");
    const over = () => response.destroyed || !this.#tokens.has(token);
    const options = { since: query.since, timeout: Number(query.timeout ?? 0), full: query.full_state === "true", filter, over };
    const answer = await this.world.sync(user, options, (end) => response.on("close", end));
    if (!this.#tokens.has(token)) throw unknownToken();
    return answer && { text: this.#bytes(answer) };
  }

  // Events that are no JSON of this world stand in the answer as they are.
  #bytes(answer) {
    const raw = [];
    const text = JSON.stringify(answer, (key, value) => (value?.raw ? `@@raw${raw.push(value.raw) - 1}@@` : value));
    if (!raw.length) return text;
    const pieces = text.split(/"@@raw(\d+)@@"/);
    return Buffer.concat(pieces.map((piece, index) => (index % 2 ? Buffer.from(raw[Number(piece)]) : Buffer.from(piece))));
  }

  async #room(call, [roomId, what, ...more], user, device, body, response) {
    const world = this.world;
    const route = `${call.method} ${what}`;
    if (route === "PUT send") return this.#send(call, roomId, more, user, device, body, response);
    if (route === "PUT redact") return this.#once(`${user} ${device} ${roomId} redact ${more[1]}`, () => ({ event_id: world.redact(roomId, user, more[0], json(body).reason).event_id }));
    if (route === "PUT typing") {
      if (more[0] !== user) throw new Refusal(403, "M_FORBIDDEN", "Cannot set another user's typing state");
      const { typing, timeout } = json(body);
      if (typeof typing !== "boolean" || (typing && !Number.isInteger(timeout))) throw new Refusal(400, "M_BAD_JSON", "'typing' and 'timeout' are needed");
      world.setTyping(roomId, user, typing);
      this.typings.push({ user, room: roomId, on: typing, at: Date.now() });
      return {};
    }
    if (route === "POST receipt") {
      if (!["m.read", "m.read.private"].includes(more[0])) throw new Refusal(400, "M_INVALID_PARAM", "Receipt type must be m.read");
      world.setReceipt(roomId, user, more[1]);
      return {};
    }
    if (route === "GET event") {
      const event = world.room(roomId, user).events.find((one) => one.event_id === more[0]);
      if (!event) throw new Refusal(404, "M_NOT_FOUND", "Event not found.");
      return event;
    }
    if (route === "GET messages") {
      const { from, to, dir, limit, filter } = call.query;
      return world.messages(roomId, user, { from, to, dir, limit: Number(limit ?? 10), filter: filter && json(filter) });
    }
    if (route === "GET members") return { chunk: [...world.room(roomId, user).state.values()].filter((event) => event.type === "m.room.member") };
    if (route === "POST invite") {
      world.member(world.room(roomId, user), user, json(body).user_id, "invite");
      return {};
    }
    if (route === "POST join") return { room_id: world.join(roomId, user).id };
    if (route === "POST upgrade") {
      if (typeof json(body).new_version !== "string") throw new Refusal(400, "M_BAD_JSON", "'new_version' is needed");
      return { replacement_room: world.upgrade(roomId, user).id };
    }
    if (route === "POST leave") {
      world.member(world.rooms.get(roomId), user, user, "leave");
      return {};
    }
    throw unrecognized();
  }

  #once(key, act) {
    if (!this.#transactions.has(key)) this.#transactions.set(key, act());
    return this.#transactions.get(key);
  }

  async #send(call, roomId, [type, transaction], user, device, body, response) {
    const content = json(body);
    Object.assign(call, { sends: type, room: roomId, content });
    if (type === "m.room.message" && content.msgtype !== undefined && !accepted[content.msgtype]) throw new Refusal(400, "M_BAD_JSON", "Unknown msgtype");
    const fault = type === "m.room.message" && this.faults.find((one) => one.times > 0);
    if (fault) {
      --fault.times;
      if (fault.what === "limit") throw new Refusal(429, "M_LIMIT_EXCEEDED", "Too Many Requests", { retry_after_ms: fault.retryAfterMs ?? 1000 });
      if (fault.what === "server-error") throw new Refusal(502, "M_UNKNOWN", "Bad gateway");
      if (fault.what === "too-large") throw new Refusal(413, "M_TOO_LARGE", "event too large");
      if (fault.what === "stall") return undefined;
      if (fault.what === "not-sent") return void response.destroy();
    }
    // The same transaction of the same device is the same event, however often it is sent.
    const key = `${user} ${device} ${roomId} ${type} ${transaction}`;
    const answer = this.#once(key, () => ({ event_id: this.world.take(roomId, user, type, content).event_id }));
    if (fault && fault.what === "lost-answer") return void response.destroy();
    return answer;
  }

  #relations(user, [, roomId, , eventId, relType, eventType], { limit = 20, from }) {
    const all = this.world
      .room(roomId, user)
      .events.filter((event) => {
        const relation = event.content["m.relates_to"];
        return relation?.event_id === eventId && (!relType || relation.rel_type === relType) && (!eventType || event.type === eventType);
      })
      .reverse();
    const start = Number(from ?? 0);
    const end = start + Number(limit);
    return { chunk: all.slice(start, end), ...(end < all.length && { next_batch: String(end) }) };
  }

  #upload(request, body) {
    const id = crypto.randomBytes(12).toString("base64url");
    this.media.set(id, { bytes: body, type: request.headers["content-type"] ?? "application/octet-stream" });
    return { content_uri: `mxc://${this.world.serverName}/${id}` };
  }

  #download(server, id, frozen) {
    const file = this.media.get(id);
    // Media are not given without a token any more.
    if (server !== this.world.serverName || !file || frozen) throw new Refusal(404, "M_NOT_FOUND", "Not found");
    return { bytes: file.bytes, type: file.type };
  }
}
