// A gateway in one file that speaks WebChat's wire contract and does what a test's scenario says.
// Run it alone to look at the page:  node fake_gateway.mjs  (prints a login link; every message plays the demonstration)

import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { demonstration } from './demonstration.mjs';
import { required } from './packages.mjs';

const { WebSocketServer } = required('ws');

const distribution = fileURLToPath(new URL('../../ui/dist/', import.meta.url));
const contentTypes = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.webmanifest': 'application/manifest+json',
};
export const contentSecurityPolicy =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; font-src 'self'; " +
  "manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

export const mainKey = 'agent:main:main';

const readyStatus = {
  current: { ref: 'fake/small', source: 'config', state: 'ready', message: 'fake/small answers.' },
  embedded: { name: 'Tiny', engine: 'llama.cpp', sizeBytes: 400_000_000, license: 'Apache-2.0', licenseUrl: 'https://example.org/license', licenseText: 'Apache License', state: 'absent' },
};

const defaultModels = [
  { id: 'small', name: 'Small', provider: 'fake', contextWindow: 32_000, reasoning: true },
  { id: 'large', name: 'Large', provider: 'fake', contextWindow: 200_000, reasoning: true },
];

export class FakeGateway {
  requests = [];
  token = 'token-' + randomUUID();
  approvals = new Map();
  runs = new Map();
  sessions = new Map();
  #codes = new Map();
  #sockets = new Set();
  #waiting = [];
  #accepting = true;
  #answers = new Map();
  #asked = new Map();

  constructor({ scenario = (run) => run.finish(`echo: ${run.message}`), models = defaultModels, modelsStatus = readyStatus, agentName = 'Molty', clockBehindMs = 0 } = {}) {
    this.now = () => Date.now() - clockBehindMs;
    this.scenario = scenario;
    this.models = models;
    this.status = modelsStatus;
    this.agentName = agentName;
    this.session(mainKey);
  }

