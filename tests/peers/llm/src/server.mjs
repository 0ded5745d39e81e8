// The scripted model's HTTP server: authentication, rules, plan, answer, and the control endpoints for tests.
import http from "node:http";
import { anthropic } from "./anthropic.mjs";
import { google } from "./google.mjs";
import { Journal } from "./journal.mjs";
import { ollama } from "./ollama.mjs";
import { openai } from "./openai.mjs";
import { makePlan, Memory } from "./plan.mjs";
import { Refusal } from "./refusal.mjs";
import { responses } from "./responses.mjs";
import { Gates, pause, sendEvents } from "./stream.mjs";

const dialects = [openai, anthropic, responses, google, ollama];
const defaultModels = ["fake-1", "fake-2", "fake-claude"];

async function readBody(request) {
  const pieces = [];
  for await (const piece of request) pieces.push(piece);
  return Buffer.concat(pieces);
}

function parse(bytes) {
  try {
    return JSON.parse(bytes.toString("utf8"));
  } catch {
    throw new Refusal(400, "We could not parse the JSON body of your request.");
  }
}

function sendJson(response, status, value, headers = {}) {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(value));
}

export class ModelServer {
  #memory = new Memory();
  #gates = new Gates();
  #journal;
  #keys;
  #models;
  #requireKey;
  #server;

  /** `keys` empty accepts any key; `requireKey: false` behaves like a local server that asks for none. */
  constructor({ keys = [], models = defaultModels, requireKey = true, keep, log } = {}) {
    this.#keys = keys;
    this.#models = models;
    this.#requireKey = requireKey;
    this.#journal = new Journal({ keep, file: log });
    this.#server = http.createServer((request, response) => this.#handle(request, response));
    this.#server.keepAliveTimeout = 60000;
  }

  listen(port = 0) {
    return new Promise((resolve, reject) => {
      this.#server.once("error", reject);
      this.#server.listen(port, "127.0.0.1", () => resolve(`http://127.0.0.1:${this.#server.address().port}`));
    });
  }

  close() {
    this.#gates.releaseAll();
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  async #handle(request, response) {
    const url = new URL(request.url, "http://model");
    try {
      const bytes = await readBody(request);
      if (url.pathname.startsWith("/__")) return await this.#control(url, request, response, bytes);
      if (request.method === "GET") {
        const lists = dialects.find((each) => each.listPath === url.pathname);
        if (lists || url.pathname === "/v1/models") return this.#listModels(lists, request, response);
      }
      const dialect = dialects.find((each) => each.matches?.(url) ?? each.path === url.pathname);
      if (dialect && request.method === "POST") return await this.#answer(dialect, url, request, response, bytes);
      sendJson(
        response,
        404,
        openai.errorBody(404, { message: `Invalid URL (${request.method} ${url.pathname})`, code: null }),
      );
    } catch (error) {
      if (response.destroyed) return;
      if (!response.headersSent) sendJson(response, 500, { error: { message: `scripted model: ${error.stack}` } });
      else response.destroy();
    }
  }

