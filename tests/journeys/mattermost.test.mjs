// Mattermost where it differs from other messengers: targets by name, chat modes, a server that falls silent.
import assert from "node:assert/strict";
import { after, afterEach, before, test } from "node:test";
import { Driver } from "../peers/mattermost/driver.mjs";
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

async function startGateway(more = {}) {
  driver = await Driver.start();
  gateway = new Gateway({ modelUrl: model.url });
  const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
  config.channels = { mattermost: driver.settings({ dmPolicy: "allowlist", allowFrom: [driver.people.ada.id], rooms: { team: {} }, ...more }) };
  writeConfig(gateway.stateDir, config);
  await gateway.start();
  await driver.ready(gateway);
}
const told = (where, pattern) =>
  until(() => driver.sent(where).find((message) => pattern.test(message.text)), `a message like ${pattern}`, {
    describe: () => `; sent: ${JSON.stringify(driver.sent(where)).slice(0, 600)}${gateway.output.slice(-600)}`,
  });

// parity: 1.3-more-channels
test("it writes first to a person by name or id and to a channel; nobody is rung by what the model says", async () => {
  await startGateway();
  const send = (target, text) => gateway.command(["message", "send", "--channel", "mattermost", "--target", target, "--message", text]);
  for (const target of ["@bo", `user:${driver.people.bo.id}`, `channel:${driver.team.id}`]) {
    const sent = await send(target, `hello @all from ${target.split(":")[0]}`);
    assert.equal(sent.code, 0, sent.stderr);
  }
  await told({ person: "bo" }, /from @bo/);
  await told({ person: "bo" }, /from user/);
  const room = await told({ room: "team" }, /from channel/);
  assert.ok(!room.markup.includes("@all"), room.markup);
  const wrong = await send("a/b", "hello");
  assert.match(wrong.stderr, /channel:ID, user:ID or @username/);
});

test("with a prefix as chat mode it answers what begins with it, and mentions", async () => {
  await startGateway({ chatmode: "onchar", oncharPrefixes: ["!"] });
  await driver.say({ text: "among us", room: "team" });
  await driver.say({ text: "! for you", room: "team" });
  await told({ room: "team" }, /for you/);
  await driver.say({ text: "and this", room: "team", mention: true });
  await told({ room: "team" }, /and this/);
  assert.equal(driver.sent({ room: "team" }).length, 2);
});

test("an answer to a message within a thread goes to the thread, of which only the first can be replied to", async () => {
  await startGateway({ replyToMode: "all" });
  const { post } = await driver.say({ text: "in the thread", room: "team", thread: "alpha", mention: true });
  const answer = await told({ room: "team", thread: "alpha" }, /in the thread/);
  assert.equal(answer.replyTo, post.root_id);
  const direct = await driver.say({ text: script(["short"]) });
  const reply = await told({ person: "ada" }, /short/);
  assert.equal(reply.replyTo, direct.id);
});
