// WhatsApp's multi-device server on loopback, as far as a linked device sees it: pairing by QR code, login, pre-keys, people with
// real Signal sessions, groups with sender keys, an offline queue, media, limits and faults. The unmodified Baileys is its client
// and so its judge (conformance.test.mjs); both sides share Baileys' codecs, so an error in those cannot show here.
import crypto from "node:crypto";
import http from "node:http";
import { load } from "./baileys.mjs";
import { Contact } from "./contact.mjs";
import { Transport } from "./noise.mjs";

const server = "s.whatsapp.net";
const longestText = 65536;
const seconds = () => String(Math.floor(Date.now() / 1000));
/** What a file is sealed with, from its one key. */
function mediaKeys(key, kind) {
  const name = { image: "Image", sticker: "Image", video: "Video", audio: "Audio", document: "Document" }[kind];
  const bytes = Buffer.from(crypto.hkdfSync("sha256", key, Buffer.alloc(0), `WhatsApp ${name} Keys`, 112));
  return { iv: bytes.subarray(0, 16), cipherKey: bytes.subarray(16, 48), macKey: bytes.subarray(48, 80) };
}
const userOf = (jid) => jid.split("@")[0].split(":")[0];

export class FakeWhatsApp {
  number = "15550001111";
  group = "120363000000000001@g.us";
  /** What people see, in order: {id, to, message (content), by, edits, removed}. */
  inbox = [];
  chatStates = [];
  reads = [];
  seen = []; // which stanzas came, for tests that look at how
  duplicates = 0; // messages that came again with the same id
  retries = 0; // messages that the bot could not read
  faults = [];
  logins = 0;
  scans = 0;
  banned = false; // the number may not be used
  #b;
  #people = new Map();
  #phone; // the owner's own, as a person
  #connections = new Set();
  #sockets = new Set();
  #device = null; // the linked device: its keys
  #preKeys = [];
  #undelivered = new Map(); // id → stanza, until the bot says that it has it
  #files = new Map();
  #serverKey;
  #phoneKey;
  #lastId = 0;

