// Teams where it differs from other messengers: who may hand us an activity, where our token goes, writing first.
import assert from "node:assert/strict";
import fs from "node:fs";
import net from "node:net";
import { after, afterEach, before, test } from "node:test";
import { Driver } from "../peers/teams/driver.mjs";
import { FakeTeams, markupProblem } from "../peers/teams/fake.mjs";
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
afterEach(async () => {
  await gateway?.discard().catch(() => {});
  await driver?.stop();
});

async function startGateway(more = {}, peer) {
  driver = peer ?? (await Driver.start());
  gateway = new Gateway({ modelUrl: model.url });
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  config.channels = { msteams: driver.settings({ allowFrom: [driver.people.ada.id], rooms: { team: {} }, ...more }) };
  Object.assign(config, await driver.config(gateway));
  writeConfig(gateway.stateDir, config);
  await gateway.start();
  await driver.ready(gateway);
}
const told = (where, pattern, count = 1) =>
  until(() => {
    const found = driver.sent(where).filter((message) => pattern.test(message.text));
    return found.length >= count ? found : undefined;
  }, `${count} message(s) like ${pattern}`, { describe: () => `; sent: ${JSON.stringify(driver.sent(where)).slice(0, 600)}${gateway.output.slice(-600)}` });

// parity: 1.3-teams
test("only what the Bot Framework signed for this bot is listened to, and our token goes nowhere else", async () => {
  await startGateway();
  const { fake } = driver;
  const now = Math.floor(Date.now() / 1000);
  const from = { id: "29:1-ada", name: "Ada", aadObjectId: driver.people.ada.id };
  const conversation = { id: "a:1-ada", conversationType: "personal" };
  const hand = (sign, more = {}) => fake.deliver({ ...fake.activity({ from, conversation, text: "forged" }), ...more }, { sign, once: true });
  const evil = await FakeTeams.start();
  const refused = {
    missing: [401, null],
    "no algorithm": [401, { algorithm: "none" }],
    "the public key as an HMAC's": [401, { algorithm: "HS256" }],
    "another key": [401, { key: "other" }],
    "a key that nobody has": [401, { header: { kid: "nobody" } }],
    "another app": [401, { claims: { aud: "another-app" } }],
    "another issuer": [401, { claims: { iss: "https://sts.windows.net/x/" } }],
    "an old one": [401, { claims: { nbf: now - 7200, exp: now - 301 } }],
    "one of tomorrow": [401, { claims: { nbf: now + 320, exp: now + 7200 } }],
    "a serviceUrl that the token does not name": [401, {}, { serviceUrl: evil.serviceUrl }],
    "a serviceUrl that is nobody's": [403, { claims: { serviceurl: evil.serviceUrl } }, { serviceUrl: evil.serviceUrl }],
    "a channel that the key may not speak for": [401, {}, { channelId: "skype" }],
    "another tenant": [403, {}, { channelData: { tenant: { id: "7e57ab1e-0000-4000-8000-00000000ffff" } } }],
  };
  for (const [what, [status, sign, more]] of Object.entries(refused)) assert.equal(await hand(sign, more), status, what);
  assert.equal(await hand({ claims: { nbf: now - 7200, exp: now - 290 } }), 200, "a clock may be wrong by five minutes");
  assert.equal(await hand({ claims: { nbf: now + 290, exp: now + 7200 } }), 200, "either way");
  await told({ person: "ada" }, /forged/, 2);
  assert.equal(evil.calls.length, 0);
  await evil.stop();
  assert.equal((await model.requests({ text: "forged" })).length, 2);
  assert.equal(fake.keySetReads, 1, "forged tokens make nobody ask for the keys again");
});

test("the same activity again is taken and answered once; an invoke is answered at once", async () => {
  await startGateway();
  const message = await driver.say({ text: "count me once" });
  await told({ person: "ada" }, /count me once/);
  await driver.again(message);
  const { fake } = driver;
  const invoke = fake.activity({ from: message.activity.from, conversation: message.activity.conversation, type: "invoke", name: "task/fetch" });
  assert.equal(await fake.deliver(invoke, { once: true }), 501);
  await driver.say({ text: "and this" });
  await told({ person: "ada" }, /and this/);
  assert.equal(driver.sent().length, 2);
});

