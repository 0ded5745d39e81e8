import assert from 'node:assert/strict';
import { journey } from './journey.mjs';

// parity: 1.3-webchat, 1.1-shared-auth
journey('a login link signs in, and its code leaves the address bar', { signIn: false }, async ({ gateway, chat }) => {
  await chat.openAndWait(gateway.loginLink());
  assert.equal(chat.page.url(), gateway.address);
  assert.ok(!chat.requestedAddresses.some((address) => address.includes(gateway.token)), 'the token is in no address');
  const cookies = await chat.context.cookies();
  assert.deepEqual(cookies, [], 'the token is in no cookie');
});

journey('a browser that signed in once stays signed in', {}, async ({ gateway, chat }) => {
  await chat.page.reload();
  await chat.waitForText('Connected');
  assert.equal(chat.page.url(), gateway.address);
});

journey('without a link the page says how to get one', { signIn: false }, async ({ gateway, chat }) => {
  await chat.open(gateway.address);
  await chat.page.getByRole('heading', { name: 'Sign in to openclaw' }).waitFor();
  await chat.waitForText('openclaw dashboard');
});

journey('a login code that does not work is explained', { signIn: false }, async ({ gateway, chat }) => {
  await chat.open(`${gateway.address}#login=wrong`);
  const alert = chat.page.getByRole('alert');
  await alert.getByText('This login link was used already.').waitFor();
  await alert.getByText('openclaw dashboard').waitFor();
  assert.equal(new URL(chat.page.url()).hash, '');
});

journey('a link that is opened twice leaves a signed-in browser signed in', {}, async ({ gateway, chat }) => {
  await chat.page.goto(`${gateway.address}#login=used`);
  await chat.page.getByText('Connected', { exact: true }).waitFor();
  await chat.composer.waitFor();
  assert.equal(new URL(chat.page.url()).hash, '');
});

// parity: 1.1-shared-auth
journey('a gateway token can be pasted', { signIn: false }, async ({ gateway, chat }) => {
  await chat.open(gateway.address);
  await chat.page.getByLabel('Or paste a gateway token').fill(gateway.token);
  await chat.page.getByRole('button', { name: 'Sign in' }).click();
  await chat.composer.waitFor();
});

// parity: 1.1-shared-auth
journey('a token that is refused is forgotten and explained', { signIn: false }, async ({ gateway, chat }) => {
  await chat.open(gateway.address);
  await chat.page.getByLabel('Or paste a gateway token').fill('stale');
  await chat.page.getByRole('button', { name: 'Sign in' }).click();
  await chat.page.getByRole('alert').getByText('openclaw dashboard').waitFor();
  assert.equal(await chat.page.evaluate(() => localStorage.getItem('openclaw.token')), null);
});

journey('a token in the query is never read', { signIn: false }, async ({ gateway, chat }) => {
  await chat.open(`${gateway.address}?token=${gateway.token}`);
  await chat.page.getByRole('heading', { name: 'Sign in to openclaw' }).waitFor();
  assert.ok(!gateway.requests.some((request) => request.method === 'connect'));
});

journey('signing out forgets the token', {}, async ({ chat }) => {
  await chat.page.getByRole('button', { name: 'Sign out' }).click();
  await chat.page.getByRole('heading', { name: 'Sign in to openclaw' }).waitFor();
  await chat.page.reload();
  await chat.page.getByRole('heading', { name: 'Sign in to openclaw' }).waitFor();
});
