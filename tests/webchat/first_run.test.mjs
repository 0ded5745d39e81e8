import assert from 'node:assert/strict';
import { journey } from './journey.mjs';
import { consentStatus, downloadingStatus, readyStatus, startingStatus, unavailableStatus } from './statuses.mjs';

// parity: 1.12-onboarding
journey('the licence is shown before anything is downloaded, and accepting it starts the download', { gateway: { modelsStatus: consentStatus } }, async ({ gateway, chat }) => {
  await chat.page.getByRole('heading', { name: 'One step before the first answer' }).waitFor();
  const license = chat.page.getByRole('region', { name: 'Licence: Apache-2.0' });
  await license.getByText('TERMS AND CONDITIONS').waitFor();
  await chat.waitForText('639.4 MB');
  assert.ok(!gateway.requests.some((request) => request.method === 'models.fetch'), 'nothing is fetched before consent');
  await chat.page.getByRole('button', { name: 'Accept the licence and download' }).click();
  assert.deepEqual(await gateway.request('models.fetch'), { acceptTerms: true });
  gateway.setModelsStatus(downloadingStatus.current, downloadingStatus.embedded);
  await chat.page.getByRole('progressbar', { name: 'Getting the model' }).waitFor();
  await chat.waitForText('211 MB of 639.4 MB');
  gateway.setModelsStatus(startingStatus.current, startingStatus.embedded);
  await chat.page.getByRole('heading', { name: 'The model is starting' }).waitFor();
  gateway.setModelsStatus(readyStatus.current, readyStatus.embedded);
  await chat.waitForText('What can Molty do for you?');
});

journey('a message written during the download is sent when the model is ready', { gateway: { modelsStatus: downloadingStatus } }, async ({ gateway, chat }) => {
  await chat.send('Hello early');
  await chat.page.getByRole('list', { name: 'Waiting to be sent' }).getByText('Hello early').waitFor();
  assert.equal(gateway.runs.size, 0);
  gateway.setModelsStatus(readyStatus.current, readyStatus.embedded);
  await chat.waitForAnswer('echo: Hello early');
});

journey('without any model the page says how to connect one', { gateway: { modelsStatus: unavailableStatus } }, async ({ chat }) => {
  await chat.page.getByRole('heading', { name: 'No model answers yet' }).waitFor();
  for (const way of ['OPENAI_API_KEY', 'ANTHROPIC_API_KEY', 'Ollama', 'LM Studio', 'llama-server', 'openclaw.json']) await chat.waitForText(way);
});

journey('a download that is refused says why', { gateway: { modelsStatus: consentStatus } }, async ({ gateway, chat }) => {
  gateway.answer('models.fetch', () => {
    throw { code: 'UNAVAILABLE', message: 'There are only 200 MB free.', details: { hint: 'Free some space and try again.' } };
  });
  await chat.page.getByRole('button', { name: 'Accept the licence and download' }).click();
  await chat.page.getByRole('alert').getByText('There are only 200 MB free.').waitFor();
});

journey('a model that goes away later is a line above the conversation, with the ways to get one', {}, async ({ gateway, chat }) => {
  await chat.send('hello');
  await chat.waitForAnswer('echo: hello');
  gateway.setModelsStatus(unavailableStatus.current, unavailableStatus.embedded);
  await chat.waitForText('The model is not ready: No model is configured');
  await chat.waitForText('echo: hello');
  await chat.page.getByRole('button', { name: 'No model answers yet' }).click();
  await chat.waitForText('OPENAI_API_KEY');
});
