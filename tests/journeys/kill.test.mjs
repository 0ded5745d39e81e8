// Nothing is lost: the gateway is killed in the middle of turns, at moments that are drawn by lot from what it was seen
// to do, and started again on the same state.
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, test } from "node:test";
import { RequestFailed } from "./lib/client.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { isSettled, outcomeOf } from "./lib/outcomes.mjs";
import { chooseSeed, seededRandom } from "./lib/random.mjs";
import { until } from "./lib/waiting.mjs";

const rounds = Number(process.env.OPENCLAW_KILLS ?? 20);
const session = "agent:main:killed";
const seed = chooseSeed();
const below = seededRandom(seed);

let model;
let gateway;

before(async () => {
  model = await Model.start();
  gateway = await Gateway.start({ modelUrl: model.url, tools: { exec: { security: "full", ask: "off" } } });
});
after(async () => {
  await gateway?.discard();
  await model?.stop();
});

/** Two commands that leave a trace each, a file, streamed text before and after: enough moments to die in. */
function turnOf(mark) {
  const trace = (step) => ({ tool: "exec", args: { command: `echo ${mark}-${step} >> traces.txt` } });
  return script(
    [
      { text: "First I leave a trace, slowly and with many words.", pauseMs: 3, tools: [trace("a")] },
      { tool: "write", args: { path: `${mark}.txt`, content: mark } },
      { text: "And another one, just as slowly.", pauseMs: 3, tools: [trace("b")] },
      { text: `This was ${mark}, and now it is done, word by word by word.`, pauseMs: 3 },
    ],
    mark,
  );
}

/**
 * When to die: of ten rounds one while the request is still on its way, one at the acknowledgement, one at the end of the
 * run, and seven at an event of the run that is drawn by lot.
 */
function drawMoment(round) {
  const kind = round % 10;
  if (kind === 3) return { name: "while the request is on its way", after: "write" };
  if (kind === 6) return { name: "at the acknowledgement", after: "acknowledgement" };
  if (kind === 9) return { name: "at the end of the run", after: "end" };
  const count = 1 + below(40);
  return { name: `at event ${count} of the run`, after: "event", count };
}

/** Resolves when the drawn moment has come, or when the run ended before it. */
function momentCame(client, runId, moment) {
  let seen = 0;
  const isIt = ({ event, payload }) => {
    if (payload?.runId !== runId) return false;
    if (event === "chat" && ["final", "error"].includes(payload.state)) return true;
    if (event === "agent" || event === "chat") seen++;
    return moment.after === "event" && seen >= moment.count;
  };
  return client.waitFor(isIt, moment.name, { milliseconds: 30000 });
}

/** Sends a message and kills the gateway at the moment. Resolves with whether the message was acknowledged. */
async function sendAndKill(mark, moment) {
  const client = await gateway.client();
  const params = { sessionKey: session, message: turnOf(mark), idempotencyKey: mark };
  const sent = client.request("chat.send", params);
  const answered = sent.then(
    (answer) => answer.status === "started",
    (error) => {
      if (error instanceof RequestFailed) throw error;
      return false;
    },
  );
  if (moment.after === "acknowledgement") await answered;
  if (moment.after === "event" || moment.after === "end") await momentCame(client, mark, moment);
  await gateway.kill();
  await client.closed;
  return answered;
}

async function outcomeAfterRestart(mark, acknowledged) {
  const client = await gateway.client();
  const look = async () => outcomeOf(mark, await client.history(session));
  let outcome = await look();
  if (acknowledged || outcome.asked > 0) {
    const settled = async () => isSettled((outcome = await look()));
    await until(settled, `an outcome of ${mark}`, { milliseconds: 30000, describe: () => gateway.output });
  }
  await client.close();
  return outcome;
}

function traces() {
  const file = gateway.file("traces.txt");
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim().split("\n") : [];
}

function assertNothingLostOrDoubled(mark, acknowledged, { asked, answers, failures, odd }) {
  assert.deepEqual(odd, [], "an outcome that is neither an answer nor a failure that can be retried");
  const outcomes = answers.length + failures.length;
  if (acknowledged) assert.equal(asked, 1, "the acknowledged message stands once in the history");
  else assert.ok(asked <= 1, "a message stands twice in the history");
  assert.equal(outcomes, asked, `${answers.length} answers and ${failures.length} failures for ${asked} messages`);
  for (const step of ["a", "b"]) {
    const times = traces().filter((line) => line === `${mark}-${step}`).length;
    assert.ok(times <= 1, `the command of step ${step} ran ${times} times`);
  }
}

test(`${rounds} kills in the middle of a turn lose nothing and repeat nothing (seed ${seed})`, async (context) => {
  const history = [];
  for (let round = 1; round <= rounds; round++) {
    const mark = `kill-${round}-of-${seed}`;
    const moment = drawMoment(round);
    await context.test(`killed ${moment.name} (round ${round})`, async () => {
      const acknowledged = await sendAndKill(mark, moment);
      await gateway.restart();
      const outcome = await outcomeAfterRestart(mark, acknowledged);
      history.push({ mark, acknowledged });
      assertNothingLostOrDoubled(mark, acknowledged, outcome);
    });
  }

  await context.test("all of it is still true at the end, and the session goes on", async () => {
    const client = await gateway.client();
    const runId = await client.send(session, "are you still there?");
    assert.equal((await client.outcome(runId)).state, "final");
    const messages = await client.history(session);
    for (const { mark, acknowledged } of history) {
      assertNothingLostOrDoubled(mark, acknowledged, outcomeOf(mark, messages));
    }
    const acknowledged = history.filter((each) => each.acknowledged).length;
    assert.ok(acknowledged >= rounds / 2, `only ${acknowledged} messages were acknowledged: this proves little`);
    assert.ok(traces().length >= rounds / 4, `only ${traces().length} commands ran: this proves little`);
    assert.deepEqual(await model.refusals(), [], "the model was given a transcript that no vendor would take");
  });
});
