// The Bot Framework as Microsoft Teams uses it, on loopback: signed activities to a webhook, the sign-in server, the signing keys, the
// Connector. It refuses what Microsoft's refuses; conformance.test.mjs lets Microsoft's own botbuilder judge it.
import crypto from "node:crypto";
import http from "node:http";

export const issuer = "https://api.botframework.com";
const scope = "https://api.botframework.com/.default";
const largestMessage = 28 * 1024; // bytes of the activity without its attachments
const largestImage = 4 * 1024 * 1024;
const tags = ["b", "strong", "i", "em", "s", "strike", "p", "br", "hr", "h1", "h2", "h3", "ul", "ol", "li", "pre", "code", "blockquote", "a", "at"];
const empty = ["br", "hr"];

const base64url = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const keyPair = () => crypto.generateKeyPairSync("rsa", { modulusLength: 2048 });

/** What is wrong with this markup, if anything. */
export function markupProblem(text) {
  const open = [];
  for (const [, closing, name] of text.matchAll(/<(\/?)([a-z0-9]*)[^>]*>?/gi)) {
    if (!tags.includes(name)) return `<${closing}${name}> is no tag of a message`;
    if (empty.includes(name)) continue;
    if (!closing) open.push(name);
    else if (open.pop() !== name) return `</${name}> closes nothing`;
  }
  return open.length > 0 ? `<${open.at(-1)}> is not closed` : undefined;
}

/** The words that people see. */
export function shown({ text = "", textFormat = "markdown" }) {
  if (textFormat !== "xml") return text;
  const words = text
    .replace(/<li>/g, "\n- ")
    .replace(/<(br|hr)>|<\/(p|h[1-3]|pre|blockquote|li|ul|ol)>/g, "\n")
    .replace(/<[^>]*>/g, "")
    .replace(/\n{3,}/g, "\n\n");
  const named = { lt: "<", gt: ">", quot: '"', nbsp: " ", amp: "&" };
  return words.replace(/&(lt|gt|quot|nbsp|amp);/g, (_, name) => named[name]).trim();
}

export class FakeTeams {
  appId = "0a1b2c3d-4e5f-4a6b-8c7d-9e0f1a2b3c4d";
  password = "TEST-teams-app-password";
  tenant = "7e57ab1e-0000-4000-8000-000000000001";
  botName = "Claw";
  calls = []; // of the Connector: {method, path, conversation, activityId, body, status, at}
  signIns = [];
  faults = [];
  tokens = new Map(); // token → when it ends
  files = new Map(); // path → {bytes, type, token: needed}
  conversations = new Map(); // id → {type, activities: Map(id → {text, mine, removed})}
  tokenLifetime = 3599;
  keySetReads = 0;
  #keys = [];
  #next = 1700000000000;
  #sockets = new Set();
  #outgoing = new http.Agent({ keepAlive: true });
  #queues = new Map(); // conversation → promise of its last delivery
  #stopped = false;

