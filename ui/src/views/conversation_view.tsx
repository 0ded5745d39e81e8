import { useSignal } from '@preact/signals';
import { useLayoutEffect, useRef } from 'preact/hooks';
import { formatTime, t } from '../i18n/index.ts';
import { agentName } from '../state/agent.ts';
import type { Conversation } from '../state/conversation.ts';
import type { Item, UserItem } from '../state/history.ts';
import { modelReady } from '../state/models.ts';
import { focusComposer } from './composer_focus.ts';
import { Files } from './files.tsx';
import { FirstRun, ModelBanner } from './first_run.tsx';
import { Icon, Mark } from './icons.tsx';
import { TurnView } from './turn_view.tsx';

const nearTheEnd = 60;

export function ConversationView({ conversation }: { conversation: Conversation }) {
  const scroller = useRef<HTMLDivElement>(null);
  const content = useRef<HTMLDivElement>(null);
  const atEnd = useSignal(true);
  const items = conversation.items.value;
  const lastQuestion = useRef('');

  // Follow the text only while the reader is at its end; whoever reads further up is left alone.
  useLayoutEffect(() => {
    const box = scroller.current!;
    // An empty conversation holds a page to read, and that starts at its top.
    const follow = new ResizeObserver(() => atEnd.value && conversation.items.value.length > 0 && toEnd(box));
    follow.observe(content.current!);
    follow.observe(box);
    atEnd.value = true;
    return () => follow.disconnect();
  }, [conversation]);

  // One's own message is always worth seeing.
  const question = items.findLast((item) => item.kind === 'user' && item.state.value !== 'sent')?.key ?? '';
  useLayoutEffect(() => {
    if (question && question !== lastQuestion.current) {
      atEnd.value = true;
      toEnd(scroller.current!);
    }
    lastQuestion.current = question;
  }, [question]);

  const position = useRef(0);
  const onScroll = () => {
    const box = scroller.current!;
    const near = box.scrollHeight - box.scrollTop - box.clientHeight < nearTheEnd;
    // Text that grows also moves the end away; only a reader moves up.
    if (near) atEnd.value = true;
    else if (box.scrollTop < position.current) atEnd.value = false;
    position.current = box.scrollTop;
  };

  const empty = items.length === 0;
  return (
    <div class="conversation-frame">
      <div class="conversation" ref={scroller} onScroll={onScroll} tabIndex={-1}>
        <div class="column" ref={content}>
          {!empty && !modelReady.value && <ModelBanner />}
          {conversation.loadFailure.value && (
            <div class="failure" role="alert">
              <Icon name="alert" />
              <div>
                <p>{conversation.loadFailure.value.message}</p>
                <p class="muted">{conversation.loadFailure.value.hint}</p>
                <button type="button" class="button" onClick={() => void conversation.load()}>
                  {t('conversation.reload')}
                </button>
              </div>
            </div>
          )}
          {empty && conversation.loaded.value && (modelReady.value ? <Welcome conversation={conversation} /> : <FirstRun />)}
          {empty && !conversation.loaded.value && !conversation.loadFailure.value && <p class="muted centred">{t('conversation.loading')}</p>}
          <div class="items" role="log" aria-live="off" aria-label={t('conversation.label')}>
            {items.map((item) => (
              <ItemView key={item.key} item={item} conversation={conversation} />
            ))}
          </div>
        </div>
      </div>
      {!atEnd.value && !empty && (
        <button
          type="button"
          class="round to-end"
          aria-label={t('conversation.latest')}
          title={t('conversation.latest')}
          onClick={() => {
            atEnd.value = true;
            toEnd(scroller.current!);
          }}
        >
          <Icon name="down" />
        </button>
      )}
    </div>
  );
}

function ItemView({ item, conversation }: { item: Item; conversation: Conversation }) {
  if (item.kind === 'turn') return <TurnView turn={item} conversation={conversation} />;
  if (item.kind === 'notice') return <p class="notice">{item.text}</p>;
  return <Question item={item} />;
}

function Question({ item }: { item: UserItem }) {
  return (
    <article class="question" aria-label={t('conversation.you')} data-state={item.state.value}>
      <Files files={item.files} label={t('conversation.files')} />
      {item.text && <p dir="auto">{item.text}</p>}
      {item.state.value === 'unconfirmed' ? (
        <footer>{t('turn.unconfirmed')}</footer>
      ) : (
        item.timestamp > 0 && <footer class="appearing">{formatTime(item.timestamp)}</footer>
      )}
    </article>
  );
}

const openings = ['welcome.about', 'welcome.computer', 'welcome.remind'] as const;

function Welcome({ conversation }: { conversation: Conversation }) {
  return (
    <div class="welcome">
      <Mark />
      <h2>{t('conversation.welcome', { name: agentName.value })}</h2>
      <p class="muted">{t('conversation.welcomeHint')}</p>
      <ul class="openings">
        {openings.map((opening) => (
          <li key={opening}>
            <button
              type="button"
              class="button"
              onClick={() => {
                conversation.setDraft(t(opening).replace(/…$/, ' '));
                focusComposer();
              }}
            >
              {t(opening)}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

function toEnd(box: HTMLElement): void {
  box.scrollTop = box.scrollHeight;
}
