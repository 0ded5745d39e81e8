#!/usr/bin/env node
// What a message costs on its way in: from the peer putting its event on the wire to the model getting the request, the
// commit of the inbox row included, on every messenger that has a driver.
//   node bench/inbound.mjs [--messages 200] [--warmup 20]        OPENCLAW_CHANNEL=telegram,slack measures only these
// The model waits in this process, so both ends are read from one clock; the processor time is the gateway's own
// (schedstat, nanoseconds), read at both ends, and holds whatever it did in between.
import fs from "node:fs";
import http from "node:http";
import { parseArgs } from "node:util";
import { Bench } from "../tests/channels/lib/bench.mjs";
import { availableDrivers } from "../tests/channels/lib/drivers.mjs";
import { median, percentile, round } from "./lib/statistics.mjs";

const { values: options } = parseArgs({ options: { messages: { type: "string", default: "200" }, warmup: { type: "string", default: "20" } } });
const messages = Number(options.messages);
const warmup = Number(options.warmup);

/** A model of chat completions that answers "noted", and tells when it was asked. */
class WaitingModel {
  #asked = () => {};

  static async start() {
    const model = new WaitingModel();
    model.server = http.createServer((request, response) => {
      const at = performance.now();
      const arrived = { at, processor: model.processor?.() };
      let body = "";
      request.setEncoding("utf8").on("data", (piece) => (body += piece));
      request.on("end", () => {
        response.writeHead(200, { "content-type": "text/event-stream" });
        const chunk = (delta, more = {}) => `data: ${JSON.stringify({ id: "1", object: "chat.completion.chunk", created: 1, model: "fake-1", choices: [{ index: 0, delta, finish_reason: null, ...more }] })}\n\n`;
        response.end(`${chunk({ role: "assistant", content: "noted" })}${chunk({}, { finish_reason: "stop" })}data: [DONE]\n\n`);
        model.#asked(arrived);
      });
    });
    await new Promise((resolve) => model.server.listen(0, "127.0.0.1", resolve));
    model.url = `http://127.0.0.1:${model.server.address().port}`;
    return model;
  }

  asked() {
    return new Promise((resolve) => (this.#asked = resolve));
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((resolve) => this.server.close(resolve));
  }
}

/** Milliseconds of a processor that all threads of the process have had. */
function processorMilliseconds(pid) {
  const threads = fs.readdirSync(`/proc/${pid}/task`);
  return threads.reduce((sum, thread) => sum + Number(fs.readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]), 0) / 1e6;
}

async function measure(Driver) {
  const model = await WaitingModel.start();
  const bench = await Bench.open(Driver, model);
  model.processor = () => processorMilliseconds(bench.gateway.pid);
  const latencies = [];
  const processor = [];
  try {
    for (let number = -warmup; number < messages; number++) {
      const answered = bench.sent({ person: "ada" }, "noted").length;
      const asked = model.asked();
      const worked = model.processor();
      const began = performance.now();
      await bench.say({ text: `message ${number}` });
      const arrived = await asked;
      if (number >= 0) {
        latencies.push(arrived.at - began);
        processor.push(arrived.processor - worked);
      }
      while (bench.sent({ person: "ada" }, "noted").length === answered) await new Promise((resolve) => setTimeout(resolve, 2));
      await new Promise((resolve) => setTimeout(resolve, 10)); // the end of the turn is on disk, and the peer is asked again
    }
  } finally {
    await bench.close();
    await model.stop();
  }
  const at = (values, percent) => round(percentile(values, percent));
  return [Driver.label, round(median(latencies)), at(latencies, 95), at(latencies, 99), round(median(processor)), at(processor, 95)];
}

const rows = [];
for (const Driver of await availableDrivers()) {
  rows.push(await measure(Driver));
  console.error(rows.at(-1).join("  "));
}
console.log(`\`node bench/inbound.mjs --messages ${messages}\` on ${new Date().toISOString().slice(0, 16)}Z\n`);
console.log("| event on the wire to model request | ms, median | p95 | p99 | processor ms, median | p95 |\n|---|---:|---:|---:|---:|---:|");
for (const row of rows) console.log(`| ${row.join(" | ")} |`);
process.exit(0);
