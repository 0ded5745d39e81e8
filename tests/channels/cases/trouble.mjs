// 22–27, 30, 31, 33: what goes wrong between us and the platform.
import assert from "node:assert/strict";
import fs from "node:fs";
import { until } from "../../journeys/lib/waiting.mjs";
import { mark } from "../lib/bench.mjs";

const ada = { person: "ada" };
const notice = /⚙️/u;

/** Says something while sends fail in this way, and tells how often it arrived once all is settled. */
async function faulty(bench, fault) {
  const notices = bench.sent(ada, notice).length;
  bench.driver.fault(fault);
  const { mark: own } = await bench.ask({ text: "in spite of it" });
  const copies = () => bench.sent(ada, own).length;
  const told = () => bench.sent(ada, notice).length - notices;
  await until(() => copies() + told() > 0, `an answer or a notice after ${fault.what}`, { milliseconds: 20000 });
  await bench.settled();
  return { copies: copies(), told: told() };
}

/** Exactly one answer, or none (or one of unknown fate) and a notice that says how to get it. */
function assertAnsweredOrTold(Driver, { copies, told }) {
  if (Driver.idempotent) return assert.deepEqual({ copies, told }, { copies: 1, told: 0 });
  assert.ok(copies <= 1, `${copies} copies`);
  return assert.ok(copies === 1 || told === 1, `neither an answer nor a word: ${copies} copies, ${told} notices`);
}

