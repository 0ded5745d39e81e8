import { useSignal } from '@preact/signals';
import { t } from '../i18n/index.ts';
import { serverVersion, signOut } from '../state/gateway.ts';
import { currentKey, openSession, sessions, startSession } from '../state/sessions.ts';
import { Icon, Mark } from './icons.tsx';
import { Preferences } from './preferences_view.tsx';
import { SessionEntry } from './session_entry.tsx';
import { focusComposer } from './composer_focus.ts';

export function Sidebar({ onChosen }: { onChosen(): void }) {
  const editing = useSignal('');
  const rows = sessions.value;
  const unlisted = currentKey.value && !rows.some((row) => row.key === currentKey.value);
  const open = (key: string) => {
    openSession(key);
    onChosen();
    focusComposer();
  };
  return (
    <>
      <header class="sidebar-header">
        <Mark />
        <span class="wordmark">openclaw</span>
        <button type="button" class="quiet icon-button drawer-only" aria-label={t('app.closeMenu')} onClick={onChosen}>
          <Icon name="close" />
        </button>
      </header>
      <button
        type="button"
        class="button new-session"
        onClick={() => {
          startSession();
          onChosen();
          focusComposer();
        }}
      >
        <Icon name="plus" />
        {t('sessions.new')}
      </button>
      <nav aria-label={t('sessions.title')}>
        <ul class="sessions">
          {unlisted && <SessionEntry row={{ key: currentKey.value }} editing={editing} onOpen={open} />}
          {rows.map((row) => (
            <SessionEntry key={row.key} row={row} editing={editing} onOpen={open} />
          ))}
        </ul>
      </nav>
      <footer class="sidebar-footer">
        <Preferences />
        <div class="sidebar-end">
          <span class="muted small">{serverVersion.value && t('app.version', { version: serverVersion.value })}</span>
          <button type="button" class="quiet small" onClick={signOut}>
            {t('app.signOut')}
          </button>
        </div>
      </footer>
    </>
  );
}
