// One gateway with every messenger that has a driver, at once: the same conversation on each, a burst over all of them, and what it costs.
//   OPENCLAW_BURST=N messages (1000)
import assert from "node:assert/strict";
import fs from "node:fs";
import { after, before, describe, test } from "node:test";
import { makeConfig, writeConfig } from "../journeys/lib/config.mjs";
import { Gateway } from "../journeys/lib/gateway.mjs";
import { Model } from "../journeys/lib/model.mjs";
import { until, within } from "../journeys/lib/waiting.mjs";
import { Bench, mark } from "./lib/bench.mjs";
import { availableDrivers } from "./lib/drivers.mjs";

const burst = Number(process.env.OPENCLAW_BURST ?? 1000);
const idleSeconds = 10;
const mostIdleKilobytes = 25 * 1024;
const mostBusyKilobytes = 60 * 1024;
const png = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.from("0000000d49484452", "hex"), Buffer.alloc(500, 3)]);
const ada = { person: "ada" };

let model;
let gateway;
let benches = [];

function merged(one, other) {
  const both = { ...one };
  for (const [key, value] of Object.entries(other)) both[key] = value && typeof value === "object" && !Array.isArray(value) ? merged(both[key] ?? {}, value) : value;
  return both;
}

before(async () => {
  model = await Model.start(["--keep", "20000"]);
  gateway = new Gateway({ modelUrl: model.url });
  let config = { ...makeConfig({ modelUrl: model.url, workspace: gateway.workspace }), session: { dmScope: "per-channel-peer" }, channels: {} };
  for (const Driver of await availableDrivers()) {
    const bench = new Bench();
    Object.assign(bench, { model, gateway, driver: await within(30000, `the peer of ${Driver.channel}`, Driver.start()) });
    benches.push(bench);
    const { ada: owner, bo } = bench.driver.people;
    const crowd = Array.from({ length: 20 }, (_, number) => bench.driver.people[bench.driver.person(number)].id);
    config.channels[Driver.channel] = bench.driver.settings({ allowFrom: [owner.id, bo.id, ...crowd], rooms: { team: {} } });
    config = merged(config, (await bench.driver.config?.(gateway)) ?? {});
  }
  writeConfig(gateway.stateDir, config);
  await gateway.start();
  await Promise.all(benches.map((bench) => within(40000, `${bench.driver.constructor.channel} to be connected`, bench.driver.ready(gateway), () => gateway.output)));
});
after(async () => {
  await gateway?.discard().catch(() => {});
  for (const bench of benches) await bench.driver.stop();
  await model?.stop();
});

/** User and system time of the gateway, in seconds. */
function processorSeconds() {
  const fields = fs.readFileSync(`/proc/${gateway.pid}/stat`, "utf8").replace(/^.*\) /, "").split(" ");
  return (Number(fields[11]) + Number(fields[12])) / 100;
}

/** Resident memory of all that the gateway started, itself left out (sidecars): [{name, kilobytes}]. */
function children() {
  const found = [];
  for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name))) {
    try {
      const status = fs.readFileSync(`/proc/${pid}/status`, "utf8");
      if (Number(/PPid:\s+(\d+)/.exec(status)[1]) !== gateway.pid) continue;
      found.push({ name: /Name:\s+(\S+)/.exec(status)[1], kilobytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) });
    } catch {
      // it ended meanwhile
    }
  }
  return found;
}

/** The same on WebChat, which is the gateway's own: what its page sends and asks for (the page itself: tests/journeys/webchat). */
async function conversationOnWebChat() {
  const client = await gateway.client();
  const sessionKey = "agent:main:web-together";
  const outcome = async (message, more) => {
    const { state, message: answer } = await client.outcome(await client.send(sessionKey, message, more));
    assert.equal(state, "final", "webchat");
    return JSON.stringify(answer);
  };
  const hello = mark();
  assert.match(await outcome(`hello on webchat ${hello}`), new RegExp(hello));
  const look = mark();
  const attachments = [{ type: "image", mimeType: "image/png", fileName: "picture.png", content: png.toString("base64") }];
  await outcome(`look ${look}`, { attachments });
  assert.match(JSON.stringify((await model.requests({ text: look, atLeast: 1 }))[0].body), /media\/inbound\/[^ ]*\.png/, "webchat");
  await outcome(`the file ${await model.answer(mark(), ["here\nMEDIA:report.txt"])}`);
  const shown = await client.request("chat.media", { sessionKey, path: "report.txt" });
  assert.equal(Buffer.from(shown.content, "base64").toString(), "the report", "webchat");
  await client.close();
  await assert.rejects(gateway.newClient({ token: undefined }).connect(), /NOT_PAIRED/, "a stranger is not let in");
}

