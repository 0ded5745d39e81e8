import { signal } from '@preact/signals';
import type { Approval, Decision } from '../gateway/frames.ts';
import { t } from '../i18n/index.ts';
import { announceUrgently } from './announcements.ts';
import { explain, type Explanation } from './explain.ts';
import { call, gatewayNow, onEvent, onOpened } from './gateway.ts';

export const approvals = signal<Approval[]>([]);
export const deciding = signal<Record<string, Decision>>({});
export const decisionFailures = signal<Record<string, Explanation>>({});
/** The time of the countdowns; it only ticks while something waits for an answer. */
export const now = signal(gatewayNow());

let clock: ReturnType<typeof setInterval> | undefined;

function show(list: Approval[]): void {
  approvals.value = list;
  now.value = gatewayNow();
  if (list.length > 0) {
    clock ??= setInterval(() => (now.value = gatewayNow()), 1000);
  } else {
    clearInterval(clock);
    clock = undefined;
  }
}

export async function decide(approval: Approval, decision: Decision): Promise<void> {
  deciding.value = { ...deciding.value, [approval.id]: decision };
  decisionFailures.value = without(decisionFailures.value, approval.id);
  try {
    await call('exec.approval.resolve', { id: approval.id, decision });
    remove(approval.id);
    announceUrgently(t(decision === 'deny' ? 'approval.denied' : 'approval.allowed'));
  } catch (error) {
    decisionFailures.value = { ...decisionFailures.value, [approval.id]: explain(error) };
  } finally {
    deciding.value = without(deciding.value, approval.id);
  }
}

export function dismiss(id: string): void {
  remove(id);
}

function remove(id: string): void {
  if (approvals.value.some((approval) => approval.id === id)) show(approvals.value.filter((approval) => approval.id !== id));
}

function without<Value>(record: Record<string, Value>, key: string): Record<string, Value> {
  const { [key]: _, ...rest } = record;
  return rest;
}

onOpened(async () => {
  try {
    const answer = await call<{ approvals: Approval[] }>('exec.approval.list');
    if (Array.isArray(answer?.approvals)) show(answer.approvals.filter((approval) => approval?.id && approval.request));
  } catch {
    // Requests still arrive as events.
  }
});
onEvent('exec.approval.requested', (approval: Approval) => {
  if (!approval?.id || !approval.request || approvals.value.some((known) => known.id === approval.id)) return;
  show([...approvals.value, approval]);
  announceUrgently(t('approval.announce'));
});
onEvent('exec.approval.resolved', (event: { id?: string }) => remove(event.id ?? ''));
