// Behind a proxy every messenger talks by it alone: REST, long polls, event sockets and files. The peers have names that only the proxy knows.
// WhatsApp and iMessage are left out: they are reached by programs of their own.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { makeConfig, writeConfig } from "../journeys/lib/config.mjs";
import { Gateway } from "../journeys/lib/gateway.mjs";
import { Model } from "../journeys/lib/model.mjs";
import { until, within } from "../journeys/lib/waiting.mjs";
import { Bench, mark } from "./lib/bench.mjs";
import { availableDrivers } from "./lib/drivers.mjs";
import { Proxy } from "./lib/proxy.mjs";

const ada = { person: "ada" };
const png = Buffer.concat([Buffer.from("\x89PNG\r\n\x1a\n", "latin1"), Buffer.from("0000000d49484452", "hex"), Buffer.alloc(500, 3)]);
const Drivers = (await availableDrivers()).filter((Driver) => !["whatsapp", "imessage"].includes(Driver.channel));

let model;
before(async () => {
  model = await Model.start();
});
after(() => model?.stop());

/** One gateway behind a proxy, with every messenger. */
class Behind {
  benches = [];

  static async open(more = {}) {
    const behind = new Behind();
    behind.proxy = await Proxy.start();
    try {
      behind.gateway = new Gateway({ modelUrl: model.url, env: behind.proxy.environment(more) });
      let config = { ...makeConfig({ modelUrl: model.url, workspace: behind.gateway.workspace }), session: { dmScope: "per-channel-peer" }, channels: {} };
      for (const Driver of Drivers) {
        const bench = new Bench();
        Object.assign(bench, { model, gateway: behind.gateway, driver: await Driver.start() });
        behind.benches.push(bench);
        assert.ok(behind.proxy.stand_before(bench.driver), `the peer of ${Driver.channel} has no address`);
        config.channels[Driver.channel] = bench.driver.settings({ allowFrom: [bench.driver.people.ada.id] });
        config = { ...config, ...(await bench.driver.config?.(behind.gateway)) };
      }
      // Two of them have a webhook: both are on one listener.
      for (const { driver } of behind.benches) if (driver.fake?.endpoint) driver.fake.endpoint = `http://127.0.0.1:${config.webhooks.port}/api/messages`;
      writeConfig(behind.gateway.stateDir, config);
      await behind.gateway.start();
    } catch (error) {
      await behind.close();
      throw error;
    }
    return behind;
  }

  ready() {
    return Promise.all(this.benches.map(({ driver }) => within(40000, `${driver.constructor.channel} to be connected`, driver.ready(this.gateway), () => this.gateway.output)));
  }

  /** {channel: its last error}, once every channel has one. */
  async errors(client) {
    const ask = async () => {
      const { channelAccounts } = await client.request("channels.status", {});
      const found = Object.fromEntries(this.benches.map(({ driver }) => [driver.constructor.channel, channelAccounts[driver.constructor.channel][0].lastError]));
      return Object.values(found).every(Boolean) ? found : undefined;
    };
    return until(ask, "each channel to say what is wrong", { describe: () => this.gateway.output });
  }

