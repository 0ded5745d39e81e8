// The 35 cases, the same for every messenger: the real binary, the channel's peer on loopback, a scripted model. README.md says how.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { Model } from "../journeys/lib/model.mjs";
import { Bench } from "./lib/bench.mjs";
import { allCases, notBuilt } from "./lib/cases.mjs";
import { allDrivers } from "./lib/drivers.mjs";
import { record } from "./lib/results.mjs";

const wanted = process.env.OPENCLAW_CASES?.split(",").map(Number);
const chosen = (await allCases()).filter((one) => !wanted || wanted.includes(one.number));

let model;
before(async () => {
  model = await Model.start(["--keep", "20000"]);
});
after(() => model?.stop());

function suite(Driver, unavailable) {
  // The benches of this channel by the name of their setup; a failed case takes its bench with it.
  const benches = new Map();
  const shared = async ({ setup, name }) => {
    if (!benches.has(name)) benches.set(name, await Bench.open(Driver, model, setup));
    return benches.get(name);
  };
  const close = async () => {
    for (const bench of benches.values()) await bench.close();
    benches.clear();
  };
  after(close);

  for (const one of chosen) {
    const label = `${Driver.channel} ${String(one.number).padStart(2, "0")} ${one.what}`;
    test(label, { timeout: 120000 }, async (context) => {
      if (unavailable) {
        record(Driver.channel, { [one.number]: "skipped" });
        return context.skip(unavailable);
      }
      const none = Driver.none?.[one.number];
      const missing = notBuilt[Driver.channel]?.[one.number];
      const own = [];
      const open = async (setup) => {
        const bench = await Bench.open(Driver, model, setup);
        own.push(bench);
        return bench;
      };
      let cell = none ? "platform has none" : Driver.recorded ? "recorded shapes only" : "pass";
      try {
        if (none) assert.ok(one.instead, `case ${one.number} allows no exception, and ${Driver.channel} says: ${none}`);
        const run = none ? one.instead : one.run;
        // A case that starts its own gateways takes `open`; the others share one.
        const bench = one.alone ? undefined : await shared(one.on ?? { name: "plain" });
        await run({ Driver, model, bench, driver: bench?.driver, open, why: none });
      } catch (error) {
        await close();
        cell = missing ? "not built" : "fail";
        if (!missing) throw error;
        return context.diagnostic(`not built: ${missing}`);
      } finally {
        for (const bench of own) await bench.close();
        record(Driver.channel, { [one.number]: cell });
      }
      if (missing) {
        record(Driver.channel, { [one.number]: "fail" });
        assert.fail(`it holds by now: take ${Driver.channel} ${one.number} out of tests/channels/not_built.json`);
      }
    });
  }
}

// Two channels at a time: there are two cores, and most of a case is waiting.
describe("every messenger", { concurrency: 2 }, async () => {
  for (const Driver of await allDrivers()) {
    const unavailable = await Driver.unavailable?.();
    describe(Driver.channel, { concurrency: 1 }, () => suite(Driver, unavailable));
  }
});
