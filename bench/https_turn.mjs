#!/usr/bin/env node
// What one turn over HTTPS leaves in memory: the CA bundle, a TLS context, a connection. Prints RSS before and after, in MB.
//   node bench/https_turn.mjs [--binary build/release/openclaw] [--settle 2]
// The model is the scripted one behind a TLS server whose certificate is signed by a CA made for this run; the gateway gets the system's
// CA bundle with that CA added, so that it loads as much as it would for a vendor.
import { execFileSync, spawn } from "node:child_process";
import fs from "node:fs";
import http from "node:http";
import https from "node:https";
import os from "node:os";
import path from "node:path";
import { GatewayClient } from "../tests/journeys/lib/client.mjs";
import { Model } from "../tests/journeys/lib/model.mjs";

const argument = (name, otherwise) => {
  const at = process.argv.indexOf(`--${name}`);
  return at > 0 ? process.argv[at + 1] : otherwise;
};
const binary = path.resolve(argument("binary", "build/release/openclaw"));
const settle = Number(argument("settle", "2")) * 1000;
const folder = fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-https-"));
const file = (name) => path.join(folder, name);
const openssl = (...args) => execFileSync("openssl", args, { cwd: folder, stdio: "ignore" });

openssl("req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=bench CA", "-keyout", "ca.key", "-out", "ca.pem");
openssl("req", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost", "-keyout", "server.key", "-out", "server.csr");
fs.writeFileSync(file("san"), "subjectAltName=DNS:localhost\n");
openssl("x509", "-req", "-in", "server.csr", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-days", "2", "-extfile", "san", "-out", "server.pem");
fs.writeFileSync(file("bundle.pem"), fs.readFileSync("/etc/ssl/certs/ca-certificates.crt", "utf8") + fs.readFileSync(file("ca.pem"), "utf8"));

const model = await Model.start();
const front = https.createServer({ key: fs.readFileSync(file("server.key")), cert: fs.readFileSync(file("server.pem")) }, (request, response) => {
  const onward = http.request(model.url + request.url, { method: request.method, headers: request.headers }, (answer) => {
    response.writeHead(answer.statusCode, answer.headers);
    answer.pipe(response);
  });
  request.pipe(onward);
});
await new Promise((resolve) => front.listen(0, "127.0.0.1", resolve));

const token = "bench-token-0123456789";
const row = { id: "fake-1", name: "Fake", contextWindow: 200000, maxTokens: 8192 };
const provider = { baseUrl: `https://localhost:${front.address().port}/v1`, apiKey: "sk-bench-key", api: "openai-completions", models: [row] };
const state = file("state");
fs.mkdirSync(state, { mode: 0o700 });
fs.writeFileSync(
  path.join(state, "openclaw.json"),
  JSON.stringify({ gateway: { auth: { token } }, models: { providers: { fake: provider } }, agents: { defaults: { model: { primary: "fake/fake-1" } } } }),
  { mode: 0o600 },
);
const gateway = spawn(binary, ["gateway", "--port", "0", "--ready-json"], {
  env: { PATH: process.env.PATH, HOME: folder, OPENCLAW_STATE_DIR: state, SSL_CERT_FILE: file("bundle.pem") },
  stdio: ["ignore", "pipe", "inherit"],
});
const ready = JSON.parse(await new Promise((resolve) => gateway.stdout.once("data", (bytes) => resolve(String(bytes).split("\n")[0]))));
const rss = () => Number(/VmRSS:\s+(\d+)/.exec(fs.readFileSync(`/proc/${gateway.pid}/status`, "utf8"))[1]) / 1024;
const client = new GatewayClient(ready.url, { token });
await client.connect();
const before = rss();
const outcome = await client.outcome(await client.send("agent:main:main", "hello"));
await new Promise((resolve) => setTimeout(resolve, settle));
console.log(JSON.stringify({ outcome: outcome.state, rssBeforeMb: +before.toFixed(1), rssAfterMb: +rss().toFixed(1) }));
await client.close();
gateway.kill("SIGTERM");
front.close();
await model.stop();
fs.rmSync(folder, { recursive: true, force: true });
process.exit(outcome.state === "final" ? 0 : 1);
