// signal-cli 0.13's daemon as a bot uses it, on loopback: JSON-RPC, the stream of events with the account's messages kept at Signal while
// nobody listens (--receive-mode on-connection), limits and faults on demand. conformance.test.mjs compares it with the real one.
import http from "node:http";

const styles = /^(\d+):(\d+):(BOLD|ITALIC|SPOILER|STRIKETHROUGH|MONOSPACE)$/;
const dataUri = /^data:([^;,]+)((?:;[^;,=]+=[^;,]*)*);base64,(.*)$/s;
const common = ["account", "recipient", "groupId", "username"];
const known = {
  send: [...common, "message", "attachments", "attachment", "textStyle", "quoteTimestamp", "quoteAuthor", "quoteMessage", "editTimestamp", "mention"],
  sendTyping: ["account", "recipient", "groupId", "stop"],
  sendReaction: [...common, "emoji", "targetAuthor", "targetTimestamp", "remove"],
  remoteDelete: [...common, "targetTimestamp"],
  sendReceipt: ["account", "recipient", "targetTimestamp", "type"],
  getAttachment: ["account", "id", "recipient", "groupId"],
  listIdentities: ["account", "number"],
  listContacts: ["account"],
  listGroups: ["account"],
};

class Refusal extends Error {
  constructor(code, message, data = null) {
    super(message);
    this.body = { code, message, data };
  }
}
const userError = (message) => new Refusal(-1, message);
const list = (value) => (value === undefined ? [] : Array.isArray(value) ? value : [value]);

export class FakeSignal {
  number = "+15550009999";
  uuid = "00000000-aaaa-4bbb-8ccc-000000009999";
  challenge = "challenge-token-0123456789"; // what a limit's answer carries; it belongs in no log
  calls = [];
  faults = [];
  groups = new Map(); // id → {name, members: [number or uuid]}
  contacts = [];
  attachments = new Map(); // id → bytes
  connections = 0; // to the stream, ever
  accounts; // nothing: `number` alone
  #streams = new Set();
  #sockets = new Set();
  #waiting = [];
  #time = Date.now();

