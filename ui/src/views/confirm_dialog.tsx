import { useEffect, useRef } from 'preact/hooks';
import { t } from '../i18n/index.ts';

interface Props {
  title: string;
  text: string;
  action: string;
  onConfirm(): void;
  onClose(): void;
}

export function ConfirmDialog({ title, text, action, onConfirm, onClose }: Props) {
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const box = dialog.current!;
    box.showModal();
    // Closed before it leaves the page, or the browser does not give the focus back.
    return () => box.close();
  }, []);
  return (
    <dialog ref={dialog} class="dialog" aria-labelledby="dialog-title" onClose={onClose} onKeyDown={(event) => event.stopPropagation()}>
      <h2 id="dialog-title">{title}</h2>
      <p>{text}</p>
      <div class="dialog-actions">
        <button type="button" class="button" autofocus onClick={onClose}>
          {t('sessions.cancel')}
        </button>
        <button
          type="button"
          class="button danger"
          onClick={() => {
            onConfirm();
            onClose();
          }}
        >
          {action}
        </button>
      </div>
    </dialog>
  );
}
