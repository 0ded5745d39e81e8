import { GatewayError, textOrNothing } from './gateway_error.ts';

const storageKey = 'openclaw.token';

/** Takes the one-time code out of the address bar at once, so that it is neither bookmarked nor shared. */
export function takeLoginCode(): string {
  const match = /^#login=(.+)$/.exec(location.hash);
  if (!match) return '';
  history.replaceState(null, '', location.pathname);
  try {
    return decodeURIComponent(match[1]!);
  } catch {
    return match[1]!;
  }
}

export async function exchangeLoginCode(code: string): Promise<string> {
  let response: Response;
  try {
    response = await fetch('/api/login', {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ code }),
      cache: 'no-store',
      credentials: 'omit',
    });
  } catch {
    throw new GatewayError('UNREACHABLE', '');
  }
  const body: any = await response.json().catch(() => ({}));
  const token = textOrNothing(body?.token);
  if (response.ok && token) return token;
  throw new GatewayError('LOGIN_REFUSED', textOrNothing(body?.error?.message), textOrNothing(body?.error?.hint));
}

// localStorage and not a cookie: cookies are shared by every port of localhost, storage is not.
let memory = '';

export function storedToken(): string {
  try {
    return localStorage.getItem(storageKey) ?? memory;
  } catch {
    return memory;
  }
}

export function storeToken(token: string): void {
  memory = token;
  try {
    if (token) localStorage.setItem(storageKey, token);
    else localStorage.removeItem(storageKey);
  } catch {
    // Storage is blocked: the token then lives as long as this page.
  }
}
