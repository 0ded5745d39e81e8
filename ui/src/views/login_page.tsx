import { useSignal } from '@preact/signals';
import { t } from '../i18n/index.ts';
import { explain } from '../state/explain.ts';
import { loginError, loginPending, signIn } from '../state/gateway.ts';
import { Icon, Mark } from './icons.tsx';
import { Preferences } from './preferences_view.tsx';

export function LoginPage() {
  const token = useSignal('');
  const empty = useSignal(false);
  const failure = loginError.value ? explain(loginError.value) : undefined;
  const submit = (event: Event) => {
    event.preventDefault();
    empty.value = token.value.trim() === '';
    if (!empty.value) signIn(token.value.trim());
  };
  return (
    <main class="page">
      <div class="login">
        <Mark />
        <h1>{t('login.title')}</h1>
        {loginPending.value ? (
          <p role="status">{t('login.pending')}</p>
        ) : (
          <>
            {failure && (
              <div class="failure" role="alert">
                <Icon name="alert" />
                <div>
                  <p>{failure.message}</p>
                  <p class="muted">{failure.hint}</p>
                </div>
              </div>
            )}
            <p>{t('login.intro')}</p>
            <pre tabIndex={0}>openclaw dashboard</pre>
            <p class="muted">{t('login.once')}</p>
            <form onSubmit={submit}>
              <label for="token">{t('login.token')}</label>
              <div class="field-row">
                <input
                  id="token"
                  type="password"
                  autocomplete="off"
                  spellcheck={false}
                  aria-invalid={empty.value}
                  aria-describedby={empty.value ? 'token-missing' : undefined}
                  value={token.value}
                  onInput={(event) => (token.value = event.currentTarget.value)}
                />
                <button type="submit" class="button primary">
                  {t('login.submit')}
                </button>
              </div>
              {empty.value && (
                <p id="token-missing" class="failure-line" role="alert">
                  {t('login.emptyToken')}
                </p>
              )}
            </form>
          </>
        )}
      </div>
      <Preferences />
    </main>
  );
}
