import { computed, signal } from '@preact/signals';
import type { ModelRow, ModelsStatus } from '../gateway/frames.ts';
import { explain, type Explanation } from './explain.ts';
import { call, onEvent, onOpened, phase } from './gateway.ts';

export const models = signal<ModelRow[]>([]);
export const modelsStatus = signal<ModelsStatus | undefined>(undefined);
export const fetchFailure = signal<Explanation | undefined>(undefined);
export const fetching = signal(false);

export const modelReady = computed(() => !modelsStatus.value || modelsStatus.value.current?.state === 'ready');

/** No model answers yet but one is on its way, so that messages are better kept than refused. */
export const modelWillBeReady = computed(() => {
  const state = modelsStatus.value?.current?.state;
  return state === 'starting' || state === 'downloading' || state === 'needs-consent';
});

export async function refreshModels(): Promise<void> {
  const [status, list] = await Promise.allSettled([call<ModelsStatus>('models.status'), call<{ models: ModelRow[] }>('models.list')]);
  if (status.status === 'fulfilled' && status.value?.current) modelsStatus.value = status.value;
  if (list.status === 'fulfilled' && Array.isArray(list.value?.models)) models.value = list.value.models;
}

/** Called only from the button below the licence text: the person has seen what they accept. */
export async function acceptAndFetchModel(): Promise<void> {
  fetching.value = true;
  fetchFailure.value = undefined;
  try {
    await call('models.fetch', { acceptTerms: true });
  } catch (error) {
    fetchFailure.value = explain(error);
  } finally {
    fetching.value = false;
  }
}

// Somebody may start a model server or finish a download without any event reaching this page.
setInterval(() => {
  if (!modelReady.value && phase.value === 'connected' && document.visibilityState === 'visible') void refreshModels();
}, 5_000);

export function referenceOf(model: ModelRow): string {
  return `${model.provider}/${model.id}`;
}

onOpened(() => void refreshModels());
onEvent('models.status', (status: ModelsStatus) => {
  if (!status?.current) return;
  const becameReady = status.current.state === 'ready' && modelsStatus.value?.current.state !== 'ready';
  modelsStatus.value = status;
  if (becameReady) void refreshModels();
});
