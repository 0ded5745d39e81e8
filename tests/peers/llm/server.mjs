#!/usr/bin/env node
// Starts the scripted model and prints {"url","pid"} as one line of JSON. See README.md.
//   node server.mjs [--port 0] [--key K]... [--models a,b] [--no-key] [--keep N] [--log FILE] [--until-stdin-ends]
import { parseArgs } from "node:util";
import { ModelServer } from "./src/server.mjs";

const { values } = parseArgs({
  options: {
    port: { type: "string", default: "0" },
    key: { type: "string", multiple: true, default: [] },
    models: { type: "string" },
    "no-key": { type: "boolean", default: false },
    keep: { type: "string", default: "1000" },
    log: { type: "string" },
    "until-stdin-ends": { type: "boolean", default: false },
  },
});

const server = new ModelServer({
  keys: values.key,
  models: values.models?.split(","),
  requireKey: !values["no-key"],
  keep: Number(values.keep),
  log: values.log,
});
const url = await server.listen(Number(values.port));
console.log(JSON.stringify({ url, pid: process.pid }));

async function stop() {
  await server.close();
  process.exit(0);
}
process.once("SIGTERM", stop);
process.once("SIGINT", stop);
// A test that is killed cannot stop its peers; its end of our standard input closes all the same.
if (values["until-stdin-ends"]) process.stdin.resume().once("end", stop);
