import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';
import { t } from '../i18n/index.ts';
import { explain } from '../state/explain.ts';
import { fetchMedia, type MediaFile } from '../state/media.ts';

/** A file that the agent sends: a picture is shown, anything else can be saved. */
export function Media({ sessionKey, path }: { sessionKey: string; path: string }) {
  const file = useSignal<MediaFile | undefined>(undefined);
  const problem = useSignal('');
  useEffect(() => {
    let address = '';
    let gone = false;
    fetchMedia(sessionKey, path).then(
      (fetched) => {
        address = fetched.address;
        if (gone) URL.revokeObjectURL(address);
        else file.value = fetched;
      },
      (error) => (problem.value = explain(error).message),
    );
    return () => {
      gone = true;
      if (address) URL.revokeObjectURL(address);
    };
  }, [sessionKey, path]);
  const shown = file.value;
  const name = path.slice(path.lastIndexOf('/') + 1);
  if (problem.value) return <p class="turn-note">{t('media.problem', { name, reason: problem.value })}</p>;
  if (!shown) return <p class="turn-note">{t('media.loading', { name })}</p>;
  return (
    <a class="media" href={shown.address} download={shown.name} title={t('media.save', { name: shown.name })}>
      {shown.isPicture ? <img src={shown.address} alt={shown.name} /> : <span class="file-name">{t('media.save', { name: shown.name })}</span>}
    </a>
  );
}