describe("all messengers at once", { concurrency: 1 }, () => {
  test("idle with every channel connected: little memory, no processor time", async (context) => {
    await new Promise((resolve) => setTimeout(resolve, 1000));
    const before = processorSeconds();
    await new Promise((resolve) => setTimeout(resolve, idleSeconds * 1000));
    const share = ((processorSeconds() - before) / idleSeconds) * 100;
    const kilobytes = benches[0].memoryKilobytes();
    const names = benches.map((bench) => bench.driver.constructor.channel);
    context.diagnostic(`${names.length} channels (${names}): ${kilobytes} KB resident, ${share.toFixed(2)} % of a processor; children: ${JSON.stringify(children())}`);
    assert.ok(kilobytes <= mostIdleKilobytes, `${kilobytes} KB idle`);
    // One tick of the clock in ten seconds is 0.1 %: finer cannot be seen here.
    assert.ok(share <= 0.21, `${share} %`);
  });

  test("the same conversation on each and on WebChat: words, a picture, a file; a stranger gets a code and no model is asked", async () => {
    fs.writeFileSync(`${gateway.workspace}/report.txt`, "the report");
    await Promise.all([
      conversationOnWebChat(),
      ...benches.map(async (bench) => {
        const { driver } = bench;
        const name = driver.constructor.channel;
        const hello = await bench.ask({ text: `hello on ${name}` });
        await bench.answers(ada, hello.mark);
        const picture = await bench.ask({ text: "look", files: [{ name: "picture.png", type: "image/png", bytes: png }] });
        await bench.answers(ada, picture.mark, { milliseconds: 30000 });
        assert.match(JSON.stringify((await bench.requests(picture.mark, { atLeast: 1 }))[0].body), /<media:image>/, name);
        const own = mark();
        const answer = await bench.scripted([`here ${own}\nMEDIA:report.txt`]);
        await bench.say({ text: `the file ${answer}` });
        const sent = await until(() => driver.sent(ada).find((message) => message.file?.bytes.toString() === "the report"), `the file on ${name}`);
        assert.equal(sent.file.name, "report.txt", name);
        const room = await bench.ask({ text: "hey there", mention: !driver.constructor.none?.[3], room: "team" });
        if (!driver.constructor.none?.[3]) await bench.answers({ room: "team" }, room.mark);
        const stranger = await bench.ask({ from: "eve", text: "let me in" });
        await bench.answers({ person: "eve" }, /Pairing code/);
        assert.equal((await bench.requests(stranger.mark)).length, 0, `no model is asked for a stranger on ${name}`);
      }),
    ]);
  });

  test(`a burst of ${burst} messages over all of them: each is answered once, in the order of its chat`, { timeout: 300000 }, async (context) => {
    const own = mark();
    const chats = benches.flatMap((bench) => Array.from({ length: 20 }, (_, number) => ({ bench, person: bench.driver.person(number), said: 0 })));
    const began = Date.now();
    const worked = processorSeconds();
    let most = 0;
    const watch = setInterval(() => (most = Math.max(most, benches[0].memoryKilobytes())), 100);
    for (let number = 0; number < burst; number += chats.length)
      await Promise.all(
        chats.slice(0, burst - number).map((chat) => chat.bench.say({ from: chat.person, text: `${own} turn ${chat.said++}.` })),
      );
    const got = ({ bench, person }) => bench.sent({ person }, own).map((message) => Number(/turn (\d+)\./.exec(message.text)[1]));
    const missing = () => chats.filter((chat) => got(chat).length < chat.said);
    await until(() => missing().length === 0, "every message to be answered", {
      milliseconds: 200000,
      everyMs: 500,
      describe: () => `; missing in ${missing().map((chat) => `${chat.bench.driver.constructor.channel} ${chat.person}: ${chat.said - got(chat).length}`).slice(0, 10)}`,
    });
    clearInterval(watch);
    const wrong = chats.filter((chat) => got(chat).join() !== Array.from({ length: chat.said }, (_, index) => index).join());
    assert.deepEqual(wrong.map((chat) => [chat.bench.driver.constructor.channel, chat.person, got(chat)]), []);
    context.diagnostic(`${burst} messages in ${((Date.now() - began) / 1000).toFixed(1)} s, ${(processorSeconds() - worked).toFixed(1)} s of them a processor's, over ${benches.length} channels: ${most} KB resident at most`);
    assert.ok(most <= mostBusyKilobytes, `${most} KB`);
  });
});
