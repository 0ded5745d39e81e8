import { useSignal } from '@preact/signals';
import { formatBytes, t } from '../i18n/index.ts';
import { textOrNothing } from '../gateway/gateway_error.ts';
import type { ModelsStatus } from '../gateway/frames.ts';
import { acceptAndFetchModel, fetchFailure, fetching, modelsStatus, refreshModels } from '../state/models.ts';
import { Icon, Mark } from './icons.tsx';
import { safeAddress } from './safe_link.ts';

/** What stands in the empty conversation until a model answers. */
export function FirstRun() {
  const status = modelsStatus.value;
  if (!status) return null;
  return (
    <div class="first-run">
      <Mark />
      <Step status={status} />
    </div>
  );
}

/** The same in one line, above a conversation that has content. */
export function ModelBanner() {
  const opened = useSignal(false);
  const status = modelsStatus.value;
  if (!status) return null;
  if (opened.value) return <FirstRun />;
  return (
    <div class="banner" role="status">
      <p>{t('firstRun.banner', { message: textOrNothing(status.current.message) || titleFor(status.current.state) })}</p>
      <button type="button" class="button" onClick={() => (opened.value = true)}>
        {titleFor(status.current.state)}
      </button>
    </div>
  );
}

function titleFor(state: string): string {
  if (state === 'starting') return t('firstRun.starting');
  if (state === 'downloading') return t('firstRun.downloading');
  if (state === 'needs-consent') return t('firstRun.consent');
  return t('firstRun.unavailable');
}

function Step({ status }: { status: ModelsStatus }) {
  switch (status.current.state) {
    case 'starting':
      return (
        <>
          <h2>{t('firstRun.starting')}</h2>
          <GatewayWords status={status} />
          <progress aria-label={t('firstRun.starting')} />
          <p class="muted">{t('firstRun.startingText')}</p>
        </>
      );
    case 'downloading':
      return <Downloading status={status} />;
    case 'needs-consent':
      return <Consent status={status} />;
    default:
      return <Unavailable status={status} />;
  }
}

function Downloading({ status }: { status: ModelsStatus }) {
  const done = status.current.progress?.doneBytes ?? 0;
  const total = status.current.progress?.totalBytes || status.embedded?.sizeBytes || 0;
  return (
    <>
      <h2>{t('firstRun.downloading')}</h2>
      <progress aria-label={t('firstRun.downloading')} value={total ? Math.min(done, total) : undefined} max={total || undefined} />
      <p class="muted">
        {total ? t('firstRun.progress', { done: formatBytes(done), total: formatBytes(total) }) : t('firstRun.progressUnknown', { done: formatBytes(done) })}
      </p>
      <p class="muted">{t('firstRun.downloadingText')}</p>
    </>
  );
}

function Consent({ status }: { status: ModelsStatus }) {
  const embedded = status.embedded ?? {};
  const address = safeAddress(embedded.licenseUrl ?? '');
  return (
    <>
      <h2>{t('firstRun.consent')}</h2>
      <p>{t('firstRun.consentText', { size: embedded.sizeBytes ? formatBytes(embedded.sizeBytes) : '?' })}</p>
      <GatewayWords status={status} />
      <section class="license" aria-label={t('firstRun.license', { name: embedded.license ?? '' })}>
        <h3>
          {embedded.name} <span class="muted">{t('firstRun.license', { name: embedded.license ?? '' })}</span>
        </h3>
        {embedded.licenseText && (
          <pre tabIndex={0} dir="auto">
            {embedded.licenseText}
          </pre>
        )}
        <p class="muted small">
          {embedded.engine && t('firstRun.engine', { engine: embedded.engine })}
          {embedded.engine && address && ' · '}
          {address && (
            <a href={address} target="_blank" rel="noopener noreferrer">
              {t('firstRun.licenseLink')}
            </a>
          )}
        </p>
      </section>
      {fetchFailure.value && (
        <p class="failure-line" role="alert">
          {fetchFailure.value.message} {fetchFailure.value.hint}
        </p>
      )}
      <button type="button" class="button primary large" disabled={fetching.value} onClick={() => void acceptAndFetchModel()}>
        {t(fetching.value ? 'firstRun.accepted' : 'firstRun.accept')}
      </button>
      <details>
        <summary>{t('firstRun.other')}</summary>
        <Ways />
      </details>
    </>
  );
}

function Unavailable({ status }: { status: ModelsStatus }) {
  return (
    <>
      <h2>{t('firstRun.unavailable')}</h2>
      <GatewayWords status={status} />
      <p>{t('firstRun.unavailableText')}</p>
      <Ways />
      <button type="button" class="button" onClick={() => void refreshModels()}>
        <Icon name="retry" />
        {t('firstRun.check')}
      </button>
    </>
  );
}

function GatewayWords({ status }: { status: ModelsStatus }) {
  const message = textOrNothing(status.current.message);
  const hint = textOrNothing(status.current.hint);
  if (!message && !hint) return null;
  return (
    <p class="gateway-words">
      {message} {hint}
    </p>
  );
}

function Ways() {
  return (
    <ol class="ways">
      <li>
        <h3>{t('firstRun.cloud')}</h3>
        <p>{t('firstRun.cloudText')}</p>
        <pre tabIndex={0}>{'OPENAI_API_KEY=…\nANTHROPIC_API_KEY=…'}</pre>
      </li>
      <li>
        <h3>{t('firstRun.local')}</h3>
        <p>{t('firstRun.localText')}</p>
        <pre tabIndex={0}>ollama serve</pre>
      </li>
      <li>
        <h3>{t('firstRun.config')}</h3>
        <p>{t('firstRun.configText')}</p>
        <pre tabIndex={0}>~/.openclaw/openclaw.json</pre>
      </li>
    </ol>
  );
}
