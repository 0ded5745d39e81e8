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
  await terminal.shows(/streaming/);
  await terminal.shows(/word|token|lorem/i);
  await setting.model.release("door");
  await terminal.shows(/connected \| idle/);

  say("what is two and two");
  await terminal.shows(/echo: what is two and two/);

  say("/status");
  const status = await terminal.shows(/Gateway status/);
  assert.match(status, /Sessions?.*1|agent:main:main/);

  say("HOLD:1:never LONG:50");
  await terminal.shows(/streaming|running/);
  terminal.press("Escape");
  await terminal.shows(/aborted/);
  const history = await (await setting.gateway.client()).history("agent:main:main");
  assert.equal(history.at(-1).stopReason ?? "aborted", "aborted");
  assert.doesNotMatch(terminal.screen, /unknown method|missing scope|disconnected/);
});
