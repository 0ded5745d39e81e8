import { useSignal } from '@preact/signals';
import { plural, t } from '../i18n/index.ts';

const shownLines = 12;
const shownCharacters = 3_000;
// Drawing megabytes of one text would freeze the page; the transcript has the rest.
const mostCharacters = 400_000;

/** Output of a program. Its end matters most while it runs, its start when it is over. */
export function ClampedOutput({ text, live }: { text: string; live: boolean }) {
  const whole = useSignal(false);
  const clean = stripColours(text).replace(/\n+$/, '');
  const lines = clean.split('\n');
  const long = lines.length > shownLines || clean.length > shownCharacters;
  let shown = clean.slice(-mostCharacters);
  if (long && !whole.value) {
    shown = (live ? lines.slice(-shownLines) : lines.slice(0, shownLines)).join('\n');
    shown = live ? shown.slice(-shownCharacters) : shown.slice(0, shownCharacters);
  }
  const more = lines.length - shownLines;
  return (
    <>
      <pre class="output" tabIndex={0} data-clamped={long && !whole.value}>
        {shown}
      </pre>
      {long && (
        <button type="button" class="quiet small" onClick={() => (whole.value = !whole.value)}>
          {whole.value ? t('tool.less') : more > 0 ? plural('tool.more', more) : t('tool.moreText')}
        </button>
      )}
    </>
  );
}

function stripColours(text: string): string {
  return text.replace(/\x1b\[[0-?]*[ -/]*[@-~]|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)/g, '').replace(/\r\n?/g, '\n');
}
