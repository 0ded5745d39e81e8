import assert from 'node:assert/strict';
import { journey } from './journey.mjs';

const hostile = `<script>window.hacked = 'script'</script>
<img src=x onerror="window.hacked = 'image'">
<a href="javascript:window.hacked = 'html link'">html link</a>
<iframe src="https://example.org"></iframe><style>body { display: none }</style>

[click me](javascript:window.hacked='link') [data](data:text/html,<script>window.hacked='data'</script>)
[entity](&#106;avascript:window.hacked='entity') [tab](java\tscript:window.hacked='tab')
[vb](vbscript:msgbox) [relative](/api/login) [file](file:///etc/passwd)

![beacon](https://example.org/beacon.png "onmouseover=window.hacked") ![inline](javascript:window.hacked='image')
<svg onload="window.hacked='svg'"> &lt;/textarea&gt;&lt;script&gt;window.hacked='textarea'&lt;/script&gt;

[good](https://example.org/page) <https://example.org/auto> **\\<b\\>**`;

async function assertHarmless(chat, place) {
  await place.getByText('click me').waitFor();
  assert.equal(await chat.page.evaluate(() => window.hacked), undefined);
  assert.equal(await place.locator('script, img, iframe, style, object, svg[onload]').count(), 0, 'no markup from the text');
  const links = await place.locator('.markdown a').evaluateAll((all) => all.map((link) => ({ href: link.getAttribute('href'), rel: link.rel, target: link.target })));
  assert.deepEqual([...new Set(links.map((link) => new URL(link.href).protocol))], ['https:']);
  assert.ok(links.every((link) => link.rel === 'noopener noreferrer' && link.target === '_blank'));
  await place.getByRole('link', { name: 'Image: beacon' }).waitFor();
  await place.getByText('click me').click();
  assert.equal(await chat.page.evaluate(() => window.hacked), undefined);
}

journey('hostile markdown in an answer is harmless, streamed and stored', {}, async ({ gateway, chat }) => {
  gateway.scenario = (run) => {
    for (const character of hostile) run.say(character);
    run.finish();
  };
  await chat.send('Be evil');
  await chat.waitForAnswer('click me');
  await assertHarmless(chat, chat.lastAnswer);
  await chat.page.reload();
  await chat.waitForAnswer('click me');
  await assertHarmless(chat, chat.lastAnswer);
});

journey('hostile text everywhere else is shown as text', {}, async ({ gateway, chat }) => {
  const evil = '<img src=x onerror="window.hacked=1">';
  gateway.session('agent:main:web-evil', { label: evil, lastMessagePreview: evil }, [{ role: 'user', content: evil, timestamp: 1, id: 'x' }]);
  gateway.broadcast('sessions.changed', { key: 'agent:main:web-evil', reason: 'label' });
  gateway.scenario = async (run) => {
    run.think(evil);
    run.toolStart('call_1', evil, { [evil]: evil });
    run.toolResult(evil, { isError: true });
    await run.approval({ command: evil, cwd: evil, reason: evil });
    run.fail(evil, evil);
  };
  await chat.sessions.getByText(evil).first().waitFor();
  await chat.send(evil);
  await chat.approve();
  await chat.lastAnswer.getByRole('alert').getByText(evil).first().waitFor();
  await chat.lastAnswer.getByRole('button', { name: 'Thoughts' }).click();
  assert.equal(await chat.page.locator('img').count(), 0);
  assert.equal(await chat.page.evaluate(() => window.hacked), undefined);
});

journey('malformed events and messages do not break the page', {}, async ({ gateway, chat }) => {
  for (const payload of [undefined, {}, { runId: null, sessionKey: null, state: 'delta' }, { runId: 'a', sessionKey: 'agent:main:main', state: 'delta', message: { content: [null, { type: 'text' }, { type: 'text', text: 7 }] } }]) {
    gateway.broadcast('chat', payload);
    gateway.broadcast('agent', payload);
    gateway.broadcast('exec.approval.requested', payload);
    gateway.broadcast('exec.approval.resolved', payload);
    gateway.broadcast('models.status', payload);
    gateway.broadcast('sessions.changed', payload);
    gateway.broadcast('no.such.event', payload);
  }
  gateway.broadcast('chat', { runId: 'a', sessionKey: 'agent:main:main', state: 'final' });
  await chat.send('Still fine?');
  await chat.waitForAnswer('echo: Still fine?');
});

journey('a gateway that knows fewer methods still serves a conversation', {
  prepare(gateway) {
    for (const method of ['models.status', 'models.list', 'agent.identity.get', 'exec.approval.list', 'sessions.list']) {
      gateway.answer(method, () => {
        throw { code: 'INVALID_REQUEST', message: `unknown method: ${method}` };
      });
    }
  },
}, async ({ chat }) => {
  await chat.waitForText('What can Assistant do for you?');
  await chat.send('Hello');
  await chat.lastAnswer.getByText('echo: Hello').waitFor();
});