export default [
  {
    number: 22,
    what: "a limit is waited out as long as the platform says, and the message arrives once",
    async run({ bench }) {
      bench.driver.fault({ what: "limit", retryAfterMs: 1000 });
      const began = Date.now();
      const { mark: own } = await bench.ask({ text: "not so fast" });
      await bench.answers(ada, own);
      assert.ok(Date.now() - began >= 950, `it came after ${Date.now() - began} ms`);
      await bench.settled();
      assert.equal(bench.sent(ada, own).length, 1);
    },
    // A platform without limits takes what comes, each once and in order.
    async instead({ bench }) {
      const asked = [];
      for (let number = 0; number < 5; ++number) asked.push(await bench.ask({ text: `quickly ${number}` }));
      for (const { mark: own } of asked) await bench.answers(ada, own);
      await bench.settled();
      const order = asked.map(({ mark: own }) => bench.sent(ada).findIndex((message) => message.text.includes(own)));
      assert.deepEqual(order, [...order].sort((one, other) => one - other));
      for (const { mark: own } of asked) assert.equal(bench.sent(ada, own).length, 1);
    },
  },
  {
    number: 23,
    // parity: 1.3-common
    what: "errors of the platform's server are tried again, and the message arrives once",
    async run({ bench }) {
      assert.deepEqual(await faulty(bench, { what: "server-error", times: 2 }), { copies: 1, told: 0 });
    },
  },
  {
    number: 24,
    what: "an answer that is lost on its way makes no second copy; what is doubtful is said and sent again by /resend",
    async run({ bench, Driver }) {
      const lost = await faulty(bench, { what: "lost-answer" });
      assert.equal(lost.copies, 1, "it had arrived, and arrived once");
      assertAnsweredOrTold(Driver, lost);
      const unsent = await faulty(bench, { what: "not-sent" });
      assertAnsweredOrTold(Driver, unsent);
      if (unsent.copies === 1) return;
      const before = bench.sent(ada, /in spite of it/).length;
      await bench.say({ text: "/resend" });
      await bench.answers(ada, /in spite of it/, { count: before + 1 });
    },
  },
  {
    number: 25,
    what: "what is said while the connection is broken is answered once",
    async run({ bench }) {
      await bench.settled();
      await bench.driver.drop();
      const { mark: own } = await bench.ask({ text: "in the gap" });
      await bench.answers(ada, own, { milliseconds: 25000 });
      await bench.settled();
      assert.equal(bench.sent(ada, own).length, 1);
    },
    // Events come by webhook: no connection can break, and the platform delivers again what nobody took.
    async instead({ bench }) {
      const { mark: own, message } = await bench.ask({ text: "again and again" });
      await bench.driver.again(message);
      await bench.answers(ada, own);
      await bench.settled();
      assert.equal(bench.sent(ada, own).length, 1);
    },
  },
  {
    number: 26,
    what: "kill -9 before a message is taken and before it is answered: one answer, or a visible failure",
    alone: true,
    async run({ open, Driver }) {
      const bench = await open({});
      await bench.settled();
      // Before it is taken (the message is on its way while the gateway dies), then between taking and answering (the model thinks).
      for (const wait of [false, true]) {
        const notices = bench.sent(ada, notice).length;
        const asking = bench.ask({ text: wait ? "think SLEEP:3000" : "on its way" });
        if (wait) await bench.requests((await asking).mark, { atLeast: 1 });
        await bench.gateway.kill();
        await bench.restart();
        const { mark: own } = await asking;
        const copies = () => bench.sent(ada, own).length;
        const told = () => bench.sent(ada, notice).length - notices;
        await until(() => copies() + told() > 0, "an answer or a notice", { milliseconds: 25000 });
        await bench.settled();
        const outcome = `${copies()} answers, ${told()} notices`;
        // An answer that was being sent when the gateway died may have arrived and be in doubt as well, unless the platform knows our keys.
        if (Driver.idempotent) assert.equal(copies() + told(), 1, outcome);
        assert.ok(copies() <= 1 && told() <= 1, outcome);
      }
    },
  },
  {
    number: 27,
    // parity: 1.3-common
    what: "an event that the platform delivers twice is answered once",
    async run({ bench }) {
      const { mark: own, message } = await bench.ask({ text: "count me once" });
      await bench.driver.again(message);
      await bench.answers(ada, own);
      await bench.driver.again(message);
      await bench.settled();
      assert.equal(bench.sent(ada, own).length, 1);
      const edited = await bench.ask({ text: "first words" });
      await bench.answers(ada, edited.mark);
      await bench.driver.edit(edited.message, `other words ${edited.mark}`);
      await bench.settled();
      assert.equal(bench.sent(ada, edited.mark).length, 1, "an edit is no new question");
    },
  },
  {
    number: 30,
    what: "broken events (no JSON, wrong types, missing and unknown fields, deep, huge, bad UTF-8) stop nothing",
    alone: true,
    async run({ open }) {
      const bench = await open({});
      await bench.settled();
      const { pid } = bench.gateway;
      for (const what of ["wrong-types", "missing-fields", "unknown-fields", "not-json", "deep", "huge", "bad-utf8"]) await bench.driver.raw(what);
      const { mark: own } = await bench.ask({ text: "after all that" });
      await bench.answers(ada, own, { milliseconds: 40000 });
      bench.alive();
      assert.equal(bench.gateway.pid, pid);
      assert.equal(bench.sent(ada, own).length, 1);
      const lines = bench.gateway.output.split("\n").length;
      assert.ok(lines < 200, `the log has ${lines} lines`);
    },
  },
  {
    number: 31,
    what: "wrong credentials are said with what to do, and not tried again and again",
    alone: true,
    async run({ open }) {
      const bench = await open({ settings: (driver) => ({ asItIs: { ...driver.badCredentials() } }), wait: false });
      const account = await until(async () => {
        const seen = await bench.account();
        return seen.lastError && ["failed", "needs_login", "needs-login"].includes(seen.state) ? seen : seen.configured === false && seen.lastError ? seen : undefined;
      }, "the account to have failed", { milliseconds: 20000 });
      assert.ok(account.lastError.length > 10, account.lastError);
      assert.ok(account.todo || /openclaw|Get|Set|Check/.test(account.lastError), `it says what to do: ${JSON.stringify(account)}`);
      await new Promise((resolve) => setTimeout(resolve, 1500));
      const later = await bench.account();
      assert.equal(later.reconnectAttempts, account.reconnectAttempts, "it is not tried again");
      const { stdout } = await bench.gateway.command(["channels", "status"]);
      assert.match(stdout, /failed|not|login|wrong|refus/i);
    },
  },
  {
    number: 33,
    what: "a planned restart answers nothing twice and loses nothing",
    alone: true,
    async run({ open }) {
      const bench = await open({});
      const one = await bench.ask({ text: "before" });
      await bench.answers(ada, one.mark);
      await bench.settled();
      const before = bench.sent(ada).length;
      await bench.gateway.stop();
      const saying = bench.ask({ text: "meanwhile" });
      await bench.restart();
      const two = await saying;
      await bench.answers(ada, two.mark, { milliseconds: 25000 });
      await bench.settled();
      assert.equal(bench.sent(ada, one.mark).length, 1, "the old message is not answered again");
      assert.equal(bench.sent(ada, two.mark).length, 1);
      assert.equal(bench.sent(ada).length, before + 2);
    },
  },
  {
    number: 34,
    what: "no secret stands in a log, a transcript or the database",
    async run({ bench }) {
      bench.driver.fault({ what: "server-error" });
      await bench.settled();
      await bench.gateway.stop();
      const secrets = bench.driver.secrets.filter(Boolean);
      assert.ok(secrets.length > 0);
      const { output, stateDir } = bench.gateway;
      for (const secret of secrets) assert.ok(!output.includes(secret), "a secret stands in the log");
      for (const name of fs.readdirSync(stateDir, { recursive: true, withFileTypes: true })) {
        const file = `${name.parentPath ?? name.path}/${name.name}`;
        // Where the person wrote them, and where a device's own keys are kept.
        if (!name.isFile() || name.name.startsWith("openclaw.json") || /config-history|revisions|\/foreign\//.test(file)) continue;
        const content = fs.readFileSync(file);
        for (const secret of secrets) assert.ok(!content.includes(secret), `a secret stands in ${file}`);
      }
      await bench.restart();
    },
  },
];
