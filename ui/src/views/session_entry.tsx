import { useSignal, type Signal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import type { SessionRow } from '../gateway/frames.ts';
import { formatAge, t } from '../i18n/index.ts';
import { mainSessionKey } from '../state/gateway.ts';
import { report } from '../state/problems.ts';
import { conversationFor, currentKey, deleteSession, patchSession, resetSession, titleOf, unread } from '../state/sessions.ts';
import { ConfirmDialog } from './confirm_dialog.tsx';
import { Icon, type IconName } from './icons.tsx';

type Question = 'reset' | 'delete' | undefined;

export function SessionEntry({ row, editing, onOpen }: { row: SessionRow; editing: Signal<string>; onOpen(key: string): void }) {
  const menuOpen = useSignal(false);
  const question = useSignal<Question>(undefined);
  const title = titleOf(row);
  const isCurrent = row.key === currentKey.value;
  const busy = conversationFor(row.key).busy.value;

  if (editing.value === row.key) return <Rename row={row} title={title} onEnd={() => (editing.value = '')} />;
  return (
    <li class="session" data-current={isCurrent}>
      <button type="button" class="session-open" aria-current={isCurrent ? 'page' : undefined} onClick={() => onOpen(row.key)}>
        <span class="session-line">
          <span class="session-title" dir="auto">
            {title}
          </span>
          {busy && <span class="spinner" />}
          {unread.value.has(row.key) && <span class="unread" role="img" aria-label={t('sessions.unread')} />}
        </span>
        {row.updatedAt !== undefined && (
          <span class="session-line">
            <span class="session-preview" dir="auto">
              {row.lastMessagePreview ?? ''}
            </span>
            <time class="session-age">{formatAge(row.updatedAt, Date.now())}</time>
          </span>
        )}
      </button>
      {row.updatedAt !== undefined && (
        <Menu label={t('sessions.actions', { title })} open={menuOpen}>
          <Action icon="edit" label={t('sessions.rename')} onChosen={() => (editing.value = row.key)} menu={menuOpen} />
          <Action icon="retry" label={t('sessions.reset')} onChosen={() => (question.value = 'reset')} menu={menuOpen} />
          {row.key !== mainSessionKey.value && (
            <Action icon="trash" label={t('sessions.delete')} onChosen={() => (question.value = 'delete')} menu={menuOpen} />
          )}
        </Menu>
      )}
      {question.value && (
        <ConfirmDialog
          title={t(`sessions.${question.value}Title`, { title })}
          text={t(`sessions.${question.value}Text`)}
          action={t(`sessions.${question.value}`)}
          onConfirm={() => void (question.value === 'delete' ? deleteSession : resetSession)(row.key).catch(report)}
          onClose={() => (question.value = undefined)}
        />
      )}
    </li>
  );
}

function Menu({ label, open, children }: { label: string; open: Signal<boolean>; children: preact.ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!open.value) return;
    const closeOutside = (event: Event) => {
      if (!box.current?.contains(event.target as Node)) open.value = false;
    };
    document.addEventListener('pointerdown', closeOutside);
    document.addEventListener('focusin', closeOutside);
    return () => {
      document.removeEventListener('pointerdown', closeOutside);
      document.removeEventListener('focusin', closeOutside);
    };
  }, [open.value]);
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Escape' || !open.value) return;
    event.stopPropagation();
    open.value = false;
    box.current?.querySelector('button')?.focus();
  };
  return (
    <div class="session-menu" ref={box} onKeyDown={onKeyDown}>
      <button type="button" class="quiet icon-button" aria-label={label} aria-expanded={open.value} onClick={() => (open.value = !open.value)}>
        <Icon name="more" />
      </button>
      {open.value && <div class="menu">{children}</div>}
    </div>
  );
}

function Action({ icon, label, onChosen, menu }: { icon: IconName; label: string; onChosen(): void; menu: Signal<boolean> }) {
  return (
    <button
      type="button"
      class="quiet"
      onClick={() => {
        menu.value = false;
        onChosen();
      }}
    >
      <Icon name={icon} />
      {label}
    </button>
  );
}

function Rename({ row, title, onEnd }: { row: SessionRow; title: string; onEnd(): void }) {
  const field = useRef<HTMLInputElement>(null);
  useEffect(() => field.current?.select(), []);
  const save = (event: Event) => {
    event.preventDefault();
    const label = field.current!.value.trim();
    if (label !== title) void patchSession(row.key, { label: label || null }).catch(report);
    onEnd();
  };
  return (
    <li class="session renaming">
      <form
        onSubmit={save}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          onEnd();
        }}
      >
        <input ref={field} type="text" maxLength={80} aria-label={t('sessions.renameLabel')} defaultValue={title} />
        <button type="submit" class="button small">
          {t('sessions.renameSave')}
        </button>
      </form>
    </li>
  );
}