  async start(port = 0) {
    this.server = createServer((request, response) => void this.#serve(request, response));
    this.sockets = new WebSocketServer({ server: this.server });
    this.sockets.on('connection', (socket) => this.#welcome(socket));
    this.server.listen(port, '127.0.0.1');
    await once(this.server, 'listening');
    this.address = `http://127.0.0.1:${this.server.address().port}/`;
    return this;
  }

  async stop() {
    for (const socket of this.#sockets) socket.terminate();
    this.sockets.close();
    this.server.closeAllConnections();
    this.server.close();
    await once(this.server, 'close');
  }

  /** A fresh login link, as `openclaw dashboard` prints it. */
  loginLink() {
    const code = randomUUID();
    this.#codes.set(code, true);
    return `${this.address}#login=${code}`;
  }

  session(key, row = {}, messages = []) {
    if (!this.sessions.has(key)) {
      const fresh = { key, sessionId: randomUUID(), updatedAt: Date.now(), inputTokens: 0, outputTokens: 0, totalTokens: 0, costMicroUsd: 0, modelProvider: 'fake', model: 'small', contextTokens: 32_000 };
      this.sessions.set(key, { row: { ...fresh, ...row }, messages: [...messages] });
    }
    return this.sessions.get(key);
  }

  broadcast(event, payload) {
    const told = (socket) => socket.connected && (event !== 'sessions.changed' || socket.followsSessions);
    for (const socket of this.#sockets) if (told(socket)) socket.send(JSON.stringify({ type: 'event', event, payload, seq: socket.seq++ }));
  }

  setModelsStatus(current, embedded = this.status.embedded) {
    this.status = { current, embedded };
    this.broadcast('models.status', this.status);
  }

  /** Cuts every connection as a lost network does; with `stayAway` new ones are refused until `comeBack`. */
  dropConnections({ stayAway = false } = {}) {
    this.#accepting = !stayAway;
    for (const socket of this.#sockets) socket.terminate();
    this.#sockets.clear();
  }

  comeBack() {
    this.#accepting = true;
  }

  /** The next request of this method that fits; also one that came already. */
  async request(method, fits = () => true) {
    const known = this.requests.find((request) => request.method === method && fits(request.params));
    if (known) return known.params;
    return new Promise((resolve) => this.#waiting.push({ method, fits, resolve }));
  }

  /** How often a method was called. */
  asked(method) {
    return this.#asked.get(method) ?? 0;
  }

  /** Lets one method answer differently: return the payload or throw a refusal. */
  answer(method, handler) {
    this.#answers.set(method, handler);
  }

  /** The ordinary way in which a method is answered; also to do what another client would do. */
  methodNamed(method) {
    return this.#methods[method];
  }

  async #serve(request, response) {
    response.setHeader('content-security-policy', contentSecurityPolicy);
    response.setHeader('x-content-type-options', 'nosniff');
    const path = new URL(request.url, this.address).pathname;
    if (path === '/api/login' && request.method === 'POST') {
      let body = '';
      for await (const chunk of request) body += chunk;
      const { code } = JSON.parse(body);
      response.setHeader('content-type', 'application/json');
      if (this.#codes.delete(code)) return response.end(JSON.stringify({ token: this.token, expiresAtMs: Date.now() + 86_400_000 }));
      response.statusCode = 401;
      return response.end(JSON.stringify({ error: { message: 'This login link was used already.', hint: 'Run "openclaw dashboard" for a new one.' } }));
    }
    const file = normalize(join(distribution, path === '/' ? 'index.html' : path));
    try {
      if (!file.startsWith(distribution)) throw new Error('outside');
      const content = await readFile(file);
      response.setHeader('content-type', contentTypes[extname(file)] ?? 'application/octet-stream');
      response.end(content);
    } catch {
      response.statusCode = 404;
      response.end();
    }
  }

  #welcome(socket) {
    if (!this.#accepting) return socket.terminate();
    socket.seq = 1;
    this.#sockets.add(socket);
    socket.on('close', () => this.#sockets.delete(socket));
    socket.on('message', (data) => void this.#receive(socket, JSON.parse(String(data))));
    socket.send(JSON.stringify({ type: 'event', event: 'connect.challenge', payload: { nonce: randomUUID(), ts: this.now() } }));
  }

  async #receive(socket, { id, method, params = {} }) {
    const reply = (body) => socket.send(JSON.stringify({ type: 'res', id, ...body }));
    if (method === 'connect') {
      if (params.auth?.token !== this.token) {
        reply({ ok: false, error: { code: 'INVALID_REQUEST', message: 'unauthorized: gateway token mismatch', details: { code: 'AUTH_TOKEN_MISMATCH' } } });
        return socket.close(1008, 'unauthorized');
      }
      socket.connected = true;
      this.#notify(method, params);
      reply({ ok: true, payload: this.#hello(params) });
    } else {
      try {
        const handler = this.#answers.get(method) ?? this.#methods[method];
        if (!handler) throw refusal('INVALID_REQUEST', `unknown method: ${method}`);
        this.#asked.set(method, this.asked(method) + 1);
        this.#notify(method, params);
        const payload = await handler(params);
        if (method === 'sessions.subscribe') socket.followsSessions = true;
        reply({ ok: true, payload });
      } catch (error) {
        if (!error.code) throw error;
        reply({ ok: false, error });
      }
    }
  }

  #notify(method, params) {
    this.requests.push({ method, params });
    this.#waiting = this.#waiting.filter((waiting) => {
      if (waiting.method !== method || !waiting.fits(params)) return true;
      waiting.resolve(params);
      return false;
    });
  }

  #hello(params) {
    return {
      type: 'hello-ok',
      protocol: 4,
      server: { version: '0.0.0-fake', connId: randomUUID() },
      features: { methods: Object.keys(this.#methods), events: [], capabilities: [] },
      snapshot: { presence: [], health: {}, stateVersion: { presence: 1, health: 1 }, uptimeMs: 1, sessionDefaults: { defaultAgentId: 'main', mainKey: 'main', mainSessionKey: mainKey, scope: 'per-sender' } },
      auth: { role: params.role, scopes: params.scopes },
      policy: { maxPayload: 26_214_400, maxBufferedBytes: 52_428_800, tickIntervalMs: 30_000 },
    };
  }

  #begin(sessionKey, message, runId, { repeat = false } = {}) {
    const session = this.session(sessionKey);
    session.row.updatedAt = Date.now();
    if (!repeat) session.messages.push({ role: 'user', content: [{ type: 'text', text: message }], timestamp: Date.now(), id: randomUUID(), runId });
    session.row.lastMessagePreview = message;
    session.row.derivedTitle ??= message.slice(0, 40);
    const run = new Run(this, session, sessionKey, runId, message);
    this.runs.set(runId, run);
    setImmediate(async () => {
      run.event('agent', { stream: 'lifecycle', data: { phase: 'start', startedAt: Date.now() } });
      await this.scenario(run);
    });
    return { runId, status: 'started' };
  }

  #methods = {
    'chat.send': ({ sessionKey, message, idempotencyKey }) => {
      const known = this.runs.get(idempotencyKey);
      if (known) return { runId: idempotencyKey, status: known.over ? 'ok' : 'in_flight' };
      if (/^(\/stop|stop)$/i.test(message)) return this.#methods['chat.abort']({ sessionKey });
      return this.#begin(sessionKey, message, idempotencyKey);
    },
    'chat.retry': ({ sessionKey, runId, idempotencyKey }) => {
      const { messages } = this.session(sessionKey);
      const asked = messages.find((message) => message.role === 'user' && message.runId === runId);
      if (!asked) throw refusal('INVALID_REQUEST', 'There is no failed run with this id.');
      messages.splice(messages.indexOf(asked) + 1);
      asked.runId = idempotencyKey;
      return this.#begin(sessionKey, asked.content[0].text, idempotencyKey, { repeat: true });
    },
    'chat.abort': ({ sessionKey, runId }) => {
      const aborted = [...this.runs.values()].filter((run) => !run.over && run.sessionKey === sessionKey && (!runId || run.runId === runId));
      for (const run of aborted) run.abort();
      return { ok: true, aborted: aborted.length > 0, runIds: aborted.map((run) => run.runId) };
    },
    'chat.history': ({ sessionKey, limit = 200 }) => {
      const { row, messages } = this.session(sessionKey);
      return { sessionKey, sessionId: row.sessionId, thinkingLevel: 'off', messages: messages.slice(-limit) };
    },
    'sessions.list': () => {
      const sessions = [...this.sessions.values()].filter(({ row, messages }) => row.key === mainKey || messages.length > 0 || row.label).map(({ row }) => row);
      return { count: sessions.length, defaults: { modelProvider: 'fake', model: 'small', contextTokens: 32_000 }, sessions };
    },
    'sessions.patch': ({ key, label, model, thinkingLevel }) => {
      const { row } = this.session(key);
      if (label !== undefined) row.label = label ?? undefined;
      if (thinkingLevel !== undefined) row.thinkingLevel = thinkingLevel ?? undefined;
      if (model !== undefined) {
        const [provider, id] = (model ?? 'fake/small').split('/');
        const known = this.models.find((candidate) => candidate.id === id && candidate.provider === provider);
        if (!known) throw refusal('INVALID_REQUEST', `The model ${model} is not known.`, 'Run "openclaw models list".');
        Object.assign(row, { modelProvider: provider, model: id, contextTokens: known.contextWindow });
      }
      return { ok: true, key, entry: row };
    },
    'sessions.subscribe': () => ({ subscribed: true }),
    'sessions.reset': ({ key }) => {
      this.session(key).messages.length = 0;
      this.broadcast('sessions.changed', { key, reason: 'reset' });
      return { ok: true, key };
    },
    'sessions.delete': ({ key }) => {
      if (key === mainKey) throw refusal('INVALID_REQUEST', 'The main conversation cannot be deleted.');
      this.sessions.delete(key);
      this.broadcast('sessions.changed', { key, reason: 'delete' });
      return { ok: true, key };
    },
    'models.list': () => ({ models: this.models }),
    'models.status': () => this.status,
    'models.fetch': ({ acceptTerms }) => {
      if (acceptTerms !== true) throw refusal('INVALID_REQUEST', 'The licence has to be accepted first.');
      return { status: 'started' };
    },
    'exec.approval.list': () => ({ approvals: [...this.approvals.values()].map(({ approval }) => approval) }),
    'exec.approval.resolve': ({ id, decision }) => {
      const waiting = this.approvals.get(id);
      if (!waiting) throw refusal('INVALID_REQUEST', 'This request was decided already.');
      this.approvals.delete(id);
      setImmediate(() => {
        this.broadcast('exec.approval.resolved', { id, decision, resolvedBy: 'webchat', ts: Date.now() });
        waiting.resolve(decision);
      });
      return { ok: true };
    },
    'agents.list': () => ({ agents: [{ id: 'main', name: this.agentName }] }),
    'agent.identity.get': () => ({ agentId: 'main', name: this.agentName, avatar: '' }),
    status: () => ({}),
    health: () => ({ ok: true }),
  };
}

/** One answer in the making: what it says is broadcast and, where the real gateway stores it, stored. */
class Run {
  over = false;
  seq = 0;
  #text = '';
  #thinking = '';
  #blocks = [];
  #aborted = [];

  constructor(gateway, session, sessionKey, runId, message) {
    Object.assign(this, { gateway, session, sessionKey, runId, message });
    this.aborted = new Promise((resolve) => this.#aborted.push(resolve));
  }

  event(name, payload) {
    this.gateway.broadcast(name, { runId: this.runId, sessionKey: this.sessionKey, seq: ++this.seq, ts: Date.now(), ...payload });
  }

  think(more) {
    this.#thinking += more;
    this.event('agent', { stream: 'thinking', data: { text: this.#thinking, delta: more } });
  }

  say(more) {
    this.#text += more;
    this.event('agent', { stream: 'assistant', data: { text: this.#text, delta: more } });
    this.event('chat', { state: 'delta', deltaText: more, message: { role: 'assistant', content: [{ type: 'text', text: this.#text }], timestamp: Date.now() } });
  }

  toolStart(toolCallId, name, args) {
    this.#store({ stopReason: 'toolUse' }, [{ type: 'toolCall', id: toolCallId, name, arguments: args }]);
    this.#tool = { toolCallId, name };
    this.event('agent', { stream: 'tool', data: { phase: 'start', name, toolCallId, args } });
  }

  toolOutput(text) {
    this.event('agent', { stream: 'tool', data: { phase: 'update', ...this.#tool, partialResult: { content: [{ type: 'text', text }], details: { status: 'running', tail: text } } } });
  }

  toolResult(text, { isError = false, details = {} } = {}) {
    const content = [{ type: 'text', text }];
    this.session.messages.push({ role: 'toolResult', toolCallId: this.#tool.toolCallId, toolName: this.#tool.name, isError, content, details, timestamp: Date.now(), runId: this.runId });
    this.event('agent', { stream: 'tool', data: { phase: 'result', ...this.#tool, isError, result: { content, details } } });
  }
  #tool = {};

  /** Asks the operator and waits for the decision. */
  approval(request, { expiresInMs = 120_000 } = {}) {
    const now = this.gateway.now();
    const approval = { id: randomUUID(), request: { agentId: 'main', sessionKey: this.sessionKey, tool: 'exec', host: 'sandbox', ...request }, createdAtMs: now, expiresAtMs: now + expiresInMs };
    return new Promise((resolve) => {
      this.gateway.approvals.set(approval.id, { approval, resolve });
      this.gateway.broadcast('exec.approval.requested', approval);
    });
  }

  finish(text = this.#text, usage = { input: 1_200, output: 340, totalTokens: 1_540 }, stopReason = 'stop') {
    if (this.over) return;
    this.over = true;
    this.#text = text;
    const { row } = this.session;
    row.inputTokens += usage.input;
    row.outputTokens += usage.output;
    row.totalTokens += usage.totalTokens;
    row.costMicroUsd += 4_200;
    const message = this.#store({ stopReason, usage, model: row.model, provider: row.modelProvider });
    this.event('agent', { stream: 'lifecycle', data: { phase: 'end', endedAt: Date.now() } });
    this.event('chat', { state: 'final', message: { ...message, content: message.content.filter((block) => block.type === 'text') }, stopReason, usage });
  }

  fail(errorMessage, errorHint, retryable = true) {
    if (this.over) return;
    this.over = true;
    this.#store({ stopReason: 'error', errorMessage, errorHint, retryable });
    this.event('agent', { stream: 'lifecycle', data: { phase: 'error', error: errorMessage, endedAt: Date.now() } });
    this.event('chat', { state: 'error', errorMessage, errorHint, retryable, stopReason: 'error' });
  }

  abort() {
    this.over = true;
    this.#store({ stopReason: 'aborted' });
    this.event('chat', { state: 'aborted', stopReason: 'rpc' });
    for (const resolve of this.#aborted) resolve();
  }

  #store(ending, more = []) {
    const content = [...this.#blocks];
    if (this.#thinking) content.push({ type: 'thinking', thinking: this.#thinking });
    if (this.#text) content.push({ type: 'text', text: this.#text });
    content.push(...more);
    this.#thinking = '';
    this.#text = '';
    const message = { role: 'assistant', content, timestamp: Date.now(), id: randomUUID(), runId: this.runId, ...ending };
    this.session.messages.push(message);
    return message;
  }
}

export function refusal(code, message, hint) {
  return { code, message, details: hint ? { hint } : undefined };
}

if (process.argv[1] && import.meta.url === pathToFileURL(process.argv[1]).href) {
  const gateway = await new FakeGateway({ scenario: demonstration }).start();
  console.log(gateway.loginLink());
}
