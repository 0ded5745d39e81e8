import { GatewayError } from '../gateway/gateway_error.ts';
import { t } from '../i18n/index.ts';

export interface Explanation {
  message: string;
  hint: string;
}

/** Turns any failure into what happened and what to do next, in words; the gateway's own words come first. */
export function explain(error: unknown): Explanation {
  const known = error instanceof GatewayError ? error : new GatewayError('UNKNOWN', '');
  const own = known.aboutToken ? { message: t('login.tokenRefused'), hint: t('login.tokenRefused.hint') } : ownWords(known.code);
  // The protocol fixes the words for a refused token, and they speak to programs: "unauthorized: gateway token mismatch".
  return { message: known.aboutToken ? own.message : known.message || own.message, hint: known.hint || own.hint };
}

function ownWords(code: string): Explanation {
  switch (code) {
    case 'DISCONNECTED':
    case 'UNREACHABLE':
      return { message: t('error.unreachable'), hint: t('error.unreachable.hint') };
    case 'TIMEOUT':
      return { message: t('error.timeout'), hint: t('error.timeout.hint') };
    case 'LOGIN_REFUSED':
      return { message: t('login.refused'), hint: t('login.refused.hint') };
    default:
      return { message: t('error.unknown'), hint: t('error.unknown.hint') };
  }
}
