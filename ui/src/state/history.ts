import { signal, type Signal } from '@preact/signals';
import type { Message } from '../gateway/frames.ts';
import { textOrNothing } from '../gateway/gateway_error.ts';
import { t } from '../i18n/index.ts';
import { withoutFileLines, type Attachment, type ShownFile } from './attachments.ts';
import { blocksOf, textOf } from './content.ts';
import { Turn } from './turn.ts';

export type UserState = 'sending' | 'sent' | 'unconfirmed';

export interface UserItem {
  kind: 'user';
  key: string;
  runId: string;
  text: string;
  files: ShownFile[];
  /** What a repetition has to send again; empty once the gateway has it. */
  attachments: Attachment[];
  timestamp: number;
  state: Signal<UserState>;
}

export interface NoticeItem {
  kind: 'notice';
  key: string;
  text: string;
}

export type Item = UserItem | NoticeItem | Turn;

const endings = new Set(['stop', 'length', 'error', 'aborted', 'injected']);

/** Builds what the page shows from stored messages: tool results join the answer that asked for them. */
export function itemsFromHistory(messages: Message[]): { items: Item[]; unfinished: Set<string> } {
  const items: Item[] = [];
  const unfinished = new Set<string>();
  const used = new Set<string>();
  let turn: Turn | undefined;

  const unique = (wanted: string, index: number) => {
    const key = used.has(wanted) ? `${wanted}#${index}` : wanted;
    used.add(key);
    return key;
  };

  messages.forEach((message, index) => {
    const runId = textOrNothing(message.runId);
    if (message.role === 'user' || message.role === 'system') {
      const whole = textOf(message.content);
      turn = undefined;
      if (!whole) return;
      if (message.role === 'system') {
        items.push({ kind: 'notice', key: unique(`notice:${message.id ?? index}`, index), text: whole });
      } else {
        const { text, files } = filesOf(whole, message);
        items.push({
          kind: 'user',
          key: unique(`user:${runId || message.id || index}`, index),
          runId,
          text,
          files,
          attachments: [],
          timestamp: message.timestamp ?? 0,
          state: signal<UserState>('sent'),
        });
      }
      return;
    }
    if (message.role !== 'assistant' && message.role !== 'toolResult') return;
    if (!turn || (runId && turn.runId && runId !== turn.runId)) {
      turn = new Turn(runId, unique(runId ? `run:${runId}` : `id:${message.id ?? index}`, index));
      items.push(turn);
    }
    turn.absorb(message);
    close(turn, message);
    if (!turn.runId) return;
    if (message.role === 'toolResult' || (message.stopReason && !endings.has(message.stopReason))) unfinished.add(turn.runId);
    else unfinished.delete(turn.runId);
  });
  return { items, unfinished };
}

function filesOf(whole: string, message: Message): { text: string; files: ShownFile[] } {
  const { text, files } = withoutFileLines(whole);
  const pictures = blocksOf(message.content).filter(
    (block): block is { type: 'image'; data: string; mimeType: string } => block.type === 'image' && typeof (block as { data?: unknown }).data === 'string',
  );
  const shown: ShownFile[] = files.map(({ name, isPicture }) => {
    const picture = isPicture ? pictures.shift() : undefined;
    return { name, picture: picture && `data:${picture.mimeType};base64,${picture.data}` };
  });
  for (const picture of pictures) shown.push({ name: '', picture: `data:${picture.mimeType};base64,${picture.data}` });
  return { text, files: shown };
}

function close(turn: Turn, message: Message): void {
  turn.failure.value = undefined;
  if (message.stopReason === 'error') {
    turn.fail({
      message: textOrNothing(message.errorMessage) || t('turn.failed'),
      hint: textOrNothing(message.errorHint),
      retryable: message.retryable !== false,
    });
  } else if (message.stopReason === 'aborted') {
    turn.abort();
  } else {
    turn.state.value = 'done';
  }
  turn.endedAt = 0;
}
