#!/usr/bin/env node
// Stands for the program signal-cli: its daemon is fake.mjs. It notes each start in the file STARTS, and prints what
// must reach no log.
import fs from "node:fs";
import { FakeSignal } from "./fake.mjs";

const args = process.argv.slice(2);
fs.appendFileSync(process.env.STARTS, `${JSON.stringify({ pid: process.pid, args, environment: Object.keys(process.env) })}\n`);
console.log("Body: what somebody wrote in private");
console.error("INFO  a session's private key");
await FakeSignal.start(Number(args[args.indexOf("--http") + 1].split(":").at(-1)));
