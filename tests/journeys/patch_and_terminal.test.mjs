// Patches, terminals and the rules about tools: a scripted model uses them through the real gateway.
import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { textOf } from "./lib/client.mjs";
import { Gateway, binary } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

let model;
let gateway;
let client;

before(async () => {
  model = await Model.start();
  gateway = await Gateway.start({
    modelUrl: model.url,
    tools: { exec: { security: "full", ask: "off", applyPatch: { enabled: true } } },
  });
  client = await gateway.client();
});
after(async () => {
  await gateway?.discard();
  await model?.stop();
});

const newSession = () => `agent:main:patch-${crypto.randomUUID()}`;

async function results(calls, { who = client, session = newSession() } = {}) {
  const runId = await who.send(session, script([...calls, "done"]));
  const outcome = await who.outcome(runId, 60000);
  assert.equal(outcome.state, "final", JSON.stringify(outcome));
  const history = await who.history(session);
  return history
    .filter((message) => message.role === "toolResult")
    .slice(-calls.length)
    .map((message) => ({ text: textOf(message), isError: message.isError ?? false, details: message.details }));
}

const patch = (...lines) => ({ tool: "apply_patch", args: { input: ["*** Begin Patch", ...lines, "*** End Patch"].join("\n") } });

// parity: 1.7-apply-patch
test("a patch changes several files, or none", async () => {
  fs.writeFileSync(gateway.file("a.txt"), "one\ntwo\nthree\n");
  fs.writeFileSync(gateway.file("gone.txt"), "x\n");
  const [done] = await results([
    patch("*** Update File: a.txt", "@@", " one", "-two", "+2", "*** Add File: deep/new.txt", "+hello", "*** Delete File: gone.txt"),
  ]);
  assert.equal(done.isError, false, done.text);
  assert.match(done.text, /^Success\. Updated the following files:\nM a\.txt\nA deep\/new\.txt\nD gone\.txt/);
  assert.deepEqual(done.details.summary, { added: ["deep/new.txt"], modified: ["a.txt"], deleted: ["gone.txt"] });
  assert.equal(fs.readFileSync(gateway.file("a.txt"), "utf8"), "one\n2\nthree\n");
  assert.equal(fs.readFileSync(gateway.file("deep/new.txt"), "utf8"), "hello\n");
  assert.ok(!fs.existsSync(gateway.file("gone.txt")));

  const [half] = await results([patch("*** Delete File: a.txt", "*** Update File: deep/new.txt", "@@", "-absent", "+x")]);
  assert.ok(half.isError);
  assert.match(half.text, /Line 4 of the patch: these lines are not in deep\/new\.txt/);
  assert.ok(fs.existsSync(gateway.file("a.txt")), "half of the patch was carried out");
  const [out] = await results([patch("*** Add File: ../planted.txt", "+x")]);
  assert.ok(out.isError);
  assert.ok(!fs.existsSync(path.join(path.dirname(gateway.file("a.txt")), "..", "planted.txt")));
});

test("a program on a terminal is typed at, and its end is told with the next message", async () => {
  const session = newSession();
  const command = "test -t 0 && stty size; read -r name; echo \"hello $name\"; exec cat";
  const [started] = await results([{ tool: "exec", args: { command, pty: true, background: true } }], { session });
  assert.equal(started.isError, false, started.text);
  const id = started.details.sessionId;
  const act = (action, more = {}) => ({ tool: "process", args: { action, sessionId: id, ...more } });
  // Input to a running program is asked for, whatever the rule about commands is.
  const answering = await gateway.client({
    onEvent: ({ event, payload }) => {
      if (event === "exec.approval.requested") answering.request("exec.approval.resolve", { id: payload.id, decision: "allow-once" });
    },
  });
  const [typed] = await results([act("submit", { data: "terminal" })], { session, who: answering });
  assert.equal(typed.isError, false, typed.text);
  await until(
    async () => {
      const [log] = await results([act("log")], { session });
      return /40 120[\s\S]*hello terminal/.test(log.text);
    },
    "the answer of the program on the terminal",
    { milliseconds: 15000, everyMs: 100 },
  );
  const [ended] = await results([act("send-keys", { keys: ["C-c"] })], { session, who: answering });
  assert.equal(ended.isError, false, ended.text);
  await until(
    async () => {
      const [poll] = await results([act("poll")], { session });
      return /ended with code 130/.test(poll.text);
    },
    "the end of the program on the terminal",
    { milliseconds: 15000, everyMs: 100 },
  );
  const requests = await model.requests({ text: `The background process ${id}` });
  assert.ok(requests.length > 0, "no request told of the end");
});

// parity: 1.7-policy
test("what a rule denies is not offered, is refused when called, and is explained with the setting and the command", async () => {
  const strict = await Gateway.start({
    modelUrl: model.url,
    tools: { profile: "coding", deny: ["exce", "group:runtime"], byProvider: { fake: { deny: ["edit"] } } },
  });
  try {
    const who = await strict.client();
    const session = newSession();
    const [refused, edited] = await results(
      [
        { tool: "exec", args: { command: "touch planted.txt" } },
        { tool: "edit", args: { path: "AGENTS.md", oldText: "a", newText: "b" } },
      ],
      { who, session },
    );
    assert.ok(refused.isError);
    assert.match(refused.text, /exec is not available here: tools\.deny names "group:runtime"/);
    assert.match(edited.text, /edit is not available here: tools\.byProvider\.fake\.deny names "edit"/);
    assert.ok(!fs.existsSync(strict.file("planted.txt")));
    const env = { PATH: process.env.PATH, HOME: path.join(strict.stateDir, "home"), OPENCLAW_STATE_DIR: strict.stateDir };
    const run = (...words) => promisify(execFile)(binary(), words, { env });
    const { stdout, stderr } = await run("tools", "explain", "exec");
    assert.match(stdout, /Not allowed\. tools\.deny names "group:runtime"\./);
    assert.match(stdout, /To allow it: openclaw config set tools\.deny '\["exce"\]'/);
    assert.match(stderr, /tools\.deny names "exce", and there is no such tool; did you mean "exec"\?/);
    const listed = JSON.parse((await run("tools", "list", "--json", "--provider", "fake")).stdout);
    const allowed = Object.fromEntries(listed.tools.map((tool) => [tool.name, tool.allowed]));
    assert.deepEqual([allowed.read, allowed.edit, allowed.exec, allowed.apply_patch, allowed.web_fetch], [true, false, false, false, false]);
    const sandbox = JSON.parse((await run("sandbox", "explain", "--json")).stdout);
    assert.equal(sandbox.usable, true, sandbox.explanation);
  } finally {
    await strict.discard();
  }
});
