// There is no other client of imsg than OpenClaw, and imsg itself runs on a Mac only: so OpenClaw 2026.1.30, unmodified, is the judge of
// this fake and, beside the real signal-cli, of Signal's. Each refuses what the real programs refuse.
import { onLoopbackOnly } from "../openclaw/lib/loopback_only.mjs";

onLoopbackOnly("2026.1.30");

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { gatewayToken, makeConfig, writeConfig } from "../../journeys/lib/config.mjs";
import { Model } from "../../journeys/lib/model.mjs";
import { until } from "../../journeys/lib/waiting.mjs";
import { freePort } from "../free_port.mjs";
import { environment, makeHome, openclaw } from "../openclaw/lib/clients.mjs";
import { Driver as Signal } from "../signal/driver.mjs";
import { Driver as IMessage } from "./driver.mjs";

let model;
let imessage;
let signal;
let home;
let child;
let output = "";
const describe = () => `; OpenClaw said: ${output.slice(-3000)}`;

before(async () => {
  [model, imessage, signal] = await Promise.all([Model.start(), IMessage.start(), Signal.start()]);
  home = makeHome();
  const stateDir = path.join(home, "state");
  const workspace = path.join(home, "workspace");
  for (const folder of [stateDir, workspace]) fs.mkdirSync(folder);
  const config = makeConfig({ modelUrl: model.url, workspace });
  // `groups` of Signal is newer than 2026.1.30.
  const ofBoth = { dmPolicy: "pairing", groupPolicy: "open" };
  config.channels = {
    imessage: imessage.settings({ ...ofBoth, allowFrom: [imessage.people.ada.id] }),
    signal: { ...signal.settings({ ...ofBoth, allowFrom: [signal.people.ada.id] }), autoStart: false },
  };
  config.plugins = { entries: { imessage: { enabled: true }, signal: { enabled: true } } };
  config.messages = { groupChat: { mentionPatterns: ["\\bhey claw\\b"] } };
  writeConfig(stateDir, config);
  const port = await freePort();
  const { node, script } = openclaw("2026.1.30");
  const env = environment({ home, stateDir, port, token: gatewayToken, more: { OPENCLAW_SKIP_BROWSER_CONTROL_SERVER: "1", OPENCLAW_SKIP_CANVAS_HOST: "1", OPENCLAW_DISABLE_BONJOUR: "1" } });
  child = spawn(node, [script, "gateway", "--port", String(port), "--allow-unconfigured"], { cwd: home, env, stdio: ["ignore", "pipe", "pipe"] });
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding("utf8").on("data", (text) => (output += text));
  await until(() => imessage.fake.subscriptions > 0 && signal.fake.connections > 0, "OpenClaw to be connected to both", { milliseconds: 90000, everyMs: 100, describe });
});
after(async () => {
  if (child) {
    const gone = new Promise((resolve) => child.once("exit", resolve));
    child.kill("SIGTERM");
    const timer = setTimeout(() => child.kill("SIGKILL"), 5000);
    await gone;
    clearTimeout(timer);
  }
  await Promise.all([model?.stop(), imessage?.stop(), signal?.stop()]);
  if (home) fs.rmSync(home, { recursive: true, force: true, maxRetries: 3 });
});

const peers = () => [
  ["iMessage", imessage],
  ["Signal", signal],
];
const told = (driver, where, pattern) =>
  until(() => driver.sent(where).find(({ text }) => pattern.test(text)), `a message like ${pattern}`, {
    milliseconds: 30000,
    describe: () => `; sent: ${JSON.stringify(driver.sent(where))}${describe()}`,
  });

test("OpenClaw gives a stranger a code, and answers a friend once, through both fakes", async () => {
  for (const [name, driver] of peers()) {
    await driver.say({ from: "eve", text: "let me in" });
    const { text } = await told(driver, { person: "eve" }, /Pairing code/);
    assert.ok(text.includes(driver.people.eve.id), `${name}: ${text}`);
    await driver.say({ text: `hello from ${name}` });
    await told(driver, {}, new RegExp(`hello from ${name}`));
  }
});

test("OpenClaw takes groups and files from both fakes", async () => {
  for (const [name, driver] of peers()) {
    await driver.say({ room: "team", text: `hey claw, hello group of ${name}` });
    await told(driver, { room: "team" }, new RegExp(`hello group of ${name}`));
    await driver.say({ text: `look at this ${name}`, files: [{ name: "a.png", type: "image/png", bytes: Buffer.from("\x89PNG\r\n\x1a\n....", "latin1") }] });
    await told(driver, {}, new RegExp(`look at this ${name}`));
  }
});

test("nothing that OpenClaw asks of the fakes is refused or unknown", () => {
  for (const [name, { fake }] of peers())
    for (const call of fake.calls) assert.equal(call.refused, false, `${name}: ${call.method} ${JSON.stringify(call.params)} ${call.why ?? ""}`);
});
