import { computed, signal } from '@preact/signals';
import type { AgentEvent, ChatEvent, SessionList, SessionRow } from '../gateway/frames.ts';
import { newIdentifier } from '../gateway/identifier.ts';
import { t } from '../i18n/index.ts';
import { Conversation } from './conversation.ts';
import { call, mainSessionKey, onEvent, onOpened } from './gateway.ts';
import { modelWillBeReady } from './models.ts';

/** Which sessions there are, which one is open, and where each event belongs. */

const lastSessionKey = 'openclaw.session';

export const sessions = signal<SessionRow[]>([]);
export const defaults = signal<SessionList['defaults']>(undefined);
export const currentKey = signal(restore());
export const unread = signal<Set<string>>(new Set());

const conversations = new Map<string, Conversation>();

export function conversationFor(key: string): Conversation {
  let conversation = conversations.get(key);
  if (!conversation) {
    conversation = new Conversation(key);
    conversations.set(key, conversation);
  }
  return conversation;
}

export const current = computed(() => conversationFor(currentKey.value));
export const currentRow = computed(() => sessions.value.find((row) => row.key === currentKey.value));

export function openSession(key: string): void {
  currentKey.value = key;
  remember(key);
  if (unread.value.has(key)) unread.value = new Set([...unread.value].filter((other) => other !== key));
  void conversationFor(key).load();
}

export function startSession(): void {
  const agent = mainSessionKey.value.split(':')[1] || 'main';
  openSession(`agent:${agent}:web-${newIdentifier()}`);
}

export function titleOf(row: SessionRow): string {
  if (row.label) return row.label;
  if (row.key === mainSessionKey.value) return t('sessions.main');
  return row.derivedTitle || row.displayName || t('sessions.untitled');
}

export async function patchSession(key: string, change: { label?: string | null; model?: string | null; thinkingLevel?: string | null }): Promise<void> {
  await call('sessions.patch', { key, ...change });
  await refreshSessions();
}

export async function resetSession(key: string): Promise<void> {
  await call('sessions.reset', { key });
  conversationFor(key).clear();
  await Promise.all([conversationFor(key).load(), refreshSessions()]);
}

export async function deleteSession(key: string): Promise<void> {
  await call('sessions.delete', { key });
  forget(key);
  await refreshSessions();
}

function forget(key: string): void {
  conversations.delete(key);
  if (currentKey.value === key) openSession(mainSessionKey.value);
}

export async function refreshSessions(): Promise<void> {
  const list = await call<SessionList>('sessions.list', { limit: 200, includeDerivedTitles: true, includeLastMessage: true });
  if (!Array.isArray(list?.sessions)) return;
  defaults.value = list.defaults;
  sessions.value = [...list.sessions].sort((a, b) => (b.updatedAt ?? 0) - (a.updatedAt ?? 0));
}

let refreshTimer: ReturnType<typeof setTimeout> | undefined;

function refreshSoon(): void {
  clearTimeout(refreshTimer);
  refreshTimer = setTimeout(() => void refreshSessions().catch(() => {}), 200);
}

/** The protocol allows short names for the main session. */
function fullKey(key: string): string {
  return key === 'main' || !key ? mainSessionKey.value : key;
}

function pumpAll(): void {
  for (const conversation of conversations.values()) conversation.pump();
}

onOpened(() => {
  void call('sessions.subscribe', {}).catch(() => {}); // an older gateway tells everybody
  if (!currentKey.value) currentKey.value = mainSessionKey.value;
  void refreshSessions().catch(() => {});
  for (const conversation of conversations.values()) {
    if (conversation.loaded.value || conversation.queue.value.length > 0 || conversation.key === currentKey.value) void conversation.load();
  }
  if (!conversations.has(currentKey.value)) void conversationFor(currentKey.value).load();
});

onEvent('chat', (event: ChatEvent) => {
  const key = fullKey(event.sessionKey);
  conversations.get(key)?.chatEvent(event);
  if (event.state === 'delta') return;
  if (key !== currentKey.value) unread.value = new Set([...unread.value, key]);
  refreshSoon();
});

onEvent('agent', (event: AgentEvent) => conversations.get(fullKey(event.sessionKey))?.agentEvent(event));

onEvent('sessions.changed', (event: { key?: string; reason?: string }) => {
  refreshSoon();
  const key = fullKey(event.key ?? '');
  if (event.reason === 'delete') forget(key);
  else if (event.reason && /reset|new/.test(event.reason)) void conversations.get(key)?.load();
});

modelWillBeReady.subscribe((waiting) => {
  if (!waiting) setTimeout(pumpAll);
});

function remember(key: string): void {
  try {
    localStorage.setItem(lastSessionKey, key);
  } catch {
    // The next visit then opens the main session.
  }
}

function restore(): string {
  try {
    return localStorage.getItem(lastSessionKey) ?? '';
  } catch {
    return '';
  }
}