  #checkKey(dialect, headers) {
    if (!this.#requireKey || dialect.needsNoKey) return;
    const key = dialect.keyOf(headers);
    if (!key) throw new Refusal(dialect.missingKeyStatus ?? 401, dialect.missingKeyMessage);
    if (this.#keys.length > 0 && !this.#keys.includes(key))
      throw new Refusal(dialect.wrongKeyStatus ?? 401, dialect.wrongKeyMessage(key));
  }

  #listModels(lists, request, response) {
    const dialect = lists ?? (request.headers["anthropic-version"] ? anthropic : openai);
    try {
      this.#checkKey(dialect, request.headers);
      sendJson(response, 200, dialect.modelList(this.#models), dialect.responseHeaders());
    } catch (refusal) {
      this.#refuse(dialect, response, refusal);
    }
  }

  #refuse(dialect, response, { status, message, param, code, headers }) {
    const body = dialect.errorBody(status, { message, param, code: code ?? undefined });
    sendJson(response, status, body, { ...dialect.responseHeaders(), ...headers });
  }

  async #answer(dialect, url, request, response, bytes) {
    let entry;
    try {
      let body = parse(bytes);
      entry = this.#journal.open(request, dialect.path, body, bytes.length);
      this.#checkKey(dialect, request.headers);
      dialect.checkRequest(body, request.headers);
      // Where the model and the wish for a stream stand in the address, they come to the body now.
      const model = dialect.modelOf?.(url) ?? body.model;
      body = { ...body, model, stream: dialect.streamOf?.(url, body) ?? body.stream };
      if (!this.#models.includes(body.model)) throw new Refusal(404, dialect.unknownModelMessage(body.model));
      await this.#follow(makePlan(dialect.readTurn(body), this.#memory), dialect, body, response, entry);
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal;
      entry ??= this.#journal.open(request, dialect.path, undefined, bytes.length);
      this.#journal.note(entry, "refusal", refusal.message);
      this.#refuse(dialect, response, refusal);
      this.#journal.close(entry, "answered", refusal.status);
    }
  }

  async #follow(plan, dialect, body, response, entry) {
    if (plan.error) {
      const { status, code, headers } = plan.error;
      sendJson(response, status, dialect.errorBody(status, { code }), { ...dialect.responseHeaders(), ...headers });
      return this.#journal.close(entry, "answered", status);
    }
    const gone = new AbortController();
    response.once("close", () => {
      if (response.writableFinished) return;
      gone.abort();
      this.#journal.close(entry, "aborted", 200);
    });
    response.socket?.setNoDelay(true);
    await pause(plan.sleepMs, gone.signal);
    if (gone.signal.aborted) return;
    const state = body.stream
      ? await this.#stream(plan, dialect, body, response, entry, gone.signal)
      : await this.#reply(plan, dialect, body, response, entry, gone.signal);
    this.#journal.close(entry, state, 200);
  }

  async #stream(plan, dialect, body, response, entry, signal) {
    for (const [name, value] of Object.entries(dialect.responseHeaders())) response.setHeader(name, value);
    const state = await sendEvents(response, dialect.streamEvents(plan, body), plan, {
      gates: this.#gates,
      signal,
      errorEvent: dialect.streamError(),
      contentType: dialect.contentType,
      onHold: (name) => this.#journal.note(entry, "held", name),
    });
    if (state === "cut") this.#journal.close(entry, "cut", 200);
    return state;
  }

  async #reply(plan, dialect, body, response, entry, signal) {
    if (plan.hold) {
      this.#journal.note(entry, "held", plan.hold.name);
      await this.#gates.wait(plan.hold.name, signal);
      if (signal.aborted) return "aborted";
    }
    if (plan.cutAfter !== undefined) {
      this.#journal.close(entry, "cut", 200);
      response.socket?.destroy();
      return "cut";
    }
    sendJson(response, 200, dialect.complete(plan, body), dialect.responseHeaders());
    return "answered";
  }

  async #control(url, request, response, bytes) {
    const query = url.searchParams;
    switch (`${request.method} ${url.pathname}`) {
      case "GET /__stats":
        return sendJson(response, 200, this.#journal.stats());
      case "GET /__requests": {
        const filter = {
          after: Number(query.get("after") ?? 0),
          text: query.get("text") ?? "",
          state: query.get("state") ?? "",
        };
        const timeoutMs = Number(query.get("timeoutMs") ?? 0);
        return sendJson(
          response,
          200,
          await this.#journal.waitFor(filter, Number(query.get("atLeast") ?? 0), timeoutMs),
        );
      }
      case "POST /__release":
        return sendJson(response, 200, { released: this.#gates.release(parse(bytes).name) });
      case "POST /__answer": {
        const { name, steps } = parse(bytes);
        this.#memory.answers.set(name, steps);
        return sendJson(response, 200, { ok: true });
      }
      case "POST /__reset":
        this.#gates.releaseAll();
        this.#memory.clear();
        this.#journal.clear();
        return sendJson(response, 200, { ok: true });
      default:
        return sendJson(response, 404, { error: { message: `no such control: ${request.method} ${url.pathname}` } });
    }
  }
}
