// What is iMessage's own: the program that is started here or by ssh, what it prints, the files of a Mac, and our own echo.
// tests/channels has the rest. No Mac was ever asked: tests/peers/imessage repeats recorded shapes.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, beforeEach, test } from "node:test";
import { Driver } from "../peers/imessage/driver.mjs";
import { makeConfig, writeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

let model;
let driver;
let gateway;
before(async () => {
  model = await Model.start();
});
after(() => model?.stop());
beforeEach(async () => {
  driver = await Driver.start();
});
afterEach(async () => {
  await gateway?.discard().catch(() => {});
  await driver.stop();
});

async function start(settings, env = {}) {
  gateway = new Gateway({ modelUrl: model.url, env: { SECRET_OF_THE_GATEWAY: "1", ...env } });
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  config.channels = { imessage: settings };
  writeConfig(gateway.stateDir, config);
  await gateway.start();
}
const told = (pattern, where = {}) =>
  until(() => driver.sent(where).find(({ text, file }) => pattern.test(text) || (file && pattern.test(file.name))), `a message like ${pattern}`, {
    describe: () => `; sent: ${JSON.stringify(driver.sent(where))}; ${gateway.output}`,
  });
async function failure() {
  return until(async () => {
    const { stdout } = await gateway.command(["channels", "status"]);
    return /failed/.test(stdout) ? stdout : undefined;
  }, "the account to be failed", { everyMs: 100, describe: () => gateway.output });
}
/** A folder with a program of that name, before everything else in PATH. */
function programInPath(name, text) {
  const folder = path.join(driver.fake.folder, "bin");
  fs.mkdirSync(folder, { recursive: true });
  fs.writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return { PATH: `${folder}:${process.env.PATH}` };
}

// parity: 1.3-imessage
test("imsg is started with the database that the settings name and nothing of our environment; a file goes out by its path", async () => {
  await start(driver.settings({ allowFrom: [driver.people.ada.id], dbPath: "/Users/bot/chat.db", service: "imessage", region: "DE" }));
  await driver.ready();
  const [first] = driver.fake.starts;
  assert.deepEqual(first.args, ["rpc", "--db", "/Users/bot/chat.db"]);
  assert.ok(!first.environment.includes("SECRET_OF_THE_GATEWAY"));
  assert.deepEqual(driver.fake.calls.map(({ method, params }) => [method, params]), [
    ["chats.list", { limit: 1 }],
    ["watch.subscribe", { attachments: true, include_reactions: true }],
  ]);
  fs.writeFileSync(path.join(gateway.workspace, "report.txt"), "the report");
  await driver.say({ text: script(["Here **it** is\nMEDIA:report.txt"]) });
  const { file, text } = await told(/report\.txt/);
  assert.equal(file.bytes.toString(), "the report");
  assert.equal(text, "Here it is");
  const { params } = driver.fake.calls.at(-1);
  assert.deepEqual({ ...params, file: undefined }, { text: "Here it is", chat_id: 7, service: "imessage", region: "DE", file: undefined });
  const { pid } = first;
  await gateway.stop();
  await until(() => !fs.existsSync(`/proc/${pid}`), "imsg to have ended");
  for (const name of fs.readdirSync(path.join(gateway.stateDir, "logs")))
    assert.doesNotMatch(fs.readFileSync(path.join(gateway.stateDir, "logs", name), "utf8"), /private message of somebody/);
});

test("while the gateway is down messages wait: it goes on behind the last row that it took", async () => {
  await start(driver.settings({ allowFrom: [driver.people.ada.id] }));
  await driver.ready();
  await driver.say({ text: "before" });
  await told(/before/);
  await until(() => driver.fake.calls.some(({ guid }) => guid), "our own row");
  await gateway.kill();
  await driver.say({ text: "one in the gap" });
  await driver.say({ text: "two in the gap" });
  await gateway.start();
  await driver.ready();
  await told(/two in the gap/);
  assert.ok(driver.fake.calls.filter(({ method }) => method === "watch.subscribe").at(-1).params.since_rowid > 0);
  for (const words of ["before", "one in the gap", "two in the gap"])
    assert.equal(driver.sent().filter(({ text }) => text.includes(words)).length, 1, words);
});

test("our own words that come back in a chat with oneself are not answered", async () => {
  await start(driver.settings({ allowFrom: [driver.people.ada.id] }));
  await driver.ready();
  await driver.say({ text: script(["the echo"]) });
  await told(/^the echo$/);
  await driver.say({ text: "the echo" });
  await driver.say({ text: "and now" });
  await told(/and now/);
  assert.equal(driver.sent().length, 2);
});

test("with remoteHost it is started by ssh, as words and not by a shell of ours, and files are copied from there", async () => {
  const notes = path.join(driver.fake.folder, "ssh.txt");
  const environment = programInPath("ssh", `printf '%s\\n' "$@" > '${notes}'\nexec '${driver.fake.cliPath}' rpc`);
  // scp as far as it goes: the last two words are HOST:PATH and where to.
  programInPath("scp", `for last; do from=$to; to=$last; done\nprintf '%s\\n' "$@" > '${notes}.scp'\nexec cp "\${from#bot@mac-mini:}" "$to"`);
  const own = driver.settings({ allowFrom: [driver.people.ada.id], remoteHost: "bot@mac-mini", cliPath: "/opt/homebrew/bin/imsg", dbPath: "/Users/bot/chat.db" });
  await start(own, environment);
  await driver.ready();
  const words = fs.readFileSync(notes, "utf8").trim().split("\n");
  assert.deepEqual(words.slice(-7), ["-T", "--", "bot@mac-mini", "/opt/homebrew/bin/imsg", "rpc", "--db", "/Users/bot/chat.db"]);
  assert.ok(words.includes("StrictHostKeyChecking=yes") && words.includes("BatchMode=yes"));
  await driver.say({ text: "look", files: [{ name: "a b.txt", type: "text/plain", bytes: Buffer.from("from the Mac") }] });
  await told(/look/);
  const folder = path.join(gateway.workspace, "media/inbound");
  assert.deepEqual(fs.readdirSync(folder).map((name) => fs.readFileSync(path.join(folder, name), "utf8")), ["from the Mac"]);
  assert.ok(fs.readFileSync(`${notes}.scp`, "utf8").split("\n").includes("-s"));
});

test("a host that is an option, a Mac that does not know us, and a missing program are said with what to do", async () => {
  const cases = [
    [{ remoteHost: "-oProxyCommand=true", cliPath: "/no/imsg" }, "exit 1", /not a host for ssh/],
    [{ remoteHost: "mac", cliPath: "/no/imsg" }, "echo 'Host key verification failed.' >&2; exit 255", /host key is not known[\s\S]*Log in once/],
    [{ cliPath: "/no/imsg" }, "exit 1", /no program \/no\/imsg[\s\S]*channels\.imessage\.cliPath/],
  ];
  for (const [settings, ssh, said] of cases) {
    await start(driver.settings(settings), programInPath("ssh", ssh));
    assert.match(await failure(), said);
    await gateway.discard();
  }
});

test("a file that is not among Messages' own is not read", async () => {
  await start(driver.settings({ allowFrom: [driver.people.ada.id] }));
  await driver.ready();
  const { row } = await driver.say({ text: "first" });
  await told(/first/);
  const attachments = [{ original_path: "/etc/hostname", mime_type: "text/plain", transfer_name: "hostname", total_bytes: 9, missing: false }];
  driver.fake.insert(driver.fake.row(7, { sender: row.sender, text: "take this", attachments }));
  await told(/take this/);
  const [request] = await model.requests({ text: "take this", atLeast: 1 });
  assert.match(JSON.stringify(request.body), /hostname was not fetched: it is not among Messages' attachments/);
});
