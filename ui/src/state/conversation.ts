import { batch, computed, signal } from '@preact/signals';
import type { AgentEvent, ChatEvent, History } from '../gateway/frames.ts';
import { GatewayError, textOrNothing } from '../gateway/gateway_error.ts';
import { newIdentifier } from '../gateway/identifier.ts';
import { t } from '../i18n/index.ts';
import { readFiles, shown, type Attachment } from './attachments.ts';
import { announceEnd, announceProgress } from './announcements.ts';
import { textOf } from './content.ts';
import { explain, type Explanation } from './explain.ts';
import { call, phase } from './gateway.ts';
import { itemsFromHistory, type Item, type UserItem } from './history.ts';
import { modelWillBeReady } from './models.ts';
import { Turn } from './turn.ts';

export interface QueuedMessage {
  id: string;
  text: string;
  attachments: Attachment[];
}

interface SendAnswer {
  runId?: string;
  status?: string;
  aborted?: boolean;
}

const historyLimit = 200;
/** Commands after which the stored conversation is another one. */
const startsOver = /^\/(new|reset)\b/i;
const immediate = /^(\/.*|stop|abort|arrête|arrete)$/is;

/** One session as this page sees it. The gateway's history is the truth; what streams in is shown on top of it
 *  and gives way to it whenever it is read again. */
export class Conversation {
  readonly key: string;
  readonly items = signal<Item[]>([]);
  readonly loaded = signal(false);
  readonly loadFailure = signal<Explanation | undefined>(undefined);
  readonly queue = signal<QueuedMessage[]>([]);
  readonly draft = signal('');
  readonly attachments = signal<Attachment[]>([]);
  readonly activeTurns = computed(() => this.items.value.filter((item): item is Turn => item.kind === 'turn' && item.running.value));
  readonly busy = computed(() => this.activeTurns.value.length > 0);
  private loading: Promise<void> | undefined;
  private reloadWanted = false;
  private storageKey: string;

  constructor(key: string) {
    this.key = key;
    this.storageKey = `openclaw.waiting.${key}`;
    this.restoreWaiting();
  }

  /** Reads the history again; calls that come while it is being read cause one more reading, not many. */
  load(): Promise<void> {
    if (this.loading) {
      this.reloadWanted = true;
      return this.loading;
    }
    this.loading = this.readHistory().finally(() => {
      this.loading = undefined;
      if (this.reloadWanted) {
        this.reloadWanted = false;
        void this.load();
      }
    });
    return this.loading;
  }

  /** Sends now, or keeps the message until the run has ended, the connection is back and the model is there. */
  submit(text: string): void {
    const message = text.trim();
    const attachments = this.attachments.value;
    if (!message && attachments.length === 0) return;
    this.attachments.value = [];
    if (/^\/stop$/i.test(message) && phase.value === 'connected') return void this.stop();
    const direct = phase.value === 'connected' && (immediate.test(message) || (!this.busy.value && !this.waitsForModel()));
    if (direct) void this.deliver(message, attachments);
    else this.setQueue([...this.queue.value, { id: newIdentifier(), text: message, attachments }]);
  }

  removeQueued(id: string): QueuedMessage | undefined {
    const found = this.queue.value.find((message) => message.id === id);
    this.setQueue(this.queue.value.filter((message) => message.id !== id));
    return found;
  }

  /** Sends the next waiting message if nothing is in its way. */
  pump(): void {
    const next = this.queue.value[0];
    if (!next || !this.loaded.value || phase.value !== 'connected' || this.busy.value || this.waitsForModel()) return;
    this.setQueue(this.queue.value.slice(1));
    void this.deliver(next.text, next.attachments, next.id);
  }

  async stop(): Promise<void> {
    const turns = this.activeTurns.value;
    try {
      const answer = await call<{ aborted?: boolean }>('chat.abort', { sessionKey: this.key });
      // The run is over although its last event never reached us: a restart of the gateway, for one.
      if (!answer?.aborted) for (const turn of turns) if (turn.running.value) turn.abort();
    } catch (error) {
      this.notice(explain(error).message);
    }
  }

