import type { ShownFile } from '../state/attachments.ts';
import { t } from '../i18n/index.ts';
import { Icon } from './icons.tsx';

/** Pictures and names of files; with `onRemove` each can be taken away again. */
export function Files({ files, label, onRemove }: { files: ShownFile[]; label: string; onRemove?: (index: number) => void }) {
  if (files.length === 0) return null;
  return (
    <ul class="files" aria-label={label}>
      {files.map((file, index) => (
        <li key={`${index}:${file.name}`} class={file.picture ? 'picture' : undefined}>
          {file.picture ? <img src={file.picture} alt={file.name} title={file.name} /> : <span class="file-name">{file.name}</span>}
          {onRemove && (
            <button type="button" class="quiet icon-button" aria-label={t('composer.removeFile', { name: file.name })} onClick={() => onRemove(index)}>
              <Icon name="close" />
            </button>
          )}
        </li>
      ))}
    </ul>
  );
}
