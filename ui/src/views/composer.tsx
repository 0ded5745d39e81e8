import { useSignal } from '@preact/signals';
import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { agentName } from '../state/agent.ts';
import type { Conversation } from '../state/conversation.ts';
import { composerId, focusComposer } from './composer_focus.ts';
import { shown } from '../state/attachments.ts';
import { Files } from './files.tsx';
import { Icon } from './icons.tsx';
import { suggestionsFor } from './slash_commands.ts';

export function Composer({ conversation }: { conversation: Conversation }) {
  const field = useRef<HTMLTextAreaElement>(null);
  const picker = useRef<HTMLInputElement>(null);
  const attachments = conversation.attachments.value;
  const chosen = useSignal(0);
  const dismissed = useSignal('');
  const draft = conversation.draft.value;
  const busy = conversation.busy.value;
  const suggestions = dismissed.value === draft ? [] : suggestionsFor(draft);
  const selected = Math.min(chosen.value, suggestions.length - 1);

  useEffect(() => fitHeight(field.current), [draft]);
  useEffect(() => {
    // A touch keyboard that opens by itself hides half of the page.
    if (matchMedia('(hover: hover)').matches) focusComposer();
  }, [conversation]);

  const setDraft = (text: string) => {
    chosen.value = 0;
    conversation.setDraft(text);
  };
  const ready = draft.trim() !== '' || attachments.length > 0;
  const attach = (files: FileList | undefined | null) => {
    if (files && files.length > 0) void conversation.attach([...files]).then(focusComposer);
  };
  const submit = () => {
    conversation.submit(draft);
    setDraft('');
  };
  const take = (index: number) => {
    const command = suggestions[index];
    if (!command) return;
    setDraft(command.takesArgument ? `${command.name} ` : command.name);
    dismissed.value = command.name;
    focusComposer();
  };

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (suggestions.length > 0) {
      if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
        event.preventDefault();
        const step = event.key === 'ArrowDown' ? 1 : suggestions.length - 1;
        chosen.value = (selected + step) % suggestions.length;
        return;
      }
      const exact = suggestions[selected]?.name === draft;
      if (event.key === 'Tab' || (event.key === 'Enter' && !event.shiftKey && !exact)) {
        event.preventDefault();
        take(selected);
        return;
      }
      if (event.key === 'Escape') {
        event.preventDefault();
        event.stopPropagation();
        dismissed.value = draft;
        return;
      }
    }
    if (event.key === 'Enter' && !event.shiftKey && !event.altKey) {
      event.preventDefault();
      submit();
    }
  };

  return (
    <form
      class="composer"
      onSubmit={(event) => {
        event.preventDefault();
        submit();
      }}
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        attach(event.dataTransfer?.files);
      }}
    >
      <Queue conversation={conversation} />
      {suggestions.length > 0 && (
        <ul class="suggestions" id="commands" role="listbox" aria-label={t('composer.commands')}>
          {suggestions.map((command, index) => (
            <li
              key={command.name}
              id={`command-${index}`}
              role="option"
              aria-selected={index === selected}
              onMouseDown={(event) => {
                event.preventDefault();
                take(index);
              }}
            >
              <code>{command.name}</code>
              <span>{t(command.about)}</span>
            </li>
          ))}
        </ul>
      )}
      <Files files={attachments.map(shown)} label={t('composer.files')} onRemove={(index) => conversation.detach(index)} />
      <div class="composer-box">
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          onChange={(event) => {
            attach(event.currentTarget.files);
            event.currentTarget.value = '';
          }}
        />
        <button type="button" class="round attach" aria-label={t('composer.attach')} title={t('composer.attach')} onClick={() => picker.current?.click()}>
          <Icon name="attach" />
        </button>
        <textarea
          ref={field}
          id={composerId}
          rows={1}
          dir="auto"
          enterkeyhint="send"
          aria-label={t('composer.label')}
          aria-describedby="composer-hint"
          aria-autocomplete="list"
          aria-controls={suggestions.length > 0 ? 'commands' : undefined}
          aria-activedescendant={suggestions.length > 0 ? `command-${selected}` : undefined}
          placeholder={t('composer.placeholder', { name: agentName.value })}
          value={draft}
          onInput={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          onPaste={(event) => {
            const files = event.clipboardData?.files;
            if (!files || files.length === 0) return;
            event.preventDefault();
            attach(files);
          }}
        />
        {busy && (
          <button type="button" class="round stop" aria-label={t('composer.stop')} title={t('composer.stop')} onClick={() => void conversation.stop()}>
            <Icon name="stop" />
          </button>
        )}
        {(!busy || ready) && (
          <button
            type="submit"
            class="round send"
            disabled={!ready}
            aria-label={t(busy ? 'composer.queue' : 'composer.send')}
            title={t(busy ? 'composer.queue' : 'composer.send')}
          >
            <Icon name="send" />
          </button>
        )}
      </div>
      <p id="composer-hint" class="visually-hidden">
        {t('composer.hint')}
      </p>
    </form>
  );
}

function Queue({ conversation }: { conversation: Conversation }) {
  if (conversation.queue.value.length === 0) return null;
  return (
    <ul class="queue" aria-label={t('composer.waiting')}>
      {conversation.queue.value.map((message) => (
        <li key={message.id}>
          <span class="muted">{t('composer.waiting')}</span>
          <span class="queue-text">{message.text || message.attachments.map((each) => each.name).join(', ')}</span>
          <button
            type="button"
            class="quiet icon-button"
            aria-label={t('composer.edit')}
            title={t('composer.edit')}
            onClick={() => {
              const taken = conversation.removeQueued(message.id);
              if (taken) conversation.attachments.value = [...taken.attachments, ...conversation.attachments.value];
              if (taken) conversation.setDraft([taken.text, conversation.draft.value].filter(Boolean).join('\n'));
              focusComposer();
            }}
          >
            <Icon name="edit" />
          </button>
          <button
            type="button"
            class="quiet icon-button"
            aria-label={t('composer.remove')}
            title={t('composer.remove')}
            onClick={() => conversation.removeQueued(message.id)}
          >
            <Icon name="close" />
          </button>
        </li>
      ))}
    </ul>
  );
}

function fitHeight(field: HTMLTextAreaElement | null): void {
  if (!field || CSS.supports('field-sizing', 'content')) return;
  field.style.height = 'auto';
  field.style.height = `${field.scrollHeight}px`;
}