test("a body that is too large or too slow is refused, and the next message is answered", async () => {
  await startGateway();
  const { fake } = driver;
  const { port } = new URL(fake.endpoint);
  const raw = (length, part) =>
    new Promise((resolve) => {
      const socket = net.connect(Number(port), "127.0.0.1");
      let text = "";
      const head = `POST /api/messages HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${fake.token()}\r\nContent-Length: ${length}\r\n\r\n`;
      socket.write(head + part);
      socket.on("data", (bytes) => (text += bytes));
      socket.on("error", () => {});
      socket.on("close", () => resolve(Number(/^HTTP\/1\.1 (\d+)/.exec(text)?.[1])));
      socket.on("end", () => socket.end());
    });
  const slow = raw(1000, "{");
  assert.equal(await raw(1024 * 1024 + 1, "{"), 413);
  const whole = { ...fake.activity({ from: { id: "29:1-eve" }, conversation: { id: "a:1-eve", conversationType: "personal" }, text: "" }) };
  assert.equal(await fake.deliver({ ...whole, text: "x".repeat(1000 * 1024) }, { once: true }), 200, "just below the limit");
  await driver.say({ text: "meanwhile" });
  await told({ person: "ada" }, /meanwhile/);
  assert.equal(await slow, 408);
});

test("it writes first where it was spoken to: a person, a group, a thread, also after a restart", async () => {
  await startGateway();
  await driver.say({ text: "hello" });
  await told({ person: "ada" }, /hello/);
  const { activity } = await driver.say({ text: "in the thread", room: "team", thread: "alpha", mention: true });
  await told({ room: "team", thread: "alpha" }, /in the thread/);
  await gateway.stop();
  await gateway.start();
  await driver.ready(gateway);
  const send = async (target, text) => {
    const sent = await gateway.command(["message", "send", "--channel", "msteams", "--target", target, "--message", text]);
    assert.equal(sent.code, 0, sent.stderr);
  };
  await send(`user:${driver.people.ada.id.toUpperCase()}`, "good **morning**");
  const [morning] = await told({ person: "ada" }, /good morning/);
  assert.equal(morning.markup, "<p>good <b>morning</b></p>");
  await send(`conversation:${activity.conversation.id}`, "back to the thread");
  await told({ room: "team", thread: "alpha" }, /back to the thread/);
  const unknown = await gateway.command(["message", "send", "--channel", "msteams", "--target", "user:nobody", "--message", "hello"]);
  assert.notEqual(unknown.code, 0);
  assert.match(unknown.stderr, /has not written to this bot/);
});

test("a picture goes out in the message, what is larger than 4 MB is said in words", async () => {
  await startGateway();
  const png = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.alloc(2000, 5)]);
  fs.writeFileSync(gateway.file("chart.png"), png);
  fs.writeFileSync(gateway.file("film.bin"), Buffer.alloc(4 * 1024 * 1024 + 1));
  await driver.say({ text: script(["The chart\nMEDIA:chart.png"]) });
  const [chart] = await told({ person: "ada" }, /The chart/);
  assert.equal(chart.file.type, "image/png");
  assert.ok(chart.file.bytes.equals(png));
  await driver.say({ text: script(["The film\nMEDIA:film.bin"]) });
  const [film] = await told({ person: "ada" }, /The film/);
  assert.match(film.text, /film\.bin could not be sent/);
  assert.equal(film.file, undefined);
});

test("a text full of markup is split before Teams refuses it for its size", async () => {
  await startGateway();
  // Few words, but 28 bytes of markup for each: by words alone it would be one message, of 36 KB.
  const paragraph = Array(20).fill('***~~"~~***').join(" ");
  await driver.say({ text: await model.answer("markup", [["BEGIN", ...Array(65).fill(paragraph), "END"].join("\n\n")]) });
  await told({ person: "ada" }, /END/);
  const pieces = driver.sent();
  assert.ok(pieces.length >= 2);
  for (const { markup } of pieces) assert.equal(markupProblem(markup), undefined);
  assert.deepEqual(driver.fake.calls.filter((call) => call.status >= 400), []);
  assert.equal(pieces.map(({ text }) => text).join("").split('"').length, 65 * 20 + 1);
});

test("what is said while Microsoft's sign-in is away is taken, and answered when it is back", async () => {
  driver = await Driver.start();
  driver.fake.signInFault = 503;
  await startGateway({}, driver);
  await driver.say({ text: "are you there" });
  await model.requests({ text: "are you there", atLeast: 1 });
  const { stdout } = await gateway.command(["channels", "status"]);
  assert.match(stdout, /sign-in answered 503/);
  driver.fake.signInFault = undefined;
  await told({ person: "ada" }, /are you there/);
});

test("a token that ends soon is renewed before", async () => {
  await startGateway({});
  driver.fake.tokenLifetime = 2;
  const first = driver.fake.signIns.length;
  await gateway.stop();
  await gateway.start();
  await driver.ready(gateway);
  await until(() => driver.fake.signIns.length > first, "the sign-in of the second life");
  let said = 0;
  await until(async () => {
    await driver.say({ text: `and again ${++said}.` });
    await told({ person: "ada" }, new RegExp(`again ${said}\\.`));
    return driver.fake.signIns.length >= first + 2;
  }, "a second sign-in", { everyMs: 200 });
  assert.equal(driver.fake.calls.filter((call) => call.status === 401).length, 0);
});
