// The disk fails at every place where the gateway writes: once with an input/output error, and from there on as a full disk
// until it is healed. What was acknowledged has exactly one outcome, nothing runs twice, the gateway says what is wrong, and it
// goes on by itself when the disk is well again.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { RequestFailed, textOf } from "./lib/client.mjs";
import { FaultyDisk } from "./lib/faulty_disk.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { isSettled, outcomeOf } from "./lib/outcomes.mjs";
import { until } from "./lib/waiting.mjs";

// Every place in the long lane; each fifth, with another beginning every day, where time is short.
const stride = Number(process.env.OPENCLAW_FAULT_STRIDE ?? 5);
const offset = Number(process.env.OPENCLAW_FAULT_OFFSET ?? Math.floor(Date.now() / 86_400_000)) % stride;
const places = (count) => Array.from({ length: count }, (_, index) => index + 1).filter((place) => place % stride === offset);
const aboutTheDisk = /disk|space|input\/output error/i;

let model;
before(async () => (model = await Model.start()));
after(() => model?.stop());

async function startOn(disk) {
  const gateway = new Gateway({
    modelUrl: model.url,
    tools: { exec: { security: "full", ask: "always" } },
    env: (folder) => disk.environment(folder),
  });
  await gateway.start();
  return gateway;
}

const sessionOf = (mark) => `agent:main:${mark}`;

/** A command that a person allows, a file, words: one of each kind of write. */
function turnOf(mark) {
  const steps = [
    { tool: "exec", args: { command: `echo ${mark} >> traces.txt` } },
    { tool: "write", args: { path: `${mark}.txt`, content: mark } },
    `This was ${mark}.`,
  ];
  return script(steps, mark);
}

/** Allows what is asked; an answer that the disk refuses is given again when it is well. */
function allowEverything(client, disk) {
  client.allow = async (id) => {
    const allow = () => client.request("exec.approval.resolve", { id, decision: "allow-once" });
    await allow().catch((error) => {
      assert.match(error.message, aboutTheDisk);
      disk.heal();
      return allow();
    });
  };
}

/** Sends one message on a disk that breaks. Resolves with whether it was acknowledged, when its run has ended or was refused. */
async function goThrough(gateway, disk, mark) {
  const client = await gateway.client({
    onEvent: ({ event, payload }) => event === "exec.approval.requested" && client.allow(payload.id).catch((error) => (client.problem = error)),
  });
  allowEverything(client, disk);
  try {
    await client.send(sessionOf(mark), turnOf(mark), { idempotencyKey: mark });
  } catch (error) {
    assert.ok(error instanceof RequestFailed, `${error}`);
    assert.match(error.message, aboutTheDisk, "the refusal names the disk");
    await client.close();
    return false;
  }
  const end = await client.outcome(mark, 30000);
  if (end.state === "error") assert.match(`${end.errorMessage}`, aboutTheDisk, "the failure names the disk");
  assert.ifError(client.problem);
  await client.close();
  return true;
}

async function assertOneOutcome(gateway, client, mark, acknowledged) {
  let outcome;
  const look = async () => (outcome = outcomeOf(mark, await client.history(sessionOf(mark)).catch(() => [])));
  if (acknowledged) await until(async () => isSettled(await look()), `an outcome of ${mark}`, { describe: () => gateway.output });
  else await look();
  assert.deepEqual(outcome.odd, []);
  assert.equal(outcome.asked, acknowledged ? 1 : outcome.asked);
  assert.ok(outcome.asked <= 1, `${mark} stands ${outcome.asked} times in the history`);
  assert.equal(outcome.answers.length + outcome.failures.length, outcome.asked, `outcomes of ${mark}`);
}

function assertNothingRanTwice(gateway) {
  const file = gateway.file("traces.txt");
  const traces = fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim().split("\n") : [];
  assert.deepEqual(traces, [...new Set(traces)], "a command ran twice");
  return traces.length;
}

