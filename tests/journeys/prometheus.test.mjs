// The metrics are read by what will read them: Debian's Prometheus scrapes a gateway, and its promtool checks the text.
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { Gateway } from "./lib/gateway.mjs";
import { Model } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

const installed = ["/usr/bin/prometheus", "/usr/bin/promtool"].every((file) => fs.existsSync(file));
const skip = !installed && !process.env.CI && "the Debian package prometheus is not installed";

let model;
let gateway;

before(async () => {
  if (skip) return;
  model = await Model.start();
  gateway = await Gateway.start({ modelUrl: model.url });
  const client = await gateway.client();
  const runId = await client.send(`agent:main:metrics-${crypto.randomUUID()}`, "hello");
  assert.equal((await client.outcome(runId)).state, "final");
});
after(async () => {
  await gateway?.discard();
  await model?.stop();
});

const metrics = async () => (await gateway.fetch("/metrics")).text();

/** The value of a series in the gateway's own words. */
async function reported(series) {
  const line = (await metrics()).split("\n").find((one) => one.startsWith(`${series} `));
  assert.ok(line, `the gateway reports no ${series}`);
  return Number(line.slice(series.length));
}

function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

test("promtool finds nothing to complain about", { skip }, async () => {
  const checked = spawnSync("/usr/bin/promtool", ["check", "metrics"], { input: await metrics(), encoding: "utf8" });
  assert.equal(checked.status, 0, checked.stdout + checked.stderr);
});

test("a Prometheus scrapes a gateway and has its numbers", { skip }, async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-prometheus-"));
  const config = {
    global: { scrape_interval: "1s", scrape_timeout: "1s" },
    scrape_configs: [{ job_name: "openclaw", static_configs: [{ targets: [new URL(gateway.url).host] }] }],
  };
  fs.writeFileSync(path.join(folder, "prometheus.yml"), JSON.stringify(config)); // JSON is YAML
  const port = await freePort();
  const args = [
    `--config.file=${path.join(folder, "prometheus.yml")}`,
    `--storage.tsdb.path=${path.join(folder, "data")}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ];
  const prometheus = spawn("/usr/bin/prometheus", args, { cwd: folder, stdio: ["ignore", "ignore", "pipe"] });
  const exited = new Promise((resolve) => prometheus.once("close", resolve));
  let said = "";
  prometheus.stderr.on("data", (bytes) => (said = (said + bytes).slice(-4000)));
  const ask = async (query) => {
    const url = `http://127.0.0.1:${port}/api/v1/query?${new URLSearchParams({ query })}`;
    const answer = await fetch(url).then((response) => response.json()).catch(() => undefined);
    assert.equal(prometheus.exitCode, null, `Prometheus ended:\n${said}`);
    return Number(answer?.data?.result?.[0]?.value?.[1]);
  };
  try {
    await until(async () => (await ask('up{job="openclaw"}')) === 1, "Prometheus to reach the gateway", { milliseconds: 60000, everyMs: 200 });
    for (const series of ['openclaw_runs_total{status="ok"}', "openclaw_run_duration_seconds_count"]) {
      const value = await reported(series);
      assert.ok(value >= 1, `${series} is ${value}`);
      assert.equal(await ask(series), value, series);
    }
  } finally {
    prometheus.kill("SIGTERM");
    await exited;
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
