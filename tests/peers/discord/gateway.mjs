// Discord's gateway, version 10, as far as a bot uses it: HELLO, IDENTIFY, heartbeats, RESUME with what was missed, and the close codes
// of those who break its rules. https://discord.com/developers/docs/events/gateway
import { ServerSocket } from "./websocket_server.mjs";

export const intents = { guilds: 1, guildMessages: 1 << 9, guildReactions: 1 << 10, directMessages: 1 << 12, directReactions: 1 << 13, content: 1 << 15 };

/** The intent that a dispatch needs; 0: none. */
function intentOf(type, data) {
  const direct = data.guild_id === undefined;
  if (type.startsWith("MESSAGE_REACTION")) return direct ? intents.directReactions : intents.guildReactions;
  if (type.startsWith("MESSAGE_")) return direct ? intents.directMessages : intents.guildMessages;
  if (type.startsWith("GUILD_") || type.startsWith("CHANNEL_") || type.startsWith("THREAD_")) return intents.guilds;
  return 0;
}

export class FakeGateway {
  heartbeatMs = 41250;
  acknowledge = true; // heartbeats
  disallowed = 0; // intents that the developer portal has switched off
  log = []; // {op, d} received, {close} of connections, {connect: address}
  sockets = new Set();
  #sessions = new Map();
  #nextSession = 1;

  /** `world` has token, me, applicationId, url and hello(): the dispatches after READY. */
  constructor(world) {
    this.world = world;
  }

  get live() {
    return [...this.sockets].filter((socket) => socket.session);
  }

  upgrade(request, socket, head) {
    const address = new URL(request.url, "http://fake");
    const connection = new ServerSocket(request, socket, head);
    this.log.push({ connect: request.url });
    if (address.searchParams.get("v") !== "10" || address.searchParams.get("encoding") !== "json") return connection.close(4012, "Invalid API version.");
    this.sockets.add(connection);
    connection.onClose = (code) => {
      this.log.push({ close: code });
      clearTimeout(connection.watch);
      this.sockets.delete(connection);
      // Who says goodbye like this does not come back.
      if (connection.session && (code === 1000 || code === 1001)) this.#sessions.delete(connection.session.id);
    };
    connection.onText = (text) => this.#received(connection, text);
    this.#send(connection, { op: 10, d: { heartbeat_interval: this.heartbeatMs, _trace: [] } });
    this.#expectHeartbeat(connection);
  }

  #expectHeartbeat(connection) {
    clearTimeout(connection.watch);
    connection.watch = setTimeout(() => connection.close(4009, "Session timed out."), this.heartbeatMs * 2).unref();
  }

  #send(connection, frame) {
    connection.send(JSON.stringify({ t: null, s: null, ...frame }));
  }

  #received(connection, text) {
    if (Buffer.byteLength(text) > 4096) return connection.close(4002, "Payload too large.");
    let frame;
    try {
      frame = JSON.parse(text);
    } catch {
      return connection.close(4002, "Error while decoding payload.");
    }
    this.log.push({ op: frame.op, d: frame.d });
    if (frame.op === 1) {
      this.#expectHeartbeat(connection);
      if (this.acknowledge) this.#send(connection, { op: 11 });
      return;
    }
    if (frame.op === 2) return this.#identify(connection, frame.d);
    if (frame.op === 6) return this.#resume(connection, frame.d);
    if (!connection.session) return connection.close(4003, "Not authenticated.");
    if (![3, 4, 8].includes(frame.op)) connection.close(4001, "Unknown opcode.");
  }

  #authenticated(connection, token) {
    if (typeof token === "string" && token.replace(/^Bot /, "") === this.world.token) return true;
    connection.close(4004, "Authentication failed.");
    return false;
  }

  #identify(connection, d) {
    if (connection.session) return connection.close(4005, "Already authenticated.");
    if (!this.#authenticated(connection, d.token)) return;
    if (!Number.isInteger(d.intents) || d.intents < 0) return connection.close(4013, "Invalid intent(s).");
    if (d.intents & this.disallowed) return connection.close(4014, "Disallowed intent(s).");
    if (!d.properties?.os) return connection.close(4002, "properties are missing");
    const session = { id: `session-${this.#nextSession++}-${Math.random().toString(16).slice(2)}`, intents: d.intents, sequence: 0, sent: [] };
    this.#sessions.set(session.id, session);
    connection.session = session;
    this.#dispatchTo(session, "READY", {
      v: 10,
      user: this.world.me,
      session_type: "normal",
      session_id: session.id,
      resume_gateway_url: this.world.gatewayUrl,
      shard: [0, 1],
      guilds: this.world.guildIds().map((id) => ({ id, unavailable: true })),
      application: { id: this.world.applicationId, flags: 1 << 19 },
      private_channels: [],
      relationships: [],
      user_settings: {},
    });
    for (const [type, data] of this.world.hello()) this.#dispatchTo(session, type, data);
  }

  #resume(connection, d) {
    if (connection.session) return connection.close(4005, "Already authenticated.");
    if (!this.#authenticated(connection, d.token)) return;
    const session = this.#sessions.get(d.session_id);
    if (!session) return this.#send(connection, { op: 9, d: false });
    if (!Number.isInteger(d.seq) || d.seq > session.sequence) return connection.close(4007, "Invalid sequence.");
    // One connection holds a session: the one that came last.
    for (const other of this.sockets) if (other !== connection && other.session === session) other.destroy();
    connection.session = session;
    for (const frame of session.sent) if (frame.s > d.seq) connection.send(JSON.stringify(frame));
    this.#dispatchTo(session, "RESUMED", { _trace: [] });
  }

  #dispatchTo(session, type, data) {
    const needed = intentOf(type, data);
    if (needed && !(session.intents & needed)) return;
    let seen = data;
    // Words of others are a privilege: without the intent only those to us are seen.
    if (type.startsWith("MESSAGE_") && data.content && !(session.intents & intents.content) && data.guild_id !== undefined)
      if (!data.mentions?.some((user) => user.id === this.world.me.id)) seen = { ...data, content: "", attachments: [] };
    const frame = { op: 0, t: type, s: ++session.sequence, d: seen };
    session.sent.push(frame);
    if (session.sent.length > 5000) session.sent.shift();
    for (const connection of this.sockets) if (connection.session === session) connection.send(JSON.stringify(frame));
  }

  dispatch(type, data) {
    for (const session of this.#sessions.values()) this.#dispatchTo(session, type, data);
  }

  /** To whoever is connected, in no session's memory. */
  op(frame) {
    for (const connection of this.live) this.#send(connection, frame);
  }
  bytes(payload) {
    for (const connection of this.live) connection.frame(1, payload);
  }
  close(code) {
    for (const connection of this.live) connection.close(code);
  }
  cut() {
    for (const connection of this.sockets) connection.destroy();
  }
  /** As after a long time away: nothing can be resumed. */
  forget() {
    this.#sessions.clear();
  }
}
