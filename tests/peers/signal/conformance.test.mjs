// The real signal-cli judges the fake, and the calls that our gateway makes. It runs offline with an empty data folder, so it has no
// account: what it says to each call, which options its commands have and which fields its records have is what can be compared.
import assert from "node:assert/strict";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import zlib from "node:zlib";
import { makeConfig, writeConfig } from "../../journeys/lib/config.mjs";
import { Gateway } from "../../journeys/lib/gateway.mjs";
import { Model } from "../../journeys/lib/model.mjs";
import { until } from "../../journeys/lib/waiting.mjs";
import { freePort } from "../free_port.mjs";
import { Driver } from "./driver.mjs";
import { FakeSignal } from "./fake.mjs";
import { constantsOf, programFile, realSignalCli, startDaemon } from "./real.mjs";

let real;
let reason;
try {
  real = realSignalCli();
} catch (error) {
  reason = `signal-cli or its Java cannot be had: ${error.message.split("\n")[0]}`;
}
if (reason && process.env.CI === "true") throw new Error(reason);
const skip = reason ?? false;

const folder = fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-signal-"));
let daemon;
let fake;
let model;
let streams; // their heads come with the first comment, after 15 seconds
before(async () => {
  if (reason) return;
  [daemon, fake, model] = await Promise.all([startDaemon(real, folder), FakeSignal.start(), Model.start()]);
  fake.accounts = [];
  streams = Promise.all([fake.url, daemon.url].map((url) => fetch(`${url}/api/v1/events`)));
});
after(async () => {
  await Promise.all([daemon?.stop(), fake?.stop(), model?.stop()]);
  fs.rmSync(folder, { recursive: true, force: true });
});

async function post(url, body) {
  const answer = await fetch(`${url}/api/v1/rpc`, { method: "POST", headers: { "content-type": "application/json" }, body });
  const text = await answer.text();
  return { status: answer.status, type: answer.headers.get("content-type"), body: text === "" ? "" : JSON.parse(text) };
}
const call = (method, params, more = {}) => JSON.stringify({ jsonrpc: "2.0", id: "1", method, params, ...more });
const someone = { account: "+15550001234", recipient: ["+15550000007"] };

async function gatewayWith(settings, start = true) {
  const gateway = new Gateway({ modelUrl: model.url, env: { JAVA_HOME: "" } });
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  config.channels = { signal: settings };
  writeConfig(gateway.stateDir, config);
  if (start) await gateway.start();
  return gateway;
}
async function failure(gateway) {
  return until(async () => {
    const { stdout } = await gateway.command(["channels", "status"]);
    return /failed/.test(stdout) ? stdout : undefined;
  }, "the account to be failed", { milliseconds: 60000, everyMs: 200, describe: () => gateway.output });
}

test("the fake answers every call as the real one does", { skip }, async () => {
  const calls = [
    call("version"),
    call("version", {}, { id: 7 }),
    call("listAccounts", {}),
    call("nothing", {}),
    call("send", { recipient: ["+15550000007"], message: "hi" }),
    call("version", {}, { id: undefined }),
    JSON.stringify({ id: "1", method: "version" }),
    JSON.stringify({ jsonrpc: "2.0", id: "1" }),
    ...["send", "sendTyping", "sendReaction", "remoteDelete", "sendReceipt", "getAttachment", "listIdentities", "listContacts", "listGroups"].map((method) => call(method, someone)),
  ];
  for (const body of calls) assert.deepEqual(await post(fake.url, body), await post(daemon.url, body), body);
  const garbage = [await post(fake.url, "not json"), await post(daemon.url, "not json")];
  for (const { body } of garbage) assert.equal(body.error.code, -32700);
  assert.deepEqual({ ...garbage[0], body: garbage[0].body.id }, { ...garbage[1], body: garbage[1].body.id });
});

test("its doors are the same: check, events, methods that are not allowed, and what is not there", { skip }, async () => {
  for (const [method, target] of [["GET", "/api/v1/check"], ["POST", "/api/v1/check"], ["GET", "/api/v1/rpc"], ["POST", "/api/v1/events"], ["GET", "/api/v1/events?account=%2B15550001234"], ["GET", "/nothing"]]) {
    const [one, other] = await Promise.all([fake.url, daemon.url].map((url) => fetch(url + target, { method })));
    assert.equal(one.status, other.status, `${method} ${target}`);
  }
});

test("what the fake sends are the records of signal-cli, field by field", { skip }, async () => {
  const records = new Map();
  for (const line of fs.readFileSync(new URL("./records-0.13.19.txt", import.meta.url), "utf8").split("\n")) {
    const name = /(?:class) (Json[\w$]+) extends Record/.exec(line)?.[1];
    const field = /private final \S+ (\w+);/.exec(line)?.[1];
    if (name) records.set(name, []);
    else if (field && !/class/.test(line)) [...records.values()].at(-1).push(field);
  }
  for (const name of ["JsonMessageEnvelope", "JsonDataMessage", "JsonAttachment", "JsonMention", "JsonQuote", "JsonReaction", "JsonGroupInfo", "JsonEditMessage", "JsonRemoteDelete", "JsonSendMessageResult", "JsonRecipientAddress", "JsonAttachmentData"]) {
    const constants = constantsOf(real, `org/asamk/signal/json/${name}`);
    for (const field of records.get(name)) assert.ok(constants.has(field), `${name} has no ${field}`);
  }
  const inside = { dataMessage: "JsonDataMessage", editMessage: "JsonEditMessage", attachments: "JsonAttachment", mentions: "JsonMention", quote: "JsonQuote", reaction: "JsonReaction", groupInfo: "JsonGroupInfo", remoteDelete: "JsonRemoteDelete" };
  const judge = (value, name) => {
    for (const [field, content] of Object.entries(value)) {
      assert.ok(records.get(name).includes(field), `${name} has no ${field}`);
      if (inside[field]) for (const one of [content].flat()) judge(one, inside[field]);
    }
  };
  const driver = await Driver.start();
  const said = [];
  driver.fake.deliver = (envelope) => said.push(envelope);
  const message = await driver.say({ text: "x", mention: true, room: "team", replyTo: "5", files: [{ name: "a.png", type: "image/png", bytes: Buffer.from("x") }] });
  await driver.edit(message, "y");
  await driver.react(message, "👍");
  await driver.remove(message);
  assert.equal(said.length, 4);
  for (const envelope of said) judge(envelope, "JsonMessageEnvelope");
  await driver.stop();
});

