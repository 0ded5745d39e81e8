import { useSignal } from '@preact/signals';
import { t } from '../i18n/index.ts';
import type { TextPart, Turn } from '../state/turn.ts';
import { Icon } from './icons.tsx';
import { Markdown } from './markdown.tsx';

export function Thinking({ part, turn }: { part: TextPart; turn: Turn }) {
  const open = useSignal(false);
  const parts = turn.parts.value;
  const running = turn.running.value && parts[parts.length - 1] === part;
  return (
    <section class="thinking">
      <button type="button" class="quiet disclosure" aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
        <Icon name="thought" />
        <span class={running ? 'shimmer' : undefined}>{t(running ? 'thinking.running' : 'thinking.done')}</span>
        <Icon name="chevron" />
      </button>
      {open.value && (
        <div class="thinking-text">
          <Markdown text={part.text.value} />
        </div>
      )}
    </section>
  );
}
