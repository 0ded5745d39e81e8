import assert from 'node:assert/strict';
import { mainKey } from './fake_gateway.mjs';
import { gate, journey } from './journey.mjs';

// parity: 1.3-webchat
journey('an answer appears while it is written, and the final message wins', {}, async ({ gateway, chat }) => {
  const half = gate();
  gateway.scenario = async (run) => {
    run.say('The first half');
    await half.opened;
    run.say(' and the second hlaf.');
    run.finish('The first half and the second half.');
  };
  await chat.send('Tell me');
  await chat.lastAnswer.getByText('The first half', { exact: true }).waitFor();
  await chat.stopButton.waitFor();
  half.open();
  const answer = await chat.waitForAnswer('The first half and the second half.');
  assert.equal(await answer.locator('.markdown').count(), 1);
  await chat.stopButton.waitFor({ state: 'detached' });
});

// parity: 1.3-webchat
journey('markdown becomes headings, lists, tables and code', {}, async ({ gateway, chat }) => {
  gateway.scenario = (run) => run.finish('# Title\n\n- one\n- two\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n```js\nlet x = 1 < 2;\n```\n\n&copy; **bold** `code`');
  await chat.send('Show me');
  const answer = await chat.waitForAnswer();
  await answer.getByRole('heading', { name: 'Title' }).waitFor();
  assert.equal(await answer.getByRole('listitem').count(), 2);
  assert.equal(await answer.getByRole('columnheader').count(), 2);
  assert.equal(await answer.locator('pre code').innerText(), 'let x = 1 < 2;');
  await answer.getByText('©').waitFor();
});

journey('streaming leaves the history alone and redraws only what changes', {}, async ({ gateway, chat }) => {
  await chat.send('first');
  await chat.waitForAnswer('echo: first');
  const more = gate();
  gateway.scenario = async (run) => {
    run.say('A paragraph that stays.\n\nA paragraph that');
    await more.opened;
    for (let count = 0; count < 50; count++) run.say(` grows ${count}`);
    run.finish();
  };
  await chat.send('second');
  await chat.waitForText('A paragraph that stays.');
  await chat.page.evaluate(() => {
    window.changed = [];
    const log = document.querySelector('[role=log]');
    const last = log.lastElementChild;
    new MutationObserver((records) => {
      for (const { target } of records) {
        const element = target.nodeType === Node.TEXT_NODE ? target.parentElement : target;
        if (!last.contains(element) && element !== log) window.changed.push(element?.outerHTML ?? '');
        if (element?.textContent === 'A paragraph that stays.') window.changed.push('the finished paragraph');
      }
    }).observe(log, { subtree: true, childList: true, characterData: true });
  });
  more.open();
  await chat.waitForAnswer('grows 49');
  assert.deepEqual(await chat.page.evaluate(() => window.changed), []);
});

// parity: 1.3-webchat
journey('thinking can be unfolded', {}, async ({ gateway, chat }) => {
  const thought = gate();
  gateway.scenario = async (run) => {
    run.think('The sky is a matter of scattering.');
    await thought.opened;
    run.finish('Blue.');
  };
  await chat.send('Which colour has the sky?');
  await chat.lastAnswer.getByRole('button', { name: 'Thinking…' }).waitFor();
  thought.open();
  await chat.waitForAnswer('Blue.');
  const thoughts = chat.lastAnswer.getByRole('button', { name: 'Thoughts' });
  assert.equal(await thoughts.getAttribute('aria-expanded'), 'false');
  await thoughts.click();
  await chat.waitForText('a matter of scattering');
});

// parity: 1.3-webchat, 1.5-stop
journey('the stop button ends the answer and keeps what was said', {}, async ({ gateway, chat }) => {
  gateway.scenario = (run) => run.say('A long story begins');
  await chat.send('Tell a story');
  await chat.waitForText('A long story begins');
  await chat.stopButton.click();
  await gateway.request('chat.abort');
  await chat.lastAnswer.getByText('Stopped.').waitFor();
  await chat.waitForText('A long story begins');
  assert.ok(await chat.composer.isEnabled());
});

journey('Escape stops the answer too', {}, async ({ gateway, chat }) => {
  gateway.scenario = (run) => run.say('Another long story');
  await chat.send('Tell a story');
  await chat.waitForText('Another long story');
  await chat.page.keyboard.press('Escape');
  await chat.lastAnswer.getByText('Stopped.').waitFor();
});

// parity: 1.3-webchat
journey('a failed answer says why and what to do, and can be tried again', {}, async ({ gateway, chat }) => {
  gateway.scenario = (run) => run.fail('The provider did not answer for 60 seconds.', 'Try again, or choose another model.');
  await chat.send('Hello');
  await chat.lastAnswer.getByText('The provider did not answer for 60 seconds.').waitFor();
  await chat.lastAnswer.getByText('Try again, or choose another model.').waitFor();
  gateway.scenario = (run) => run.finish(`Now it works: ${run.message}`);
  await chat.retry();
  await chat.waitForAnswer('Now it works: Hello');
  assert.equal(await chat.questions.count(), 1, 'the question is not repeated');
  assert.equal(await chat.answers.count(), 1, 'the answer replaces the failure');
  const { runId } = await gateway.request('chat.retry');
  assert.equal(runId, (await gateway.request('chat.send')).idempotencyKey);
});

