// The journal: what was done, by whom and for whom, and that nobody changed it afterwards.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { gatewayToken } from "./lib/config.mjs";
import { newIdentity } from "./lib/identity.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

let model;
let gateway;
let who;

before(async () => {
  model = await Model.start();
  gateway = await Gateway.start({ modelUrl: model.url, tools: { exec: { security: "allowlist", ask: "on-miss" } } });
  who = await gateway.client({
    onEvent: ({ event, payload }) => {
      if (event !== "exec.approval.requested") return;
      const decision = /denied/.test(payload.request.command) ? "deny" : /always/.test(payload.request.command) ? "allow-always" : "allow-once";
      who.request("exec.approval.resolve", { id: payload.id, decision });
    },
  });
});
after(async () => {
  await gateway?.discard();
  await model?.stop();
});

async function turn(session, message) {
  const runId = await who.send(session, message);
  assert.equal((await who.outcome(runId)).state, "final");
  return runId;
}

const exec = (command) => ({ tool: "exec", args: { command } });

test("a turn leaves its calls, approvals, costs and end, in order, for the session and whoever asked", async () => {
  const session = `agent:main:audit-${crypto.randomUUID()}`;
  const runId = await turn(
    session,
    script([{ tool: "write", args: { path: "a.txt", content: "x" } }, exec("mkdir once"), exec("mkdir denied"), exec("mkdir always"), "done"]),
  );
  const listed = await gateway.command(["audit", "--json", "--session", session]);
  assert.equal(listed.code, 0, listed.stderr);
  const rows = JSON.parse(listed.stdout).entries;
  const told = rows.filter((row) => row.action !== "model").map((row) => `${row.action} ${row.outcome.replace(/[0-9a-f]{32}/, "ID")}`);
  assert.deepEqual(told, [
    "tool.write started", "tool.write ok",
    "approval asked", "approval allowed", "tool.exec started with approval ID", "tool.exec ok",
    "approval asked", "approval denied",
    "approval asked", "approval allowed", "tool.exec started with approval ID", "tool.exec ok",
    "run answered",
  ]);
  assert.equal(rows.filter((row) => row.action === "model").length, 5, "one row for each call of the model");
  for (const row of rows) {
    assert.equal(row.agent, "main");
    assert.equal(row.run, runId);
  }
  const allowed = rows.find((row) => row.outcome === "allowed");
  assert.notEqual(allowed.actor, "agent:main", "a person decided");
  assert.equal(allowed.behalf, "agent:main");
  assert.match(allowed.subject, /mkdir once/);
  assert.equal(rows.at(-1).behalf, "webchat");
  const everything = JSON.parse((await gateway.command(["audit", "--json"])).stdout).entries;
  assert.ok(everything.some((row) => row.action === "rule" && /mkdir.*always/.test(row.subject)));
  assert.ok(everything.some((row) => row.action === "login" && row.outcome === "link made"));
  assert.ok(everything.some((row) => row.action === "config"));
  const table = await gateway.command(["audit", "--since", "1h", "--agent", "main"]);
  assert.match(table.stdout, /tool\.exec/);
  assert.match((await gateway.command(["audit", "--since", "2999-01-01"])).stdout, /nothing like that/);
  assert.notEqual((await gateway.command(["audit", "--since", "yesterday"])).code, 0);
});

test("a changed configuration is told, also one that was changed while no gateway ran", async () => {
  const configs = async () => JSON.parse((await gateway.command(["audit", "--json", "--limit", "10000"])).stdout).entries.filter((row) => row.action === "config");
  const before_ = (await configs()).length;
  assert.equal((await gateway.command(["config", "set", "logging.level", "debug"])).code, 0);
  await until(async () => (await configs()).length === before_ + 1, "the journal to tell of the change", { milliseconds: 10000, everyMs: 200 });
  await gateway.stop();
  assert.equal((await gateway.command(["config", "set", "logging.level", "info"])).code, 0);
  await gateway.restart();
  await until(async () => (await configs()).length === before_ + 2, "the journal to tell of the change made meanwhile", { milliseconds: 10000, everyMs: 200 });
  await gateway.stop();
  await gateway.restart();
  who = await gateway.client();
  assert.equal((await configs()).length, before_ + 2, "the same configuration is told once");
});

test("a device that was paired and one whose token was taken away are told", async () => {
  const identity = newIdentity();
  await gateway.client({ token: gatewayToken, identity, signature: "v3" });
  const devices = await who.request("device.pair.list");
  const { deviceId } = devices.paired[0];
  await who.request("device.token.revoke", { deviceId, role: "operator" });
  const { entries } = await who.request("audit.list", { limit: 10000 });
  const told = entries.filter((row) => row.action === "device" && row.subject.startsWith(deviceId)).map((row) => row.outcome);
  assert.deepEqual(told, ["paired", "token revoked"]);
});

test("only an admin reads the journal over the protocol", async () => {
  const { entries } = await who.request("audit.list", { limit: 3 });
  assert.equal(entries.length, 3);
  const reader = await gateway.client({ token: gatewayToken, scopes: ["operator.read", "operator.write", "operator.approvals"] });
  await assert.rejects(reader.request("audit.list", {}), /scope/i);
});

test("verify finds the chain whole, while it is written and after a kill, and notices what was changed", { skip: !fs.existsSync("/usr/bin/python3") && !process.env.CI && "there is no python3 to tamper with the database" }, async () => {
  const session = `agent:main:audit-${crypto.randomUUID()}`;
  const runs = Promise.all(Array.from({ length: 5 }, (_, index) => turn(`${session}${index}`, script([{ tool: "write", args: { path: `${index}.txt`, content: "x" } }, "done"]))));
  const meanwhile = await gateway.command(["audit", "verify"]);
  assert.equal(meanwhile.code, 0, meanwhile.stdout + meanwhile.stderr);
  await runs;
  await who.send(session, "LONG:500:5");
  await gateway.kill();
  const killed = await gateway.command(["audit", "verify", "--json"]);
  assert.equal(killed.code, 0, killed.stdout);
  assert.match(JSON.parse(killed.stdout).head, /^[0-9a-f]{64}$/);
  const tamper = (sql) =>
    execFileSync("/usr/bin/python3", ["-c", "import sqlite3,sys; c=sqlite3.connect(sys.argv[1]); c.execute(sys.argv[2]); c.commit()", path.join(gateway.stateDir, "state.db"), sql]);
  tamper("UPDATE journal SET outcome = 'denied' WHERE outcome = 'allowed'");
  const changed = await gateway.command(["audit", "verify"]);
  assert.equal(changed.code, 1);
  assert.match(changed.stderr, /tampered with or damaged.*Row \d+ was changed/);
  await gateway.restart();
});
