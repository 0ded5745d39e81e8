import { chooseLanguage, language, languages, t, type Language } from '../i18n/index.ts';
import { report } from '../state/problems.ts';
import { chooseTheme, theme, type Theme } from '../state/preferences.ts';

const themes: Theme[] = ['system', 'light', 'dark'];

export function Preferences() {
  return (
    <div class="preferences">
      <label>
        <span>{t('app.theme')}</span>
        <select value={theme.value} onChange={(event) => chooseTheme(event.currentTarget.value as Theme)}>
          {themes.map((choice) => (
            <option key={choice} value={choice}>
              {t(`app.theme.${choice}`)}
            </option>
          ))}
        </select>
      </label>
      <label>
        <span>{t('app.language')}</span>
        <select value={language.value} onChange={(event) => void chooseLanguage(event.currentTarget.value as Language).catch(report)}>
          {languages.map(({ code, name }) => (
            <option key={code} value={code} lang={code}>
              {name}
            </option>
          ))}
        </select>
      </label>
    </div>
  );
}
