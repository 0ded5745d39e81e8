// Bad input under load: connections that say nothing or nearly nothing, frames that are too long or no frames at all, floods of
// requests, a thousand clients. All the while an ordinary client has its turns, and afterwards the gateway is as small as before.
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import net from "node:net";
import { after, before, test } from "node:test";
import { RequestFailed } from "./lib/client.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model } from "./lib/model.mjs";
import { patience, until, within } from "./lib/waiting.mjs";
import { encodeFrame, opcodes } from "./lib/websocket.mjs";

let model;
let gateway;
let ordinary;
let quiet; // median of a turn when nothing else happens, in milliseconds

const rssMb = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${gateway.pid}/status`, "utf8"))[1]) / 1024;
const median = (values) => values.toSorted((a, b) => a - b)[values.length >> 1];
const log = () => fs.readFileSync(`${gateway.stateDir}/logs/openclaw.log`, "utf8");

async function turn() {
  const started = performance.now();
  const end = await ordinary.outcome(await ordinary.send(`agent:main:${crypto.randomUUID()}`, "ping"), 20000);
  assert.equal(end.state, "final");
  ordinary.events.length = 0;
  return performance.now() - started;
}

async function turns(count) {
  const times = [];
  for (let index = 0; index < count; index++) times.push(await turn());
  return times;
}

/** Turns go on until `disturbance` is over; their median may be slower than in quiet times by a generous factor. */
async function meanwhile(context, disturbance) {
  let over = false;
  const disturbed = disturbance().finally(() => (over = true));
  const times = [];
  while (!over || times.length < 5) times.push(await turn());
  await disturbed;
  const slow = median(times);
  context.diagnostic(`turns meanwhile: ${times.length}, median ${slow.toFixed(1)} ms (quiet: ${quiet.toFixed(1)} ms), RSS ${rssMb().toFixed(1)} MB`);
  // The disturbance runs in this very process, so half of what is measured here is our own.
  assert.ok(slow < (quiet * 20 + 200) * patience, `turns take ${slow} ms while it lasts, ${quiet} ms in quiet times`);
  assert.ok(rssMb() < 150, `the gateway holds ${rssMb()} MB`);
}

/** A bare connection that may be closed by the other side at any time. */
function rawSocket(localAddress) {
  const socket = net.connect({ host: "127.0.0.1", port: Number(new URL(gateway.url).port), localAddress });
  socket.on("error", () => {});
  socket.opened = new Promise((resolve) => socket.once("connect", resolve).once("close", resolve));
  return socket;
}

before(async () => {
  model = await Model.start();
  gateway = await Gateway.start({ modelUrl: model.url });
  ordinary = await gateway.client();
  await turns(20);
  quiet = median(await turns(20));
});
after(async () => {
  await gateway?.discard();
  await model?.stop();
});

test("ten thousand connections that say nothing keep nobody out", async (context) => {
  const limit = Number(execFileSync("sh", ["-c", "ulimit -Hn"], { encoding: "utf8" })) || 65536;
  const wanted = Math.min(10_000, limit - 1500);
  const silent = [];
  await meanwhile(context, async () => {
    // From forty addresses, so that both limits are met: of one address, and of all.
    for (let index = 0; index < wanted; index++) {
      const socket = rawSocket(`127.0.0.${1 + (index % 40)}`);
      if (index % 3 === 0) socket.write("GET / HTTP/1.1\r\nHost: 127.0");
      silent.push(socket);
      if (silent.length % 250 === 0) await Promise.all(silent.slice(-250).map(({ opened }) => opened));
    }
  });
  const newcomer = await gateway.client();
  assert.equal((await newcomer.request("health")).ok, true);
  await newcomer.close();
  assert.match(log(), /too many connections/);
  for (const socket of silent) socket.destroy();
});

test("requests and handshakes that drip in are cut off", async (context) => {
  const dripping = [];
  const drip = (socket, text) => {
    let at = 0;
    const timer = setInterval(() => socket.write(text[at++ % text.length]), 100);
    socket.once("close", () => clearInterval(timer));
    dripping.push(within(15000, "a slow connection to be closed", new Promise((resolve) => socket.once("close", resolve))));
    socket.resume();
  };
  await meanwhile(context, async () => {
    for (let index = 0; index < 150; index++) drip(rawSocket(), `GET /${"x".repeat(30000)}`);
    // Upgraded, and then nothing, or one byte of a frame after the other.
    for (let index = 0; index < 150; index++) {
      const client = gateway.newClient();
      client.open().catch(() => {});
      if (index % 2 === 0) client.challenge().then(() => setInterval(() => client.socket.sendBytes(Buffer.from([0x81])), 500).unref(), () => {});
      dripping.push(within(15000, "a slow handshake to be closed", client.socket.closed));
    }
    const newcomer = await gateway.client();
    await newcomer.close();
    await Promise.all(dripping);
  });
});

test("frames that are too long are refused before they are taken in", async (context) => {
  await meanwhile(context, async () => {
    const before_ = rssMb();
    for (let round = 0; round < 5; round++) {
      const client = await gateway.client();
      // The header alone decides; of the rest nothing is kept.
      client.socket.sendBytes(encodeFrame(opcodes.text, Buffer.alloc(4 * 1024 * 1024), { claimedLength: 26 * 1024 * 1024 }));
      assert.equal((await within(10000, "the close", client.closed)).code, 1009);
      const stranger = gateway.newClient();
      await stranger.open();
      await stranger.challenge();
      stranger.socket.sendBytes(encodeFrame(opcodes.text, Buffer.alloc(66 * 1024, 0x20)));
      assert.equal((await within(10000, "the close", stranger.closed)).code, 1009);
    }
    assert.ok(rssMb() - before_ < 40, `RSS went from ${before_} to ${rssMb()} MB`);
    // As long as is allowed, and nonsense.
    const client = await gateway.client();
    client.socket.sendText("x".repeat(24 * 1024 * 1024));
    assert.equal((await client.request("health", {}, 20000)).ok, true);
    await client.close();
  });
});

test("garbage ends its own connection", async (context) => {
  await meanwhile(context, async () => {
    const closed = [];
    for (let index = 0; index < 200; index++) {
      const client = index % 2 === 0 ? await gateway.client() : gateway.newClient();
      if (index % 2 === 1) await client.open();
      // An unmasked frame, a reserved bit, or anything at all.
      client.socket.sendBytes(index % 4 < 2 ? Buffer.concat([Buffer.from([0x81, 0x05]), crypto.randomBytes(64)]) : Buffer.concat([Buffer.from([0xf3]), crypto.randomBytes(500)]));
      closed.push(within(15000, "the connection to be closed", client.closed));
    }
    await Promise.all(closed);
  });
});

test("a flood of requests on one connection is answered or refused, and slows nobody else down for long", async (context) => {
  await meanwhile(context, async () => {
    const flooding = await gateway.client({ keepEvents: false });
    const outcomes = { answered: 0, refused: 0 };
    const answers = [];
    for (let index = 0; index < 10_000; index++) {
      const method = index % 2 === 0 ? "health" : "chat.history";
      const params = index % 2 === 0 ? {} : { sessionKey: "agent:main:main" };
      answers.push(
        flooding.request(method, params, 60000).then(
          () => outcomes.answered++,
          (error) => {
            assert.ok(error instanceof RequestFailed, `${error}`);
            assert.match(error.message, /UNAVAILABLE.*in flight/);
            outcomes.refused++;
          },
        ),
      );
      if (index % 500 === 0) await new Promise(setImmediate);
    }
    await Promise.all(answers);
    assert.equal(outcomes.answered + outcomes.refused, 10_000);
    context.diagnostic(`${outcomes.answered} answered, ${outcomes.refused} refused`);
    await flooding.close();
  });
});

test("a thousand clients are told of a turn at once", async (context) => {
  const held = [];
  let told = 0;
  let everybody;
  let runId;
  await meanwhile(context, async () => {
    for (let batch = 0; batch < 20; batch++) {
      const onEvent = ({ event, payload }) => {
        if (event === "chat" && payload.runId === runId && payload.state === "final" && ++told === held.length) everybody();
      };
      held.push(...(await Promise.all(Array.from({ length: 50 }, () => gateway.client({ keepEvents: false, caps: [], onEvent })))));
    }
  });
  const times = [];
  for (let round = 0; round < 5; round++) {
    told = 0;
    runId = crypto.randomUUID();
    const all = new Promise((resolve) => (everybody = resolve));
    const started = performance.now();
    await ordinary.send("agent:main:everybody", "to all", { idempotencyKey: runId });
    await within(20000, "everybody to be told", all);
    times.push(performance.now() - started);
  }
  context.diagnostic(`until the last of ${held.length}: ${Math.min(...times).toFixed(0)} ms at best, ${median(times).toFixed(0)} ms in the middle`);
  assert.ok(Math.min(...times) < 300 * patience, `${times}`);
  for (const client of held) client.socket.destroy();
});

test("afterwards it is as small and as fast as before", async (context) => {
  await until(() => rssMb() < 45, "the memory to be given back", { milliseconds: 30000, describe: () => `: ${rssMb()} MB` });
  const later = median(await turns(20));
  context.diagnostic(`RSS ${rssMb().toFixed(1)} MB, a turn ${later.toFixed(1)} ms`);
  assert.ok(later < (quiet * 5 + 50) * patience, `a turn takes ${later} ms, ${quiet} ms before`);
});