test("each call of our gateway is one of the real one's, with options that it has", { skip }, async () => {
  const driver = await Driver.start();
  const gateway = await gatewayWith(
    driver.settings({ allowFrom: [driver.people.ada.id], rooms: { team: {} }, sendReadReceipts: true, streamMode: "partial", replyToMode: "all" }),
    false,
  );
  try {
    const config = JSON.parse(fs.readFileSync(path.join(gateway.stateDir, "openclaw.json")));
    config.messages = { ackReaction: "👀", ackReactionScope: "all", removeAckAfterReply: true };
    writeConfig(gateway.stateDir, config);
    await gateway.start();
    await driver.ready(gateway);
    fs.writeFileSync(path.join(gateway.workspace, "report.txt"), "the report");
    await driver.say({ text: "look", files: [{ name: "a.txt", type: "text/plain", bytes: Buffer.from("hello") }] });
    await driver.say({ text: "**here** it is\nMEDIA:report.txt" });
    await driver.say({ text: "hello team", mention: true, room: "team" });
    const streamed = await model.answer("stream this", [{ text: `${"**many** words ".repeat(30)}`, pauseMs: 40 }]);
    await driver.say({ text: streamed });
    const made = () => new Set(driver.fake.calls.map(({ method }) => method));
    const edited = () => driver.fake.calls.some(({ params }) => params.editTimestamp);
    const wanted = ["listAccounts", "listIdentities", "send", "sendTyping", "sendReaction", "sendReceipt", "getAttachment"];
    await until(() => wanted.every((method) => made().has(method)) && edited() && driver.sent({ room: "team" }).length > 0, "every kind of call", {
      milliseconds: 30000,
      describe: () => `; made: ${[...made()]}; ${gateway.output}`,
    });
  } finally {
    await gateway.discard();
  }
  const manual = zlib.gunzipSync(fs.readFileSync(path.join(real.root, "man/man1/signal-cli.1.gz"))).toString();
  const judged = new Set();
  for (const { method, params, why } of driver.fake.calls) {
    assert.equal(why, undefined, `the fake refused ${method}: ${why}`);
    const shape = `${method} ${Object.keys(params).sort()}`;
    if (judged.has(shape)) continue;
    judged.add(shape);
    const { body } = await post(daemon.url, call(method, params));
    if (method === "listAccounts") assert.deepEqual(body.result, []);
    else assert.deepEqual(body.error, { code: -32602, message: "Specified account does not exist", data: null }, shape);
    const name = `${method[0].toUpperCase()}${method.slice(1)}Command`;
    const options = constantsOf(real, `org/asamk/signal/commands/${name}`);
    for (const parameter of Object.keys(params)) {
      if (parameter === "account") continue;
      const option = parameter.replace(/^attachments$/, "attachment").replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
      assert.ok(options.has(option) || options.has(`--${option}`), `${method} has no option ${option}`);
    }
    for (const style of params.textStyle ?? []) assert.ok(manual.includes(style.split(":")[2]), style);
  }
  await driver.stop();
});

test("our gateway says what is missing when the real one has no account", { skip }, async () => {
  const gateway = await gatewayWith({ account: "+15550001234", httpUrl: daemon.url });
  try {
    assert.match(await failure(gateway), /signal-cli has no account \+15550001234[\s\S]*signal-cli link/);
  } finally {
    await gateway.discard();
  }
});

test("our gateway starts the real one, understands why it ends, and leaves none behind", { skip }, async () => {
  const program = programFile(real, folder);
  const own = { autoStart: true, cliPath: program, configPath: path.join(folder, "own-data") };
  const running = () => fs.existsSync(`/proc/${fs.readFileSync(`${program}.pid`, "utf8").trim()}`);
  for (const account of ["+15550001234", undefined]) {
    const gateway = await gatewayWith({ ...own, ...(account && { account }), httpPort: await freePort() });
    try {
      assert.match(await failure(gateway), /signal-cli has no account/);
      await until(() => !running(), "signal-cli to have ended");
    } finally {
      await gateway.discard();
    }
  }
});

test("their streams of events begin alike", { skip }, async () => {
  for (const stream of await streams) {
    assert.equal(stream.status, 200);
    assert.equal(stream.headers.get("content-type"), "text/event-stream");
    const { value } = await stream.body.getReader().read();
    assert.equal(Buffer.from(value).toString(), ":\n");
  }
});