  static async start() {
    const fake = new FakeTeams();
    fake.rotateKeys();
    fake.server = http.createServer((request, response) => fake.#serve(request, response));
    fake.server.on("connection", (socket) => {
      fake.#sockets.add(socket);
      socket.on("close", () => fake.#sockets.delete(socket));
    });
    await new Promise((resolve) => fake.server.listen(0, "127.0.0.1", resolve));
    fake.url = `http://127.0.0.1:${fake.server.address().port}`;
    fake.serviceUrl = `${fake.url}/teams/`;
    return fake;
  }

  async stop() {
    this.#stopped = true;
    this.#outgoing.destroy();
    for (const socket of this.#sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
  }

  get botId() {
    return `28:${this.appId}`;
  }

  id() {
    return String(++this.#next);
  }

  /** A new signing key takes the place of the old one. */
  rotateKeys({ endorsements = ["msteams", "webchat"] } = {}) {
    const { privateKey, publicKey } = keyPair();
    const kid = `key-${crypto.randomUUID()}`;
    this.#keys = [{ privateKey, jwk: { ...publicKey.export({ format: "jwk" }), kid, use: "sig", x5t: kid, endorsements } }];
  }

  /** The token of a delivery. `key: "other"` signs with a key that nobody published; `algorithm` other than RS256 forges. */
  token({ claims = {}, header = {}, key, algorithm = "RS256" } = {}) {
    const now = Math.floor(Date.now() / 1000);
    const { privateKey, jwk } = this.#keys[0];
    const head = base64url({ alg: algorithm, typ: "JWT", kid: jwk.kid, x5t: jwk.kid, ...header });
    const body = base64url({ iss: issuer, aud: this.appId, serviceurl: this.serviceUrl, nbf: now - 5, exp: now + 3600, ...claims });
    const signed = Buffer.from(`${head}.${body}`);
    let signature = "";
    if (algorithm === "RS256") signature = crypto.sign("RSA-SHA256", signed, key === "other" ? keyPair().privateKey : privateKey).toString("base64url");
    // The classic confusion: the public key as the secret of an HMAC.
    if (algorithm === "HS256") signature = crypto.createHmac("sha256", JSON.stringify(jwk)).update(signed).digest("base64url");
    return `${head}.${body}.${signature}`;
  }

  conversation(id, type) {
    if (!this.conversations.has(id)) this.conversations.set(id, { type, activities: new Map() });
    return this.conversations.get(id);
  }

  /** An activity of this conversation as Teams makes it. */
  activity({ from, conversation, type = "message", ...more }) {
    const { id, conversationType } = conversation;
    const known = this.conversation(id.split(";")[0], conversationType);
    const activity = {
      type,
      id: this.id(),
      timestamp: new Date().toISOString(),
      localTimestamp: new Date().toISOString(),
      channelId: "msteams",
      serviceUrl: this.serviceUrl,
      from,
      conversation: { tenantId: this.tenant, ...(conversationType !== "personal" && { isGroup: true }), ...conversation },
      recipient: { id: this.botId, name: this.botName },
      channelData: { tenant: { id: this.tenant } },
      ...more,
    };
    if (type === "message") {
      Object.assign(activity, { textFormat: "plain", locale: "en-US", entities: [{ locale: "en-US", type: "clientInfo" }, ...(more.entities ?? [])] });
      known.activities.set(activity.id, { mine: false, text: activity.text });
    }
    return activity;
  }

  /**
   * Hands an activity over. What is not taken (no connection, 5xx) is tried again, in the order of its conversation; resolves with the
   * status of the first attempt.
   */
  deliver(activity, { sign = {}, once = false, body = JSON.stringify(activity) } = {}) {
    const key = activity?.conversation?.id ?? "";
    const attempt = () => this.post(body, sign === null ? {} : { authorization: `Bearer ${this.token(sign)}` });
    return new Promise((first) => {
      const work = async () => {
        for (;;) {
          const status = await attempt().catch(() => 0);
          first(status);
          if (once || this.#stopped || (status > 0 && status < 500) || status === 501) return;
          await new Promise((resolve) => setTimeout(resolve, 50));
        }
      };
      this.#queues.set(key, (this.#queues.get(key) ?? Promise.resolve()).then(work));
      // While the bot is away, what is said waits here: nobody is kept waiting for it.
      setTimeout(() => first(undefined), 2000).unref();
    });
  }

  /** One request to the bot's endpoint; resolves with its status. */
  post(body, headers = {}) {
    return new Promise((resolve, reject) => {
      const options = { method: "POST", agent: this.#outgoing, headers: { "content-type": "application/json; charset=utf-8", ...headers } };
      const request = http.request(this.endpoint, options, (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => {
          this.lastAnswer = { status: response.statusCode, body: Buffer.concat(chunks).toString() };
          resolve(response.statusCode);
        });
        response.on("error", reject);
      });
      request.on("error", reject);
      request.end(body);
    });
  }

  dropConnections() {
    this.#outgoing.destroy();
    this.#outgoing = new http.Agent({ keepAlive: true });
  }

  /** fault: {status, code?, retryAfter?, drop?: "before" | "after", stall?, markup?, times?} for the next messages of the bot. */
  fault(fault) {
    this.faults.push({ times: 1, ...fault });
  }

  // Server side.

  async #serve(request, response) {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { pathname } = new URL(request.url, "http://fake");
    const answer = (status, value, headers = {}) => {
      response.writeHead(status, { "content-type": "application/json; charset=utf-8", ...headers });
      response.end(value === undefined ? "" : JSON.stringify(value));
    };
    if (pathname === "/v1/.well-known/openidconfiguration")
      return answer(200, {
        issuer,
        authorization_endpoint: "https://invalid.botframework.com",
        jwks_uri: `${this.url}/v1/.well-known/keys`,
        id_token_signing_alg_values_supported: ["RS256"],
        token_endpoint_auth_methods_supported: ["private_key_jwt"],
      });
    if (pathname === "/v1/.well-known/keys") {
      ++this.keySetReads;
      return answer(200, { keys: this.#keys.map(({ jwk }) => jwk) });
    }
    const signIn = /^\/([^/]+)\/oauth2\/v2\.0\/token$/.exec(pathname);
    if (signIn) return this.#sign_in(decodeURIComponent(signIn[1]), request, body, answer);
    const file = this.files.get(pathname);
    if (file && request.method === "GET") {
      if (file.token && !this.#authorized(request)) return answer(401, { message: "Authorization has been denied for this request." });
      response.writeHead(200, { "content-type": file.type });
      return response.end(file.bytes);
    }
    if (pathname.startsWith("/teams/v3/")) return this.#connector(request, response, pathname.slice("/teams/v3/".length), body, answer);
    return answer(404, { error: { code: "NotFound", message: "There is nothing here." } });
  }

  #sign_in(tenant, request, body, answer) {
    const form = Object.fromEntries(new URLSearchParams(body.toString()));
    this.signIns.push({ tenant, clientId: form.client_id, at: Date.now() });
    const refuse = (status, error, description) => answer(status, { error, error_description: description, error_codes: [Number(/\d+/.exec(description))] });
    if (this.signInFault) return answer(this.signInFault, { error: "temporarily_unavailable" });
    if (request.method !== "POST" || form.grant_type !== "client_credentials") return refuse(400, "unsupported_grant_type", "AADSTS70003: The app requested an unsupported grant type.");
    if (![this.tenant, "botframework.com"].includes(tenant)) return refuse(400, "invalid_request", `AADSTS90002: Tenant '${tenant}' not found.`);
    if (form.client_id !== this.appId) return refuse(400, "unauthorized_client", `AADSTS700016: Application '${form.client_id}' was not found in the directory.`);
    if (form.client_secret !== this.password) return refuse(401, "invalid_client", "AADSTS7000215: Invalid client secret provided.");
    if (form.scope !== scope) return refuse(400, "invalid_scope", `AADSTS1002012: The scope ${form.scope} is not valid.`);
    const token = `eyJ.${crypto.randomUUID()}`;
    this.tokens.set(token, Date.now() + this.tokenLifetime * 1000);
    return answer(200, { token_type: "Bearer", expires_in: this.tokenLifetime, ext_expires_in: this.tokenLifetime, access_token: token });
  }

  #authorized(request) {
    const token = /^Bearer (.+)$/.exec(request.headers.authorization ?? "")?.[1];
    return (this.tokens.get(token) ?? 0) > Date.now();
  }

  async #connector(request, response, rest, body, answer) {
    const path = rest.split("/").map(decodeURIComponent);
    const call = { method: request.method, path: rest, conversation: path[1], activityId: path[3], at: Date.now() };
    this.calls.push(call);
    const refuse = (status, code, message, headers) => {
      call.status = status;
      return answer(status, { error: { code, message } }, headers);
    };
    const done = (status, value) => {
      call.status = status;
      return answer(status, value);
    };
    if (!this.#authorized(request)) {
      call.status = 401;
      return answer(401, { message: "Authorization has been denied for this request." }, { "www-authenticate": 'Bearer error="invalid_token"' });
    }
    let activity;
    if (body.length > 0) {
      try {
        activity = JSON.parse(body);
      } catch {
        return refuse(400, "BadSyntax", "Invalid JSON.");
      }
    }
    call.body = activity;
    if (path[0] !== "conversations") return refuse(404, "NotFound", "There is nothing here.");
    if (path.length === 1) {
      if (request.method !== "POST" || !activity?.members?.[0]?.id || activity.isGroup) return refuse(400, "BadArgument", "One member is needed.");
      const id = `a:1-${activity.members[0].id}`;
      this.conversation(id, "personal");
      return done(201, { id });
    }
    const [id, thread] = path[1].split(";messageid=");
    const conversation = this.conversations.get(id);
    if (!conversation) return refuse(404, "ConversationNotFound", "Conversation not found.");
    if (thread !== undefined && !conversation.activities.has(thread)) return refuse(404, "ConversationNotFound", "The thread's first message was not found.");
    if (conversation.left) return refuse(403, "BotNotInConversationRoster", "The bot is not part of the conversation roster.");
    if (path[2] === "members" && request.method === "GET") return done(200, conversation.members ?? []);
    if (path[2] !== "activities") return refuse(404, "NotFound", "There is nothing here.");
    const known = conversation.activities.get(path[3]);
    if (request.method === "DELETE") {
      if (!known) return refuse(404, "ActivityNotFoundInConversation", "The activity was not found.");
      if (!known.mine) return refuse(403, "ConversationBlockedByUser", "It is not the bot's own message.");
      known.removed = true;
      return done(200);
    }
    const problem = this.#activity_problem(activity, request.method, known, path);
    if (problem) return refuse(...problem);
    if (activity.type === "message" && request.method === "POST") {
      const fault = this.faults.find((one) => one.times > 0 && (!one.markup || activity.textFormat === "xml"));
      if (fault) {
        --fault.times;
        call.status = 0;
        if (fault.stall) return undefined;
        if (fault.drop === "before") return request.socket.destroy();
        if (fault.drop !== "after") return refuse(fault.status, fault.code ?? "ServiceError", "Please try again.", fault.retryAfter !== undefined ? { "retry-after": String(fault.retryAfter) } : {});
      }
      call.id = this.id();
      call.status = 201;
      conversation.activities.set(call.id, { mine: true, text: shown(activity) });
      return fault ? request.socket.destroy() : done(201, { id: call.id });
    }
    if (request.method === "PUT") {
      known.text = shown(activity);
      return done(200, { id: path[3] });
    }
    return done(201, { id: this.id() });
  }

  /** [status, code, message] of what Teams refuses in an activity. */
  #activity_problem(activity, method, known, path) {
    if (!["POST", "PUT"].includes(method)) return [405, "MethodNotAllowed", "Only POST, PUT and DELETE."];
    if (!activity || !["message", "typing"].includes(activity.type)) return [400, "BadArgument", "Unknown activity type."];
    if (method === "PUT" && !known) return [404, "ActivityNotFoundInConversation", "The activity was not found."];
    if (method === "PUT" && !known.mine) return [403, "Forbidden", "It is not the bot's own message."];
    // A reply to what is not there is taken: botbuilder's own conversations by reference reply to an id that it makes up.
    if (activity.from?.id !== undefined && activity.from.id !== this.botId) return [403, "Forbidden", "The bot may not speak for somebody else."];
    if (activity.conversation?.id !== undefined && activity.conversation.id.split(";")[0] !== path[1].split(";")[0]) return [400, "BadArgument", "It names another conversation."];
    if (activity.type === "typing") return undefined;
    const { attachments = [], ...rest } = activity;
    if (Buffer.byteLength(JSON.stringify(rest)) > largestMessage) return [413, "MessageSizeTooBig", "Message size too large."];
    if (!activity.text && attachments.length === 0) return [400, "BadSyntax", "Activity has neither text nor attachments."];
    if (!["plain", "markdown", "xml", undefined].includes(activity.textFormat)) return [400, "BadArgument", "Unknown text format."];
    const wrong = activity.textFormat === "xml" ? markupProblem(activity.text ?? "") : undefined;
    if (wrong) return [400, "BadSyntax", `Bad format of conversation ID or text: ${wrong}.`];
    for (const { contentType, contentUrl, content } of attachments) {
      if (typeof contentType !== "string" || (contentUrl === undefined && content === undefined)) return [400, "BadArgument", "An attachment is not whole."];
      const data = /^data:([^;,]+);base64,([A-Za-z0-9+/]*={0,2})$/.exec(contentUrl ?? "");
      if (contentUrl !== undefined && !data && !/^https?:\/\//.test(contentUrl)) return [400, "BadArgument", "The address of an attachment is not one."];
      if (data && (data[2].length * 3) / 4 > largestImage + 2) return [413, "RequestEntityTooLarge", "An inline attachment is too large."];
    }
    return undefined;
  }
}
