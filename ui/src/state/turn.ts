import { batch, computed, signal, type Signal } from '@preact/signals';
import type { AgentEvent, Message, Usage } from '../gateway/frames.ts';
import { textOrNothing } from '../gateway/gateway_error.ts';
import { blocksOf, outputText, textOf, thinkingOf } from './content.ts';
import type { Explanation } from './explain.ts';

// Chunks come faster than anybody reads; drawing each of a long answer's thousands would keep the page busy for seconds.
const redrawInterval = 50;

export type TurnState = 'running' | 'done' | 'aborted' | 'failed';
export type ToolState = 'running' | 'done' | 'failed' | 'unknown';

export interface TextPart {
  kind: 'text' | 'thinking';
  key: string;
  text: Signal<string>;
  /** What has arrived; `text` follows it a few times a second, as often as an eye can see. */
  latest: string;
  /** The whole text of the run up to here: some gateways repeat it after a tool call, some start afresh. */
  before: string;
}

export interface ToolPart {
  kind: 'tool';
  key: string;
  callId: string;
  name: string;
  args: Signal<unknown>;
  output: Signal<string>;
  state: Signal<ToolState>;
  exitCode: Signal<number | undefined>;
  durationMs: Signal<number | undefined>;
}

export type Part = TextPart | ToolPart;

export interface TurnFailure extends Explanation {
  retryable: boolean;
}

/** One answer of the agent: text, thinking and tool calls in the order in which they came. Each part is its own
 *  signal, so that a streamed word redraws one paragraph and nothing of the history. */
export class Turn {
  readonly kind = 'turn';
  readonly key: string;
  readonly runId: string;
  readonly parts = signal<Part[]>([]);
  readonly state = signal<TurnState>('running');
  readonly failure = signal<TurnFailure | undefined>(undefined);
  readonly usage = signal<Usage | undefined>(undefined);
  readonly model = signal('');
  readonly cutShort = signal(false);
  /** When this page saw it end; a history that was asked for earlier knows less. */
  endedAt = 0;
  readonly timestamp = signal(Date.now());
  readonly running = computed(() => this.state.value === 'running');
  readonly text = computed(() =>
    this.parts.value.map((part) => (part.kind === 'text' ? part.text.value.trim() : '')).filter(Boolean).join('\n\n'),
  );
  /** Whether the gateway took the message; if not, a retry has to send it again. */
  accepted = true;
  private whole = { text: '', thinking: '' };
  private showTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(runId: string, key: string) {
    this.runId = runId;
    this.key = key;
  }

  streamText(kind: 'text' | 'thinking', whole: string, replace = false): void {
    const open = this.openPart(kind);
    const seen = this.whole[kind];
    if (open) {
      const next = open.before && whole.startsWith(open.before) ? whole.slice(open.before.length) : whole;
      // The chat events are throttled, the agent events are not: a slower copy must not take words back.
      if (!replace && next.length < open.latest.length && open.latest.startsWith(next)) return;
      open.latest = next;
      this.showTimer ??= setTimeout(() => this.showLatest(), redrawInterval);
    } else {
      if (!whole || (seen && seen.startsWith(whole))) return;
      const before = seen && whole.startsWith(seen) ? seen : '';
      this.appendText(kind, whole.slice(before.length), before);
    }
    this.whole[kind] = whole;
  }

  tool(data: AgentEvent['data']): void {
    const callId = data.toolCallId ?? '';
    const part = this.toolPart(callId) ?? this.addTool(callId, data.name ?? '', data.args);
    batch(() => {
      if (data.phase === 'start') {
        if (data.args !== undefined) part.args.value = data.args;
        part.state.value = 'running';
      } else if (data.phase === 'update') {
        part.output.value = outputText(data.partialResult) || part.output.value;
      } else if (data.phase === 'result') {
        this.settleTool(part, outputText(data.result) || part.output.value, data.isError === true, data.result?.details);
      }
    });
  }