  static async start(port = 0) {
    const fake = new FakeSignal();
    fake.server = http.createServer((request, response) => fake.#serve(request, response));
    fake.server.on("connection", (socket) => {
      fake.#sockets.add(socket);
      socket.on("close", () => fake.#sockets.delete(socket));
    });
    await new Promise((resolve) => fake.server.listen(port, "127.0.0.1", resolve));
    fake.url = `http://127.0.0.1:${fake.server.address().port}`;
    return fake;
  }

  get listeners() {
    return this.#streams.size;
  }

  async stop() {
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  /** Times name messages at Signal, so each is given once. */
  now() {
    this.#time = Math.max(this.#time + 1, Date.now());
    return this.#time;
  }

  /** {method, times?, what: "limit" | "server-error" | "lost-answer" | "not-sent" | "bad-style" | "stall" | "network", retryAfterMs?} */
  fault(fault) {
    this.faults.push({ times: 1, ...fault });
  }

  /** Cuts the streams of events. */
  dropStreams() {
    for (const stream of this.#streams) stream.socket?.destroy();
    this.#streams.clear();
  }

  /** An envelope of somebody; `content` is {dataMessage}, {editMessage}, {typingMessage}, … with the time of the envelope put in. */
  envelope({ number = null, uuid, name }, content, timestamp = this.now()) {
    const stamped = {};
    for (const [kind, value] of Object.entries(content)) stamped[kind] = { timestamp, ...value };
    if (content.editMessage) {
      const { targetSentTimestamp, dataMessage } = content.editMessage;
      stamped.editMessage = { targetSentTimestamp, dataMessage: { timestamp, expiresInSeconds: 0, viewOnce: false, ...dataMessage } };
    }
    if (content.dataMessage) stamped.dataMessage = { timestamp, message: null, expiresInSeconds: 0, viewOnce: false, ...content.dataMessage };
    return {
      source: number ?? uuid,
      sourceNumber: number,
      sourceUuid: uuid,
      sourceName: name,
      sourceDevice: 1,
      timestamp,
      serverReceivedTimestamp: timestamp + 1,
      serverDeliveredTimestamp: timestamp + 2,
      ...stamped,
    };
  }

  /** Gives it to whoever listens to the account, once; else keeps it until somebody does. */
  deliver(envelope) {
    this.raw(Buffer.from(JSON.stringify({ envelope, account: this.number })));
  }

  raw(data) {
    this.#waiting.push(data);
    this.#flush();
  }

  #flush() {
    const live = [...this.#streams].filter((stream) => !stream.destroyed && !stream.socket?.destroyed);
    while (live.length > 0 && this.#waiting.length > 0) {
      const data = this.#waiting.shift();
      for (const stream of live) stream.write(Buffer.concat([Buffer.from("event:receive\ndata:"), data, Buffer.from("\n\n")]));
    }
  }

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url, "http://fake");
    const end = (status) => {
      response.writeHead(status, { "content-length": 0 });
      response.end();
    };
    if (url.pathname === "/api/v1/check") return end(request.method === "GET" ? 200 : 405);
    if (url.pathname === "/api/v1/events") return request.method === "GET" ? this.#listen(url, request, response, end) : end(405);
    if (url.pathname !== "/api/v1/rpc") {
      response.writeHead(404, { "content-type": "text/html" });
      return response.end("<h1>404 Not Found</h1>No context found for request");
    }
    if (request.method !== "POST") return end(405);
    return this.#rpc(Buffer.concat(chunks).toString(), request, response, end);
  }

  #listen(url, request, response, end) {
    const account = url.searchParams.get("account");
    if (account !== null && !this.#numbers().includes(account)) return end(400);
    // As the real one: the head goes out with the first event or comment.
    response.writeHead(200, { "content-type": "text/event-stream" });
    const alive = setInterval(() => response.write(":\n"), 15000);
    const gone = () => {
      clearInterval(alive);
      this.#streams.delete(response);
    };
    request.on("close", gone);
    response.on("close", gone);
    this.#streams.add(response);
    ++this.connections;
    this.#flush();
  }

  #numbers() {
    return this.accounts ?? [this.number];
  }

  #rpc(text, request, response, end) {
    const answer = (body) => {
      response.writeHead(200, { "content-type": "application/json" });
      response.end(JSON.stringify(body));
    };
    const fail = (id, body) => answer({ jsonrpc: "2.0", error: body, id });
    let call;
    try {
      call = JSON.parse(text);
    } catch {
      return fail(null, { code: -32700, message: "Unrecognized token", data: null });
    }
    if (call.jsonrpc !== "2.0") return fail(call.id ?? null, { code: -32600, message: "only jsonrpc version 2.0 is supported", data: null });
    if (call.method === undefined) return fail(call.id ?? null, { code: -32600, message: "method field must be set", data: null });
    const record = { method: call.method, params: call.params ?? {}, at: Date.now(), refused: true };
    this.calls.push(record);
    const fault = this.faults.find((one) => one.times > 0 && (one.method ?? "send") === call.method);
    if (fault) --fault.times;
    if (fault?.what === "not-sent") return request.socket.destroy();
    if (fault?.what === "stall") return undefined;
    if (fault?.what === "server-error") return end(500);
    try {
      if (fault) this.#fail(fault, record.params);
      const result = this.#run(call.method, record.params);
      record.refused = false;
      record.timestamp = result?.timestamp;
      if (fault?.what === "lost-answer") return request.socket.destroy();
      if (call.id === undefined) return end(201);
      return answer({ jsonrpc: "2.0", result, id: call.id });
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      record.why = error.message;
      return fail(call.id ?? null, error.body);
    }
  }

  #fail({ what, retryAfterMs = 1000 }, params) {
    const failed = (type, more = {}) => ({
      response: { timestamp: this.now(), results: this.#results(params).map((result) => ({ ...result, type, ...more })) },
    });
    if (what === "limit")
      throw new Refusal(-5, "Failed to send message due to rate limiting", failed("RATE_LIMIT_FAILURE", { token: this.challenge, retryAfterSeconds: Math.ceil(retryAfterMs / 1000) }));
    if (what === "bad-style") throw userError(`Invalid textStyle syntax (${list(params.textStyle)[0]}) expected 'start:length:STYLE'`);
    if (what === "network") throw new Refusal(-3, "Failed to send message: Unable to resolve host (UnknownHostException)");
  }

