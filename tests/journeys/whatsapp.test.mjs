// WhatsApp: what the suite of all messengers does not cover. The link by a code, its keys, the confined sidecar, and its ends.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { unavailable } from "../peers/whatsapp/baileys.mjs";
import { Driver } from "../peers/whatsapp/driver.mjs";
import { makeConfig, writeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

describe("WhatsApp", { skip: unavailable(), concurrency: 1 }, () => {
  let model;
  let driver;
  let gateway;

  before(async () => {
    model = await Model.start();
  });
  after(() => model?.stop());
  afterEach(async () => {
    await gateway?.discard().catch(() => {});
    await driver?.stop();
  });

  async function start(settings = {}, { ready = true, env } = {}) {
    driver = await Driver.start();
    gateway = new Gateway({ modelUrl: model.url, ...(env && { env }) });
    const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
    config.channels = { whatsapp: driver.settings({ allowFrom: [driver.people.ada.id], ...settings }) };
    writeConfig(gateway.stateDir, config);
    await gateway.start();
    if (ready) await driver.ready(gateway);
  }
  async function account() {
    const client = await gateway.client();
    const status = await client.request("channels.status", {});
    client.socket?.destroy();
    return status.channelAccounts.whatsapp[0];
  }
  const state = (wanted) => until(async () => ((await account()).state === wanted ? account() : undefined), `the state ${wanted}`, { milliseconds: 40000 });
  const told = (pattern) => until(() => driver.sent().find(({ text }) => pattern.test(text)), `an answer like ${pattern}`, { milliseconds: 40000, describe: () => gateway.output });
  const keysFile = () => path.join(gateway.stateDir, "foreign/whatsapp/default/keys.jsonl");

  /** The process of node below the gateway. */
  function sidecar() {
    const parents = new Map();
    for (const name of fs.readdirSync("/proc").filter((one) => /^\d+$/.test(one))) {
      try {
        const [, ppid] = /PPid:\t(\d+)/.exec(fs.readFileSync(`/proc/${name}/status`, "utf8"));
        parents.set(Number(name), Number(ppid));
      } catch {
        // it has ended
      }
    }
    const below = (pid) => pid === gateway.pid || (parents.has(pid) && below(parents.get(pid)));
    return [...parents.keys()].find((pid) => {
      try {
        return below(pid) && fs.readFileSync(`/proc/${pid}/cmdline`, "utf8").includes("/sidecar/sidecar.mjs") && fs.readlinkSync(`/proc/${pid}/exe`).includes("node");
      } catch {
        return false;
      }
    });
  }

  // parity: 1.3-whatsapp
  test("a code is shown, a phone scans it, and the link survives kill -9 without another code", async () => {
    await start({}, { ready: false });
    const waiting = await state("needs-login");
    assert.match(waiting.qr, /^[^,]+,[^,]+,[^,]+,[^,]+$/);
    assert.match(waiting.todo, /Linked devices/);
    await driver.ready(gateway);
    assert.equal((await state("up")).who, "+15550001111");
    await driver.say({ text: "first" });
    await told(/first/);
    await gateway.kill();
    await driver.say({ text: "while dead" });
    await gateway.start();
    await driver.ready(gateway);
    await told(/while dead/);
    assert.equal(driver.sent().filter(({ text }) => /while dead/.test(text)).length, 1);
    assert.equal(driver.fake.retries, 0, "no message had to be asked for again");
  });

  test("the command line shows the code until a phone has read it, and unlinks the account again", async () => {
    await start({}, { ready: false });
    await state("needs-login");
    const linking = gateway.command(["channels", "login", "whatsapp"]);
    await driver.ready(gateway);
    const linked = await linking;
    assert.equal(linked.code, 0, linked.stderr);
    assert.match(linked.stdout, /Linked devices/);
    assert.ok(linked.stdout.split("\n").filter((line) => /[▀▄█]/.test(line) && line.length >= 30).length > 15, "a code that a phone can read");
    assert.match(linked.stdout, /Connected as \+15550001111/);
    const unlinked = await gateway.command(["channels", "logout", "whatsapp"]);
    assert.equal(unlinked.code, 0, unlinked.stderr);
    await state("needs-login");
    assert.ok(!fs.existsSync(keysFile()) || !fs.readFileSync(keysFile(), "utf8").includes("registrationId"), "nothing of the link is kept");
  });

  test("its keys are the owner's alone, and stand in no log and in no environment; the process sees nothing of the state", async () => {
    await start();
    await driver.say({ text: "hello" });
    await told(/hello/);
    assert.equal(fs.statSync(keysFile()).mode & 0o777, 0o600);
    const pid = sidecar();
    const environment = fs.readFileSync(`/proc/${pid}/environ`, "utf8").split("\0").map((one) => one.split("=")[0]).filter(Boolean).sort();
    assert.deepEqual(environment, ["HOME", "LANG", "PATH", "TERM", "USER"]);
    assert.ok(!fs.existsSync(`/proc/${pid}/root${gateway.stateDir}`), "the state folder is not there");
    assert.ok(!fs.existsSync(`/proc/${pid}/root/home`) || fs.readdirSync(`/proc/${pid}/root/home`).length === 0);
    const creds = fs.readFileSync(keysFile(), "utf8").split("\n").filter(Boolean).map((line) => JSON.parse(line)).filter(({ k }) => k === "creds").at(-1);
    const secrets = [...JSON.stringify(creds).matchAll(/\\"private\\":\{[^}]*?\\"data\\":\\"([^"\\]+)/g)].map(([, secret]) => secret);
    assert.ok(secrets.length >= 3, "private keys were found to look for");
    for (const secret of secrets) assert.ok(!gateway.output.includes(secret));
  });

  test("a sidecar that dies is started again and nothing is lost; one that is left alone ends with the gateway", async () => {
    await start();
    const first = sidecar();
    process.kill(first, "SIGKILL");
    await driver.say({ text: "after its death" });
    await told(/after its death/);
    const second = sidecar();
    assert.notEqual(second, first);
    await gateway.kill();
    await until(() => !fs.existsSync(`/proc/${second}`), "the sidecar to be gone");
  });

  test("when the phone removes the device its keys are thrown away and a new code is shown", async () => {
    await start();
    const before = fs.readFileSync(keysFile(), "utf8");
    driver.fake.unlink();
    const waiting = await state("needs-login");
    assert.ok(waiting.qr);
    assert.match(gateway.output, /removed this device/);
    assert.ok(!fs.readFileSync(keysFile(), "utf8").includes(JSON.parse(before.split("\n")[0]).v), "the old keys are gone");
    await driver.ready(gateway);
    await driver.say({ text: "linked again" });
    await told(/linked again/);
  });

  test("another client on the same link, and a number that is refused, wait for a person", async () => {
    await start();
    driver.fake.end(undefined, { tag: "conflict", attrs: { type: "replaced" } });
    const failed = await state("failed");
    assert.match(failed.lastError, /Another program/);
    assert.ok(failed.todo);
    const logins = driver.fake.logins;
    await new Promise((resolve) => setTimeout(resolve, 1000));
    assert.equal(driver.fake.logins, logins, "it does not fight");
  });

  test("notes to oneself are answered only in selfChatMode", async () => {
    await start({ selfChatMode: true, allowFrom: ["+15550001111"] });
    await driver.fake.sayToMyself({ conversation: "note to self" });
    await until(() => driver.fake.inbox.find(({ to, message }) => to.startsWith("15550001111") && /note to self/.test(JSON.stringify(message))), "the answer to oneself", { milliseconds: 40000, describe: () => gateway.output });
  });

  test("without Node.js it is said what to install", async () => {
    const empty = fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-no-node-"));
    await start({ sidecarFolder: undefined }, { ready: false, env: { PATH: empty } });
    const failed = await state("failed");
    assert.match(failed.lastError, /needs Node\.js/);
    assert.match(failed.todo, /Install Node\.js 20/);
    fs.rmdirSync(empty);
  });
});
