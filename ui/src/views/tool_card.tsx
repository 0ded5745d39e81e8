import { useId } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { formatNumber, t } from '../i18n/index.ts';
import type { ToolPart } from '../state/turn.ts';
import { ClampedOutput } from './clamped_output.tsx';
import { Icon } from './icons.tsx';
import { RevealedText } from './revealed_text.tsx';

/** Open while it runs or after it failed, closed when all went well; the reader's own choice beats both. */
export function ToolCard({ part }: { part: ToolPart }) {
  const chosen = useSignal<boolean | undefined>(undefined);
  const bodyId = useId();
  const state = part.state.value;
  const open = chosen.value ?? state !== 'done';
  const output = part.output.value;
  return (
    <section class="tool-card" data-state={state} aria-label={part.name}>
      <button type="button" class="quiet disclosure" aria-expanded={open} aria-controls={bodyId} onClick={() => (chosen.value = !open)}>
        <Icon name="tool" />
        <span class="tool-name">{part.name}</span>
        <span class="tool-summary">
          <RevealedText text={summaryOf(part.args.value)} />
        </span>
        <span class="tool-state">
          {state === 'running' && <span class="spinner" />}
          {t(`tool.${state}`)}
          {duration(part.durationMs.value)}
        </span>
        <Icon name="chevron" />
      </button>
      {open && (
        <div class="tool-body" id={bodyId}>
          <Arguments value={part.args.value} />
          {(output || state !== 'running') && (
            <>
              <h3>
                {t('tool.output')}
                {part.exitCode.value !== undefined && part.exitCode.value !== 0 && <span> · {t('tool.exit', { code: part.exitCode.value })}</span>}
              </h3>
              {output ? <ClampedOutput text={output} live={state === 'running'} /> : <p class="muted">{t('tool.noOutput')}</p>}
            </>
          )}
        </div>
      )}
    </section>
  );
}

function Arguments({ value }: { value: unknown }) {
  const entries = entriesOf(value);
  if (entries.length === 0) return null;
  return (
    <>
      <h3>{t('tool.arguments')}</h3>
      <dl class="arguments">
        {entries.map(([name, text]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <RevealedText text={text} />
            </dd>
          </div>
        ))}
      </dl>
    </>
  );
}

function entriesOf(value: unknown): [string, string][] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object') return [['', String(value)]];
  return Object.entries(value).map(([name, item]) => [name, typeof item === 'string' ? item : JSON.stringify(item, null, 1) ?? '']);
}

/** The one argument that says most, for the closed card. */
function summaryOf(value: unknown): string {
  const entries = entriesOf(value);
  const telling = entries.find(([name]) => ['command', 'path', 'file_path', 'url', 'query', 'pattern'].includes(name)) ?? entries[0];
  return (telling?.[1] ?? '').replace(/\s+/g, ' ').slice(0, 160);
}

function duration(milliseconds: number | undefined): string {
  if (milliseconds === undefined) return '';
  if (milliseconds < 1000) return ` · ${formatNumber(Math.round(milliseconds))} ms`;
  return ` · ${formatNumber(Math.round(milliseconds / 100) / 10)} s`;
}
