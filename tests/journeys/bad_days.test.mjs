// Days on which something is wrong around the gateway: it says so to the right person, keeps running and loses nothing.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { textOf } from "./lib/client.mjs";
import { makeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

let model;
before(async () => (model = await Model.start()));
after(() => model?.stop());

const newSession = () => `agent:main:bad-day-${crypto.randomUUID()}`;
const rssMb = (pid) => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${pid}/status`, "utf8"))[1]) / 1024;
const binary = () => process.env.OPENCLAW_BINARY || path.resolve("build/release/openclaw");

test("a tool that prints a gigabyte fills neither memory nor disk, and the model gets its ends", async () => {
  const gateway = await Gateway.start({ modelUrl: model.url, tools: { exec: { security: "full", ask: "off" } } });
  try {
    const client = await gateway.client();
    const command = "yes | head -c 1000000000; echo the-end";
    const runId = await client.send(newSession(), script([{ tool: "exec", args: { command, yieldMs: 120000 } }, "I saw $RESULT"]));
    const final = await client.outcome(runId, 120000);
    assert.equal(final.state, "final", JSON.stringify(final).slice(0, 500));
    assert.match(textOf(final.message), /the-end/);
    assert.ok(textOf(final.message).length < 100_000, "the output was not cut");
    assert.ok(rssMb(gateway.pid) < 60, `the gateway holds ${rssMb(gateway.pid)} MB`);
    assert.ok(fs.statSync(path.join(gateway.stateDir, "state.db-wal")).size < 8_000_000, "the output went to the disk");
  } finally {
    await gateway.discard();
  }
});

// The state folder on a small disk of its own, in a mount namespace; its files are reached through /proc/PID/root.
function smallDiskBinary(folder, megabytes) {
  const wrapper = path.join(folder, "openclaw-on-a-small-disk");
  const inside = [
    'cp "$OPENCLAW_STATE_DIR/openclaw.json" "$0.config"',
    `mount -t tmpfs -o size=${megabytes}m,mode=700 tmpfs "$OPENCLAW_STATE_DIR"`,
    'install -m 600 "$0.config" "$OPENCLAW_STATE_DIR/openclaw.json"',
    'mkdir -p "$OPENCLAW_STATE_DIR/home" "$OPENCLAW_STATE_DIR/workspace"',
    `exec "${binary()}" "$@"`,
  ].join("\n");
  fs.writeFileSync(`${wrapper}.inside`, `set -e\n${inside}\n`);
  fs.writeFileSync(wrapper, `#!/bin/sh\nexec unshare --user --map-root-user --mount sh "${wrapper}.inside" "$@"\n`, { mode: 0o755 });
  return wrapper;
}

