// People talk to an agent on Slack: the real binary, a Slack on loopback (tests/peers/slack), a scripted model. What all
// messengers have in common is tests/channels; here is what only Slack has.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, afterEach, before, test } from "node:test";
import { Driver } from "../peers/slack/driver.mjs";
import { bot } from "../peers/slack/fake.mjs";
import { makeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

let model;
let driver;
let slack;
const gateways = [];

before(async () => {
  model = await Model.start();
});
after(() => model?.stop());
afterEach(async () => {
  for (const gateway of gateways.splice(0)) await gateway.discard().catch(() => {});
  await driver?.stop();
});

async function startGateway(settings = {}, more = {}) {
  driver = await Driver.start();
  slack = driver.slack;
  const gateway = new Gateway({ modelUrl: model.url });
  gateways.push(gateway);
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  config.channels = { slack: driver.settings({ allowFrom: [driver.people.ada.id], dmPolicy: "allowlist", rooms: { team: {} }, ...settings }) };
  Object.assign(config, more, await driver.config(gateway));
  fs.writeFileSync(path.join(gateway.stateDir, "openclaw.json"), JSON.stringify(config));
  await gateway.start();
  await driver.ready(gateway);
  return gateway;
}
const told = (where, pattern, count = 1) =>
  until(() => {
    const found = driver.sent(where).filter((message) => pattern.test(message.text));
    return found.length >= count ? found : undefined;
  }, `${count} message(s) like ${pattern}`, { describe: () => `; sent: ${JSON.stringify(driver.sent(where)).slice(0, 800)}; calls: ${slack.calls.slice(-5).map((call) => `${call.method} ${JSON.stringify(call.result)}`)}` });

// parity: 1.3-slack, 1.3-common
test("a direct message is answered once, in mrkdwn, and its event is acknowledged", async () => {
  await startGateway();
  await driver.say({ text: script(["**bold** & `code` <b> [words](https://example.org/?a=1&b=2)\n\n- one\n- two"]) });
  const [answer] = await told({}, /bold/);
  assert.equal(answer.markup, "*bold* &amp; `code` &lt;b&gt; <https://example.org/?a=1&amp;b=2|words>\n\n• one\n• two");
  await until(() => slack.unacknowledged.length === 0, "all events to be acknowledged");
  assert.equal(slack.late.length, 0, "each within three seconds");
  assert.equal(driver.sent().length, 1);
  assert.ok(driver.typing().some((shown) => shown.on && shown.person === "ada"), "it shows that it types");
});