  async retry(turn: Turn): Promise<void> {
    const failure = turn.failure.value;
    if (!turn.accepted) {
      const asked = this.items.value.find((item): item is UserItem => item.kind === 'user' && item.runId === turn.runId);
      this.items.value = this.items.value.filter((item) => item !== turn && item !== asked);
      if (asked) await this.deliver(asked.text, asked.attachments);
      return;
    }
    const next = new Turn(newIdentifier(), turn.key);
    this.replace(turn, next);
    try {
      const answer = await call<SendAnswer>('chat.retry', { sessionKey: this.key, runId: turn.runId, idempotencyKey: next.runId });
      const runId = textOrNothing(answer?.runId);
      if (runId && runId !== next.runId) this.rename(next, runId);
    } catch (error) {
      const reason = explain(error);
      this.replace(next, turn);
      turn.fail({ message: reason.message, hint: reason.hint || failure?.hint || '', retryable: true });
    }
  }

  chatEvent(event: ChatEvent): void {
    const turn = this.turnFor(event.runId, event.state);
    if (!turn) return;
    if (event.state !== 'delta') turn.showLatest();
    switch (event.state) {
      case 'delta': {
        const whole = textOf(event.message?.content);
        if (whole) this.stream(turn, 'text', whole, event.replace === true);
        break;
      }
      case 'final': {
        const said = event.message !== undefined || turn.text.value !== '';
        turn.finish(event.message, event.usage);
        if (event.stopReason === 'length') turn.cutShort.value = true;
        announceEnd(turn.runId, turn.text.value);
        if (!said || this.questionOf(turn).match(startsOver)) void this.load();
        this.afterRun();
        break;
      }
      case 'aborted':
        if (event.message) turn.finish(event.message, event.usage);
        turn.abort();
        announceEnd(turn.runId, t('turn.stopped'));
        this.afterRun();
        break;
      case 'error': {
        const message = textOrNothing(event.errorMessage) || t('turn.failed');
        turn.fail({ message, hint: textOrNothing(event.errorHint), retryable: event.retryable !== false });
        announceEnd(turn.runId, message);
        this.afterRun();
        break;
      }
    }
  }

  agentEvent(event: AgentEvent): void {
    if (!event.data || !['assistant', 'thinking', 'tool'].includes(event.stream)) return;
    const turn = this.turnFor(event.runId, 'delta');
    if (!turn) return;
    if (event.stream === 'tool') turn.tool(event.data);
    else if (typeof event.data.text === 'string') this.stream(turn, event.stream === 'assistant' ? 'text' : 'thinking', event.data.text);
  }

  notice(text: string): void {
    if (text) this.items.value = [...this.items.value, { kind: 'notice', key: `notice:${newIdentifier()}`, text }];
  }

  clear(): void {
    this.items.value = [];
  }

  private questionOf(turn: Turn): string {
    const asked = this.items.value.find((item): item is UserItem => item.kind === 'user' && item.runId === turn.runId);
    return asked?.text ?? '';
  }

  private waitsForModel(): boolean {
    return modelWillBeReady.value;
  }

  private stream(turn: Turn, kind: 'text' | 'thinking', whole: string, replace = false): void {
    turn.streamText(kind, whole, replace);
    if (kind === 'text') announceProgress(turn.runId, turn.text.value);
  }

  private async deliver(text: string, attachments: Attachment[] = [], runId: string = newIdentifier()): Promise<void> {
    const files = attachments.map(shown);
    const asked: UserItem = { kind: 'user', key: `user:${runId}`, runId, text, files, attachments, timestamp: Date.now(), state: signal('sending') };
    const turn = new Turn(runId, `run:${runId}`);
    this.items.value = [...this.items.value, asked, turn];
    await this.transmit(asked, turn);
  }

