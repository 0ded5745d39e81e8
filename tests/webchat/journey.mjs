// One test: a gateway of its own, a browser page of its own, and at the end the judgement that nothing went wrong unseen.

import { after, before, test } from 'node:test';
import { startBrowser } from './browser.mjs';
import { FakeGateway } from './fake_gateway.mjs';
import { WebChat } from './page.mjs';

let browser;

before(async () => {
  browser = await startBrowser();
});

after(async () => {
  await browser?.close();
});

/** `signIn: false` leaves the page closed; `gateway` and `page` are options of the fake gateway and of the page. */
export function journey(name, options, steps) {
  test(name, { timeout: 60_000 }, async () => {
    const gateway = await new FakeGateway(options.gateway).start();
    options.prepare?.(gateway);
    const chat = await WebChat.create(browser, options.page);
    try {
      if (options.signIn !== false) await chat.openAndWait(gateway.loginLink());
      await steps({ gateway, chat });
      await chat.assertNoNonsense();
      chat.assertCalm();
    } finally {
      await chat.close();
      await gateway.stop();
    }
  });
}

/** A door that a scenario waits at until the test opens it. */
export function gate() {
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  return { open, opened };
}
