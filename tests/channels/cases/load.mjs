// 35: many chats at once.
import assert from "node:assert/strict";
import { until } from "../../journeys/lib/waiting.mjs";
import { mark } from "../lib/bench.mjs";

const chats = 100;
const each = 3;
const mostKilobytes = 60 * 1024;

export default [
  {
    number: 35,
    // parity: 1.5-dm-scope
    what: "a hundred chats at once: each is answered in its order, in bounded memory",
    alone: true,
    async run({ open }) {
      const bench = await open({
        settings: () => ({ dmPolicy: "open", allowFrom: ["*"] }),
        config: { session: { dmScope: "per-channel-peer" } },
      });
      const own = mark();
      const people = Array.from({ length: chats }, (_, number) => bench.driver.person(number));
      const saying = [];
      for (let turn = 0; turn < each; ++turn) {
        for (const from of people) saying.push(bench.say({ from, text: `${own} ${from} turn ${turn}.` }));
        await Promise.all(saying.splice(0));
      }
      const got = (person) => bench.sent({ person }, own).map((message) => Number(/turn (\d+)\./.exec(message.text)[1]));
      await until(() => people.every((person) => got(person).length >= each), "every chat to be answered", {
        milliseconds: 60000,
        everyMs: 200,
        describe: () => `; ${people.filter((person) => got(person).length < each).length} chats are not`,
      });
      const wrong = people.filter((person) => got(person).join() !== [...Array(each).keys()].join());
      assert.deepEqual(wrong.map((person) => [person, got(person)]), []);
      const memory = bench.memoryKilobytes();
      assert.ok(memory <= mostKilobytes, `${memory} KB`);
    },
  },
];