  private async transmit(asked: UserItem, turn: Turn): Promise<void> {
    try {
      const attachments = asked.attachments.map(({ name, type, content }) => ({ type: 'file', fileName: name, mimeType: type, content }));
      const more = attachments.length > 0 ? { attachments } : {};
      const answer = await call<SendAnswer>('chat.send', { sessionKey: this.key, message: asked.text, idempotencyKey: asked.runId, ...more });
      asked.state.value = 'sent';
      asked.attachments = [];
      const runId = textOrNothing(answer?.runId);
      if (!runId && answer?.aborted !== undefined) this.items.value = this.items.value.filter((item) => item !== turn);
      else if (runId && runId !== turn.runId) this.rename(turn, runId);
      else if (answer?.status === 'ok') void this.load();
    } catch (error) {
      const lost = error instanceof GatewayError && (error.code === 'DISCONNECTED' || error.code === 'TIMEOUT');
      // Nobody knows whether it arrived: the next reading of the history tells, and the key makes a repeat harmless.
      if (lost) {
        asked.state.value = 'unconfirmed';
        return;
      }
      asked.state.value = 'sent';
      turn.accepted = false;
      turn.fail({ ...explain(error), retryable: true });
      this.afterRun();
    }
  }

  private async readHistory(): Promise<void> {
    const askedAt = performance.now();
    try {
      const history = await call<History>('chat.history', { sessionKey: this.key, limit: historyLimit });
      batch(() => {
        this.merge(history, askedAt);
        this.loaded.value = true;
        this.loadFailure.value = undefined;
      });
      this.pump();
    } catch (error) {
      if (!(error instanceof GatewayError && error.code === 'DISCONNECTED')) this.loadFailure.value = explain(error);
    }
  }

  private merge(history: History, askedAt: number): void {
    const { items, unfinished } = itemsFromHistory(Array.isArray(history?.messages) ? history.messages : []);
    const stillRunning = Array.isArray(history?.activeRuns) ? new Set(history.activeRuns.map((run) => run.runId)) : undefined;
    const storedTurns = new Map(items.filter((item): item is Turn => item.kind === 'turn').map((turn) => [turn.runId, turn]));
    const storedRuns = new Set(items.filter((item) => item.kind === 'user').map((item) => (item as UserItem).runId));
    const repeat: { asked: UserItem; turn: Turn }[] = [];

    for (const old of this.items.value) {
      if (old.kind === 'user') {
        // A history that was asked for before the message arrived does not know it yet.
        const answer = this.items.value.find((item): item is Turn => item.kind === 'turn' && item.runId === old.runId);
        const waits = old.state.value !== 'sent' || (answer !== undefined && (answer.running.value || answer.endedAt > askedAt));
        if (waits && !storedRuns.has(old.runId)) items.push(old);
        continue;
      }
      if (old.kind !== 'turn' || !old.runId) continue;
      const stored = storedTurns.get(old.runId);
      if (!old.running.value && old.accepted && old.endedAt > askedAt) {
        // It ended while the history was on its way.
        if (stored) items[items.indexOf(stored)] = old;
        else this.placeAfterQuestion(items, old);
        continue;
      }
      if (stored) {
        if (old.running.value && unfinished.has(old.runId) && stillRunning?.has(old.runId) !== false) stored.continueFrom(old);
        continue;
      }
      if (!old.accepted) {
        const asked = this.items.value.find((item) => item.kind === 'user' && item.runId === old.runId);
        if (asked && !items.includes(asked)) items.push(asked);
        items.push(old);
        continue;
      }
      if (!old.running.value) continue;
      const asked = this.items.value.find((item): item is UserItem => item.kind === 'user' && item.runId === old.runId);
      if (asked?.state.value === 'unconfirmed' && !storedRuns.has(old.runId)) {
        items.push(old);
        repeat.push({ asked, turn: old });
      } else if (asked?.state.value === 'sending' || stillRunning === undefined || stillRunning.has(old.runId)) {
        this.placeAfterQuestion(items, old);
      } else {
        old.fail({ message: t('turn.lost'), hint: t('turn.lost.hint'), retryable: true });
        this.placeAfterQuestion(items, old);
      }
    }
    for (const runId of stillRunning ?? []) {
      const known = items.find((item): item is Turn => item.kind === 'turn' && item.runId === runId);
      if (known && known.endedAt <= askedAt) known.state.value = 'running';
      else if (!known) this.placeAfterQuestion(items, new Turn(runId, `run:${runId}`));
    }
    this.items.value = items;
    for (const { asked, turn } of repeat) void this.transmit(asked, turn);
  }