journey('a message that the gateway refuses can be sent again', {}, async ({ gateway, chat }) => {
  gateway.answer('chat.send', () => {
    throw { code: 'UNAVAILABLE', message: 'The disk is full.', details: { hint: 'Free some space.' } };
  });
  await chat.send('Keep this');
  await chat.lastAnswer.getByText('The disk is full.').waitFor();
  await chat.lastAnswer.getByText('Free some space.').waitFor();
  gateway.answer('chat.send', undefined);
  await chat.retry();
  await chat.waitForAnswer('echo: Keep this');
  assert.equal(await chat.questions.count(), 1);
});

// parity: 1.3-webchat
journey('messages written meanwhile wait their turn and can be taken back', {}, async ({ gateway, chat }) => {
  const first = gate();
  gateway.scenario = async (run) => {
    if (run.message === 'one') await first.opened;
    run.finish(`echo: ${run.message}`);
  };
  await chat.send('one');
  await chat.stopButton.waitFor();
  await chat.send('two');
  await chat.send('three');
  const queue = chat.page.getByRole('list', { name: 'Waiting to be sent' });
  assert.equal(await queue.getByRole('listitem').count(), 2);
  await queue.getByRole('listitem').filter({ hasText: 'three' }).getByRole('button', { name: 'Remove' }).click();
  first.open();
  await chat.waitForAnswer('echo: two');
  await queue.waitFor({ state: 'detached' });
  assert.deepEqual(await chat.questions.locator('p').allInnerTexts(), ['one', 'two']);
});

// parity: 1.3-webchat
journey('when the connection drops in the middle, the answer is whole afterwards and nothing is doubled', {}, async ({ gateway, chat }) => {
  const rest = gate();
  gateway.scenario = async (run) => {
    run.say('Before the gap');
    await rest.opened;
    run.say(', during the gap');
    run.finish();
  };
  await chat.send('Go on');
  await chat.waitForText('Before the gap');
  gateway.dropConnections({ stayAway: true });
  await chat.page.getByText('The connection to the gateway is lost').waitFor();
  rest.open();
  gateway.comeBack();
  await chat.page.getByRole('button', { name: 'Try now' }).click();
  await chat.waitForAnswer('Before the gap, during the gap');
  assert.equal(await chat.answers.count(), 1);
  assert.equal(await chat.questions.count(), 1);
  await chat.stopButton.waitFor({ state: 'detached' });
});

journey('an answer that outlasts a short gap goes on streaming', {}, async ({ gateway, chat }) => {
  const rest = gate();
  gateway.scenario = async (run) => {
    run.say('Still');
    await rest.opened;
    run.say(' here');
    run.finish();
  };
  await chat.send('Are you there?');
  await chat.waitForText('Still');
  gateway.dropConnections();
  await chat.page.getByText('Connected', { exact: true }).waitFor();
  await gateway.request('chat.history', () => gateway.requests.filter((request) => request.method === 'connect').length === 2);
  rest.open();
  await chat.waitForAnswer('Still here');
  assert.equal(await chat.answers.count(), 1);
});

journey('what is written without a connection is sent when it is back', {}, async ({ gateway, chat }) => {
  gateway.dropConnections({ stayAway: true });
  await chat.page.getByText('The connection to the gateway is lost').waitFor();
  await chat.send('From the tunnel');
  await chat.page.getByRole('list', { name: 'Waiting to be sent' }).getByText('From the tunnel').waitFor();
  gateway.comeBack();
  await chat.waitForAnswer('echo: From the tunnel');
  assert.equal(await chat.questions.count(), 1);
});

// parity: 1.3-webchat, 1.1-idempotency
journey('a message whose confirmation was lost is not sent twice', {}, async ({ gateway, chat }) => {
  gateway.scenario = (run) => run.finish('Once.');
  const send = gateway.methodNamed('chat.send');
  gateway.answer('chat.send', (params) => {
    gateway.answer('chat.send', undefined);
    send(params);
    gateway.dropConnections();
    return {};
  });
  await chat.send('Only once, please');
  await chat.waitForAnswer('Once.');
  assert.equal(await chat.questions.count(), 1);
  assert.equal(gateway.runs.size, 1);
});

journey('a message that never arrived is sent again after the gap', {}, async ({ gateway, chat }) => {
  gateway.answer('chat.send', () => {
    gateway.answer('chat.send', undefined);
    gateway.dropConnections();
    return {};
  });
  await chat.send('Into the void');
  await chat.waitForAnswer('echo: Into the void');
  assert.equal(await chat.questions.count(), 1);
});

