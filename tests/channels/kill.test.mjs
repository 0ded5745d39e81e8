// The worst moments: kill -9 of the gateway, a broken connection, a peer that stalls, at random (seeded) moments while people write. Each
// message has one answer or a visible failure that can be retried; where the platform knows our keys, exactly one answer after faults.
//   OPENCLAW_KILLS=100 for more (5 a channel), OPENCLAW_SEED=N repeats a run, OPENCLAW_CHANNEL=a,b restricts
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Model } from "../journeys/lib/model.mjs";
import { chooseSeed, seededRandom } from "../journeys/lib/random.mjs";
import { until } from "../journeys/lib/waiting.mjs";
import { Bench } from "./lib/bench.mjs";
import { availableDrivers } from "./lib/drivers.mjs";

const rounds = Number(process.env.OPENCLAW_KILLS ?? 5);
const ada = { person: "ada" };
const notice = /⚙️/u;
const pause = (milliseconds) => new Promise((resolve) => setTimeout(resolve, milliseconds));

let model;
before(async () => {
  model = await Model.start(["--keep", "20000"]);
});
after(() => model?.stop());

/** What is done to the gateway or its connection; "kill" says whether the gateway must be started again. */
const blows = {
  kill: { kill: true, async strike() {} },
  // Long enough for the answer to be on its way: a stall that nothing met would hold up what comes after the start for its whole timeout.
  "kill while the peer stalls": { kill: true, after: 300, strike: (driver) => driver.fault({ what: "stall" }) },
  "kill after a lost answer": { kill: true, strike: (driver) => driver.fault({ what: "lost-answer" }) },
  "broken connection": { strike: (driver) => driver.drop() },
  "lost answer": { strike: (driver) => driver.fault({ what: "lost-answer" }) },
  "server error": { strike: (driver) => driver.fault({ what: "server-error", times: 2 }) },
};

async function round(bench, Driver, below, number) {
  const names = Object.keys(blows).filter((name) => name !== "broken connection" || !Driver.none?.[25]);
  const name = names[number < names.length ? number : below(names.length)];
  const blow = blows[name];
  const notices = bench.sent(ada, notice).length;
  const text = blow.after || below(2) ? "quickly" : `slowly SLEEP:${below(250)}`;
  const struck = pause(blow.after ? 0 : below(120)).then(async () => {
    await blow.strike(bench.driver);
    if (!blow.kill) return;
    await pause((blow.after ?? 0) + below(200));
    await bench.gateway.kill();
  });
  const asking = bench.ask({ text });
  await struck;
  if (blow.kill) await bench.restart();
  const { mark: own } = await asking;
  const copies = () => bench.sent(ada, own).length;
  const told = () => bench.sent(ada, notice).length - notices;
  const where = `round ${number} (${name})`;
  await until(() => copies() + told() > 0, `an answer or a notice, ${where}`, { milliseconds: 45000, describe: () => bench.gateway.output.slice(-1500) });
  // A blow that hit nothing yet hits this one; it must come to something all the same.
  const probe = await bench.ask({ text: "and now?" });
  await until(() => bench.sent(ada, probe.mark).length > 0 || told() > 0, `something after ${where}`, { milliseconds: 45000 });
  if (Driver.idempotent && bench.sent(ada, probe.mark).length === 0)
    await until(() => bench.sent(ada, probe.mark).length > 0, `the answer after ${where}`, { milliseconds: 45000 });
  return { name, copies: copies(), told: told(), killed: blow.kill === true, probes: bench.sent(ada, probe.mark).length };
}

describe("the worst moments", { concurrency: 2 }, async () => {
  for (const Driver of await availableDrivers()) {
    test(`${Driver.channel}: after ${rounds} blows each message has one answer or a visible failure`, { timeout: 60000 + rounds * 20000 }, async (context) => {
      const seed = chooseSeed();
      context.diagnostic(`OPENCLAW_SEED=${seed}`);
      const below = seededRandom(seed);
      const bench = await Bench.open(Driver, model);
      try {
        await bench.settled();
        const tally = {};
        for (let number = 0; number < rounds; ++number) {
          const one = await round(bench, Driver, below, number);
          const said = `${JSON.stringify(one)} in round ${number}, OPENCLAW_SEED=${seed}`;
          assert.ok(one.copies <= 1 && one.probes <= 1, `twice: ${said}`);
          assert.ok(one.copies + one.told >= 1, `lost: ${said}`);
          // Without a kill nothing of ours is in doubt, and a platform that knows our keys leaves no doubt either.
          if (Driver.idempotent && !one.killed) assert.equal(one.copies, 1, said);
          const outcome = `${one.name}: ${one.copies ? "answered" : "told"}`;
          tally[outcome] = (tally[outcome] ?? 0) + 1;
        }
        context.diagnostic(JSON.stringify(tally));
      } finally {
        await bench.close();
      }
    });
  }
});
