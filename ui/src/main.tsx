import { takeLoginCode } from './gateway/login.ts';
import { render } from 'preact';
import { loadPreferredLanguage } from './i18n/index.ts';
import './styles/base.css';
import './styles/layout.css';
import './styles/conversation.css';
import './styles/cards.css';
import { resume, signInWithCode } from './state/gateway.ts';
import './state/preferences.ts';
import { App } from './views/app.tsx';

const code = takeLoginCode();
if (code) void signInWithCode(code);
else resume();

// A second link pasted into an open page changes only the fragment.
window.addEventListener('hashchange', () => {
  const next = takeLoginCode();
  if (next) void signInWithCode(next);
});

await loadPreferredLanguage();
render(<App />, document.getElementById('app')!);