  private placeAfterQuestion(items: Item[], turn: Turn): void {
    const question = items.findIndex((item) => item.kind === 'user' && item.runId === turn.runId);
    if (question < 0) items.push(turn);
    else items.splice(question + 1, 0, turn);
  }

  private turnFor(runId: string, state: string): Turn | undefined {
    const known = this.items.value.find((item): item is Turn => item.kind === 'turn' && item.runId === runId);
    if (known) {
      if (known.running.value) return known;
      // A run that the history showed half done goes on; one that has ended does not start again.
      const reopens = state === 'delta' && known.state.value === 'done' && !this.ended.has(runId);
      if (reopens) known.state.value = 'running';
      return reopens || !this.ended.has(runId) ? known : undefined;
    }
    if (!runId || !this.loaded.value) return undefined;
    const turn = new Turn(runId, `run:${runId}`);
    this.items.value = [...this.items.value, turn];
    // Somebody else asked (another window, a channel, a schedule): their question is in the history.
    void this.load();
    return turn;
  }

  private readonly ended = new Set<string>();

  private afterRun(): void {
    for (const item of this.items.value) if (item.kind === 'turn' && !item.running.value && item.runId) this.ended.add(item.runId);
    this.pump();
  }

  private rename(turn: Turn, runId: string): void {
    const already = this.items.value.find((item): item is Turn => item.kind === 'turn' && item.runId === runId);
    if (already) {
      this.items.value = this.items.value.filter((item) => item !== turn);
      return;
    }
    const renamed = new Turn(runId, turn.key);
    renamed.continueFrom(turn);
    this.replace(turn, renamed);
  }

  private replace(old: Item, next: Item): void {
    this.items.value = this.items.value.map((item) => (item === old ? next : item));
  }

  private setQueue(queue: QueuedMessage[]): void {
    this.queue.value = queue;
    this.storeWaiting();
  }

  async attach(files: File[]): Promise<void> {
    const { taken, refused } = await readFiles(files, this.attachments.value);
    this.attachments.value = [...this.attachments.value, ...taken];
    if (refused.length > 0) this.notice(t('composer.tooMuch', { names: refused.join(', ') }));
  }

  detach(index: number): void {
    this.attachments.value = this.attachments.value.filter((_, at) => at !== index);
  }

  setDraft(text: string): void {
    this.draft.value = text;
    this.storeWaiting();
  }

  // sessionStorage: a reload keeps what was typed, and two windows do not send each other's messages.
  private storeWaiting(): void {
    try {
      const waiting = { draft: this.draft.value, queue: this.queue.value };
      if (waiting.draft || waiting.queue.length > 0) sessionStorage.setItem(this.storageKey, JSON.stringify(waiting));
      else sessionStorage.removeItem(this.storageKey);
    } catch {
      // Storage is blocked or full: the messages then live as long as this page.
    }
  }

  private restoreWaiting(): void {
    try {
      const waiting = JSON.parse(sessionStorage.getItem(this.storageKey) ?? '{}');
      this.draft.value = typeof waiting.draft === 'string' ? waiting.draft : '';
      this.queue.value = Array.isArray(waiting.queue) ? waiting.queue.map((one: QueuedMessage) => ({ ...one, attachments: one.attachments ?? [] })) : [];
    } catch {
      // Unreadable leftovers are not worth a word.
    }
  }
}
