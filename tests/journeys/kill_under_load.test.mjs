// Nothing is lost under load either: several sessions stream, call tools and ask for approvals at the same time, and the gateway is
// killed at a moment that is drawn by lot from all that happens in all of them.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test } from "node:test";
import { RequestFailed } from "./lib/client.mjs";
import { makeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { isSettled, outcomeOf } from "./lib/outcomes.mjs";
import { chooseSeed, seededRandom } from "./lib/random.mjs";
import { until } from "./lib/waiting.mjs";

const rounds = Number(process.env.OPENCLAW_LOAD_KILLS ?? 6);
const sessions = 6;
const roundsPerSession = 10; // then new sessions, so that histories stay short
const seed = chooseSeed();
const below = seededRandom(seed);

let model;
let gateway;

before(async () => {
  model = await Model.start();
  const config = makeConfig({ modelUrl: model.url, tools: { exec: { security: "full", ask: "always" } } });
  config.budget = { perDayUsd: 1000 };
  gateway = await Gateway.start({ config });
});
after(async () => {
  await gateway?.discard();
  await model?.stop();
});

function turnOf(mark) {
  const trace = (step) => ({ tool: "exec", args: { command: `echo ${mark}-${step} >> traces.txt` } });
  return script(
    [
      { text: "First I leave a trace, with many words before it.", pauseMs: 2, tools: [trace("a")] },
      { text: "A file.", tools: [{ tool: "write", args: { path: `${mark}.txt`, content: mark } }, { tool: "read", args: { path: `${mark}.txt` } }] },
      { text: "Another trace.", pauseMs: 2, tools: [trace("b")] },
      { text: `This was ${mark}, and it is done, word by word by word.`, pauseMs: 2 },
    ],
    mark,
  );
}

/** Sends one message in each session at once and kills after `count` events of all of them. Resolves with the marks that were acknowledged. */
async function loadAndKill(round, count) {
  let seen = 0;
  let reached;
  const moment = new Promise((resolve) => (reached = resolve));
  let ended = 0;
  const client = await gateway.client({
    keepEvents: false,
    onEvent: ({ event, payload }) => {
      if (event === "exec.approval.requested") client.request("exec.approval.resolve", { id: payload.id, decision: "allow-once" }).catch(() => {});
      if (event === "chat" && ["final", "error"].includes(payload.state)) ended++;
      if (++seen >= count || ended === sessions) reached();
    },
  });
  const acknowledged = new Set();
  const sent = Array.from({ length: sessions }, async (_, index) => {
    const mark = markOf(round, index);
    try {
      const answer = await client.request("chat.send", { sessionKey: sessionOf(round, index), message: turnOf(mark), idempotencyKey: mark });
      if (answer.status === "started") acknowledged.add(mark);
    } catch (error) {
      if (error instanceof RequestFailed) throw error;
    }
  });
  await moment;
  await gateway.kill();
  await client.closed;
  await Promise.all(sent);
  return acknowledged;
}

const markOf = (round, index) => `load-${round}-${index}-of-${seed}`;
const sessionOf = (round, index) => `agent:main:load-${Math.floor((round - 1) / roundsPerSession)}-${index}`;

function traces() {
  const file = gateway.file("traces.txt");
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim().split("\n") : [];
}

function problemsOf(mark, acknowledged, { asked, answers, failures, odd }) {
  const problems = [];
  if (odd.length > 0) problems.push(`${mark}: an outcome that is neither an answer nor a retryable failure`);
  if (acknowledged ? asked !== 1 : asked > 1) problems.push(`${mark}: stands ${asked} times in the history`);
  if (answers.length + failures.length !== asked) problems.push(`${mark}: ${answers.length} answers and ${failures.length} failures`);
  return problems;
}

test(`${rounds} kills under load lose nothing and repeat nothing (seed ${seed})`, async (context) => {
  const totals = { acknowledged: 0, answers: 0, failures: 0, refused: 0 };
  for (let round = 1; round <= rounds; round++) {
    const acknowledged = await loadAndKill(round, 1 + below(700));
    await gateway.restart();
    const client = await gateway.client();
    // What had been accepted and not begun runs now, and may ask again.
    const allow = async () => {
      const { approvals = [] } = await client.request("exec.approval.list", {}).catch(() => ({}));
      for (const { id } of approvals) await client.request("exec.approval.resolve", { id, decision: "allow-once" }).catch(() => {});
    };
    for (let index = 0; index < sessions; index++) {
      const mark = markOf(round, index);
      let outcome;
      const settled = async () => {
        outcome = outcomeOf(mark, await client.history(sessionOf(round, index)).catch(() => []));
        if (outcome.asked > 0 ? isSettled(outcome) : !acknowledged.has(mark)) return true;
        await allow();
        return false;
      };
      await until(settled, `an outcome of ${mark}`, { milliseconds: 30000, describe: () => gateway.output });
      assert.deepEqual(problemsOf(mark, acknowledged.has(mark), outcome), []);
      totals.acknowledged += acknowledged.has(mark);
      totals.answers += outcome.answers.length;
      totals.failures += outcome.failures.length;
    }
    await client.close();
  }
  const ran = traces();
  assert.deepEqual(ran, [...new Set(ran)], "a command ran twice");
  // And still so at the end.
  const client = await gateway.client();
  for (let round = 1; round <= rounds; round++)
    for (let index = 0; index < sessions; index++) {
      const outcome = outcomeOf(markOf(round, index), await client.history(sessionOf(round, index)).catch(() => []));
      assert.deepEqual(problemsOf(markOf(round, index), false, outcome), []);
    }
  assert.equal((await client.outcome(await client.send("agent:main:main", "still there?"))).state, "final");
  assert.deepEqual(await model.refusals(), [], "the model was given a transcript that no vendor would take");
  assert.ok(totals.acknowledged >= rounds, `only ${totals.acknowledged} messages were acknowledged: this proves little`);
  context.diagnostic(`${rounds} kills: ${totals.acknowledged} messages acknowledged, ${totals.answers} answered, ${totals.failures} failed visibly, ${ran.length} commands ran, none twice`);
});
