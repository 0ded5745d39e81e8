// What an answer can look like; for people who work on the page, and for its pictures.

export const answer = `Here is what I found in the **three** log files:

| File | Errors | Last seen |
|:-----|------:|-----------|
| \`gateway.log\` | 12 | today, 08:14 |
| \`outbox.log\` | 0 | – |
| \`fleet.log\` | 3 | yesterday |

### What to do

1. Free some space: \`/var\` is at 97 %.
2. Restart the *outbox*, then look again:

\`\`\`sh
openclaw logs --since 1h --level error
df -h /var | tail -n 1
\`\`\`

- [x] Errors counted
- [ ] Space freed

> The twelve errors have the same cause: the disk is full.

More in [the manual](https://example.org/manual).`;

export async function demonstration(run) {
  run.think('The person wants to know why the gateway is slow. ');
  run.think('I should look at the logs first.');
  run.say('I will look at the logs.');
  run.toolStart('call_1', 'exec', { command: 'grep -c ERROR /var/log/openclaw/*.log', timeout: 20 });
  run.toolOutput('gateway.log:12\n');
  run.toolResult('gateway.log:12\noutbox.log:0\nfleet.log:3\n', { details: { status: 'completed', exitCode: 0, durationMs: 41 } });
  const decision = await run.approval({
    command: 'systemctl restart openclaw-outbox',
    argv: ['systemctl', 'restart', 'openclaw-outbox'],
    cwd: '/home/ada/workspace',
    resolvedPath: '/usr/bin/systemctl',
    reason: 'systemctl is not on the list of commands that run without asking.',
  });
  run.toolStart('call_2', 'exec', { command: 'systemctl restart openclaw-outbox' });
  if (decision === 'deny') run.toolResult('The person denied this command.', { isError: true });
  else run.toolResult('', { details: { status: 'completed', exitCode: 0, durationMs: 1_830 } });
  for (const word of answer.split(/(?<=\s)/)) run.say(word);
  run.finish();
}
