import { t } from '../i18n/index.ts';
import { models, referenceOf } from '../state/models.ts';
import { currentKey, currentRow, defaults, patchSession } from '../state/sessions.ts';
import { report } from '../state/problems.ts';

const levels = ['off', 'minimal', 'low', 'medium', 'high', 'xhigh'] as const;

export function ModelPicker() {
  const row = currentRow.value;
  const chosen = row?.model ? `${row.modelProvider ? `${row.modelProvider}/` : ''}${row.model}` : '';
  const fallback = defaults.value?.model ? `${defaults.value.modelProvider ? `${defaults.value.modelProvider}/` : ''}${defaults.value.model}` : '';
  const shown = chosen || fallback;
  const providers = [...new Set(models.value.map((model) => model.provider))];
  const listed = models.value.some((model) => referenceOf(model) === shown);
  const change = (model: string) => void patchSession(currentKey.value, { model: model || null }).catch(report);
  return (
    <div class="pickers">
      <label>
        <span class="visually-hidden">{t('models.label')}</span>
        <select class="picker" value={shown} title={t('models.label')} onChange={(event) => change(event.currentTarget.value)}>
          {!shown && <option value="">{models.value.length === 0 ? t('models.none') : t('models.default')}</option>}
          {shown && !listed && <option value={shown}>{shown}</option>}
          {providers.map((provider) => (
            <optgroup key={provider} label={provider}>
              {models.value
                .filter((model) => model.provider === provider)
                .map((model) => (
                  <option key={model.id} value={referenceOf(model)}>
                    {model.name || model.id}
                  </option>
                ))}
            </optgroup>
          ))}
          {shown && fallback && shown !== fallback && <option value="">{t('models.defaultIs', { name: fallback })}</option>}
        </select>
      </label>
      {models.value.find((model) => referenceOf(model) === shown)?.reasoning && <ThinkingPicker level={row?.thinkingLevel ?? ''} />}
    </div>
  );
}

function ThinkingPicker({ level }: { level: string }) {
  const change = (next: string) => void patchSession(currentKey.value, { thinkingLevel: next || null }).catch(report);
  return (
    <label class="thinking-picker">
      <span class="visually-hidden">{t('thinkingLevel.label')}</span>
      <select class="picker" value={level} title={t('thinkingLevel.label')} onChange={(event) => change(event.currentTarget.value)}>
        <option value="">{`${t('thinkingLevel.label')}: ${t('thinkingLevel.default')}`}</option>
        {levels.map((choice) => (
          <option key={choice} value={choice}>
            {`${t('thinkingLevel.label')}: ${t(`thinkingLevel.${choice}`)}`}
          </option>
        ))}
      </select>
    </label>
  );
}
