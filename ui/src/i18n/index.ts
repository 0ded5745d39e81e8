import { batch, signal } from '@preact/signals';
import { en } from './en.ts';

export type Key = keyof typeof en;
export type Catalogue = Record<Key, string>;

/** To add a language: copy en.ts, translate it, and name it here twice. Each is loaded only where it is read. */
const loaders = {
  en: async (): Promise<Catalogue> => en,
  fr: async (): Promise<Catalogue> => (await import('./fr.ts')).fr,
};
export type Language = keyof typeof loaders;
export const languages: { code: Language; name: string }[] = [
  { code: 'en', name: 'English' },
  { code: 'fr', name: 'Français' },
];

const storageKey = 'openclaw.language';
const catalogue = signal<Catalogue>(en);
export const language = signal<Language>('en');

function preferred(): Language {
  let chosen = '';
  try {
    chosen = localStorage.getItem(storageKey) ?? '';
  } catch {
    // Storage is blocked: the browser's own languages decide.
  }
  for (const candidate of [chosen, ...(navigator.languages ?? [navigator.language])]) {
    const code = candidate.toLowerCase().split('-')[0] as Language;
    if (Object.hasOwn(loaders, code)) return code;
  }
  return 'en';
}

/** Before the first drawing, so that nobody sees a page change its language. */
export async function loadPreferredLanguage(): Promise<void> {
  try {
    await use(preferred());
  } catch {
    // The gateway went away between two files; English is there already.
  }
}

async function use(next: Language): Promise<void> {
  const loaded = await loaders[next]();
  batch(() => {
    catalogue.value = loaded;
    language.value = next;
  });
  document.documentElement.lang = next;
}

export async function chooseLanguage(next: Language): Promise<void> {
  await use(next);
  try {
    localStorage.setItem(storageKey, next);
  } catch {
    // The choice then lasts as long as this page.
  }
}

type Values = Record<string, string | number>;

/** The sentence for a key; reading it inside a view makes the view follow the language. */
export function t(key: Key, values: Values = {}): string {
  return catalogue.value[key].replace(/\{(\w+)\}/g, (_, name: string) => String(values[name] ?? ''));
}

/** Chooses between `key.one` and `key.other` by the rules of the language. */
export function plural(key: string, count: number, values: Values = {}): string {
  const form = new Intl.PluralRules(language.value).select(count) === 'one' ? 'one' : 'other';
  return t(`${key}.${form}` as Key, { count: formatNumber(count), ...values });
}

export function formatNumber(value: number): string {
  return new Intl.NumberFormat(language.value).format(value);
}

export function formatCompact(value: number): string {
  return new Intl.NumberFormat(language.value, { notation: 'compact', maximumFractionDigits: 1 }).format(value);
}

export function formatPercent(fraction: number): string {
  return new Intl.NumberFormat(language.value, { style: 'percent', maximumFractionDigits: 0 }).format(fraction);
}

export function formatCost(microUsd: number): string {
  const digits = microUsd < 10_000 ? 4 : 2;
  return new Intl.NumberFormat(language.value, { style: 'currency', currency: 'USD', maximumFractionDigits: digits }).format(
    microUsd / 1_000_000,
  );
}

export function formatBytes(bytes: number): string {
  const units = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;
  let value = bytes;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return new Intl.NumberFormat(language.value, {
    style: 'unit',
    unit: units[unit],
    unitDisplay: 'short',
    maximumFractionDigits: unit > 1 ? 1 : 0,
  }).format(value);
}

export function formatTime(timestamp: number): string {
  const date = new Date(timestamp);
  const sameDay = date.toDateString() === new Date().toDateString();
  const style: Intl.DateTimeFormatOptions = sameDay ? { timeStyle: 'short' } : { dateStyle: 'medium', timeStyle: 'short' };
  return new Intl.DateTimeFormat(language.value, style).format(date);
}

export function formatAge(timestamp: number, now: number): string {
  const seconds = Math.round((timestamp - now) / 1000);
  const relative = new Intl.RelativeTimeFormat(language.value, { numeric: 'auto', style: 'narrow' });
  if (seconds > -60) return t('time.now');
  if (seconds > -3600) return relative.format(Math.round(seconds / 60), 'minute');
  if (seconds > -86_400) return relative.format(Math.round(seconds / 3600), 'hour');
  if (seconds > -7 * 86_400) return relative.format(Math.round(seconds / 86_400), 'day');
  return new Intl.DateTimeFormat(language.value, { dateStyle: 'medium' }).format(timestamp);
}