test("on a full disk a message is refused in words, nothing acknowledged is lost, and it goes on when there is space", async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-small-disk-"));
  const ordinary = process.env.OPENCLAW_BINARY;
  const wrapper = smallDiskBinary(folder, 6);
  process.env.OPENCLAW_BINARY = wrapper;
  let gateway;
  try {
    gateway = await Gateway.start({ modelUrl: model.url });
    const client = await gateway.client();
    const session = newSession();
    assert.equal((await client.outcome(await client.send(session, "before"))).state, "final");
    const filler = `/proc/${gateway.pid}/root${gateway.stateDir}/filler`;
    assert.throws(() => fs.writeFileSync(filler, Buffer.alloc(16_000_000)), /ENOSPC/);
    await assert.rejects(client.send(session, "x".repeat(200_000)), /disk|space/i);
    assert.equal((await client.request("health")).ok, true);
    fs.rmSync(filler);
    assert.equal((await client.outcome(await client.send(session, "after"))).state, "final");
    const said = (await client.history(session)).filter((message) => message.role === "user").map(textOf);
    assert.deepEqual(said, ["before", "after"]);
  } finally {
    if (ordinary === undefined) delete process.env.OPENCLAW_BINARY;
    else process.env.OPENCLAW_BINARY = ordinary;
    await gateway?.discard();
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

// parity: 1.1-hot-reload
test("a configuration that is edited to nonsense leaves the former one in force, and a good edit takes effect", async () => {
  const gateway = await Gateway.start({ modelUrl: model.url });
  const file = path.join(gateway.stateDir, "openclaw.json");
  const log = () => fs.readFileSync(path.join(gateway.stateDir, "logs", "openclaw.log"), "utf8");
  try {
    const client = await gateway.client();
    const good = fs.readFileSync(file, "utf8");
    fs.writeFileSync(file, good.replace('"update"', '"update" oops'));
    await until(() => /former one stays in force[^\n]*openclaw\.json, line \d+, column \d+/.test(log()), "the log names the file, the line and the column");
    assert.equal((await client.outcome(await client.send(newSession(), "still there?"))).state, "final");
    const config = JSON.parse(good);
    config.models.providers.fake.models.push({ ...config.models.providers.fake.models[0], id: "fake-2", name: "fake-2" });
    config.agents.defaults.model.primary = "fake/fake-2";
    fs.writeFileSync(file, JSON.stringify(config));
    await until(async () => (await client.request("models.status")).current.ref === "fake/fake-2", "the new model is in force");
    const final = await client.outcome(await client.send(newSession(), "and now?"));
    assert.equal(final.state, "final");
  } finally {
    await gateway.discard();
  }
});

// parity: 1.1-hot-reload
test("an edit of what is read at the start only says so everywhere, and a taken-back mistake is forgotten", async () => {
  const gateway = await Gateway.start({ modelUrl: model.url });
  const file = path.join(gateway.stateDir, "openclaw.json");
  const log = () => fs.readFileSync(path.join(gateway.stateDir, "logs", "openclaw.log"), "utf8");
  try {
    const client = await gateway.client();
    const good = fs.readFileSync(file, "utf8");
    assert.deepEqual((await client.request("config.get")).restartRequired, []);
    const config = JSON.parse(good);
    config.gateway.port = 18999;
    fs.writeFileSync(file, JSON.stringify(config));
    await until(() => /gateway\.port is read only at the start/.test(log()), "the log says that it waits");
    assert.deepEqual((await client.request("config.get")).restartRequired, ["gateway.port"]);
    assert.deepEqual((await client.request("status")).restartRequired, ["gateway.port"]);
    const doctor = gateway.spawn(["doctor"]);
    await doctor.exited;
    assert.match(doctor.output, /gateway\.port.*next start/);
    fs.writeFileSync(file, good.replace('"update"', '"update" oops'));
    await until(async () => (await client.request("status")).notInForce, "the mistake is shown");
    assert.match((await client.request("config.get")).notInForce, /line \d+/);
    fs.writeFileSync(file, good);
    await until(async () => !(await client.request("status")).notInForce, "the mistake is forgotten");
    assert.deepEqual((await client.request("status")).restartRequired, []);
  } finally {
    await gateway.discard();
  }
});

test("the configuration is changed over and over while turns run, well and badly, and no turn fails", async () => {
  const gateway = await Gateway.start({ modelUrl: model.url });
  const file = path.join(gateway.stateDir, "openclaw.json");
  try {
    const client = await gateway.client();
    const good = fs.readFileSync(file, "utf8");
    let over = false;
    const edits = (async () => {
      for (let round = 0; round < 6; round++) {
        const config = JSON.parse(good);
        config.agents.defaults.maxConcurrent = 4 + round;
        fs.writeFileSync(file, round % 2 === 0 ? JSON.stringify(config) : "{ not a configuration");
        if (round % 2 === 0) await until(async () => (await client.request("config.get")).hash === crypto.createHash("sha256").update(JSON.stringify(config)).digest("hex") && !(await client.request("status")).notInForce, "the edit is in force");
        else await until(async () => (await client.request("status")).notInForce, "the mistake is noticed");
      }
      fs.writeFileSync(file, good);
      await until(async () => !(await client.request("status")).notInForce, "all is well again");
    })().finally(() => (over = true));
    let turns = 0;
    while (!over) {
      const ends = await Promise.all([1, 2, 3, 4].map(async () => client.outcome(await client.send(newSession(), "ping"))));
      for (const end of ends) assert.equal(end.state, "final", JSON.stringify(end).slice(0, 300));
      turns += ends.length;
    }
    await edits;
    assert.ok(turns > 20, `only ${turns} turns`);
  } finally {
    await gateway.discard();
  }
});

test("a model that loops is stopped by the budget before the cap is passed, and the person is told which cap", async () => {
  const config = makeConfig({ modelUrl: model.url });
  config.models.providers.fake.models[0].cost = { input: 10, output: 30, cacheRead: 0, cacheWrite: 0 };
  config.models.providers.fake.models[0].maxTokens = 1000;
  config.budget = { perRunUsd: 0.3 };
  const gateway = await Gateway.start({ config });
  try {
    const client = await gateway.client();
    const session = newSession();
    const steps = Array.from({ length: 60 }, (_, index) => ({ tool: "write", args: { path: `f${index}.txt`, content: `${index}` } }));
    const end = await client.outcome(await client.send(session, script([...steps, "done"])), 60000);
    assert.equal(end.state, "error", JSON.stringify(end).slice(0, 400));
    assert.match(`${end.errorMessage} ${end.errorHint}`, /budget[\s\S]*budget\.perRunUsd/);
    const { sessions } = await client.request("sessions.list", {});
    const row = sessions.find(({ key }) => key === session);
    assert.ok(row.costMicroUsd > 0 && row.costMicroUsd <= 300_000, `spent ${row.costMicroUsd}`);
    const usage = await client.outcome(await client.send(session, "/usage"));
    assert.match(textOf(usage.message), /\$0\.\d+/);
  } finally {
    await gateway.discard();
  }
});

// parity: 1.1-idempotency
test("the same key from two clients at the same time runs once", async () => {
  const gateway = await Gateway.start({ modelUrl: model.url });
  try {
    const [one, two] = await Promise.all([gateway.client(), gateway.client()]);
    const session = newSession();
    const params = { sessionKey: session, message: "only once please", idempotencyKey: crypto.randomUUID() };
    const answers = await Promise.all([one, two].map((client) => client.request("chat.send", params)));
    assert.deepEqual([...new Set(answers.map(({ runId }) => runId))], [params.idempotencyKey]);
    await until(async () => (await one.history(session)).some(({ role }) => role === "assistant"), "an answer");
    assert.equal((await model.requests({ text: "only once please" })).length, 1);
  } finally {
    await gateway.discard();
  }
});
