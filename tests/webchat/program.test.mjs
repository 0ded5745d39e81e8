// The same page against the real program, when somebody says where it is:
//   OPENCLAW_LOGIN_LINK=LINK node --test program.test.mjs      (LINK as `openclaw dashboard` prints it)

import { test } from 'node:test';
import { startBrowser } from './browser.mjs';
import { WebChat } from './page.mjs';

const link = process.env.OPENCLAW_LOGIN_LINK;

test('the real gateway signs in, answers, and leaves the console silent', { skip: !link && 'OPENCLAW_LOGIN_LINK is not set', timeout: 120_000 }, async () => {
  const browser = await startBrowser();
  try {
    const chat = await WebChat.create(browser);
    await chat.openAndWait(link);
    await chat.newSession();
    await chat.send('Say hello in one word.');
    await chat.waitForAnswer();
    await chat.send('/status');
    await chat.questions.nth(1).waitFor();
    await chat.waitForAnswer();
    await chat.assertNoNonsense();
    chat.assertCalm();
  } finally {
    await browser.close();
  }
});
