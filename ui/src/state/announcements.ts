import { signal } from '@preact/signals';

/** What a screen reader is told. Streamed text is read a paragraph at a time, not a word at a time. */
export const politeAnnouncement = signal('');
export const urgentAnnouncement = signal('');

const announced = new Map<string, number>();

export function announceProgress(runId: string, text: string): void {
  const from = announced.get(runId) ?? 0;
  const end = text.lastIndexOf('\n\n');
  if (end <= from) return;
  politeAnnouncement.value = text.slice(from, end);
  announced.set(runId, end);
}

export function announceEnd(runId: string, text: string): void {
  politeAnnouncement.value = text.slice(announced.get(runId) ?? 0).trim() || text;
  announced.delete(runId);
}

export function announceUrgently(text: string): void {
  urgentAnnouncement.value = text;
}
