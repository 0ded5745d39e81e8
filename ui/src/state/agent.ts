import { computed, signal } from '@preact/signals';
import { textOrNothing } from '../gateway/gateway_error.ts';
import { t } from '../i18n/index.ts';
import { call, mainSessionKey, onOpened } from './gateway.ts';

const identity = signal<{ name?: string; avatar?: string }>({});

export const agentName = computed(() => textOrNothing(identity.value.name) || t('conversation.agent'));

onOpened(async () => {
  try {
    identity.value = (await call<{ name?: string }>('agent.identity.get', { sessionKey: mainSessionKey.value })) ?? {};
  } catch {
    // A nameless agent is called "Assistant".
  }
});
