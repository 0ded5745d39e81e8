// Takes pictures of the page in its states:  node look.mjs FOLDER

import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { startBrowser } from './browser.mjs';
import { demonstration } from './demonstration.mjs';
import { FakeGateway } from './fake_gateway.mjs';
import { WebChat } from './page.mjs';
import { consentStatus, downloadingStatus, unavailableStatus } from './statuses.mjs';

const folder = process.argv[2];
if (!folder) throw new Error('Say where the pictures go: node look.mjs FOLDER');
await mkdir(folder, { recursive: true });
const browser = await startBrowser();
const looks = [
  { name: 'desktop-light', colorScheme: 'light', viewport: { width: 1280, height: 860 } },
  { name: 'desktop-dark', colorScheme: 'dark', viewport: { width: 1280, height: 860 } },
  { name: 'phone-light', colorScheme: 'light', viewport: { width: 360, height: 740 } },
  { name: 'phone-dark', colorScheme: 'dark', viewport: { width: 360, height: 740 } },
];
for (const look of looks) {
  const gateway = await new FakeGateway({ scenario: demonstration }).start();
  gateway.session('agent:main:web-1', { label: 'Holiday plans', lastMessagePreview: 'Three trains leave before noon', updatedAt: Date.now() - 7_200_000 }, [{ role: 'user', content: 'Which trains go to Lyon?', timestamp: 1, id: 'a' }]);
  gateway.session('agent:main:web-2', { derivedTitle: 'Translate the letter from the bank', lastMessagePreview: 'Here is the letter in plain words', updatedAt: Date.now() - 90_000_000 }, [{ role: 'user', content: 'Translate', timestamp: 1, id: 'b' }]);
  const chat = await WebChat.create(browser, look);
  const picture = (name) => chat.page.screenshot({ path: join(folder, `${look.name}-${name}.png`) });
  await chat.open(gateway.address);
  await picture('login');
  await chat.openAndWait(gateway.loginLink());
  await chat.waitForText('What can Molty do');
  await picture('welcome');
  await chat.send('Why is the gateway slow today? Look at the logs, and restart the outbox if you must.');
  await chat.approval.waitFor();
  await picture('approval');
  await chat.approve();
  await chat.waitForAnswer();
  await picture('answer');
  await chat.conversation.evaluate((log) => (log.closest('.conversation').scrollTop = 0));
  await chat.page.getByRole('button', { name: 'Go to the latest message' }).waitFor();
  await picture('answer-top');
  gateway.scenario = (run) => {
    run.toolStart('call_9', 'exec', { command: 'make test' });
    run.toolOutput('compiling…\nrunning 214 tests\n');
  };
  await chat.send('Now run the tests.');
  await chat.tool('exec').getByText('running 214 tests').waitFor();
  await chat.send('And then write a summary.');
  await chat.composer.fill('/mo');
  await picture('running');
  await chat.composer.fill('');
  gateway.scenario = (run) => run.fail('The provider refused the request: the account has no credit left.', 'Add credit, or choose another model below.');
  await chat.stopButton.click();
  await chat.answers.last().getByRole('button', { name: 'Try again' }).waitFor();
  await picture('failure');
  if (look.viewport.width < 500) {
    await chat.page.getByRole('button', { name: 'Conversations and settings' }).click();
    await chat.page.getByRole('button', { name: 'Sign out' }).waitFor();
    await chat.until(() => document.querySelector('.sidebar').getBoundingClientRect().left === 0);
    await picture('drawer');
  }
  await chat.close();
  for (const [name, status] of Object.entries({ consent: consentStatus, downloading: downloadingStatus, unavailable: unavailableStatus })) {
    const empty = await new FakeGateway({ modelsStatus: status }).start();
    const first = await WebChat.create(browser, look);
    await first.openAndWait(empty.loginLink());
    await first.page.locator('.first-run').waitFor();
    await first.page.screenshot({ path: join(folder, `${look.name}-${name}.png`) });
    await first.close();
    await empty.stop();
  }
  await gateway.stop();
}
await browser.close();
