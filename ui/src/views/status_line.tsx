import { formatCompact, formatCost, formatNumber, formatPercent, t } from '../i18n/index.ts';
import { phase } from '../state/gateway.ts';
import { currentRow, defaults } from '../state/sessions.ts';
import { ModelPicker } from './model_picker.tsx';

export function StatusLine() {
  const row = currentRow.value;
  const used = row?.totalTokens ?? 0;
  const room = row?.contextTokens ?? defaults.value?.contextTokens ?? 0;
  const input = row?.inputTokens ?? 0;
  const output = row?.outputTokens ?? 0;
  const connected = phase.value === 'connected';
  const state = connected ? 'connected' : phase.value === 'connecting' ? 'connecting' : 'waiting';
  return (
    <footer class="status-line" role="group" aria-label={t('status.label')}>
      <span class="connection" data-state={state}>
        {t(`connection.${state}`)}
      </span>
      <ModelPicker />
      {room > 0 && (
        <span class="context" title={t('status.contextTitle', { used: formatNumber(used), total: formatNumber(room) })}>
          <meter min={0} max={room} high={room * 0.8} value={Math.min(used, room)} aria-hidden="true" />
          {t('status.context', { percent: formatPercent(used / room) })}
        </span>
      )}
      {input + output > 0 && (
        <span class="tokens" title={t('status.tokensTitle')}>
          {t('status.tokens', { input: formatCompact(input), output: formatCompact(output) })}
        </span>
      )}
      {typeof row?.costMicroUsd === 'number' && (
        <span class="cost" title={t('status.costTitle')}>
          {formatCost(row.costMicroUsd)}
        </span>
      )}
    </footer>
  );
}
