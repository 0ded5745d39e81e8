// WhatsApp: what the suite of all messengers does not cover. The link by a code, its keys, the confined sidecar, and its ends.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, afterEach, before, describe, test } from "node:test";
import { unavailable } from "../peers/whatsapp/baileys.mjs";
import { Driver } from "../peers/whatsapp/driver.mjs";
import { makeConfig, writeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model } from "./lib/model.mjs";
import { contents } from "./lib/moving.mjs";
import { until } from "./lib/waiting.mjs";

/** What a developer's npm is told, so that the gateway's asks the same registry. */
function npmSettings() {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => /^npm_config_(registry|userconfig)$|^https?_proxy$|^no_proxy$|^NODE_EXTRA_CA_CERTS$/i.test(name)));
}
/** Why nothing can be fetched here, or false. With CI=true that is a failure. */
function registryUnreachable() {
  try {
    execFileSync("npm", ["view", "@whiskeysockets/baileys@7.0.0-rc.9", "version"], { timeout: 20000, stdio: "pipe" });
    return false;
  } catch (error) {
    if (process.env.CI === "true") throw error;
    return `the npm registry is not reached: ${String(error.message).split("\n")[0]}`;
  }
}

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
  /** The link as `export` writes it; the file itself is sealed. */
  async function exported() {
    const out = fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-exported-"));
    const { code, stderr } = await gateway.command(["export", "--to", out]);
    const file = path.join(out, "credentials/whatsapp/default/creds.json");
    const creds = fs.existsSync(file) ? fs.readFileSync(file, "utf8") : "{}";
    fs.rmSync(out, { recursive: true });
    assert.equal(code, 0, stderr);
    return creds;
  }
  const linkIn = (creds) => JSON.parse(creds).me?.id;

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
    assert.equal(linkIn(await exported()), undefined, "nothing of the link is kept");
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
    const secrets = [...(await exported()).matchAll(/"private":\{"type":"Buffer","data":"([^"]+)/g)].map(([, secret]) => secret);
    assert.ok(secrets.length >= 3, "private keys were found to look for");
    const kept = Object.values(contents(gateway.stateDir)).map((content) => Buffer.from(content, "base64"));
    for (const secret of secrets) {
      assert.ok(!gateway.output.includes(secret));
      for (const clear of [Buffer.from(secret), Buffer.from(secret, "base64")]) assert.ok(!kept.some((file) => file.includes(clear)), "a key lies in clear in the state folder");
    }
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
    const old = await exported();
    assert.equal(linkIn(old), "15550001111:1@s.whatsapp.net");
    driver.fake.unlink();
    const waiting = await state("needs-login");
    assert.ok(waiting.qr);
    assert.match(gateway.output, /removed this device/);
    assert.equal(linkIn(await exported()), undefined, "the old keys are gone");
    await driver.ready(gateway);
    assert.notEqual(JSON.parse(await exported()).noiseKey.private.data, JSON.parse(old).noiseKey.private.data);
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

  test("an account that is taken away leaves neither its keys nor what sealed them", async () => {
    await start();
    const names = async () => JSON.parse((await gateway.command(["secrets", "list", "--json"])).stdout).secrets.map(({ name }) => name);
    assert.deepEqual(await names(), ["channels.whatsapp.default.keys"]);
    const removed = await gateway.command(["channels", "remove", "whatsapp", "--delete"]);
    assert.equal(removed.code, 0, removed.stderr);
    assert.deepEqual(await names(), []);
    assert.ok(!fs.existsSync(path.dirname(keysFile())));
  });

  test("channels.whatsapp.ackReaction says what is marked as seen: by its emoji, in direct chats or not, in groups on a mention", async () => {
    await start({ rooms: { team: {} }, groupPolicy: "open", ackReaction: { emoji: "🫡", direct: false, group: "mentions" } });
    await driver.say({ text: "in private" });
    await told(/in private/);
    const asked = await driver.say({ room: "team", text: "in the group", mention: true });
    const [mark] = await until(() => driver.reactions().length > 0 && driver.reactions(), "the mark", { milliseconds: 20000, describe: () => gateway.output });
    assert.equal(mark.emoji, "🫡");
    assert.equal(mark.messageId, asked.id);
    assert.equal(driver.reactions().length, 1, "none in the direct chat");
  });

  test("`channels add whatsapp` fetches Baileys from the npm registry, once, and the link comes up with it", { skip: registryUnreachable(), timeout: 60000 }, async () => {
    driver = await Driver.start();
    gateway = new Gateway({ modelUrl: model.url, env: npmSettings() });
    const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
    config.channels = { whatsapp: driver.settings({ enabled: false, sidecarFolder: undefined, allowFrom: [driver.people.ada.id] }) };
    writeConfig(gateway.stateDir, config);
    await gateway.start();
    const added = await gateway.command(["channels", "add", "whatsapp"]);
    assert.equal(added.code, 0, added.stderr);
    await driver.ready(gateway);
    assert.match(gateway.output, /Fetching Baileys/);
    await driver.say({ text: "with what npm brought" });
    await told(/with what npm brought/);
    const program = path.join(gateway.stateDir, "foreign/whatsapp/program");
    const [version, ...others] = fs.readdirSync(program);
    assert.deepEqual(others, []);
    assert.ok(fs.existsSync(path.join(program, version, "node_modules/@whiskeysockets/baileys/package.json")));
    await gateway.stop();
    await gateway.start();
    await driver.ready(gateway);
    assert.doesNotMatch(gateway.output, /Fetching Baileys/);
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
