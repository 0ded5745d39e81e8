import { useSignal } from '@preact/signals';
import { t } from '../i18n/index.ts';
import { Icon } from './icons.tsx';

export function CopyButton({ text, label }: { text: string; label: string }) {
  const copied = useSignal(false);
  // Browsers offer the clipboard only to secure pages: https, or this computer itself.
  if (!navigator.clipboard) return null;
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      copied.value = true;
      setTimeout(() => (copied.value = false), 1500);
    } catch {
      // The person declined; the text can still be selected.
    }
  };
  return (
    <button type="button" class="quiet icon-button" aria-label={copied.value ? t('turn.copied') : label} title={label} onClick={copy}>
      <Icon name={copied.value ? 'check' : 'copy'} />
    </button>
  );
}
