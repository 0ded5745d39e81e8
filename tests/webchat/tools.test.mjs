import assert from 'node:assert/strict';
import { gate, journey } from './journey.mjs';

// parity: 1.3-webchat
journey('a tool call shows its arguments, its output while it runs, and its result', {}, async ({ gateway, chat }) => {
  const started = gate();
  const ended = gate();
  gateway.scenario = async (run) => {
    run.say('I will list the files.');
    run.toolStart('call_1', 'exec', { command: 'ls -l' });
    await started.opened;
    run.toolOutput('total 8\n');
    await ended.opened;
    run.toolResult('total 8\nREADME.md\n', { details: { exitCode: 0, durationMs: 12 } });
    run.say('There is one file.');
    run.finish();
  };
  await chat.send('Which files are there?');
  const card = chat.tool('exec');
  await card.getByText('running').waitFor();
  await card.getByText('ls -l').first().waitFor();
  started.open();
  await card.getByText('total 8').waitFor();
  ended.open();
  await card.getByText('done · 12 ms').waitFor();
  await chat.waitForAnswer('There is one file.');
  const head = card.getByRole('button').first();
  assert.equal(await head.getAttribute('aria-expanded'), 'false', 'a card that went well folds up');
  await head.click();
  await card.getByText('README.md').waitFor();
  const texts = await chat.lastAnswer.locator('.markdown').allInnerTexts();
  assert.deepEqual(texts, ['I will list the files.', 'There is one file.'], 'text stands where it was said');

  await chat.page.reload();
  await chat.waitForAnswer('There is one file.');
  assert.deepEqual(await chat.lastAnswer.locator('.markdown').allInnerTexts(), texts, 'the stored conversation looks the same');
  await chat.tool('exec').getByText('done').waitFor();
});

journey('a failed tool call is marked and stays open', {}, async ({ gateway, chat }) => {
  gateway.scenario = (run) => {
    run.toolStart('call_1', 'read', { path: '/nowhere' });
    run.toolResult('No such file: /nowhere', { isError: true, details: { exitCode: 2 } });
    run.finish('It is not there.');
  };
  await chat.send('Read it');
  const card = chat.tool('read');
  await card.getByText('failed').waitFor();
  await card.getByText('No such file: /nowhere').waitFor();
  await card.getByText('exit code 2').waitFor();
});

journey('long output is shortened until it is asked for', {}, async ({ gateway, chat }) => {
  gateway.scenario = (run) => {
    run.toolStart('call_1', 'exec', { command: 'seq 500' });
    run.toolResult(Array.from({ length: 500 }, (_, index) => `line ${index + 1}`).join('\n'));
    run.finish('Counted.');
  };
  await chat.send('Count');
  await chat.waitForAnswer('Counted.');
  const card = chat.tool('exec');
  await card.getByRole('button').first().click();
  await card.getByText('line 12').waitFor();
  assert.equal(await card.getByText('line 500').count(), 0);
  await card.getByRole('button', { name: 'Show 488 more lines' }).click();
  await card.getByText('line 500').waitFor();
});

const dangerous = { command: 'rm -r build', argv: ['rm', '-r', 'build'], cwd: '/home/ada/work', reason: 'It deletes files.', resolvedPath: '/usr/bin/rm' };

function asking(request, more) {
  return async (run) => {
    const decision = await run.approval(request, more);
    run.finish(`The decision was ${decision}.`);
  };
}

// parity: 1.3-webchat, 1.8-approvals
journey('an approval shows exactly what would run, and allowing it once goes on', { gateway: { scenario: asking(dangerous) } }, async ({ gateway, chat }) => {
  await chat.send('Clean up');
  await chat.approval.getByText('rm -r build', { exact: true }).waitFor();
  for (const fact of ['/home/ada/work', 'It deletes files.', '/usr/bin/rm']) await chat.approval.getByText(fact, { exact: true }).waitFor();
  await chat.approval.getByText(/Denied by itself in [12]:\d\d/).waitFor();
  await chat.approve();
  await chat.waitForAnswer('The decision was allow-once.');
  assert.equal((await gateway.request('exec.approval.resolve')).decision, 'allow-once');
  await chat.approval.waitFor({ state: 'detached' });
});

// parity: 1.8-approvals
journey('an approval can be denied', { gateway: { scenario: asking(dangerous) } }, async ({ chat }) => {
  await chat.send('Clean up');
  await chat.deny();
  await chat.waitForAnswer('The decision was deny.');
});

// parity: 1.8-approvals
journey('an approval can be given for always', { gateway: { scenario: asking(dangerous) } }, async ({ chat }) => {
  await chat.send('Clean up');
  await chat.decide('Always allow');
  await chat.waitForAnswer('The decision was allow-always.');
});

journey('an approval survives a reload of the page', { gateway: { scenario: asking(dangerous) } }, async ({ chat }) => {
  await chat.send('Clean up');
  await chat.approval.waitFor();
  await chat.page.reload();
  await chat.approve();
  await chat.waitForAnswer('The decision was allow-once.');
});

journey('invisible and direction-changing characters in a command are shown', {}, async ({ gateway, chat }) => {
  gateway.scenario = asking({ ...dangerous, argv: undefined, command: 'echo \u202Egnp.exe\u200B \u0007; rm\u00A0x\ntrue' });
  await chat.send('Do it');
  const shown = await chat.approval.locator('.approval-command').innerText();
  assert.equal(shown, 'echo \\u{202E}gnp.exe\\u{200B} \\u{0007}; rm\\u{00A0}x\\n\ntrue');
  await chat.approval.getByText('invisible or direction-changing characters').waitFor();
  await chat.deny();
  await chat.waitForAnswer();
});

journey('an approval whose time is over can no longer be given', {}, async ({ gateway, chat }) => {
  gateway.scenario = asking(dangerous, { expiresInMs: 1 });
  await chat.send('Too late');
  await chat.approval.getByText('The time for this decision is over').waitFor();
  assert.equal(await chat.approval.getByRole('button', { name: 'Allow once' }).count(), 0);
  await chat.approval.getByRole('button', { name: 'Dismiss' }).click();
  await chat.approval.waitFor({ state: 'detached' });
});

journey('a decision that another window made first removes the card', { gateway: { scenario: asking(dangerous) } }, async ({ gateway, chat }) => {
  await chat.send('Clean up');
  await chat.approval.waitFor();
  const [id] = gateway.approvals.keys();
  gateway.methodNamed('exec.approval.resolve')({ id, decision: 'deny' });
  await chat.approval.waitFor({ state: 'detached' });
  await chat.waitForAnswer('The decision was deny.');
});

journey('the time left for a decision follows the gateway’s clock', { gateway: { clockBehindMs: 600_000, scenario: asking(dangerous) } }, async ({ chat }) => {
  await chat.send('Clean up');
  await chat.approval.getByText(/Denied by itself in [12]:\d\d/).waitFor();
  await chat.approve();
  await chat.waitForAnswer('The decision was allow-once.');
});
