// A link to WhatsApp that OpenClaw made, by the real Baileys and its folder of keys: it goes on here without another code, nothing of it
// lies here in clear, and the real Baileys goes on with what is written back.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { pathToFileURL } from "node:url";
import { folder, unavailable } from "../peers/whatsapp/baileys.mjs";
import { Driver } from "../peers/whatsapp/driver.mjs";
import { makeConfig, writeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model } from "./lib/model.mjs";
import { contents, temporaryFolder } from "./lib/moving.mjs";
import { until } from "./lib/waiting.mjs";

const silent = { level: "silent", child: () => silent };
for (const name of ["trace", "debug", "info", "warn", "error", "fatal"]) silent[name] = () => {};

/** Baileys as OpenClaw 2026.1.30 uses it: its own folder of files. */
class RealBaileys {
  words = [];
  #socket;

  constructor(baileys, fake, files) {
    Object.assign(this, { baileys, fake, files });
  }
  async connect() {
    const { state, saveCreds } = await this.baileys.useMultiFileAuthState(this.files);
    const keys = this.baileys.makeCacheableSignalKeyStore(state.keys, silent);
    const logins = this.fake.logins;
    const open = () => {
      this.#socket = this.baileys.makeWASocket({ auth: { creds: state.creds, keys }, logger: silent, waWebSocketUrl: this.fake.url, markOnlineOnConnect: false, syncFullHistory: false, shouldSyncHistoryMessage: () => false });
      this.#socket.ev.on("creds.update", saveCreds);
      this.#socket.ev.on("messages.upsert", ({ messages }) => this.words.push(...messages.map(({ message }) => message?.conversation)));
      this.#socket.ev.on("connection.update", ({ qr, lastDisconnect }) => {
        if (qr) this.fake.scan(qr);
        if (lastDisconnect?.error?.output?.statusCode === 515) open();
      });
    };
    open();
    await until(() => this.fake.logins > logins && this.fake.ready, "Baileys to be logged in", { milliseconds: 20000 });
  }
  heard(text) {
    return until(() => this.words.includes(text), `"${text}" to be read by Baileys`, { milliseconds: 10000, describe: () => JSON.stringify(this.words) });
  }
  async leave() {
    this.#socket.end();
    await until(() => !this.fake.ready, "the end of its connection");
    await new Promise((resolve) => setTimeout(resolve, 300)); // its last files are being written
  }
}

const secretsOf = (files) => Object.values(files).flatMap((content) => [...Buffer.from(content, "base64").toString().matchAll(/"private":\{"type":"Buffer","data":"([^"]+)"/g)].map(([, secret]) => secret));

/** Where a secret stands in clear below a folder: as it is, as base64 and as hex. */
function leaks(folder_, secrets) {
  const wanted = secrets.flatMap((secret) => [Buffer.from(secret, "base64"), Buffer.from(secret), Buffer.from(Buffer.from(secret, "base64").toString("hex"))]);
  const files = Object.entries(contents(folder_)).map(([name, content]) => [name, Buffer.from(content, "base64")]);
  return files.filter(([, bytes]) => wanted.some((one) => bytes.includes(one))).map(([name]) => name);
}

describe("A link to WhatsApp moves in and out", { skip: unavailable(), concurrency: 1 }, () => {
  let baileys;
  let model;
  let driver;
  let gateway;

  before(async () => {
    console.info = console.warn = () => {}; // the Signal library tells of sessions
    baileys = await import(pathToFileURL(path.join(folder(), "node_modules/@whiskeysockets/baileys/lib/index.js")));
    model = await Model.start();
    driver = await Driver.start();
    gateway = new Gateway({ modelUrl: model.url });
    const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
    config.channels = { whatsapp: driver.settings({ allowFrom: [driver.people.ada.id] }) };
    writeConfig(gateway.stateDir, config);
  });
  after(async () => {
    await gateway?.discard().catch(() => {});
    await driver?.stop();
    await model?.stop();
  });

  const answered = (pattern) => until(() => driver.sent().find(({ text }) => pattern.test(text)), `an answer like ${pattern}`, { milliseconds: 40000, describe: () => gateway.output });

  test("out of OpenClaw's folder, without another code; and back into one that Baileys reads", { timeout: 240000 }, async (t) => {
    const files = path.join(gateway.stateDir, "credentials/whatsapp/default");
    const old = new RealBaileys(baileys, driver.fake, files);
    await old.connect();
    await driver.say({ text: "to the old program" });
    await old.heard("to the old program");
    await driver.say({ room: "team", text: "all of you" });
    await old.heard("all of you");
    await old.leave();
    const secrets = secretsOf(contents(files));
    assert.ok(secrets.length > 30, "private keys were found to look for");

    const listed = await gateway.command(["migrate", "--dry-run"]);
    assert.match(listed.stdout, /login WhatsApp default.*\+15550001111, \d+ keys/, listed.stderr);
    const moved = await gateway.command(["migrate"]);
    assert.equal(moved.code, 0, moved.stdout + moved.stderr);
    assert.ok(!fs.existsSync(files), "its files are gone");
    assert.deepEqual(leaks(gateway.stateDir, secrets).filter((name) => !name.startsWith("backups/")), []);

    const scans = driver.fake.scans;
    await gateway.start();
    await until(() => driver.fake.ready, "the login with the old keys", { milliseconds: 40000, describe: () => gateway.output });
    await driver.say({ text: "to the new program" });
    await answered(/to the new program/);
    await gateway.stop();
    assert.equal(driver.fake.scans, scans, "no other code was scanned");

    fs.rmSync(path.join(gateway.stateDir, "backups"), { recursive: true });
    const out = temporaryFolder(t);
    const exported = await gateway.command(["export", "--to", out]);
    assert.equal(exported.code, 0, exported.stdout + exported.stderr);
    assert.match(exported.stdout, /login WhatsApp default/);
    const written = path.join(out, "credentials/whatsapp/default");
    const names = Object.keys(contents(written));
    for (const kind of ["creds", "pre-key-", "session-", "sender-key-", "lid-mapping-"]) assert.ok(names.some((name) => name.startsWith(kind)), `${kind}: ${names.join(" ")}`);
    assert.ok(!names.some((name) => name.startsWith("spool")), "what is ours alone stays here");
    for (const name of names) assert.equal(fs.statSync(path.join(written, name)).mode & 0o777, 0o600, name);
    const all = [...secrets, ...secretsOf(contents(written))];
    const again = new RealBaileys(baileys, driver.fake, written);
    await again.connect();
    await driver.say({ text: "back again" });
    await again.heard("back again");
    await again.leave();
    assert.equal(driver.fake.retries, 0, "no message had to be asked for again");

    assert.deepEqual(leaks(gateway.stateDir, all), [], "no key lies in clear in the state folder");
  });
});