  /** The proxy's password stands nowhere: not in what is shown, and in no file of the state folder. */
  async kept_secret(...shown) {
    const { password } = this.proxy;
    const spellings = [password, encodeURIComponent(password), Buffer.from(`${this.proxy.user}:${password}`).toString("base64")];
    const files = fs.readdirSync(this.gateway.stateDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const texts = files.map((entry) => fs.readFileSync(path.join(entry.parentPath ?? entry.path, entry.name), "utf8"));
    for (const text of [...shown, this.gateway.output, ...texts])
      for (const spelling of spellings) assert.ok(!text.includes(spelling), `the proxy's password is shown: ${text.slice(0, 300)}`);
  }

  async close() {
    await this.gateway?.discard().catch(() => {});
    for (const { driver } of this.benches) await driver.stop();
    await this.proxy.stop();
  }
}

describe("behind a proxy", { concurrency: 1 }, () => {
  let behind;
  before(async () => {
    behind = await Behind.open();
    await behind.ready();
  });
  after(() => behind?.close());

  for (const Driver of Drivers)
    test(`${Driver.channel}: words and files go both ways by the proxy, and nothing else is asked of it`, async () => {
      const bench = behind.benches.find(({ driver }) => driver instanceof Driver);
      fs.writeFileSync(`${behind.gateway.workspace}/report.txt`, "the report");
      const hello = await bench.ask({ text: "hello" });
      await bench.answers(ada, hello.mark);
      const picture = await bench.ask({ text: "look", files: [{ name: "picture.png", type: "image/png", bytes: png }] });
      await bench.answers(ada, picture.mark);
      assert.match(JSON.stringify((await bench.requests(picture.mark, { atLeast: 1 }))[0].body), /<media:image>/);
      const answer = await bench.scripted([`here ${mark()}\nMEDIA:report.txt`]);
      await bench.say({ text: `the file ${answer}` });
      await until(() => bench.driver.sent(ada).find((message) => message.file?.bytes.toString() === "the report"), "the file");
      const host = `${Driver.channel}.peer.test:443`;
      assert.ok(behind.proxy.seen.includes(host), behind.proxy.seen.join(" "));
      const known = Drivers.map(({ channel }) => `${channel}.peer.test:443`);
      assert.deepEqual(behind.proxy.seen.filter((one) => !known.includes(one)), [], "this machine's own addresses are not asked of the proxy");
    });

  test("while the proxy lets nobody through an answer waits, and then arrives once, everywhere", async () => {
    const asked = [];
    for (const bench of behind.benches) {
      const own = mark();
      asked.push({ bench, own });
      await bench.say({ text: `HOLD:1:${own} and ${own}` });
    }
    for (const { own } of asked) await model.requests({ text: own, state: "held", atLeast: 1 });
    behind.proxy.mode = "refuse";
    behind.proxy.cut();
    const refused = behind.proxy.seen.length;
    for (const { own } of asked) await model.release(own);
    await until(() => behind.benches.every(({ driver }) => behind.proxy.seen.slice(refused).includes(`${driver.constructor.channel}.peer.test:443`)), "each to ask the proxy again");
    behind.proxy.mode = "serve";
    for (const { bench, own } of asked) {
      await bench.answers(ada, own, { milliseconds: 40000 });
      assert.equal(bench.sent(ada, own).length, 1, bench.driver.constructor.channel);
      assert.deepEqual(bench.sent(ada, /do not know whether/), [], bench.driver.constructor.channel);
    }
    await behind.kept_secret();
  });
});

test("a proxy that refuses, or knows another password, is named in `channels status` with what to do, and is tried again", async () => {
  const behind = await Behind.open({ password: "hunter-2-wrong" });
  try {
    const client = await behind.gateway.client();
    for (const [channel, error] of Object.entries(await behind.errors(client)))
      assert.match(error, new RegExp(`The proxy ${behind.proxy.address} wants a user name and password, or refuses .*HTTPS_PROXY`), channel);
    const { stdout } = await behind.gateway.command(["channels", "status"]);
    assert.match(stdout, /wants a user name and password/);
    behind.proxy.password = "hunter-2-wrong";
    behind.proxy.mode = "refuse";
    const refused = async () => {
      const errors = Object.values(await behind.errors(client));
      return errors.every((error) => /refuses to open \S+\.peer\.test:443 \(status 403\).*NO_PROXY/.test(error));
    };
    await until(refused, "the refusal to be said", { milliseconds: 30000, describe: () => behind.gateway.output });
    await behind.kept_secret(stdout);
    behind.proxy.mode = "serve";
    await behind.ready();
  } finally {
    await behind.close();
  }
});