/** The files that other programs read follow as soon as they can, and the log has whole lines only. */
async function assertFilesAreWhole(gateway, client, marks) {
  const folder = path.join(gateway.stateDir, "agents/main/sessions");
  const { sessions } = await client.request("sessions.list", { limit: 1000 });
  for (const mark of marks) {
    const row = sessions.find(({ key }) => key === sessionOf(mark));
    if (!row) continue;
    const wanted = (await client.history(sessionOf(mark))).length;
    const lines = () => {
      const text = fs.existsSync(path.join(folder, `${row.sessionId}.jsonl`)) ? fs.readFileSync(path.join(folder, `${row.sessionId}.jsonl`), "utf8") : "";
      return text.split("\n").filter((line) => line.includes('"type":"message"')).length;
    };
    await until(() => lines() >= wanted, `the transcript file of ${mark}: ${lines()} of ${wanted} messages`);
  }
  const log = fs.readFileSync(path.join(gateway.stateDir, "logs/openclaw.log"), "utf8").trim().split("\n");
  for (const line of log) assert.doesNotThrow(() => JSON.parse(line), `a torn line in the log: ${line.slice(0, 200)}`);
}

for (const [name, error, count] of [["fails once", "EIO", 1], ["is full from then on", "ENOSPC", undefined]]) {
  test(`a disk that ${name}, at every ${stride}th write of a turn`, async (context) => {
    const disk = new FaultyDisk();
    const gateway = await startOn(disk);
    context.after(async () => {
      disk.heal();
      await gateway.discard();
      disk.discard();
    });
    const before = disk.calls;
    assert.equal(await goThrough(gateway, disk, "whole"), true);
    const all = disk.calls - before;
    context.diagnostic(`${all} writes in a turn`);
    assert.ok(all > 10, `only ${all} writes were seen: the library is not at work`);
    const marks = new Map([["whole", true]]);
    for (const place of places(all)) {
      const mark = `at-${place}`;
      disk.breakAfter(place, error, count);
      marks.set(mark, await goThrough(gateway, disk, mark));
      disk.heal();
      // Without a restart the same gateway takes the next message, of this session too.
      const client = await gateway.client();
      await assertOneOutcome(gateway, client, mark, marks.get(mark));
      const runId = await client.send(sessionOf(mark), "and now?");
      assert.equal((await client.outcome(runId)).state, "final");
      await client.close();
    }
    assert.ok(disk.failed > 0, "nothing was broken");
    const client = await gateway.client();
    await assertFilesAreWhole(gateway, client, marks.keys());
    await client.close();
    await gateway.kill();
    await gateway.restart();
    const later = await gateway.client();
    for (const [mark, acknowledged] of marks) await assertOneOutcome(gateway, later, mark, acknowledged);
    assert.ok(assertNothingRanTwice(gateway) >= 1);
    assert.deepEqual(await model.refusals(), [], "the model was given a transcript that no vendor would take");
  });
}

test(`a kill while the disk is broken, at every ${stride * 2}th write of a turn`, async (context) => {
  const disk = new FaultyDisk();
  const gateway = await startOn(disk);
  context.after(async () => {
    disk.heal();
    await gateway.discard();
    disk.discard();
  });
  const before = disk.calls;
  await goThrough(gateway, disk, "whole");
  const marks = new Map();
  for (const place of places(disk.calls - before).filter((_, index) => index % 2 === 0)) {
    const mark = `killed-at-${place}`;
    disk.breakAfter(place, "ENOSPC");
    marks.set(mark, await goThrough(gateway, disk, mark));
    await gateway.kill();
    disk.heal();
    await gateway.restart();
    const client = await gateway.client();
    await assertOneOutcome(gateway, client, mark, marks.get(mark));
    await client.close();
  }
  assertNothingRanTwice(gateway);
});

test(`a disk that fails at every ${stride}th write of a start: it refuses in words or it starts, and starts when the disk is well`, async (context) => {
  const disk = new FaultyDisk();
  const first = await startOn(disk);
  const all = disk.calls;
  await first.discard();
  for (const [error, count] of [["EIO", 1], ["ENOSPC", undefined]]) {
    for (const place of places(all)) {
      const gateway = new Gateway({ modelUrl: model.url, env: (folder) => disk.environment(folder) });
      context.after(() => gateway.discard().catch(() => {}));
      disk.breakAfter(place, error, count);
      const started = await gateway.start().then(
        () => true,
        (refused) => {
          assert.match(refused.message, /exit code [1-9]/, `${error} at ${place}`);
          assert.match(refused.message.replace(/.*standard error/s, ""), aboutTheDisk, `${error} at ${place}: ${refused.message}`);
          return false;
        },
      );
      disk.heal();
      if (!started) await gateway.start();
      const client = await gateway.client();
      const final = await client.outcome(await client.send("agent:main:main", "hello"));
      assert.equal(final.state, "final", textOf(final.message));
      await gateway.discard();
    }
  }
  disk.discard();
});
