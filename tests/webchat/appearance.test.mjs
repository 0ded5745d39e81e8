import assert from 'node:assert/strict';
import { demonstration } from './demonstration.mjs';
import { gate, journey } from './journey.mjs';
import { consentStatus } from './statuses.mjs';

const phone = { viewport: { width: 360, height: 740 } };
const lightness = (page) => page.evaluate(() => {
  const canvas = document.createElement('canvas').getContext('2d');
  canvas.fillStyle = getComputedStyle(document.body).backgroundColor;
  canvas.fillRect(0, 0, 1, 1);
  return canvas.getImageData(0, 0, 1, 1).data[0];
});

journey('a French browser gets a French page', { page: { locale: 'fr-FR' }, signIn: false }, async ({ gateway, chat }) => {
  await chat.open(gateway.loginLink());
  await chat.page.getByRole('textbox', { name: 'Message' }).waitFor();
  await chat.waitForText('Que peut faire Molty pour vous ?');
  await chat.page.getByText('Connecté', { exact: true }).waitFor();
  assert.equal(await chat.page.evaluate(() => document.documentElement.lang), 'fr');
  await chat.page.getByRole('combobox', { name: 'Langue' }).selectOption('English');
  await chat.waitForText('What can Molty do for you?');
  await chat.page.reload();
  await chat.waitForText('What can Molty do for you?');
});

journey('the page is dark where the system is dark', { page: { colorScheme: 'dark' } }, async ({ chat }) => {
  assert.ok((await lightness(chat.page)) < 60);
  await chat.page.getByRole('combobox', { name: 'Colours' }).selectOption('Light');
  assert.ok((await lightness(chat.page)) > 200);
  await chat.page.reload();
  await chat.composer.waitFor();
  assert.ok((await lightness(chat.page)) > 200, 'the choice is remembered');
});

journey('everything fits on a phone', { page: phone, gateway: { scenario: demonstration } }, async ({ chat }) => {
  await chat.send('Why is the gateway slow? Look at averyveryveryveryveryveryveryveryverylongwordwithoutanyspaces.');
  await chat.approval.waitFor();
  await chat.assertNoSidewaysScrolling();
  for (const label of ['Allow once', 'Always allow', 'Deny']) {
    const button = await chat.approval.getByRole('button', { name: label }).boundingBox();
    const composer = await chat.composer.boundingBox();
    assert.ok(button.x >= 0 && button.x + button.width <= 360 && button.y + button.height <= composer.y, `${label} is in sight`);
  }
  await chat.approve();
  await chat.waitForAnswer('The twelve errors');
  await chat.assertNoSidewaysScrolling();
});

journey('on a phone the conversations are in a drawer', { page: phone }, async ({ chat }) => {
  const entry = chat.page.getByRole('button', { name: 'New conversation' }).first();
  assert.equal(await entry.isVisible(), false);
  await chat.page.getByRole('button', { name: 'Conversations and settings' }).click();
  await entry.click();
  await entry.waitFor({ state: 'hidden' });
  await chat.page.getByRole('button', { name: 'Conversations and settings' }).click();
  await entry.waitFor();
  await chat.until(() => document.activeElement?.getAttribute('aria-label') === 'Close the menu');
  await chat.page.keyboard.press('Escape');
  await entry.waitFor({ state: 'hidden' });
});

journey('the first-run page fits on a phone', { page: phone, gateway: { modelsStatus: consentStatus } }, async ({ chat }) => {
  await chat.page.getByRole('button', { name: 'Accept the licence and download' }).waitFor();
  await chat.assertNoSidewaysScrolling();
});

journey('the keyboard alone is enough', {}, async ({ gateway, chat }) => {
  const { keyboard } = chat.page;
  const focused = () => chat.page.evaluate(() => document.activeElement?.getAttribute('aria-label') || document.activeElement?.textContent);
  const typing = () => chat.until(() => document.activeElement?.id === 'message');
  await chat.page.evaluate(() => {
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute('tabindex');
  });
  await keyboard.press('Tab');
  assert.equal(await focused(), 'Skip to the message field');
  await keyboard.press('Enter');
  await typing();
  await keyboard.type('line one');
  await keyboard.press('Shift+Enter');
  await keyboard.type('line two');
  await keyboard.press('Enter');
  await chat.waitForAnswer('echo: line one');
  assert.equal((await gateway.request('chat.send')).message, 'line one\nline two');

  await chat.page.evaluate(() => document.activeElement?.blur());
  await keyboard.press('/');
  await typing();
  assert.equal(await chat.composer.inputValue(), '', 'the slash only moves the focus');
  await chat.page.getByRole('button', { name: 'New conversation' }).first().focus();
  await keyboard.press('Control+k');
  await typing();

  const decided = gate();
  gateway.scenario = async (run) => {
    run.finish(await run.approval({ command: 'date', cwd: '/tmp' }));
    decided.open();
  };
  await keyboard.type('what time is it');
  await keyboard.press('Enter');
  await chat.approval.waitFor();
  await typing();
  for (let presses = 0; (await focused()) !== 'Allow once'; presses++) {
    assert.ok(presses < 10, 'the button is close to the message field');
    await keyboard.press('Shift+Tab');
  }
  const outline = await chat.page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.equal(outline, 'solid', 'the focus can be seen');
  await keyboard.press('Enter');
  await decided.opened;
  await chat.waitForAnswer('allow-once');
  await typing();
});

journey('commands are suggested while they are typed', {}, async ({ gateway, chat }) => {
  await chat.composer.fill('/');
  const list = chat.page.getByRole('listbox', { name: 'Commands' });
  assert.equal(await list.getByRole('option').count(), 8);
  await chat.composer.press('s');
  await chat.composer.pressSequentially('t');
  assert.deepEqual(await list.locator('code').allInnerTexts(), ['/status', '/stop']);
  await chat.composer.press('ArrowDown');
  await chat.composer.press('ArrowUp');
  await chat.composer.press('Tab');
  assert.equal(await chat.composer.inputValue(), '/status');
  await chat.composer.press('Enter');
  await gateway.request('chat.send', (params) => params.message === '/status');
  await chat.waitForAnswer('echo: /status');
});

journey('what was typed survives a reload', {}, async ({ chat }) => {
  await chat.composer.fill('half a thought');
  await chat.page.reload();
  await chat.composer.waitFor();
  assert.equal(await chat.composer.inputValue(), 'half a thought');
});