  static async start() {
    const fake = new FakeWhatsApp();
    fake.#b = await load();
    fake.#serverKey = fake.#b.Curve.generateKeyPair();
    fake.#phoneKey = fake.#b.Curve.generateKeyPair();
    fake.http = http.createServer((request, response) => fake.#media(request, response));
    fake.http.on("connection", (socket) => {
      fake.#sockets.add(socket);
      socket.on("close", () => fake.#sockets.delete(socket));
    });
    new fake.#b.WebSocketServer({ server: fake.http }).on("connection", (socket) => fake.#accept(socket));
    await new Promise((resolve) => fake.http.listen(0, "127.0.0.1", resolve));
    const { port } = fake.http.address();
    fake.url = `ws://127.0.0.1:${port}/ws/chat`;
    fake.mediaUrl = `http://127.0.0.1:${port}`;
    return fake;
  }

  async stop() {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.http.close(resolve));
  }

  get botJid() {
    return `${this.number}:1@${server}`;
  }
  get botLid() {
    return "111:1@lid";
  }

  person(number, name) {
    if (!this.#people.has(number)) this.#people.set(number, new Contact(this.#b, { number, lid: `9${number}`, name }));
    return this.#people.get(number);
  }
  #personOf(jid) {
    const user = userOf(jid);
    if (this.#phone?.is(user)) return this.#phone;
    for (const person of this.#people.values()) if (person.is(user)) return person;
    return /^\d+@s\.whatsapp\.net$/.test(jid) ? this.person(user, user) : undefined;
  }

  nextId() {
    return `3A${crypto.createHash("md5").update(String(++this.#lastId)).digest("hex").slice(0, 18).toUpperCase()}`;
  }

  // ---- what a test does ----

  /** The phone scans the code that the device shows. */
  async scan(qr) {
    ++this.scans;
    const { Curve, hmacSign, proto } = this.#b;
    const [ref, , identity, secret] = qr.split(",");
    const connection = [...this.#connections].find((one) => one.registration && one.refs.includes(ref));
    if (!connection) throw new Error("no device waits with this code");
    const key = Buffer.from(identity, "base64");
    const details = Buffer.from(proto.ADVDeviceIdentity.encode({ rawId: 1, timestamp: 1, keyIndex: 1 }).finish());
    const accountSignature = Curve.sign(this.#phoneKey.private, Buffer.concat([Buffer.from([6, 0]), details, key]));
    const signed = { details, accountSignatureKey: this.#phoneKey.public, accountSignature };
    const bytes = Buffer.from(proto.ADVSignedDeviceIdentity.encode(signed).finish());
    const sealed = { details: bytes, hmac: hmacSign(bytes, Buffer.from(secret, "base64")) };
    connection.pairing = { key, details };
    connection.transport.send({
      tag: "iq",
      attrs: { from: server, type: "set", id: this.nextId(), xmlns: "md" },
      content: [
        {
          tag: "pair-success",
          attrs: {},
          content: [
            { tag: "device-identity", attrs: {}, content: Buffer.from(proto.ADVSignedDeviceIdentityHMAC.encode(sealed).finish()) },
            { tag: "device", attrs: { jid: this.botJid, lid: this.botLid } },
            { tag: "platform", attrs: { name: "android" } },
          ],
        },
      ],
    });
  }

  get linked() {
    return this.#device !== null;
  }
  /** Logged in, its keys known: people can write to it. */
  get ready() {
    return this.#device?.bundle !== undefined && this.#latest() !== undefined;
  }
  get waiting() {
    return this.#undelivered.size;
  }

  /** A message as WhatsApp's proto.Message has it; the answer is {id}. `plain`: bytes instead of a message. */
  async say(person, message, { group, id = this.nextId(), plain, attrs = {} } = {}) {
    const bytes = plain ?? this.#b.encodeWAMessage(message);
    const bot = { jid: this.botJid, takeBundle: () => this.#takeBundle() };
    const content = group ? await person.encryptForGroup(bot, group, bytes) : [await person.encrypt(bot, bytes)];
    const where = group
      ? { from: group, participant: person.jid, participant_lid: person.lid, addressing_mode: "pn" }
      : { from: person.jid, sender_lid: person.lid };
    const stanza = { tag: "message", attrs: { ...where, id, type: "text", t: seconds(), notify: person.name, ...attrs }, content };
    this.#undelivered.set(id, stanza);
    this.#latest()?.transport.send(stanza);
    return { id, stanza };
  }
  /** A note that the owner writes to themselves on their phone. */
  async sayToMyself(message) {
    const phone = (this.#phone ??= new Contact(this.#b, { number: this.number, lid: "111", name: "Me" }));
    const own = { deviceSentMessage: { destinationJid: `${this.number}@${server}`, message } };
    const id = this.nextId();
    const bot = { jid: this.botJid, takeBundle: () => this.#takeBundle() };
    const content = [await phone.encrypt(bot, this.#b.encodeWAMessage(own))];
    const stanza = { tag: "message", attrs: { from: phone.jid, recipient: phone.jid, id, type: "text", t: seconds(), notify: "Me" }, content };
    this.#undelivered.set(id, stanza);
    this.#latest()?.transport.send(stanza);
    return { id };
  }
  /** The same stanza once more, as after a receipt that was lost. */
  again(stanza) {
    this.#undelivered.set(stanza.attrs.id, stanza);
    this.#latest()?.transport.send(stanza);
  }

  /** A file on the media server and the fields of a message that lead there. */
  async upload(bytes, kind, more = {}) {
    const key = crypto.randomBytes(32);
    const { cipherKey, iv, macKey } = mediaKeys(key, kind);
    const cipher = crypto.createCipheriv("aes-256-cbc", cipherKey, iv);
    const body = Buffer.concat([cipher.update(bytes), cipher.final()]);
    const mac = crypto.createHmac("sha256", macKey).update(iv).update(body).digest().subarray(0, 10);
    const whole = Buffer.concat([body, mac]);
    const sha = (data) => crypto.createHash("sha256").update(data).digest();
    const directPath = `/v/${sha(whole).toString("hex")}`;
    this.#files.set(directPath, whole);
    return { url: `https://mmg.whatsapp.net${directPath}`, directPath, mediaKey: key, fileSha256: sha(bytes), fileEncSha256: sha(whole), fileLength: bytes.length, ...more };
  }
  /** The file that the bot's message leads to, as the one who got it sees it. */
  open(media, kind) {
    const stored = this.#files.get(media.directPath);
    if (!stored) throw new Error(`there is no file at ${media.directPath}`);
    const { cipherKey, iv, macKey } = mediaKeys(media.mediaKey, kind);
    const body = stored.subarray(0, -10);
    const mac = crypto.createHmac("sha256", macKey).update(iv).update(body).digest().subarray(0, 10);
    if (!mac.equals(stored.subarray(-10))) throw new Error("the file's seal is wrong");
    const decipher = crypto.createDecipheriv("aes-256-cbc", cipherKey, iv);
    return Buffer.concat([decipher.update(body), decipher.final()]);
  }

  /** fault: {what: "limit" | "server-error" | "lost-answer" | "not-sent" | "stall", times} for the next messages of the bot. */
  fault(fault) {
    this.faults.push({ times: 1, ...fault });
  }
  /** Cuts the connection; what is said meanwhile waits. */
  drop() {
    for (const one of this.#connections) one.transport.socket.terminate();
  }
  /** Ends the connection with a reason: a code, and the child that WhatsApp puts inside. */
  end(code, child) {
    for (const one of this.#connections) {
      one.transport.send({ tag: "stream:error", attrs: code ? { code: String(code) } : {}, ...(child && { content: [child] }) });
      one.transport.socket.close();
    }
  }
  /** The person removed the device on their phone. */
  unlink() {
    this.#device = null;
    this.#preKeys = [];
    for (const person of this.#people.values()) person.forgetBot();
    this.end(401, { tag: "conflict", attrs: { type: "device_removed" } });
  }
  /** Bytes that are no frame of this connection. */
  garbage(bytes) {
    for (const one of this.#connections) one.transport.socket.send(bytes);
  }
  send(node) {
    this.#latest()?.transport.send(node);
  }

  // ---- the server ----

  #latest() {
    return [...this.#connections].filter((one) => one.active && one.transport.socket.readyState === 1).pop();
  }
  #takeBundle() {
    if (!this.#device?.bundle || this.#preKeys.length === 0) throw new Error("the bot has given no keys yet");
    return { ...this.#device.bundle, preKey: this.#preKeys.shift() };
  }

  #accept(socket) {
    const connection = { transport: new Transport(this.#b, socket), active: false };
    this.#connections.add(connection);
    socket.on("close", () => this.#connections.delete(connection));
    let chain = Promise.resolve();
    socket.on("message", (data) => {
      chain = chain
        .then(async () => {
          for (const frame of connection.transport.frames(data)) {
            if (connection.transport.ready) await this.#take(connection, await connection.transport.receive(frame));
            else await this.#greet(connection, frame);
          }
        })
        .catch((error) => {
          this.broken = error;
          socket.close();
        });
    });
  }

  async #greet(connection, frame) {
    const payload = await connection.transport.handshake(frame, this.#serverKey);
    if (!payload) return;
    const { transport } = connection;
    // Baileys loses what comes before it has derived its keys; the real server is never that near.
    await new Promise((resolve) => setTimeout(resolve, 400));
    if (this.banned) {
      transport.send({ tag: "failure", attrs: { reason: "403", location: "frc" } });
      transport.socket.close();
      return;
    }
    if (payload.devicePairingData) {
      connection.registration = payload.devicePairingData;
      connection.refs = Array.from({ length: 6 }, () => crypto.randomBytes(12).toString("base64url"));
      const content = connection.refs.map((ref) => ({ tag: "ref", attrs: {}, content: Buffer.from(ref) }));
      transport.send({ tag: "iq", attrs: { from: server, type: "set", id: this.nextId(), xmlns: "md" }, content: [{ tag: "pair-device", attrs: {}, content }] });
      return;
    }
    if (!this.#device || Number(payload.username) !== Number(this.number)) {
      transport.send({ tag: "failure", attrs: { reason: "401", location: "frc" } });
      transport.socket.close();
      return;
    }
    ++this.logins; // nothing is delivered before the device says that it is active
    transport.send({ tag: "success", attrs: { t: seconds(), lid: this.botLid, props: "1", companion_enc_static: "" } });
  }

  async #take(connection, node) {
    this.seen.push(node);
    if (this.seen.length > 2000) this.seen.shift();
    switch (node.tag) {
      case "iq":
        return node.attrs.type === "result" || node.attrs.type === "error" ? this.#paired(connection, node) : this.#query(connection, node);
      case "message":
        return this.#message(connection, node);
      case "receipt":
        if (node.attrs.type === "retry") ++this.retries;
        else if (node.attrs.type === "read") this.reads.push(...this.#idsOf(node));
        else for (const id of this.#idsOf(node)) this.#undelivered.delete(id);
        return connection.transport.send({ tag: "ack", attrs: { class: "receipt", id: node.attrs.id, from: node.attrs.to ?? server } });
      case "ack":
        if (node.attrs.class === "message") this.#undelivered.delete(node.attrs.id);
        return;
      case "chatstate":
        this.chatStates.push({ to: node.attrs.to, on: node.content?.[0]?.tag === "composing", at: Date.now() });
        return;
      default:
    }
  }
  #idsOf(node) {
    const more = this.#b.getBinaryNodeChildren(this.#b.getBinaryNodeChild(node, "list"), "item").map((item) => item.attrs.id);
    return [node.attrs.id, ...more];
  }

  async #paired(connection, node) {
    const { Curve, getBinaryNodeChild, proto } = this.#b;
    const answer = getBinaryNodeChild(node, "pair-device-sign");
    if (!answer || !connection.pairing) return;
    const { key, details } = connection.pairing;
    const identity = proto.ADVSignedDeviceIdentity.decode(getBinaryNodeChild(answer, "device-identity").content);
    const signed = Buffer.concat([Buffer.from([6, 1]), details, key, this.#phoneKey.public]);
    if (!Curve.verify(key, signed, Buffer.from(identity.deviceSignature))) throw new Error("the device's signature is wrong");
    this.#device = { key };
    this.#preKeys = [];
    this.#undelivered.clear();
    connection.transport.send({ tag: "stream:error", attrs: { code: "515" } });
    connection.transport.socket.close();
  }

  async #query(connection, node) {
    const { getBinaryNodeChild: child, getBinaryNodeChildren: children } = this.#b;
    const answer = (content) => connection.transport.send({ tag: "iq", attrs: { from: node.attrs.to ?? server, type: "result", id: node.attrs.id }, content });
    const tag = (name, attrs = {}, content) => ({ tag: name, attrs, ...(content && { content }) });
    switch (node.attrs.xmlns) {
      case "encrypt":
        if (child(node, "list")) {
          this.#takeKeys(node);
          return answer();
        }
        if (child(node, "count")) return answer([tag("count", { value: String(this.#preKeys.length) })]);
        if (child(node, "digest")) return answer([tag("digest")]);
        if (child(node, "key")) {
          const wanted = children(child(node, "key"), "user").map(({ attrs }) => ({ jid: attrs.jid, person: this.#personOf(attrs.jid) }));
          const bundles = await Promise.all(wanted.filter(({ person }) => person).map(({ jid, person }) => person.bundle(jid)));
          return answer([tag("list", {}, bundles)]);
        }
        return answer([]);
      case "usync": {
        const users = children(child(child(node, "usync"), "list"), "user").map(({ attrs }) => this.#describe(attrs.jid));
        return answer([tag("usync", { sid: "1" }, [tag("list", {}, users.filter(Boolean))])]);
      }
      case "w:g2":
        return node.attrs.to === "@g.us" ? answer([tag("groups", {}, [this.#groupNode()])]) : answer([this.#groupNode()]);
      case "w:m":
        return answer([tag("media_conn", { auth: "media-auth", ttl: "3600" }, [tag("host", { hostname: "mmg.whatsapp.net", maxContentLengthBytes: "104857600" })])]);
      case "privacy":
        return answer([tag("privacy", {}, [tag("category", { name: "readreceipts", value: "all" })])]);
      case "md":
        if (child(node, "remove-companion-device")) {
          answer([]);
          this.unlink();
          return;
        }
        return answer([]);
      case "passive":
        answer([]);
        if (child(node, "active")) {
          connection.active = true;
          for (const stanza of this.#undelivered.values()) connection.transport.send({ ...stanza, attrs: { ...stanza.attrs, offline: "1" } });
          connection.transport.send(tag("ib", { from: server }, [tag("offline", { count: String(this.#undelivered.size) })]));
        }
        return;
      default:
        if (child(node, "props")) return answer([tag("props", { hash: "h", ab_key: "1" }, [])]);
        return answer([]);
    }
  }

  #takeKeys(node) {
    const { generateSignalPubKey, getBinaryNodeChild: child, getBinaryNodeChildBuffer: bytes, getBinaryNodeChildren: children, getBinaryNodeChildUInt: number } = this.#b;
    const list = children(child(node, "list"), "key");
    this.#preKeys.push(...list.map((key) => ({ keyId: number(key, "id", 3), publicKey: generateSignalPubKey(bytes(key, "value")) })));
    const signed = child(node, "skey");
    this.#device.bundle = {
      registrationId: number(node, "registration", 4),
      identityKey: generateSignalPubKey(bytes(node, "identity")),
      signedPreKey: { keyId: number(signed, "id", 3), publicKey: generateSignalPubKey(bytes(signed, "value")), signature: bytes(signed, "signature") },
    };
  }

  #describe(jid) {
    if (!jid) return null;
    const bot = [this.number, "111"].includes(userOf(jid));
    const person = bot ? this.#phone : this.#personOf(jid);
    if (!bot && !person) return null;
    const list = [...(bot && !this.#phone ? [] : [{ id: "0" }]), ...(bot ? [{ id: "1", "key-index": "1" }] : [])];
    const content = list.map((attrs) => ({ tag: "device", attrs }));
    const devices = { tag: "devices", attrs: {}, content: [{ tag: "device-list", attrs: {}, content }] };
    const lid = { tag: "lid", attrs: { val: bot ? "111@lid" : person.lid } };
    return { tag: "user", attrs: { jid }, content: jid.endsWith("@lid") ? [devices] : [devices, lid] };
  }

  members() {
    return [...this.#people.values()];
  }
  #groupNode() {
    const participants = [...this.members().map(({ jid, lid }) => ({ jid, lid })), { jid: `${this.number}@${server}`, lid: "111@lid" }];
    return {
      tag: "group",
      attrs: { id: userOf(this.group), subject: "Team", s_t: "1", creation: "1", addressing_mode: "pn", creator: participants[0].jid },
      content: participants.map((attrs) => ({ tag: "participant", attrs })),
    };
  }

  async #message(connection, node) {
    const { id, to } = node.attrs;
    const acknowledge = (more = {}) => connection.transport.send({ tag: "ack", attrs: { class: "message", id, from: to, t: seconds(), ...more } });
    const fault = this.faults.find((one) => one.times > 0);
    if (fault) --fault.times;
    if (fault?.what === "not-sent") return connection.transport.socket.terminate();
    const { message, by } = await this.#read(node);
    if (fault?.what === "limit") return acknowledge({ error: "429" });
    if (fault?.what === "server-error") return acknowledge({ error: "500" });
    const words = message.extendedTextMessage?.text ?? message.conversation ?? "";
    if (words.length > longestText) return acknowledge({ error: "406" });
    if (this.inbox.some((one) => one.id === id)) ++this.duplicates;
    else this.#show({ id, to, message, by, edits: [], removed: false });
    if (fault?.what === "lost-answer") return connection.transport.socket.terminate();
    if (fault?.what === "stall") return undefined;
    return acknowledge();
  }

  /** Everybody who is addressed must be able to read it. */
  async #read(node) {
    const { getBinaryNodeChild: child, getBinaryNodeChildren: children } = this.#b;
    let read = null;
    for (const recipient of children(child(node, "participants"), "to")) {
      const person = this.#personOf(recipient.attrs.jid);
      if (!person) continue; // the owner's own phone, when nobody looks at it
      const message = await person.decrypt(this.botJid, child(recipient, "enc"));
      if (message) read = { message, by: person.jid };
    }
    const own = child(node, "enc");
    if (own?.attrs.type === "skmsg")
      for (const person of this.members()) read = { message: await person.decryptFromGroup(this.botJid, node.attrs.to, own.content), by: person.jid };
    else if (own) read = { message: await this.#personOf(node.attrs.to).decrypt(this.botJid, own), by: node.attrs.to };
    if (!read) throw new Error("a message that nobody can read");
    return read;
  }

  #show(entry) {
    const change = entry.message.protocolMessage;
    const target = change && this.inbox.find((one) => one.id === change.key?.id);
    if (target && change.editedMessage) {
      target.edits.push(change.editedMessage.conversation ?? change.editedMessage.extendedTextMessage?.text ?? "");
      target.message = change.editedMessage;
    } else if (target) target.removed = true;
    this.inbox.push(entry);
  }

  #media(request, response) {
    const chunks = [];
    request.on("data", (chunk) => chunks.push(chunk));
    request.on("end", () => {
      const path = new URL(request.url, "http://fake").pathname;
      if (request.method === "POST" && path.startsWith("/mms/")) {
        const body = Buffer.concat(chunks);
        const directPath = `/v/${crypto.createHash("sha256").update(body).digest("hex")}`;
        this.#files.set(directPath, body);
        response.writeHead(200, { "content-type": "application/json" });
        return response.end(JSON.stringify({ url: `https://mmg.whatsapp.net${directPath}`, direct_path: directPath }));
      }
      const file = this.#files.get(path);
      response.writeHead(file ? 200 : 404, { "content-type": "application/octet-stream" });
      return response.end(file);
    });
  }
}
