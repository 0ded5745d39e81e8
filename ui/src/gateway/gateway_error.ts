import type { ErrorBody } from './frames.ts';

/** A refusal or failure that can be shown to a person: `message` says what and why, `hint` what to do next. */
export class GatewayError extends Error {
  readonly code: string;
  readonly hint: string;
  readonly retryable: boolean;

  constructor(code: string, message: string, hint = '', retryable = false) {
    super(message);
    this.code = code;
    this.hint = hint;
    this.retryable = retryable;
  }

  get aboutToken(): boolean {
    return /^AUTH_|^PAIRING|^NOT_PAIRED/.test(this.code) || /^unauthorized/i.test(this.message);
  }

  static fromBody(body: ErrorBody | undefined): GatewayError {
    const code = body?.details?.code || body?.code || 'UNKNOWN';
    return new GatewayError(code, textOrNothing(body?.message), textOrNothing(body?.details?.hint), body?.retryable === true || body?.code === 'UNAVAILABLE');
  }
}

/** Whatever a peer sends in a place for words: words, or nothing. Never "[object Object]". */
export function textOrNothing(value: unknown): string {
  return typeof value === 'string' ? value.trim() : '';
}
