// The rooms of the fake homeserver and what each user sees of them: one stream of events, /sync and /messages over it.
import crypto from "node:crypto";

export class Refusal extends Error {
  constructor(status, errcode, error, more = {}) {
    super(error);
    Object.assign(this, { status, body: { errcode, error, ...more } });
  }
}
const forbidden = (why) => new Refusal(403, "M_FORBIDDEN", why);
const unknownRoom = () => new Refusal(404, "M_NOT_FOUND", "Can't find this room");

const tokenOf = (position) => `s${position}`;
const wanted = (filter, type) =>
  !filter?.types || filter.types.some((one) => one === type || one === "*" || (one.endsWith("*") && type.startsWith(one.slice(0, -1))));

export class World {
  position = 0;
  oldest = 0; // places in the stream before it are not known any more
  rooms = new Map();
  users = new Map();
  raw = [];
  #waiting = new Set();

  constructor(serverName) {
    this.serverName = serverName;
  }

  addUser(name, { password = crypto.randomBytes(8).toString("hex"), displayname = name[0].toUpperCase() + name.slice(1) } = {}) {
    const user = { id: `@${name}:${this.serverName}`, password, displayname, data: new Map() };
    this.users.set(user.id, user);
    return user;
  }

  #positionOf(token) {
    const found = /^s(\d+)$/.exec(token);
    if (!found || Number(found[1]) < this.oldest) throw new Refusal(400, "M_UNKNOWN", "Invalid stream token");
    return Number(found[1]);
  }

  changed() {
    for (const wake of [...this.#waiting]) wake();
  }

  room(roomId, user) {
    const room = this.rooms.get(roomId);
    if (!room) throw user ? forbidden(`User ${user} not in room ${roomId}`) : unknownRoom();
    if (user && room.members.get(user) !== "join") throw forbidden(`User ${user} not in room ${roomId}`);
    return room;
  }

  createRoom(creator, { name, alias, direct = false, invite = [], open = false, predecessor } = {}) {
    const id = `!${crypto.randomBytes(9).toString("base64url")}:${this.serverName}`;
    const room = { id, events: [], state: new Map(), members: new Map(), typing: new Set(), typingAt: 0, receipts: [], open };
    this.rooms.set(id, room);
    this.append(room, creator, "m.room.create", { room_version: "10", ...(predecessor && { predecessor }) }, { state_key: "" });
    this.member(room, creator, creator, "join");
    if (name) this.append(room, creator, "m.room.name", { name }, { state_key: "" });
    if (alias) {
      room.alias = alias;
      this.append(room, creator, "m.room.canonical_alias", { alias }, { state_key: "" });
    }
    for (const user of invite) this.member(room, creator, user, "invite", direct ? { is_direct: true } : {});
    return room;
  }

  /** Nobody is taken along: who may join the new room does so, the others need an invitation. In the old one nobody else may speak any more. */
  upgrade(roomId, user) {
    const room = this.room(roomId, user);
    if (room.events[0].sender !== user) throw forbidden("You don't have permission to upgrade the room");
    const next = this.createRoom(user, { name: room.state.get("m.room.name|")?.content.name, open: room.open, predecessor: { room_id: roomId, event_id: room.events.at(-1).event_id } });
    this.append(room, user, "m.room.tombstone", { body: "This room has been replaced", replacement_room: next.id }, { state_key: "" });
    return next;
  }

  member(room, sender, user, membership, more = {}) {
    const content = { membership, displayname: this.users.get(user)?.displayname, ...more };
    return this.append(room, sender, "m.room.member", content, { state_key: user });
  }

  join(roomId, user) {
    const room = this.rooms.get(roomId) ?? [...this.rooms.values()].find((one) => one.alias === roomId);
    if (!room) throw unknownRoom();
    const membership = room.members.get(user);
    if (membership === "join") return room;
    if (membership !== "invite" && !room.open) throw forbidden("You are not invited to this room.");
    this.member(room, user, user, "join");
    return room;
  }

  append(room, sender, type, content, { state_key, redacts, raw } = {}) {
    const event = { type, sender, content, event_id: `$${crypto.randomBytes(32).toString("base64url")}`, origin_server_ts: Date.now(), unsigned: {} };
    if (redacts) Object.assign(event, { redacts });
    if (state_key !== undefined) {
      event.state_key = state_key;
      const before = room.state.get(`${type}|${state_key}`);
      if (before) event.unsigned = { prev_content: before.content, replaces_state: before.event_id, prev_sender: before.sender };
      room.state.set(`${type}|${state_key}`, event);
      if (type === "m.room.member") room.members.set(state_key, content.membership);
    }
    Object.defineProperty(event, "position", { value: ++this.position });
    Object.defineProperty(event, "raw", { value: raw });
    room.events.push(event);
    this.changed();
    return event;
  }

  /** As the homeserver judges a client's event before it takes it. */
  take(roomId, sender, type, content) {
    const room = this.room(roomId, sender);
    if (room.state.has("m.room.tombstone|") && room.events[0].sender !== sender) throw forbidden("You don't have permission to post that to the room. user_level (0) < send_level (50)");
    if (Buffer.byteLength(JSON.stringify(content)) + 600 > 65536) throw new Refusal(413, "M_TOO_LARGE", "event too large");
    if (type === "m.room.message" && (typeof content.body !== "string" || typeof content.msgtype !== "string"))
      throw new Refusal(400, "M_BAD_JSON", "'body' or 'msgtype' not in content");
    const relation = content["m.relates_to"];
    if (relation?.rel_type) {
      const parent = room.events.find((event) => event.event_id === relation.event_id);
      if (!parent) throw new Refusal(400, "M_UNKNOWN", "Can't send relation to an event in another room");
      if (relation.rel_type === "m.thread" && parent.content["m.relates_to"]?.rel_type)
        throw new Refusal(400, "M_UNKNOWN", "Cannot start threads from an event with a relation");
      const same = (event) =>
        event.sender === sender && event.type === type && event.content["m.relates_to"]?.event_id === relation.event_id && event.content["m.relates_to"]?.key === relation.key;
      if (relation.rel_type === "m.annotation" && room.events.some(same))
        throw new Refusal(400, "M_DUPLICATE_ANNOTATION", "Can't send same reaction twice");
    }
    return this.append(room, sender, type, content);
  }

  redact(roomId, sender, eventId, reason) {
    const room = this.room(roomId, sender);
    const event = room.events.find((one) => one.event_id === eventId);
    if (!event) throw new Refusal(404, "M_NOT_FOUND", "Could not find event");
    if (event.sender !== sender) throw forbidden("You don't have permission to redact events");
    Object.defineProperty(event, "removed", { value: event.content });
    event.content = {};
    return this.append(room, sender, "m.room.redaction", reason ? { reason } : {}, { redacts: eventId });
  }

  setTyping(roomId, user, typing) {
    const room = this.room(roomId, user);
    room.typing[typing ? "add" : "delete"](user);
    room.typingAt = ++this.position;
    this.changed();
  }

  setReceipt(roomId, user, eventId) {
    const room = this.room(roomId, user);
    room.receipts.push({ user, eventId, at: ++this.position });
    this.changed();
  }

  setData(user, type, content) {
    this.users.get(user).data.set(type, { content, at: ++this.position });
    this.changed();
  }

  messages(roomId, user, { from, to, limit = 10, filter, dir }) {
    const room = this.room(roomId, user);
    if (dir !== "b") throw new Refusal(400, "M_INVALID_PARAM", "Only dir=b is known here");
    const upper = from ? this.#positionOf(from) : this.position;
    const lower = to ? this.#positionOf(to) : 0;
    const all = room.events.filter((event) => event.position <= upper && event.position > lower && wanted(filter, event.type)).reverse();
    const chunk = all.slice(0, limit);
    return { start: tokenOf(upper), chunk, ...(all.length > limit && { end: tokenOf(chunk.at(-1).position - 1) }) };
  }

  #timeline(room, after, filter) {
    const seen = room.events.filter((event) => event.position > after && wanted(filter.timeline, event.type));
    const limit = filter.timeline?.limit ?? 10;
    const events = seen.slice(Math.max(0, seen.length - limit));
    const start = events[0]?.position ?? this.position + 1;
    return { events, limited: seen.length > limit, prev_batch: tokenOf(start - 1), start };
  }

  #joined(room, user, since, full, filter) {
    const mine = room.state.get(`m.room.member|${user}`);
    const fresh = mine.position > since && mine.unsigned.prev_content?.membership !== "join";
    const { start, ...timeline } = this.#timeline(room, fresh ? 0 : since, filter);
    const senders = new Set(timeline.events.map((event) => event.sender));
    const lazy = filter.state?.lazy_load_members;
    const state = [...room.state.values()].filter((event) => {
      if (event.position >= start || !wanted(filter.state, event.type)) return false;
      if (lazy && event.type === "m.room.member") return senders.has(event.state_key);
      return full || fresh || event.position > since;
    });
    const ephemeral = [];
    if (wanted(filter.ephemeral, "m.typing") && room.typingAt > since)
      ephemeral.push({ type: "m.typing", content: { user_ids: [...room.typing] } });
    const receipts = room.receipts.filter((receipt) => receipt.at > since);
    if (wanted(filter.ephemeral, "m.receipt") && receipts.length)
      ephemeral.push({
        type: "m.receipt",
        content: Object.fromEntries(receipts.map(({ user: by, eventId, at }) => [eventId, { "m.read": { [by]: { ts: at } } }])),
      });
    const members = [...room.members.values()];
    const moved = full || fresh || timeline.events.some((event) => event.type === "m.room.member");
    const summary = lazy && moved ? { "m.joined_member_count": members.filter((one) => one === "join").length, "m.invited_member_count": members.filter((one) => one === "invite").length } : {};
    const something = full || fresh || timeline.events.length || state.length || ephemeral.length;
    return something && { timeline, state: { events: state }, ephemeral: { events: ephemeral }, account_data: { events: [] }, summary, unread_notifications: {} };
  }

  #look(user, since, full, filter) {
    const answer = { next_batch: tokenOf(this.position), account_data: { events: [] }, rooms: { join: {}, invite: {}, leave: {} } };
    const initial = since === undefined;
    const after = since ?? 0;
    let something = initial || full;
    for (const [type, { content, at }] of this.users.get(user).data)
      if ((initial || full || at > after) && wanted(filter.account_data, type)) {
        answer.account_data.events.push({ type, content });
        something = true;
      }
    for (const room of this.rooms.values()) {
      const mine = room.state.get(`m.room.member|${user}`);
      if (!mine) continue;
      const membership = room.members.get(user);
      if (membership === "join") {
        const part = this.#joined(room, user, after, initial || full, filter.room ?? {});
        if (part) answer.rooms.join[room.id] = part;
        something ||= Boolean(part);
      } else if (mine.position > after && membership === "invite") {
        const events = [...room.state.values()].filter((event) => ["m.room.create", "m.room.name", "m.room.canonical_alias", "m.room.encryption"].includes(event.type) || event === mine);
        answer.rooms.invite[room.id] = { invite_state: { events: events.map(({ type, sender, content, state_key }) => ({ type, sender, content, state_key })) } };
        something = true;
      } else if (mine.position > after && !initial) {
        answer.rooms.leave[room.id] = { timeline: { events: [], limited: false }, state: { events: [] } };
        something = true;
      }
    }
    return something && answer;
  }

  /** Resolves with an answer as soon as there is something, or when `timeout` is over; without one when it is `over` or `closed`. */
  sync(user, { since, timeout = 0, full = false, filter = {}, over = () => false }, closed) {
    const after = since === undefined ? undefined : this.#positionOf(since);
    return new Promise((resolve) => {
      const end = (answer) => {
        clearTimeout(timer);
        this.#waiting.delete(look);
        resolve(answer);
      };
      const look = () => {
        if (over()) return end(undefined);
        const answer = this.#look(user, after, full, filter);
        if (answer) end(answer);
      };
      const timer = setTimeout(() => end({ next_batch: tokenOf(this.position), rooms: {} }), full ? 0 : timeout);
      this.#waiting.add(look);
      closed(() => end(undefined));
      look();
    });
  }
}