  #results(params) {
    if (params.groupId !== undefined)
      return this.groups.get(params.groupId).members.map((member) => ({ recipientAddress: this.#address(member), groupId: params.groupId, type: "SUCCESS" }));
    return [...list(params.recipient), ...list(params.username)].map((one) => ({ recipientAddress: this.#address(one), type: "SUCCESS" }));
  }

  #address(text) {
    return { uuid: text.startsWith("+") ? null : text, number: text.startsWith("+") ? text : null, username: null };
  }

  #run(method, params) {
    if (method === "version") return { version: "0.13.19" };
    if (method === "listAccounts") return this.#numbers().map((number) => ({ number }));
    if (!(method in known)) throw new Refusal(-32601, "Method not implemented");
    if (params.account === undefined) throw new Refusal(-32602, "Method requires valid account parameter");
    if (!this.#numbers().includes(params.account)) throw new Refusal(-32602, "Specified account does not exist");
    // The real one ignores what it does not know; nothing here may depend on that.
    for (const name of Object.keys(params)) if (!known[method].includes(name)) throw new Refusal(-32602, `Unknown parameter ${name}`);
    const target = () => {
      if (params.groupId !== undefined) {
        if (!this.groups.has(params.groupId)) throw userError(`Failed to send to group: Group not found: ${params.groupId}`);
        return;
      }
      const people = [...list(params.recipient), ...list(params.username)];
      if (people.length === 0) throw userError("No recipients given");
      for (const one of people)
        if (!/^(\+\d{5,15}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}|u:.+)$/.test(one) && params.username === undefined)
          throw userError(`Invalid phone number: ${one}`);
    };
    const sent = () => ({ timestamp: this.now(), results: this.#results(params) });
    switch (method) {
      case "send":
        target();
        this.#checkMessage(params);
        return sent();
      case "sendTyping":
        target();
        return { timestamp: this.now(), results: this.#results(params) };
      case "sendReaction":
        target();
        if (!params.emoji || !params.targetAuthor || !Number.isInteger(params.targetTimestamp)) throw userError("emoji, target-author and target-timestamp are required");
        return sent();
      case "remoteDelete":
        target();
        if (!Number.isInteger(params.targetTimestamp)) throw userError("target-timestamp is required");
        return sent();
      case "sendReceipt":
        target();
        if (!["read", "viewed"].includes(params.type ?? "read")) throw userError(`Unknown receipt type: ${params.type}`);
        return { timestamp: this.now(), results: this.#results(params) };
      case "getAttachment": {
        if (!this.attachments.has(params.id)) throw new Refusal(-1, `Could not find attachment with ID: ${params.id}`);
        if (typeof params.recipient !== "string" && typeof params.groupId !== "string") throw userError("recipient or group-id is required");
        return { data: this.attachments.get(params.id).toString("base64") };
      }
      case "listIdentities":
        return params.number === this.number ? [{ number: this.number, uuid: this.uuid, fingerprint: "05", safetyNumber: "1", trustLevel: "TRUSTED_VERIFIED", addedTimestamp: 1 }] : [];
      case "listContacts":
        return this.contacts;
      default:
        return [...this.groups].map(([id, { name, members }]) => ({ id, name, description: "", isMember: true, isBlocked: false, members: members.map((member) => this.#address(member)) }));
    }
  }

  #checkMessage({ message = "", textStyle, attachments, attachment, quoteTimestamp, quoteAuthor, editTimestamp }) {
    if (typeof message !== "string") throw userError("Invalid message");
    const files = [...list(attachments), ...list(attachment)];
    if (message === "" && files.length === 0) throw userError("Sending empty message is not allowed, either a message, attachment or sticker must be given.");
    if (Buffer.byteLength(message) > 64 * 1024) throw userError("The message is too long");
    for (const style of list(textStyle)) {
      const range = styles.exec(style);
      if (!range) throw userError(`Invalid textStyle syntax (${style}) expected 'start:length:STYLE'`);
      // The apps drop such a range; here it is a fault of whoever counts.
      if (Number(range[1]) + Number(range[2]) > message.length) throw userError(`Invalid textStyle: ${style} is beyond the text`);
    }
    for (const file of files)
      if (typeof file !== "string" || (file.startsWith("data:") && !dataUri.test(file))) throw userError("Failed to add attachment: invalid data URI");
    if (quoteTimestamp !== undefined && !quoteAuthor) throw userError("Quote author parameter is missing");
    if (editTimestamp !== undefined && !this.calls.some((call) => !call.refused && call.method === "send" && call.timestamp === editTimestamp))
      throw userError("There is no message of ours with that time");
  }

  /** What the bot did and was not refused, by the method's name. */
  done(method) {
    return this.calls.filter((call) => call.method === method && !call.refused);
  }

  static file(uri) {
    const [, type, parameters, data] = dataUri.exec(uri);
    return { name: /;filename=([^;]*)/.exec(parameters)?.[1], type, bytes: Buffer.from(data, "base64"), voice: false };
  }
}
