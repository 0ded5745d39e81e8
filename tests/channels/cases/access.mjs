// 28, 29, 32: who may talk to the agent.
import assert from "node:assert/strict";
import fs from "node:fs";
import { until } from "../../journeys/lib/waiting.mjs";
import { plainSettings } from "../lib/bench.mjs";

const ada = { person: "ada" };
const team = { room: "team" };

/** Which of these was answered, once what came after them was. */
async function answered(bench, said) {
  await bench.settled();
  return said.map(({ mark: own, message }) => bench.sent(message.room ? { room: message.room } : { person: message.from }, own).length);
}
async function say(bench, { from = "ada", ...more }) {
  const asked = await bench.ask({ from, ...more });
  asked.message = { ...asked.message, from };
  return asked;
}

export default [
  {
    number: 28,
    // parity: 1.2-dm-policy, 1.2-pairing-codes
    what: "a stranger gets a code once and no model is asked; at most three wait; who is approved is answered",
    alone: true,
    async run({ open, Driver }) {
      // The policy is not said: pairing is the default.
      const bench = await open({ settings: (driver) => ({ allowFrom: [driver.people.ada.id] }) });
      const first = await bench.ask({ from: "eve", text: "let me in" });
      const [letter] = await bench.answers({ person: "eve" }, /Pairing code/);
      const second = await bench.ask({ from: "eve", text: "hello?" });
      await bench.settled();
      assert.equal(bench.sent({ person: "eve" }).length, 1, "one code, however often they write");
      for (const { mark: own } of [first, second]) assert.equal((await bench.requests(own)).length, 0);
      assert.ok(letter.text.includes(String(bench.driver.people.eve.id)), "it says the id that will be let in");
      const code = /\b[A-HJ-NP-Z2-9]{8}\b/.exec(letter.text)?.[0];
      assert.ok(code, letter.text);
      assert.match(letter.text, new RegExp(`openclaw pairing approve ${Driver.channel} ${code}`));
      const more = [1, 2, 3].map((number) => bench.driver.person(number));
      for (const from of more) await bench.ask({ from, text: "me too" });
      for (const person of more.slice(0, 2)) await bench.answers({ person }, /Pairing code/);
      await bench.settled();
      const codes = more.map((person) => bench.sent({ person }, /Pairing code/).length);
      assert.deepEqual(codes, [1, 1, 0], "three wait at most");
      const approved = await bench.gateway.command(["pairing", "approve", Driver.channel, code]);
      assert.equal(approved.code, 0, approved.stderr);
      await bench.answers({ person: "eve" }, /let in/);
      const { mark: own } = await bench.ask({ from: "eve", text: "and now?" });
      await bench.answers({ person: "eve" }, own);
      assert.equal(bench.sent({ person: "eve" }, first.mark).length, 0, "what was said before is not answered later");
      const again = await bench.gateway.command(["pairing", "approve", Driver.channel, code]);
      assert.notEqual(again.code, 0, "a code is good once");
    },
  },
  {
    number: 29,
    // parity: 1.2-dm-policy, 1.2-group-policy
    what: "open, allowlist and disabled hold for people and groups; names, bots and our own echo open nothing",
    alone: true,
    async run({ open }) {
      // An allowlist: those who stand there and nobody else, whatever they call themselves.
      let bench = await open({ settings: (driver) => ({ ...plainSettings(driver), groupAllowFrom: [driver.people.ada.id] }) });
      bench.driver.people.eve.name = bench.driver.people.ada.name;
      let said = [
        await say(bench, { from: "eve" }),
        await say(bench, { from: "bo" }),
        await say(bench, { from: "robot" }),
        await say(bench, { from: "bo", mention: true, ...team }),
        await say(bench, { from: "eve", mention: true, ...team }),
        await say(bench, { mention: true, ...team }),
      ];
      await bench.answers({ person: "bo" }, said[1].mark);
      await bench.answers(team, said[5].mark);
      assert.deepEqual(await answered(bench, said), [0, 1, 0, 0, 0, 1], "an allowlist");
      assert.equal((await bench.requests(said[0].mark)).length, 0);
      // Groups that are not listed, and a bot that is listed as a person.
      bench = await open({
        settings: (driver) => ({ dmPolicy: "allowlist", allowFrom: [driver.people.ada.id, driver.people.robot.id], groupPolicy: "allowlist" }),
      });
      said = [await say(bench, { mention: true, ...team }), await say(bench, { from: "robot" })];
      assert.deepEqual(await answered(bench, said), [0, 0], "a group that is not listed, a bot that is");
      // Everybody, and no mention needed.
      bench = await open({
        settings: () => ({ dmPolicy: "open", allowFrom: ["*"], groupPolicy: "open", rooms: { team: { requireMention: false } } }),
      });
      said = [await say(bench, { from: "eve" }), await say(bench, { from: "eve", ...team })];
      await bench.answers({ person: "eve" }, said[0].mark);
      await bench.answers(team, said[1].mark);
      assert.deepEqual(await answered(bench, said), [1, 1], "open");
      // Nobody: neither here nor there.
      bench = await open({
        settings: (driver) => ({ dmPolicy: "disabled", allowFrom: [driver.people.ada.id], groupPolicy: "disabled", rooms: { team: {} } }),
      });
      said = [await say(bench, {}), await say(bench, { mention: true, ...team })];
      await until(async () => (await bench.account()).lastInboundAt > 0, "the messages to arrive");
      // Nothing that comes can be waited for; an answer takes a tenth of this.
      await new Promise((resolve) => setTimeout(resolve, 500));
      for (const { mark: own } of said) assert.equal((await bench.requests(own)).length, 0);
      assert.equal(bench.sent(ada).length + bench.sent(team).length, 0, "disabled");
    },
  },
  {
    number: 32,
    what: "a webhook whose signature is missing, wrong, old or repeated is refused, and a good one is taken",
    alone: true,
    async run({ open }) {
      const bench = await open({ settings: (driver) => ({ ...plainSettings(driver), webhooks: true }) });
      const { driver } = bench;
      for (const kind of ["missing", "wrong", "stale"]) {
        const status = await driver.signatures(kind);
        if (status !== undefined) assert.ok(status === 401 || status === 403, `${kind}: ${status}`);
      }
      const good = await driver.signatures("good");
      assert.ok(good >= 200 && good < 300, `good: ${good}`);
      const replayed = await driver.signatures("replayed");
      assert.ok(replayed === undefined || replayed < 500, `replayed: ${replayed}`);
      const { mark: own } = await bench.ask({ text: "by webhook" });
      await bench.answers(ada, own);
      await bench.settled();
      assert.equal(bench.sent(ada, own).length, 1);
      assert.equal((await bench.requests("signature wrong")).length, 0);
    },
    // Events come by a connection that we open: nothing listens but the gateway's own door.
    async instead({ open }) {
      const bench = await open({});
      const sockets = fs
        .readdirSync(`/proc/${bench.gateway.pid}/fd`)
        .map((fd) => {
          try {
            return /^socket:\[(\d+)\]$/.exec(fs.readlinkSync(`/proc/${bench.gateway.pid}/fd/${fd}`))?.[1];
          } catch {
            return undefined;
          }
        })
        .filter(Boolean);
      const listening = ["tcp", "tcp6"].flatMap((table) =>
        fs
          .readFileSync(`/proc/net/${table}`, "utf8")
          .split("\n")
          .map((line) => line.trim().split(/\s+/))
          .filter((columns) => columns[3] === "0A" && sockets.includes(columns[9]))
          .map((columns) => parseInt(columns[1].split(":").at(-1), 16)),
      );
      assert.deepEqual([...new Set(listening)], [Number(new URL(bench.gateway.url).port)]);
    },
  },
];
