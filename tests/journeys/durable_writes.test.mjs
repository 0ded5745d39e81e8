// How often a turn waits for the disk: at most three times, whatever tool it calls, and once more for each reservation of a capped
// budget. Each wait is a sync, counted inside the program.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { makeConfig } from "./lib/config.mjs";
import { FaultyDisk } from "./lib/faulty_disk.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";

let model;
before(async () => (model = await Model.start()));
after(() => model?.stop());

async function withGateway(change, use) {
  const disk = new FaultyDisk();
  const config = makeConfig({ modelUrl: model.url, tools: { exec: { security: "full", ask: "off" } } });
  change(config);
  const gateway = await Gateway.start({ config, env: (folder) => disk.environment(folder) });
  try {
    await use(gateway, await gateway.client(), disk);
  } finally {
    await gateway.discard();
    disk.discard();
  }
}

/** The syncs of one turn; the first one of a session makes the workspace as well, so it is not counted. */
async function syncsOf(client, disk, message) {
  const session = `agent:main:count-${Math.random().toString(16).slice(2)}`;
  assert.equal((await client.outcome(await client.send(session, "begin"))).state, "final");
  const before = disk.syncs;
  assert.equal((await client.outcome(await client.send(session, message))).state, "final");
  return disk.syncs - before;
}

const read = { tool: "read", args: { path: "AGENTS.md" } };
const write = { tool: "write", args: { path: "a.txt", content: "a" } };
const exec = { tool: "exec", args: { command: "true" } };

for (const [budget, name, steps, most] of [
  [undefined, "words alone", ["hello"], 2],
  [undefined, "a tool that reads", [read, "done"], 2],
  [undefined, "a tool that writes", [write, "done"], 3],
  [undefined, "a command", [exec, "done"], 3],
  [undefined, "three tools that only read", [read, { tool: "read", args: { path: "USER.md" } }, { tool: "read", args: { path: "TOOLS.md" } }, "done"], 2],
  [{ perDayUsd: 100 }, "words alone, under a budget", ["hello"], 3],
  [{ perDayUsd: 100 }, "a tool that writes, under a budget", [write, "done"], 5],
]) {
  test(`${name}: at most ${most} syncs`, async (context) => {
    const change = (config) => {
      if (!budget) return; // the model is free then, and what costs nothing reserves nothing
      config.budget = budget;
      config.models.providers.fake.models[0].cost = { input: 1, output: 1, cacheRead: 0, cacheWrite: 0 };
    };
    await withGateway(change, async (gateway, client, disk) => {
      const counted = await syncsOf(client, disk, script(steps));
      context.diagnostic(`${counted} syncs`);
      assert.ok(counted >= 2, "the acceptance and the answer are on the disk");
      assert.ok(counted <= most, `${counted} syncs`);
    });
  });
}

test("the log of the database does not grow with every turn, and its end is not folded back with every commit", async () => {
  await withGateway(() => {}, async (gateway, client, disk) => {
    const big = "x".repeat(200_000);
    for (let turn = 0; turn < 40; turn++) await client.outcome(await client.send("agent:main:growing", big));
    const before = disk.syncs;
    const turns = 10;
    for (let turn = 0; turn < turns; turn++) await client.outcome(await client.send("agent:main:short", "short"));
    assert.ok(disk.syncs - before <= 2 * turns + 6, `${disk.syncs - before} syncs for ${turns} turns after much was written`);
  });
});
