import { formatCompact, formatTime, t } from '../i18n/index.ts';
import { agentName } from '../state/agent.ts';
import type { Conversation } from '../state/conversation.ts';
import { splitMedia } from '../state/media.ts';
import type { Part, TextPart, Turn } from '../state/turn.ts';
import { CopyButton } from './copy_button.tsx';
import { Icon } from './icons.tsx';
import { Markdown } from './markdown.tsx';
import { Media } from './media.tsx';
import { Thinking } from './thinking.tsx';
import { ToolCard } from './tool_card.tsx';

export function TurnView({ turn, conversation }: { turn: Turn; conversation: Conversation }) {
  const state = turn.state.value;
  return (
    <article class="turn" data-state={state} aria-label={agentName.value} aria-busy={state === 'running'}>
      {turn.parts.value.map((part) => (
        <PartView key={part.key} part={part} turn={turn} sessionKey={conversation.key} />
      ))}
      {state === 'running' && <Working turn={turn} />}
      {state === 'aborted' && <p class="turn-note">{t('turn.stopped')}</p>}
      {state === 'done' && turn.cutShort.value && <p class="turn-note">{t('turn.cutShort')}</p>}
      {state === 'failed' && <Failure turn={turn} conversation={conversation} />}
      {state !== 'running' && <Footer turn={turn} />}
    </article>
  );
}

function PartView({ part, turn, sessionKey }: { part: Part; turn: Turn; sessionKey: string }) {
  if (part.kind === 'tool') return <ToolCard part={part} />;
  if (part.kind === 'thinking') return <Thinking part={part} turn={turn} />;
  return <Text part={part} ended={!turn.running.value} sessionKey={sessionKey} />;
}

function Text({ part, ended, sessionKey }: { part: TextPart; ended: boolean; sessionKey: string }) {
  const { words, files } = splitMedia(part.text.value);
  return (
    <>
      {words.trim() && <Markdown text={words} />}
      {ended && files.map((path) => <Media key={path} sessionKey={sessionKey} path={path} />)}
    </>
  );
}

function Working({ turn }: { turn: Turn }) {
  const parts = turn.parts.value;
  const last = parts[parts.length - 1];
  // Thinking and tool cards show by themselves that something happens.
  const quiet = last !== undefined && last.kind !== 'text' && !(last.kind === 'tool' && last.state.value !== 'running');
  if (quiet) return null;
  return (
    <p class="working">
      <span class="dots" aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      <span class="visually-hidden">{t('turn.working')}</span>
    </p>
  );
}

function Failure({ turn, conversation }: { turn: Turn; conversation: Conversation }) {
  const failure = turn.failure.value;
  if (!failure) return null;
  return (
    <div class="failure" role="alert">
      <Icon name="alert" />
      <div>
        <p>{failure.message}</p>
        {failure.hint && <p class="muted">{failure.hint}</p>}
        {failure.retryable && turn.runId && (
          <button type="button" class="button" onClick={() => void conversation.retry(turn)}>
            <Icon name="retry" />
            {t('turn.retry')}
          </button>
        )}
      </div>
    </div>
  );
}

function Footer({ turn }: { turn: Turn }) {
  const usage = turn.usage.value;
  const text = turn.text.value;
  if (!text) return null;
  return (
    <footer class="turn-footer">
      <CopyButton text={text} label={t('turn.copy')} />
      <span>{formatTime(turn.timestamp.value)}</span>
      {turn.model.value && <span>{turn.model.value}</span>}
      {usage && Boolean(usage.input || usage.output) && (
        <span>{t('turn.tokens', { input: formatCompact(usage.input ?? 0), output: formatCompact(usage.output ?? 0) })}</span>
      )}
    </footer>
  );
}
