import { t } from '../i18n/index.ts';
import { CopyButton } from './copy_button.tsx';

export function CodeBlock({ code, language }: { code: string; language: string }) {
  return (
    <figure class="code-block">
      <figcaption>
        <span>{language.split(/\s/)[0]}</span>
        <CopyButton text={code} label={t('turn.copyCode')} />
      </figcaption>
      <pre tabIndex={0}>
        <code>{code}</code>
      </pre>
    </figure>
  );
}