  /** Adds a stored message of this run; used to rebuild the turn from the history. */
  absorb(message: Message): void {
    if (message.role === 'toolResult') {
      const part = this.toolPart(message.toolCallId ?? '') ?? this.addTool(message.toolCallId ?? '', message.toolName ?? '', undefined);
      this.settleTool(part, outputText({ content: message.content, details: message.details }), message.isError === true, message.details);
      return;
    }
    for (const block of blocksOf(message.content)) {
      if (block.type === 'text' || block.type === 'thinking') {
        const text = textOrNothing(block.type === 'text' ? block.text : (block as { thinking?: unknown }).thinking);
        if (!text) continue;
        this.appendText(block.type as 'text' | 'thinking', text, '');
        this.whole[block.type as 'text' | 'thinking'] = text;
      } else if (block.type === 'toolCall') {
        const call = block as { id?: string; name?: string; arguments?: unknown };
        if (!this.toolPart(call.id ?? '')) this.addTool(call.id ?? '', call.name ?? '', call.arguments);
      }
    }
    if (message.timestamp) this.timestamp.value = message.timestamp;
    this.describe(message);
  }

  finish(message: Message | undefined, usage: Usage | undefined): void {
    batch(() => {
      if (message) {
        const thinking = thinkingOf(message.content);
        if (thinking && !this.parts.value.some((part) => part.kind === 'thinking')) this.streamText('thinking', thinking);
        const text = textOf(message.content);
        if (text) this.streamText('text', text, true);
        this.describe(message);
        if (message.timestamp) this.timestamp.value = message.timestamp;
      }
      if (usage) this.usage.value = usage;
      this.close('done');
    });
  }

  abort(): void {
    this.close('aborted');
  }

  fail(failure: TurnFailure): void {
    batch(() => {
      this.failure.value = failure;
      this.close('failed');
    });
  }

  /** What a new copy from the history cannot know yet: the words that were streamed but not stored. */
  continueFrom(live: Turn): void {
    this.state.value = 'running';
    for (const kind of ['thinking', 'text'] as const) {
      const whole = live.whole[kind];
      if (whole && !this.whole[kind].endsWith(whole)) this.streamText(kind, whole);
    }
  }

  /** Shows what has arrived without waiting for the next redrawing. */
  showLatest(): void {
    clearTimeout(this.showTimer);
    this.showTimer = undefined;
    batch(() => {
      for (const part of this.parts.value) if (part.kind !== 'tool') part.text.value = part.latest;
    });
  }

  private close(state: TurnState): void {
    this.showLatest();
    this.state.value = state;
    this.endedAt = performance.now();
    for (const part of this.parts.value) {
      if (part.kind === 'tool' && part.state.value === 'running') part.state.value = 'unknown';
    }
  }

  private describe(message: Message): void {
    if (message.usage) this.usage.value = message.usage;
    this.cutShort.value = message.stopReason === 'length';
    if (message.model && message.stopReason !== 'injected') this.model.value = message.provider ? `${message.provider}/${message.model}` : message.model;
  }

  private openPart(kind: 'text' | 'thinking'): TextPart | undefined {
    const parts = this.parts.value;
    for (let index = parts.length - 1; index >= 0; index--) {
      const part = parts[index]!;
      if (part.kind === 'tool') return undefined;
      if (part.kind === kind) return part;
    }
    return undefined;
  }

  private toolPart(callId: string): ToolPart | undefined {
    return this.parts.value.find((part): part is ToolPart => part.kind === 'tool' && part.callId === callId);
  }

  private addTool(callId: string, name: string, args: unknown): ToolPart {
    const part: ToolPart = {
      kind: 'tool',
      key: `tool:${callId || this.parts.value.length}`,
      callId,
      name: textOrNothing(name) || 'tool',
      args: signal(args),
      output: signal(''),
      state: signal<ToolState>('running'),
      exitCode: signal<number | undefined>(undefined),
      durationMs: signal<number | undefined>(undefined),
    };
    this.append(part);
    return part;
  }

  private settleTool(part: ToolPart, output: string, isError: boolean, details: unknown): void {
    const facts = (details ?? {}) as { exitCode?: unknown; durationMs?: unknown };
    part.output.value = output;
    part.state.value = isError ? 'failed' : 'done';
    part.exitCode.value = typeof facts.exitCode === 'number' ? facts.exitCode : undefined;
    part.durationMs.value = typeof facts.durationMs === 'number' ? facts.durationMs : undefined;
  }

  private appendText(kind: 'text' | 'thinking', text: string, before: string): void {
    this.append({ kind, key: `${kind}${this.parts.value.length}`, text: signal(text), latest: text, before });
  }

  private append(part: Part): void {
    this.showLatest();
    this.parts.value = [...this.parts.value, part];
  }
}
