import type { ErrorBody, EventFrame, Hello, ResponseFrame } from './frames.ts';
import { GatewayError } from './gateway_error.ts';

export type Phase = 'idle' | 'connecting' | 'connected' | 'waiting' | 'refused';

export interface ConnectionListener {
  phaseChanged(phase: Phase, detail: { error?: GatewayError; retryAt?: number }): void;
  /** `clockAhead`: by how many milliseconds this browser's clock is ahead of the gateway's. */
  opened(hello: Hello, clockAhead: number): void;
  received(event: string, payload: unknown): void;
}

const firstDelay = 1_000;
const longestDelay = 15_000;
const handshakeTimeout = 10_000;
const requestTimeout = 30_000;

interface Pending {
  resolve(payload: unknown): void;
  reject(error: GatewayError): void;
  timer: ReturnType<typeof setTimeout>;
}

/**
 * One logical connection to the gateway: handshake, requests, events, and coming back after a loss.
 * It never repeats a request by itself: only the caller knows what may be sent twice.
 */
export class Connection {
  private socket: WebSocket | undefined;
  private pending = new Map<string, Pending>();
  private nextId = 1;
  private delay = firstDelay;
  private reconnectTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceTimer: ReturnType<typeof setTimeout> | undefined;
  private silenceLimit = 60_000;
  private token = '';
  private closed = true;
  private listener: ConnectionListener;

  constructor(listener: ConnectionListener) {
    this.listener = listener;
  }

  start(token: string): void {
    this.stop();
    this.token = token;
    this.closed = false;
    this.delay = firstDelay;
    this.open();
  }

  stop(): void {
    this.closed = true;
    clearTimeout(this.reconnectTimer);
    this.dropSocket();
    this.listener.phaseChanged('idle', {});
  }

  /** Skips the rest of the waiting time: the network is back, or the person asked. */
  retryNow(): void {
    if (this.closed || this.socket) return;
    clearTimeout(this.reconnectTimer);
    this.open();
  }

  request<Payload>(method: string, params: unknown = {}, timeout = requestTimeout): Promise<Payload> {
    const socket = this.socket;
    if (!socket || socket.readyState !== WebSocket.OPEN) {
      return Promise.reject(new GatewayError('DISCONNECTED', ''));
    }
    const id = String(this.nextId++);
    return new Promise<Payload>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.pending.delete(id);
        reject(new GatewayError('TIMEOUT', ''));
      }, timeout);
      this.pending.set(id, { resolve: resolve as (payload: unknown) => void, reject, timer });
      socket.send(JSON.stringify({ type: 'req', id, method, params }));
    });
  }

  private open(): void {
    this.listener.phaseChanged('connecting', {});
    const scheme = location.protocol === 'https:' ? 'wss' : 'ws';
    const socket = new WebSocket(`${scheme}://${location.host}/`);
    this.socket = socket;
    let greeted = false;
    const handshake = setTimeout(() => socket === this.socket && this.lost(), handshakeTimeout);

    socket.onmessage = (message) => {
      if (socket !== this.socket || typeof message.data !== 'string') return;
      let frame: ResponseFrame | EventFrame;
      try {
        frame = JSON.parse(message.data);
      } catch {
        return;
      }
      this.watchSilence();
      if (frame?.type === 'event' && frame.event === 'connect.challenge' && !greeted) {
        greeted = true;
        const sentAt = (frame.payload as { ts?: unknown } | undefined)?.ts;
        this.greet(socket, handshake, typeof sentAt === 'number' ? Date.now() - sentAt : 0);
      } else if (frame?.type === 'event') {
        if (frame.event !== 'tick') this.listener.received(frame.event, frame.payload);
      } else if (frame?.type === 'res') {
        this.settle(frame);
      }
    };
    socket.onclose = () => {
      clearTimeout(handshake);
      if (socket === this.socket) this.lost();
    };
  }

  private greet(socket: WebSocket, handshake: ReturnType<typeof setTimeout>, clockAhead: number): void {
    const params = {
      minProtocol: 3,
      maxProtocol: 4,
      client: { id: 'webchat', version: '1', platform: 'web', mode: 'webchat' },
      caps: ['tool-events'],
      role: 'operator',
      scopes: ['operator.admin', 'operator.read', 'operator.write', 'operator.approvals', 'operator.pairing'],
      auth: { token: this.token },
    };
    this.request<Hello>('connect', params).then(
      (hello) => {
        clearTimeout(handshake);
        if (socket !== this.socket) return;
        this.delay = firstDelay;
        this.silenceLimit = 2 * (hello?.policy?.tickIntervalMs || 30_000);
        this.watchSilence();
        this.listener.phaseChanged('connected', {});
        this.listener.opened(hello ?? { protocol: 0 }, clockAhead);
      },
      (error: GatewayError) => {
        clearTimeout(handshake);
        if (socket !== this.socket || error.code === 'DISCONNECTED' || error.code === 'TIMEOUT') return;
        if (error.retryable) return this.lost();
        // A refusal repeats itself: trying again would only fill the gateway's log.
        this.closed = true;
        this.dropSocket();
        this.listener.phaseChanged('refused', { error });
      },
    );
  }

  private settle(frame: ResponseFrame): void {
    const waiting = this.pending.get(frame.id);
    if (!waiting) return;
    this.pending.delete(frame.id);
    clearTimeout(waiting.timer);
    if (frame.ok) waiting.resolve(frame.payload);
    else waiting.reject(GatewayError.fromBody(frame.error as ErrorBody | undefined));
  }

  private watchSilence(): void {
    clearTimeout(this.silenceTimer);
    this.silenceTimer = setTimeout(() => this.lost(), this.silenceLimit);
  }

  private lost(): void {
    this.dropSocket();
    if (this.closed) return;
    const wait = this.delay;
    this.delay = Math.min(this.delay * 2, longestDelay);
    clearTimeout(this.reconnectTimer);
    this.reconnectTimer = setTimeout(() => this.open(), wait);
    this.listener.phaseChanged('waiting', { retryAt: Date.now() + wait });
  }

  private dropSocket(): void {
    clearTimeout(this.silenceTimer);
    const socket = this.socket;
    this.socket = undefined;
    if (socket) {
      socket.onmessage = null;
      socket.onclose = null;
      socket.close();
    }
    const unanswered = [...this.pending.values()];
    this.pending.clear();
    for (const waiting of unanswered) {
      clearTimeout(waiting.timer);
      waiting.reject(new GatewayError('DISCONNECTED', ''));
    }
  }
}
