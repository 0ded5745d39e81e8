import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { politeAnnouncement, urgentAnnouncement } from '../state/announcements.ts';
import { approvals } from '../state/approvals.ts';
import { everConnected, loginPending, mainSessionKey, phase, retryNow, signedIn } from '../state/gateway.ts';
import { clearProblem, problem } from '../state/problems.ts';
import { current, currentKey, currentRow, titleOf } from '../state/sessions.ts';
import { Approvals } from './approval_card.tsx';
import { Composer } from './composer.tsx';
import { focusComposer } from './composer_focus.ts';
import { ConversationView } from './conversation_view.tsx';
import { Icon, Mark } from './icons.tsx';
import { LoginPage } from './login_page.tsx';
import { Sidebar } from './sidebar.tsx';
import { StatusLine } from './status_line.tsx';

export function App() {
  return (
    <>
      {loginPending.value || !signedIn.value ? <LoginPage /> : everConnected.value ? <Workspace /> : <FirstConnection />}
      <div class="visually-hidden" aria-live="polite">
        {politeAnnouncement.value}
      </div>
      <div class="visually-hidden" aria-live="assertive">
        {urgentAnnouncement.value}
      </div>
    </>
  );
}

function FirstConnection() {
  return (
    <main class="page">
      <div class="login" role="status">
        <Mark />
        <h1>{t('connection.first')}</h1>
        {phase.value === 'waiting' && (
          <>
            <p class="muted">{t('connection.firstHint')}</p>
            <button type="button" class="button" onClick={retryNow}>
              {t('connection.retry')}
            </button>
          </>
        )}
      </div>
    </main>
  );
}

function Workspace() {
  const drawer = useSignal(false);
  const conversation = current.value;
  const row = currentRow.value;
  const waiting = approvals.value.length > 0;
  const title = row ? titleOf(row) : t(currentKey.value === mainSessionKey.value ? 'sessions.main' : 'sessions.untitled');

  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent) => {
      const typing = (event.target as HTMLElement).closest?.('input, textarea, select, dialog');
      if ((event.key === 'k' && (event.ctrlKey || event.metaKey)) || (event.key === '/' && !typing)) {
        event.preventDefault();
        focusComposer();
      } else if (event.key === 'Escape' && drawer.value) {
        drawer.value = false;
        setTimeout(() => document.querySelector<HTMLElement>('.topbar .drawer-only')?.focus());
      } else if (event.key === 'Escape' && conversation.busy.value) {
        void conversation.stop();
      }
    };
    document.addEventListener('keydown', onKeyDown);
    return () => document.removeEventListener('keydown', onKeyDown);
  }, [conversation]);

  useEffect(() => {
    const wide = matchMedia('(min-width: 46.01rem)');
    const close = () => (drawer.value = false);
    wide.addEventListener('change', close);
    return () => wide.removeEventListener('change', close);
  }, []);

  useEffect(() => {
    if (drawer.value) document.querySelector<HTMLElement>('.sidebar .drawer-only')?.focus();
  }, [drawer.value]);

  useEffect(() => {
    // Seen from another tab: something waits for a decision.
    document.title = `${waiting ? '● ' : ''}${title} · openclaw`;
  }, [title, waiting]);

  return (
    <div class="workspace" data-drawer={drawer.value ? 'open' : 'closed'}>
      <button type="button" class="skip" onClick={focusComposer}>
        {t('app.skip')}
      </button>
      <aside class="sidebar">
        <Sidebar onChosen={() => (drawer.value = false)} />
      </aside>
      <div class="backdrop" onClick={() => (drawer.value = false)} />
      <main class="stage" inert={drawer.value}>
        <header class="topbar">
          <button type="button" class="quiet icon-button drawer-only" aria-label={t('app.menu')} aria-expanded={drawer.value} onClick={() => (drawer.value = true)}>
            <Icon name="menu" />
          </button>
          <h1 dir="auto">{title}</h1>
        </header>
        {phase.value !== 'connected' && (
          <div class="banner" role="status">
            <p>{t('connection.banner')}</p>
            {phase.value === 'waiting' && (
              <button type="button" class="button" onClick={retryNow}>
                {t('connection.retry')}
              </button>
            )}
          </div>
        )}
        {problem.value && (
          <div class="banner problem" role="alert">
            <p>
              {problem.value.message} <span class="muted">{problem.value.hint}</span>
            </p>
            <button type="button" class="quiet icon-button" aria-label={t('error.close')} onClick={clearProblem}>
              <Icon name="close" />
            </button>
          </div>
        )}
        <ConversationView key={conversation.key} conversation={conversation} />
        <div class="dock">
          <Approvals />
          <Composer conversation={conversation} />
          <StatusLine />
        </div>
      </main>
    </div>
  );
}
