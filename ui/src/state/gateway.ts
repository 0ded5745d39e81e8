import { signal } from '@preact/signals';
import { Connection, type Phase } from '../gateway/connection.ts';
import type { Hello } from '../gateway/frames.ts';
import { GatewayError } from '../gateway/gateway_error.ts';
import { exchangeLoginCode, storeToken, storedToken } from '../gateway/login.ts';
import { attachmentBytes } from './attachments.ts';

/** The one connection of this page, as signals; the other state files listen to it here. */

export const phase = signal<Phase>('idle');
export const retryAt = signal(0);
export const signedIn = signal(false);
export const loginPending = signal(false);
export const loginError = signal<GatewayError | undefined>(undefined);
export const everConnected = signal(false);
export const serverVersion = signal('');
export const mainSessionKey = signal('agent:main:main');

let clockAhead = 0;

/** The gateway's time; deadlines are its, and a phone's clock may be off by minutes. */
export function gatewayNow(): number {
  return Date.now() - clockAhead;
}

type Handler = (payload: any) => void;
const handlers = new Map<string, Handler[]>();
const openedHandlers: (() => void)[] = [];

export function onEvent(event: string, handler: Handler): void {
  handlers.set(event, [...(handlers.get(event) ?? []), handler]);
}

export function onOpened(handler: () => void): void {
  openedHandlers.push(handler);
}

const connection = new Connection({
  phaseChanged(next, detail) {
    phase.value = next;
    retryAt.value = detail.retryAt ?? 0;
    if (next === 'refused') {
      // Only a refused token is worth forgetting; after a refusal of another kind it may serve again.
      if (detail.error?.aboutToken) storeToken('');
      signedIn.value = false;
      loginError.value = detail.error;
    }
  },
  opened(hello: Hello, ahead: number) {
    clockAhead = ahead;
    everConnected.value = true;
    loginError.value = undefined;
    attachmentBytes.value = hello.policy?.attachments?.maxBytes ?? attachmentBytes.value;
    serverVersion.value = hello.server?.version ?? '';
    mainSessionKey.value = hello.snapshot?.sessionDefaults?.mainSessionKey || mainSessionKey.value;
    for (const handler of openedHandlers) handler();
  },
  received(event, payload) {
    for (const handler of handlers.get(event) ?? []) handler(payload ?? {});
  },
});

export function call<Payload>(method: string, params: unknown = {}): Promise<Payload> {
  return connection.request<Payload>(method, params);
}

export function retryNow(): void {
  connection.retryNow();
}

export function signIn(token: string): void {
  storeToken(token);
  signedIn.value = true;
  loginError.value = undefined;
  connection.start(token);
}

export function signOut(): void {
  storeToken('');
  connection.stop();
  signedIn.value = false;
  everConnected.value = false;
}

export async function signInWithCode(code: string): Promise<void> {
  loginPending.value = true;
  try {
    signIn(await exchangeLoginCode(code));
  } catch (error) {
    const known = storedToken();
    // An old link opened twice is no reason to sign a signed-in browser out.
    if (known) signIn(known);
    else loginError.value = error instanceof GatewayError ? error : new GatewayError('UNKNOWN', '');
  } finally {
    loginPending.value = false;
  }
}

export function resume(): void {
  const token = storedToken();
  if (token) signIn(token);
}

window.addEventListener('online', retryNow);
document.addEventListener('visibilitychange', () => document.visibilityState === 'visible' && retryNow());
