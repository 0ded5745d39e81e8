// What is Signal's own: the daemon that we start ourselves, and a network that is away. tests/channels has the rest.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { freePort } from "../peers/free_port.mjs";
import { Driver } from "../peers/signal/driver.mjs";
import { makeConfig, writeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

const cli = fileURLToPath(new URL("../peers/signal/cli.mjs", import.meta.url));
let model;
const opened = [];
before(async () => {
  model = await Model.start();
});
after(() => model?.stop());
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one().catch(() => {});
});

async function startGateway(settings) {
  const gateway = new Gateway({ modelUrl: model.url, env: { SECRET_OF_THE_GATEWAY: "1" } });
  opened.push(() => gateway.discard());
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  config.channels = { signal: settings(gateway) };
  writeConfig(gateway.stateDir, config);
  await gateway.start();
  return gateway;
}

/** A program in the gateway's folder that stands for signal-cli, and what is known of its starts. */
function program(gateway) {
  const file = path.join(gateway.stateDir, "signal-cli");
  fs.writeFileSync(file, `#!/bin/sh\nSTARTS='${file}.starts' exec "${process.execPath}" "${cli}" "$@"\n`, { mode: 0o755 });
  return file;
}
const starts = (gateway) => {
  const file = path.join(gateway.stateDir, "signal-cli.starts");
  return fs.existsSync(file) ? fs.readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line)) : [];
};
const up = (gateway) =>
  until(async () => /up/.test((await gateway.command(["channels", "status"])).stdout), "signal to be connected", { everyMs: 100, describe: () => gateway.output });
const alive = (pid) => fs.existsSync(`/proc/${pid}/exe`) && !/\nState:\tZ/.test(fs.readFileSync(`/proc/${pid}/status`, "utf8"));

// parity: 1.3-signal
test("it starts signal-cli, once for each life of the connection, logs nothing that it prints, and ends it", async () => {
  const port = await freePort();
  const gateway = await startGateway((own) => ({ account: "+15550009999", cliPath: program(own), httpPort: port, ignoreStories: true }));
  await up(gateway);
  const [first] = starts(gateway);
  assert.deepEqual(first.args, [
    ...["-a", "+15550009999", "daemon", "--http", `127.0.0.1:${port}`, "--no-receive-stdout"],
    ...["--receive-mode", "on-connection", "--ignore-stories"],
  ]);
  assert.ok(!first.environment.includes("SECRET_OF_THE_GATEWAY"), "our environment is not its own");
  process.kill(first.pid, "SIGKILL");
  await until(() => starts(gateway).length === 2, "a second start", { describe: () => gateway.output });
  await up(gateway);
  const [, second] = starts(gateway);
  await gateway.stop();
  await until(() => !alive(second.pid), "the second to have ended");
  assert.equal(starts(gateway).length, 2);
  const log = fs.readdirSync(gateway.stateDir, { recursive: true }).filter((name) => /\.log/.test(name));
  for (const text of [gateway.output, ...log.map((name) => fs.readFileSync(path.join(gateway.stateDir, name), "utf8"))])
    assert.doesNotMatch(text, /private/);
});

test("a program that is not there is said with what to do", async () => {
  const gateway = await startGateway(() => ({ account: "+15550009999", cliPath: "no-such-signal-cli", httpPort: 9 }));
  const { stdout } = await until(async () => {
    const status = await gateway.command(["channels", "status"]);
    return /failed/.test(status.stdout) ? status : undefined;
  }, "the account to be failed");
  assert.match(stdout, /no program no-such-signal-cli[\s\S]*channels\.signal\.cliPath/);
});

test("while Signal cannot be reached the answer waits, and then goes out once, with its styles", async () => {
  const driver = await Driver.start();
  opened.push(() => driver.stop());
  const gateway = await startGateway(() => driver.settings({ allowFrom: [driver.people.ada.id] }));
  await driver.ready(gateway);
  driver.fault({ what: "network", times: 2 });
  await driver.say({ text: script(["😀 **bold** and `code`"]) });
  const [sent] = await until(() => (driver.sent().length > 0 ? driver.sent() : undefined), "the answer");
  assert.equal(sent.markup, "😀 bold and code\n<3:4:BOLD>\n<12:4:MONOSPACE>");
  assert.equal(driver.sent().length, 1);
});

/** The process that reads signal-cli's stream for the gateway: what its file says of it. */
const reader = (gateway) => {
  const file = path.join(gateway.stateDir, "foreign/signal/default/events");
  return JSON.parse(fs.readFileSync(file, "utf8").split("\n")[0].slice(1));
};

test("what signal-cli hands over while the gateway is dead is answered once after its next start, and nothing twice", async () => {
  const driver = await Driver.start();
  opened.push(() => driver.stop());
  const gateway = await startGateway(() => driver.settings({ allowFrom: [driver.people.ada.id] }));
  await driver.ready(gateway);
  await driver.say({ text: "before zqbefore" });
  await until(() => driver.sent().some(({ text }) => text.includes("zqbefore")), "the first answer");
  await gateway.kill();
  // Nobody but the reader has it: signal-cli never gives it again.
  await driver.say({ text: "while dead zqwhile" });
  await gateway.start();
  await until(() => driver.sent().some(({ text }) => text.includes("zqwhile")), "the answer after the start", { describe: () => gateway.output });
  await driver.say({ text: "after zqafter" });
  await until(() => driver.sent().some(({ text }) => text.includes("zqafter")), "the last answer", { describe: () => gateway.output });
  for (const word of ["zqbefore", "zqwhile", "zqafter"]) assert.equal(driver.sent().filter(({ text }) => text.includes(word)).length, 1, word);
  assert.equal(driver.fake.connections, 1, "the reader of before reads on");
  const { pid } = reader(gateway);
  assert.ok(alive(pid));
  await gateway.stop();
  await until(() => !alive(pid), "no process to be left by a gateway that was stopped");
});

test("what an ended reader has left is taken before anything new; one for other settings is ended", async () => {
  const driver = await Driver.start();
  opened.push(() => driver.stop());
  const gateway = await startGateway(() => driver.settings({ allowFrom: [driver.people.ada.id] }));
  await driver.ready(gateway);
  await gateway.kill();
  await driver.say({ text: "left zqleft" });
  const file = path.join(gateway.stateDir, "foreign/signal/default/events");
  await until(() => fs.readFileSync(file, "utf8").includes("zqleft"), "the reader to have it");
  process.kill(reader(gateway).pid, "SIGKILL");
  await until(() => driver.fake.listeners === 0, "the stream to have ended");
  await driver.say({ text: "next zqnext" }); // stays at Signal
  await gateway.start();
  const answers = () => driver.sent().map(({ text }) => /zq\w+/.exec(text)?.[0]).filter(Boolean);
  await until(() => answers().length === 2, "both answers", { describe: () => gateway.output });
  assert.deepEqual(answers(), ["zqleft", "zqnext"]);
  const { pid } = reader(gateway);
  await gateway.kill();
  const other = await Driver.start();
  opened.push(() => other.stop());
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  config.channels = { signal: other.settings({ allowFrom: [other.people.ada.id] }) };
  writeConfig(gateway.stateDir, config);
  await gateway.start();
  await other.ready(gateway);
  await until(() => !alive(pid), "the reader of the other daemon to have ended");
  await other.say({ text: "elsewhere zqelsewhere" });
  await until(() => other.sent().some(({ text }) => text.includes("zqelsewhere")), "the answer there", { describe: () => gateway.output });
});
