// A client of the gateway's protocol, versions 3 and 4. It keeps every event, so that no wait can come too late.
import crypto from "node:crypto";
import { signedDevice } from "./identity.mjs";
import { within } from "./waiting.mjs";
import { WebSocketConnection } from "./websocket.mjs";

export const everyScope = [
  "operator.admin",
  "operator.read",
  "operator.write",
  "operator.approvals",
  "operator.pairing",
];

const defaults = {
  token: undefined,
  minProtocol: 3,
  maxProtocol: 4,
  client: { id: "gateway-client", version: "test", platform: process.platform, mode: "backend" },
  role: "operator",
  scopes: everyScope,
  caps: ["tool-events"],
  identity: undefined,
  signature: "v2",
  headers: {},
  keepEvents: true,
  onEvent: () => {},
  connectParams: {},
};

export class RequestFailed extends Error {
  constructor(method, error, payload) {
    super(`${method}: ${error?.code} ${error?.message}`);
    this.code = error?.code;
    this.details = error?.details;
    this.error = error;
    this.payload = payload;
  }
}

export class GatewayClient {
  events = [];
  #options;
  #requests = new Map();
  #lastRequest = 0;
  #watchers = new Set();
  #challenge;
  #resolveChallenge;

  constructor(url, options = {}) {
    this.#options = { ...defaults, ...options };
    this.url = url.replace(/^http/, "ws");
    this.#challenge = new Promise((resolve) => (this.#resolveChallenge = resolve));
  }

  /** Opens the socket, answers the challenge and resolves with hello-ok. */
  async connect(milliseconds = 15000) {
    await this.open(milliseconds);
    const challenge = await this.challenge(milliseconds);
    this.hello = await this.request("connect", this.connectParams(challenge), milliseconds);
    return this.hello;
  }

  async open(milliseconds = 15000) {
    this.socket = new WebSocketConnection(this.url, {
      headers: this.#options.headers,
      onText: (text) => this.#take(text),
    });
    this.closed = this.socket.closed.then((close) => this.#lose(close));
    await within(milliseconds, `the upgrade at ${this.url}`, this.socket.opened);
  }

  challenge(milliseconds = 5000) {
    return within(milliseconds, "event connect.challenge", this.#challenge);
  }

  connectParams(challenge) {
    const { minProtocol, maxProtocol, client, role, scopes, caps, token, identity, signature } = this.#options;
    const params = { minProtocol, maxProtocol, client, role, scopes, caps };
    if (token !== undefined) params.auth = { token };
    if (identity) {
      const facts = { client, role, scopes, signedAt: challenge.ts, token: token ?? "", nonce: challenge.nonce };
      params.device = signedDevice(signature, identity, facts);
    }
    return { ...params, ...this.#options.connectParams };
  }

  /** `last` names the answer to wait for when a method gives two, like `agent`; `more` is the frame's own, like a traceparent. */
  request(method, params = {}, milliseconds = 30000, { last = () => true, ...more } = {}) {
    const id = `r${++this.#lastRequest}`;
    const answer = new Promise((resolve, reject) => this.#requests.set(id, { method, resolve, reject, last }));
    answer.catch(() => {});
    this.socket.sendText(JSON.stringify({ type: "req", id, method, params, ...more }));
    return within(milliseconds, `the answer to ${method}`, answer).finally(() => this.#requests.delete(id));
  }

  /** Starts a turn. Resolves when it is acknowledged, with its run id. */
  async send(sessionKey, message, { idempotencyKey = crypto.randomUUID(), ...more } = {}) {
    const answer = await this.request("chat.send", { sessionKey, message, idempotencyKey, ...more });
    return answer.runId ?? idempotencyKey;
  }

  /** The first event, past or future, that the predicate accepts. `from` leaves out those before that index. */
  waitFor(predicate, what, { milliseconds = 15000, from = 0 } = {}) {
    const past = this.events.slice(from).find(predicate);
    if (past) return Promise.resolve(past);
    let watcher;
    const found = new Promise((resolve, reject) => {
      watcher = { predicate, resolve, reject };
      this.#watchers.add(watcher);
    });
    return within(milliseconds, what, found, () => this.#recentEvents()).finally(() => this.#watchers.delete(watcher));
  }

  /** The `chat` event that ends a run: its payload, whatever the state. */
  async outcome(runId, milliseconds = 30000) {
    const ends = ({ event, payload }) =>
      event === "chat" && payload.runId === runId && ["final", "aborted", "error"].includes(payload.state);
    return (await this.waitFor(ends, `the end of run ${runId}`, { milliseconds })).payload;
  }

  async history(sessionKey, limit = 1000) {
    return (await this.request("chat.history", { sessionKey, limit })).messages;
  }

  close() {
    return this.socket?.close();
  }

  #take(text) {
    const frame = JSON.parse(text);
    if (frame.type === "event") return this.#takeEvent(frame);
    const request = this.#requests.get(frame.id);
    if (!request || (frame.ok && !request.last(frame.payload))) return undefined;
    if (frame.ok) return request.resolve(frame.payload);
    return request.reject(new RequestFailed(request.method, frame.error, frame.payload));
  }

  #takeEvent(frame) {
    if (frame.event === "connect.challenge") this.#resolveChallenge(frame.payload);
    if (this.#options.keepEvents) this.events.push(frame);
    this.#options.onEvent(frame);
    for (const watcher of [...this.#watchers]) {
      if (watcher.predicate(frame)) watcher.resolve(frame);
    }
  }

  #lose(close) {
    const lost = new Error(`the connection closed: ${close.code} ${close.reason}`);
    for (const { reject } of this.#requests.values()) reject(lost);
    for (const { reject } of this.#watchers) reject(lost);
    return close;
  }

  #recentEvents() {
    const lines = this.events.slice(-8).map((frame) => `\n  ${JSON.stringify(frame).slice(0, 300)}`);
    return `; the last events were:${lines.join("") || " none"}`;
  }
}

/** The text of a message's content. */
export function textOf(message) {
  if (typeof message?.content === "string") return message.content;
  const blocks = message?.content ?? [];
  return blocks
    .filter((block) => block.type === "text")
    .map((block) => block.text)
    .join("");
}
