import { t } from '../i18n/index.ts';
import { approvals, decide, deciding, decisionFailures, dismiss, now } from '../state/approvals.ts';
import { currentKey, sessions, titleOf } from '../state/sessions.ts';
import type { Approval, Decision } from '../gateway/frames.ts';
import { textOrNothing } from '../gateway/gateway_error.ts';
import { focusComposer } from './composer_focus.ts';
import { Icon } from './icons.tsx';
import { hasHiddenCharacters, RevealedText } from './revealed_text.tsx';

export function Approvals() {
  if (approvals.value.length === 0) return null;
  return (
    <section class="approvals" aria-label={t('approval.region')}>
      {approvals.value.map((approval) => (
        <ApprovalCard key={approval.id} approval={approval} />
      ))}
    </section>
  );
}

function ApprovalCard({ approval }: { approval: Approval }) {
  const { request } = approval;
  const remaining = approval.expiresAtMs ? approval.expiresAtMs - now.value : undefined;
  const expired = remaining !== undefined && remaining <= 0;
  const busy = deciding.value[approval.id];
  const failure = decisionFailures.value[approval.id];
  const argv = Array.isArray(request.argv) ? request.argv.filter((argument) => typeof argument === 'string') : [];
  const command = textOrNothing(request.command) || argv.map(quote).join(' ');
  const texts = [command, ...argv, request.cwd, request.resolvedPath, request.reason].map((text) => text ?? '');
  return (
    <article class="approval" aria-labelledby={`approval-${approval.id}`}>
      <h2 id={`approval-${approval.id}`}>
        <Icon name="shield" />
        {t('approval.title')}
      </h2>
      <div class="approval-body">
        <pre class="approval-command" tabIndex={0} aria-label={t('approval.command')}>
          <RevealedText text={command} />
        </pre>
        {texts.some(hasHiddenCharacters) && (
          <p class="approval-warning">
            <Icon name="alert" />
            {t('approval.hidden')}
          </p>
        )}
        <dl class="facts">
          <Fact name={t('approval.reason')} value={request.reason} />
          <Fact name={t('approval.folder')} value={request.cwd} code />
          <Fact name={t('approval.program')} value={request.resolvedPath} code />
          <Fact name={t('approval.arguments')} value={argv.join(' ') !== command || argv.some((argument) => /\s/.test(argument)) ? argv.map(quote).join('  ') : ''} code />
          <Fact name={t('approval.host')} value={request.host} />
          <Fact name={t('approval.session')} value={otherSession(request.sessionKey)} />
        </dl>
      </div>
      {failure && (
        <p class="failure-line" role="alert">
          {failure.message} {failure.hint}
        </p>
      )}
      {expired ? (
        <div class="approval-actions">
          <p class="muted">{t('approval.expired')}</p>
          <button type="button" class="button" onClick={() => dismiss(approval.id)}>
            {t('approval.dismiss')}
          </button>
        </div>
      ) : (
        <div class="approval-actions">
          <Choice approval={approval} decision="allow-once" label={t('approval.allowOnce')} kind="primary" busy={busy} />
          <Choice approval={approval} decision="allow-always" label={t('approval.allowAlways')} kind="" busy={busy} />
          <Choice approval={approval} decision="deny" label={t('approval.deny')} kind="danger" busy={busy} />
          {remaining !== undefined && (
            <span class="muted countdown" role="timer">
              {t('approval.expires', { time: clock(remaining) })}
            </span>
          )}
        </div>
      )}
    </article>
  );
}

function Choice({ approval, decision, label, kind, busy }: { approval: Approval; decision: Decision; label: string; kind: string; busy: Decision | undefined }) {
  return (
    <button type="button" class={`button ${kind}`} disabled={busy !== undefined} aria-busy={busy === decision} onClick={() => void decide(approval, decision).then(keepFocus)}>
      {label}
    </button>
  );
}

/** The button that had the focus is gone; without this the keyboard would start at the top of the page. */
function keepFocus(): void {
  setTimeout(() => document.activeElement === document.body && focusComposer());
}

function Fact({ name, value, code = false }: { name: string; value: string | undefined; code?: boolean }) {
  const text = textOrNothing(value);
  if (!text) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd class={code ? 'code' : undefined}>
        <RevealedText text={text} />
      </dd>
    </div>
  );
}

function otherSession(key: string | undefined): string {
  if (!key || key === currentKey.value) return '';
  const row = sessions.value.find((session) => session.key === key);
  return row ? titleOf(row) : key;
}

/** Each argument with its borders visible, so that `rm "a b"` and `rm a b` do not look the same. */
function quote(argument: string): string {
  return /^[\w@%+=:,./-]+$/.test(argument) ? argument : `'${argument.replaceAll("'", `'\\''`)}'`;
}

function clock(milliseconds: number): string {
  const seconds = Math.max(0, Math.ceil(milliseconds / 1000));
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