journey('the page follows the text only while the reader is at its end', { page: { viewport: { width: 900, height: 500 } } }, async ({ gateway, chat }) => {
  const more = gate();
  gateway.scenario = async (run) => {
    for (let line = 0; line < 60; line++) run.say(`Line ${line}\n\n`);
    await more.opened;
    for (let line = 60; line < 120; line++) run.say(`Line ${line}\n\n`);
    run.finish();
  };
  await chat.send('Count');
  await chat.waitForText('Line 59');
  const atEnd = () => {
    const box = document.querySelector('.conversation');
    return box.scrollHeight - box.scrollTop - box.clientHeight < 5;
  };
  await chat.until(atEnd);
  await chat.page.mouse.move(450, 200);
  await chat.page.mouse.wheel(0, -900);
  const toLatest = chat.page.getByRole('button', { name: 'Go to the latest message' });
  await toLatest.waitFor();
  const position = () => chat.page.evaluate(() => document.querySelector('.conversation').scrollTop);
  await chat.until(() => new Promise((resolve) => {
    const box = document.querySelector('.conversation');
    const before = box.scrollTop;
    requestAnimationFrame(() => requestAnimationFrame(() => resolve(box.scrollTop === before)));
  }));
  const read = await position();
  more.open();
  await chat.lastAnswer.getByText('Line 119').waitFor();
  assert.ok(Math.abs((await position()) - read) < 2, 'the reader stays where they read');
  await toLatest.click();
  await chat.until(atEnd);
});

journey('an answer that somebody else asked for appears with its question', {}, async ({ gateway, chat }) => {
  gateway.methodNamed('chat.send')({ sessionKey: 'agent:main:main', message: 'from my phone', idempotencyKey: 'other-1' });
  await chat.waitForAnswer('echo: from my phone');
  await chat.questions.getByText('from my phone', { exact: true }).waitFor();
  assert.equal(await chat.questions.count(), 1);
  assert.equal(await chat.answers.count(), 1);
});

journey('a screen reader hears finished paragraphs, not every word', {}, async ({ gateway, chat }) => {
  const rest = gate();
  gateway.scenario = async (run) => {
    run.say('First paragraph.\n\nSecond');
    await rest.opened;
    run.say(' paragraph.');
    run.finish();
  };
  await chat.send('Read to me');
  const live = chat.page.locator('[aria-live=polite]');
  await live.getByText('First paragraph.', { exact: true }).waitFor({ state: 'attached' });
  rest.open();
  await live.getByText('Second paragraph.', { exact: true }).waitFor({ state: 'attached' });
});

journey('an answer that was cut short says so', {}, async ({ gateway, chat }) => {
  gateway.scenario = (run) => run.finish('And then', undefined, 'length');
  await chat.send('Write a book');
  await chat.waitForAnswer('And then');
  await chat.lastAnswer.getByText('cut short').waitFor();
  await chat.page.reload();
  await chat.lastAnswer.getByText('cut short').waitFor();
});

journey('a history that is older than the answer does not take it away', {}, async ({ gateway, chat }) => {
  const read = gateway.methodNamed('chat.history');
  await chat.send('first');
  await chat.waitForAnswer('echo: first');
  const stale = structuredClone(read({ sessionKey: mainKey }));
  const late = gate();
  gateway.answer('chat.history', async () => {
    await late.opened;
    return stale;
  });
  gateway.broadcast('sessions.changed', { key: mainKey, reason: 'reset' });
  await gateway.request('chat.history', () => gateway.asked('chat.history') === 2);
  await chat.send('second');
  await chat.waitForAnswer('echo: second');
  late.open();
  await chat.send('third');
  await chat.waitForAnswer('echo: third');
  assert.deepEqual(await chat.questions.locator('p').allInnerTexts(), ['first', 'second', 'third']);
  assert.equal(await chat.answers.count(), 3);
});

// parity: 1.3-webchat, 1.5-stop
journey('stop words reach the gateway at once', {}, async ({ gateway, chat }) => {
  gateway.scenario = (run) => run.say('Going on and on');
  await chat.send('Go');
  await chat.waitForText('Going on and on');
  await chat.send('stop');
  await gateway.request('chat.send', (params) => params.message === 'stop');
  await chat.answers.first().getByText('Stopped.').waitFor();
  await chat.stopButton.waitFor({ state: 'detached' });
});

journey('the page also works on plain http in a home network', { signIn: false }, async ({ gateway, chat }) => {
  await chat.page.addInitScript(() => {
    delete Crypto.prototype.randomUUID;
    delete Navigator.prototype.clipboard;
  });
  await chat.openAndWait(gateway.loginLink());
  await chat.newSession();
  await chat.send('hello');
  await chat.waitForAnswer('echo: hello');
});
