// The unmodified terminal interfaces of OpenClaw, in a terminal.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { gatewayToken } from "../../journeys/lib/config.mjs";
import { environment, openclaw } from "./lib/clients.mjs";
import { onLoopbackOnly } from "./lib/loopback_only.mjs";
import { Setting } from "./lib/setting.mjs";
import { Terminal } from "./lib/terminal.mjs";

onLoopbackOnly("2026.1.30", "2026.9.6");

let setting;
let terminal;
before(async () => {
  setting = await Setting.start();
  const client = await setting.gateway.client();
  await client.outcome(await client.send("agent:main:main", "said before"));
  await client.close();
});
afterEach(() => terminal?.close());
after(() => setting.stop());

function open(version, options) {
  const { node, script } = openclaw(version);
  const env = environment({ ...options, more: { TERM: "xterm-256color", NODE_DISABLE_COMPILE_CACHE: "1" } });
  terminal = new Terminal([node, script, "tui"], { cwd: setting.home, env });
}

async function say(text) {
  terminal.type(text);
  await terminal.shows(new RegExp(text.split(" ").at(-1)));
  terminal.press("Enter");
}

// parity: 1.12-tui
test("2026.1.30: history, a streamed answer, /status, and ESC stops a run", async () => {
  open("2026.1.30", setting.beside);
  const begun = await terminal.shows(/connected \| idle/, 60000);
  assert.match(begun, /echo: said before/, "the history is shown");

  await say("LONG:30 HOLD:5:door");
  const half = await terminal.shows(/ w0 w1 w2 w3\b/);
  assert.doesNotMatch(half, / w29\b/, "the answer is shown while it comes");
  await setting.model.release("door");
  await terminal.shows(/ w29[^]*connected \| idle/);

  await say("what is two and two");
  await terminal.shows(/echo: what is two and two/);

  await say("/status");
  await terminal.shows(/Gateway status[^]*Default model: fake-1[^]*agent:main:main \[direct\]/);

  await say("HOLD:1:never LONG:50");
  await terminal.shows(/\n w0\s*\n[^]*• \d+s \| connected/);
  terminal.press("Escape");
  await terminal.shows(/run aborted[^]*connected \| aborted/);
  const client = await setting.gateway.client();
  assert.equal((await client.history("agent:main:main")).at(-1).stopReason, "aborted");
  await client.close();
  assert.doesNotMatch(terminal.screen, /unknown method|missing scope|disconnected/);
});

const count = (text) => terminal.screen.split(text).length - 1;

// parity: 1.12-tui
test("2026.9.6: history and an answer over protocol 4, and what another client says and hears", async () => {
  open("2026.9.6", setting.apart({ gateway: { mode: "local", auth: { mode: "token", token: gatewayToken } } }));
  const begun = await terminal.shows(/gateway connected \| idle/, 60000);
  assert.match(begun, /echo: said before/, "the history is shown");
  await say("and now three and three");
  await terminal.shows(/echo: and now three and three[^]*connected \| idle/);
  assert.equal(count("and now three and three"), 2, "what was said stands there once, and once in the answer");

  const client = await setting.gateway.client();
  await client.outcome(await client.send("agent:main:main", "a word from elsewhere"));
  await client.close();
  await terminal.shows(/echo: a word from elsewhere/);
  assert.equal(count("a word from elsewhere"), 2, "question and answer of the other client");
  assert.doesNotMatch(terminal.screen, /unknown method|missing scope|disconnected|failed/);
});
