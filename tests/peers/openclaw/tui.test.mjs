// The unmodified terminal interface of OpenClaw 2026.1.30, in a terminal.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { environment, openclaw } from "./lib/clients.mjs";
import { onLoopbackOnly } from "./lib/loopback_only.mjs";
import { Setting } from "./lib/setting.mjs";
import { Terminal } from "./lib/terminal.mjs";

onLoopbackOnly("2026.1.30");

let setting;
let terminal;
before(async () => {
  setting = await Setting.start();
  const client = await setting.gateway.client();
  await client.outcome(await client.send("agent:main:main", "said before"));
  await client.close();
  const { node, script } = openclaw("2026.1.30");
  const env = environment({ ...setting.beside, more: { TERM: "xterm-256color" } });
  terminal = new Terminal([node, script, "tui"], { cwd: setting.home, env });
});
after(async () => {
  terminal?.close();
  await setting.stop();
});

function say(text) {
  terminal.type(text);
  terminal.press("Enter");
}

test("a conversation: history, a streamed answer, /status, and ESC stops a run", async () => {
  const begun = await terminal.shows(/connected \| idle/, 60000);
  assert.match(begun, /echo: said before/, "the history is shown");

  say("LONG:30 HOLD:5:door");
  const half = await terminal.shows(/ w0 w1 w2 w3\b/);
  assert.doesNotMatch(half, / w29\b/, "the answer is shown while it comes");
  await setting.model.release("door");
  await terminal.shows(/ w29[^]*connected \| idle/);

  say("what is two and two");
  await terminal.shows(/echo: what is two and two/);

  say("/status");
  await terminal.shows(/Gateway status[^]*Default model: fake-1[^]*agent:main:main \[direct\]/);

  say("HOLD:1:never LONG:50");
  await terminal.shows(/\n w0\s*\n[^]*• \d+s \| connected/);
  terminal.press("Escape");
  await terminal.shows(/run aborted[^]*connected \| aborted/);
  const history = await (await setting.gateway.client()).history("agent:main:main");
  assert.equal(history.at(-1).stopReason, "aborted");
  assert.doesNotMatch(terminal.screen, /unknown method|missing scope|disconnected/);
});
