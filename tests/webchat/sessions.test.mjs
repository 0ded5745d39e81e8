import assert from 'node:assert/strict';
import { mainKey } from './fake_gateway.mjs';
import { journey } from './journey.mjs';

const holidays = 'agent:main:web-holidays';

function withHolidays(gateway) {
  gateway.session(holidays, { label: 'Holidays', updatedAt: 1 }, [
    { role: 'user', content: [{ type: 'text', text: 'Where to?' }], timestamp: 1, id: 'h1', runId: 'h' },
    { role: 'assistant', content: [{ type: 'text', text: 'To the sea.' }], timestamp: 2, id: 'h2', runId: 'h', stopReason: 'stop' },
  ]);
}

journey('a new conversation is empty, and appears in the list when something was said', {}, async ({ gateway, chat }) => {
  await chat.send('old');
  await chat.waitForAnswer('echo: old');
  await chat.newSession();
  await chat.waitForText('What can Molty do for you?');
  assert.equal(await chat.questions.count(), 0);
  await chat.send('A fresh start');
  await chat.waitForAnswer('echo: A fresh start');
  await chat.sessions.getByRole('button', { name: 'A fresh start' }).first().waitFor();
  const { sessionKey } = await gateway.request('chat.send', (params) => params.message === 'A fresh start');
  assert.match(sessionKey, /^agent:main:web-[0-9a-f-]{36}$/);
});

// parity: 1.3-webchat
journey('another conversation opens with its history', { prepare: withHolidays }, async ({ chat }) => {
  await chat.openSession('Holidays');
  await chat.waitForText('To the sea.');
  await chat.page.getByRole('heading', { level: 1, name: 'Holidays' }).waitFor();
  await chat.openSession('Main conversation');
  await chat.waitForText('What can Molty do for you?');
});

// parity: 1.3-webchat, 1.5-origin
journey('a conversation can be renamed', { prepare: withHolidays }, async ({ gateway, chat }) => {
  await chat.sessionAction('Holidays', 'Rename');
  const field = chat.page.getByRole('textbox', { name: 'Name of the conversation' });
  await field.fill('Summer');
  await field.press('Enter');
  await chat.sessions.getByRole('button', { name: 'Summer' }).first().waitFor();
  assert.equal(gateway.sessions.get(holidays).row.label, 'Summer');
});

journey('deleting asks first, and cancelling keeps the conversation', { prepare: withHolidays }, async ({ gateway, chat }) => {
  await chat.openSession('Holidays');
  await chat.sessionAction('Holidays', 'Delete');
  const dialog = chat.page.getByRole('dialog', { name: 'Delete “Holidays”?' });
  await dialog.getByRole('button', { name: 'Cancel' }).click();
  await dialog.waitFor({ state: 'detached' });
  assert.ok(gateway.sessions.has(holidays));
  await chat.sessionAction('Holidays', 'Delete');
  await dialog.getByRole('button', { name: 'Delete' }).click();
  await chat.page.getByRole('heading', { level: 1, name: 'Main conversation' }).waitFor();
  await chat.sessions.getByRole('button', { name: 'Holidays' }).first().waitFor({ state: 'detached' });
  assert.ok(!gateway.sessions.has(holidays));
});

// parity: 1.3-webchat, 1.5-reset
journey('the main conversation can be started over but not deleted', {}, async ({ gateway, chat }) => {
  await chat.send('remember this');
  await chat.waitForAnswer('echo: remember this');
  await chat.sessions.getByRole('button', { name: 'Actions for “Main conversation”' }).click();
  assert.equal(await chat.sessions.getByRole('button', { name: 'Delete', exact: true }).count(), 0);
  await chat.sessions.getByRole('button', { name: 'Start over' }).click();
  await chat.page.getByRole('dialog').getByRole('button', { name: 'Start over' }).click();
  await chat.waitForText('What can Molty do for you?');
  assert.equal(gateway.sessions.get(mainKey).messages.length, 0);
});

journey('news in another conversation are marked', { prepare: withHolidays }, async ({ gateway, chat }) => {
  gateway.methodNamed('chat.send')({ sessionKey: holidays, message: 'And when?', idempotencyKey: 'elsewhere' });
  await chat.sessions.getByRole('img', { name: 'new messages' }).waitFor();
  assert.equal(await chat.questions.count(), 0, 'it does not appear in this conversation');
  await chat.openSession('Holidays');
  await chat.waitForText('echo: And when?');
  await chat.sessions.getByRole('img', { name: 'new messages' }).waitFor({ state: 'detached' });
});

// parity: 1.3-webchat, 1.6-model-selection
journey('the model can be changed, and the status line follows', {}, async ({ gateway, chat }) => {
  await chat.send('hello');
  await chat.waitForAnswer('echo: hello');
  await chat.status.getByText('Context 5%').waitFor();
  await chat.status.getByText('1.2K in · 340 out').waitFor();
  await chat.status.getByText('$0.0042').waitFor();
  await chat.chooseModel('Large');
  await gateway.request('sessions.patch', (params) => params.model === 'fake/large');
  await chat.status.getByText('Context 1%').waitFor();
  assert.equal(await chat.modelPicker.inputValue(), 'fake/large');
});

journey('a model that is refused is explained', {}, async ({ gateway, chat }) => {
  gateway.answer('sessions.patch', () => {
    throw { code: 'INVALID_REQUEST', message: 'The model is not allowed here.', details: { hint: 'Ask the owner.' } };
  });
  await chat.chooseModel('Large');
  const alert = chat.page.getByRole('alert');
  await alert.getByText('The model is not allowed here.').waitFor();
  await alert.getByRole('button', { name: 'Close' }).click();
  await alert.waitFor({ state: 'detached' });
});

journey('an empty error still says what to do', {}, async ({ gateway, chat }) => {
  gateway.answer('sessions.patch', () => {
    throw { code: 'X' };
  });
  await chat.chooseModel('Large');
  await chat.page.getByRole('alert').getByText('openclaw logs').waitFor();
});

journey('a history that cannot be read is explained and can be read again', {}, async ({ gateway, chat }) => {
  gateway.answer('chat.history', () => {
    throw { code: 'UNAVAILABLE', message: 'The transcript is being repaired.' };
  });
  await chat.newSession();
  await chat.page.getByRole('alert').getByText('The transcript is being repaired.').waitFor();
  gateway.answer('chat.history', undefined);
  await chat.page.getByRole('button', { name: 'Read again' }).click();
  await chat.waitForText('What can Molty do for you?');
});

// parity: 1.5-reset
journey('the command that starts over empties the page too', {}, async ({ gateway, chat }) => {
  await chat.send('old matters');
  await chat.waitForAnswer('echo: old matters');
  gateway.scenario = (run) => {
    run.session.messages.length = 0;
    run.finish('A new conversation.');
  };
  await chat.send('/new');
  await chat.waitForAnswer('A new conversation.');
  await chat.questions.first().waitFor({ state: 'detached' });
  assert.equal(await chat.answers.count(), 1);
});
