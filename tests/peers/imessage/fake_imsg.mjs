#!/usr/bin/env node
// Stands for the program `imsg rpc`: it passes lines to and from the fake that listens on FAKE_IMSG (a port of this machine), and ends
// with either side. What it prints to standard error must reach no log.
import net from "node:net";

console.error("a private message of somebody");
const socket = net.connect(Number(process.env.FAKE_IMSG), "127.0.0.1");
socket.write(`${JSON.stringify({ pid: process.pid, args: process.argv.slice(2), environment: Object.keys(process.env) })}\n`);
process.stdin.pipe(socket);
socket.pipe(process.stdout);
process.stdin.on("end", () => process.exit(0));
socket.on("close", () => process.exit(0));
socket.on("error", () => process.exit(1));
