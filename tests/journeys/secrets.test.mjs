// Secrets: the vault and references to it, and canaries that must appear nowhere, whatever goes wrong.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { textOf } from "./lib/client.mjs";
import { makeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

let model;
let angry; // a provider that refuses every key and quotes it
let angryUrl;

before(async () => {
  model = await Model.start();
  angry = http.createServer((request, response) => {
    const given = request.headers.authorization ?? request.headers["x-api-key"] ?? "";
    const error = { message: `Incorrect API key provided: ${given}. Also seen: ${Buffer.from(given).toString("utf8")}`, code: given };
    request.resume().on("end", () => response.writeHead(401, { "content-type": "application/json" }).end(JSON.stringify({ error })));
  });
  await new Promise((resolve) => angry.listen(0, "127.0.0.1", resolve));
  angryUrl = `http://127.0.0.1:${angry.address().port}/v1`;
});
after(async () => {
  await model?.stop();
  angry?.close();
});

const canary = (name) => `canary-${name}-${crypto.randomBytes(12).toString("hex")}`;
const newSession = () => `agent:main:secrets-${crypto.randomUUID()}`;

function filesBelow(folder, skip = []) {
  return fs.readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .map((entry) => path.join(entry.parentPath ?? entry.path, entry.name))
    .filter((file) => !skip.some((part) => file.startsWith(path.join(folder, part))));
}

async function turn(who, session, message) {
  const runId = await who.send(session, message);
  return who.outcome(runId, 60000);
}

test("a secret goes into the vault by standard input, is listed by name, used by reference, and removed", async () => {
  const gateway = new Gateway({ modelUrl: model.url });
  try {
    const key = canary("vault");
    const set = await gateway.command(["secrets", "set", "fake"], `${key}\n`);
    assert.equal(set.code, 0, set.stderr);
    const listed = await gateway.command(["secrets", "list", "--json"]);
    assert.deepEqual(JSON.parse(listed.stdout).secrets.map((secret) => secret.name), ["fake"]);
    for (const file of filesBelow(gateway.stateDir)) assert.ok(!fs.readFileSync(file).includes(key), file);
    for (const name of ["vault", "vault.key"]) {
      assert.equal(fs.statSync(path.join(gateway.stateDir, name)).mode & 0o777, 0o600);
    }
    const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
    config.models.providers.fake.apiKey = { source: "vault", id: "fake" };
    fs.writeFileSync(path.join(gateway.stateDir, "openclaw.json"), JSON.stringify(config));
    const used = await gateway.command(["secrets", "remove", "fake"]);
    assert.notEqual(used.code, 0, "it is still referred to");
    assert.match(used.stderr, /models\.providers\.fake\.apiKey/);
    // The key is what the provider really gets.
    const strict = await Model.start(["--key", key]);
    try {
      config.models.providers.fake.baseUrl = `${strict.url}/v1`;
      fs.writeFileSync(path.join(gateway.stateDir, "openclaw.json"), JSON.stringify(config));
      await gateway.start();
      const who = await gateway.client();
      assert.equal((await turn(who, newSession(), "hello")).state, "final");
      // Another key in the vault is another key at the provider, without a restart.
      await gateway.command(["secrets", "set", "fake"], "another-key-entirely");
      await until(async () => (await turn(who, newSession(), "hello")).state === "error", "the new key to be used", { milliseconds: 15000, everyMs: 200 });
      await gateway.stop();
    } finally {
      await strict.stop();
    }
    // A vault that cannot be opened: the start is refused with words, nothing is overwritten, no new key is made.
    const sealed = fs.readFileSync(path.join(gateway.stateDir, "vault"));
    fs.rmSync(path.join(gateway.stateDir, "vault.key"));
    const failed = gateway.spawn();
    const { code } = await failed.exited;
    assert.notEqual(code, 0);
    assert.match(failed.stderr, /vault.*key.*not here/);
    const again = await gateway.command(["secrets", "set", "other"], "value-of-other");
    assert.notEqual(again.code, 0);
    assert.match(again.stderr, /left as it is|left as it was/);
    assert.deepEqual(fs.readFileSync(path.join(gateway.stateDir, "vault")), sealed);
    assert.ok(!fs.existsSync(path.join(gateway.stateDir, "vault.key")));
    const doctor = await gateway.command(["doctor"]);
    assert.match(doctor.stdout, /fail.*secrets/);
  } finally {
    await gateway.discard();
  }
});

test("audit finds plain secrets, migrate moves them into the vault, and everything goes on working", async () => {
  const gateway = new Gateway({ modelUrl: model.url });
  try {
    const token = canary("gateway");
    const key = canary("apikey");
    const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
    config.gateway.auth.token = token;
    config.models.providers.fake.apiKey = key;
    const file = path.join(gateway.stateDir, "openclaw.json");
    fs.writeFileSync(file, `// a comment that stays\n${JSON.stringify(config, null, 2)}`);
    const found = await gateway.command(["secrets", "audit", "--check"]);
    assert.equal(found.code, 1, found.stdout + found.stderr);
    for (const where of ["gateway.auth.token", "models.providers.fake.apiKey"]) {
      assert.match(found.stdout, new RegExp(`openclaw secrets migrate ${where}`));
    }
    // A change leaves a former version behind, with the secrets in it.
    assert.equal((await gateway.command(["config", "set", "logging.level", "info"])).code, 0);
    const moved = await gateway.command(["secrets", "migrate"]);
    assert.equal(moved.code, 0, moved.stderr);
    for (const output of [found, moved]) assert.ok(!(output.stdout + output.stderr).includes("canary-"));
    assert.match(fs.readFileSync(file, "utf8"), /a comment that stays/);
    for (const each of filesBelow(gateway.stateDir)) assert.ok(!fs.readFileSync(each).includes("canary-"), each);
    const clean = await gateway.command(["secrets", "audit", "--check"]);
    assert.equal(clean.code, 0, clean.stdout);
    await gateway.start();
    const who = await gateway.client({ token });
    assert.equal((await turn(who, newSession(), "hello")).state, "final");
    assert.equal((await gateway.command(["health"])).code, 0, "the command line finds the token through the vault");
  } finally {
    await gateway.discard();
  }
});

test("a reference that cannot be followed stops the start, and says which and why", async () => {
  const gateway = new Gateway({ modelUrl: model.url });
  try {
    const open = path.join(gateway.stateDir, "home", "open-file");
    fs.writeFileSync(open, "secret", { mode: 0o644 });
    fs.chmodSync(open, 0o644);
    for (const [reference, why] of [
      [{ source: "vault", id: "nothing" }, /gateway\.auth\.token.*nothing.*not there[^]*openclaw secrets set nothing/],
      [{ source: "env", id: "NOT_SET" }, /NOT_SET.*not set/],
      [{ source: "file", path: open }, /others can read[^]*chmod 600/],
      [{ source: "exec", provider: "op", id: "x" }, /runs none/],
    ]) {
      const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace });
      config.gateway.auth.token = reference;
      fs.writeFileSync(path.join(gateway.stateDir, "openclaw.json"), JSON.stringify(config));
      const refused = gateway.spawn();
      const { code } = await refused.exited;
      assert.notEqual(code, 0, JSON.stringify(reference));
      assert.match(refused.stderr, why);
    }
  } finally {
    await gateway.discard();
  }
});

// parity: 1.12-logging
test("canaries in every place of secrets appear in no log, transcript, database, event, answer, child or error", async () => {
  const canaries = Object.fromEntries(["token", "plain", "vault", "env", "file", "environment"].map((name) => [name, canary(name)]));
  const secretFile = path.join(fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-secret-")), "key");
  fs.writeFileSync(secretFile, `${canaries.file}\n`, { mode: 0o600 });
  const gateway = new Gateway({
    modelUrl: model.url,
    tools: { exec: { security: "full", ask: "off" } },
    env: { CANARY_KEY: canaries.env, OPENAI_API_KEY: canaries.environment },
  });
  const outputs = [];
  try {
    const config = makeConfig({ modelUrl: model.url, workspace: gateway.workspace, tools: { exec: { security: "full", ask: "off" } } });
    config.gateway.auth.token = canaries.token;
    config.models.providers.fake.apiKey = { source: "vault", id: "fake" };
    const refusing = (apiKey) => ({ ...config.models.providers.fake, baseUrl: angryUrl, apiKey });
    config.models.providers.plain = refusing(canaries.plain);
    config.models.providers.vaulted = refusing({ source: "vault", id: "fake" });
    config.models.providers.filed = refusing({ source: "file", path: secretFile });
    config.models.providers.enved = refusing({ source: "env", id: "CANARY_KEY" });
    fs.writeFileSync(path.join(gateway.stateDir, "openclaw.json"), JSON.stringify(config));
    outputs.push(await gateway.command(["secrets", "set", "fake"], canaries.vault));
    await gateway.start();
    const login = await gateway.fetch("/api/login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code: gateway.webchat.split("#login=")[1] }),
    });
    canaries.client = (await login.json()).token;
    assert.match(canaries.client, /^[0-9a-f]{64}$/);
    const who = await gateway.client({ token: canaries.token });
    const browser = await gateway.client({ token: canaries.client });
    // Errors that quote the key.
    for (const provider of ["plain", "vaulted", "filed", "enved"]) {
      const session = newSession();
      await who.send(session, `/model ${provider}/fake-1`);
      const refused = await turn(who, session, "hello");
      assert.equal(refused.state, "error", JSON.stringify(refused));
      assert.match(refused.errorMessage, /401|key/i);
    }
    // Tools that look for secrets, and a file in the workspace that holds some.
    fs.writeFileSync(gateway.file("leak.txt"), `${Object.values(canaries).join("\n")}\n`);
    const session = newSession();
    const calls = [
      { tool: "exec", args: { command: "env" } },
      { tool: "exec", args: { command: "sh -c 'cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline /proc/[0-9]*/maps /proc/self/mountinfo'" } },
      { tool: "exec", args: { command: `sh -c 'cat ${secretFile} ${gateway.stateDir}/* ${gateway.stateDir}/home/*'` } },
      { tool: "exec", args: { command: "cat leak.txt" } },
      { tool: "exec", args: { command: "sh -c 'cat leak.txt; sleep 0.6; cat leak.txt'" } },
      { tool: "read", args: { path: "leak.txt" } },
      { tool: "exec", args: { command: `sh -c 'exit 3 # ${canaries.vault}'` } },
    ];
    // The last call has a canary in its arguments: the model wrote it, so the transcript has it; no journal or log may.
    assert.equal((await turn(who, session, script([...calls.slice(0, -1), "done"]))).state, "final");
    const history = await who.history(session);
    const shown = history.filter((message) => message.role === "toolResult").map(textOf);
    assert.equal(shown.length, calls.length - 1);
    assert.match(shown[3], /\[secret\]/, "the file was read, and its secrets were left out");
    // What the gateway starts, seen from outside: no child has a secret in its environment or arguments.
    const runId = await who.send(newSession(), script([{ tool: "exec", args: { command: "sleep 2" } }, "done"]));
    await who.waitFor(({ event, payload }) => event === "agent" && payload.runId === runId && payload.stream === "tool", "the tool's start");
    for (const pid of fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== gateway.pid)) {
      for (const part of ["environ", "cmdline"]) {
        let text = "";
        try {
          if (Number(pid) === process.pid) continue;
          text = fs.readFileSync(`/proc/${pid}/${part}`, "utf8");
        } catch {
          continue;
        }
        for (const [name, value] of Object.entries(canaries)) assert.ok(!text.includes(value), `${name} in /proc/${pid}/${part}`);
      }
    }
    await who.outcome(runId);
    assert.match(fs.readFileSync(`/proc/${gateway.pid}/limits`, "utf8"), /Max core file size +0 +0/);
    // Everything that answers.
    for (const [method, params] of [["config.get"], ["logs.tail"], ["status"], ["health"], ["sessions.list"], ["models.list"], ["models.status"], ["tools.list"], ["audit.list"], ["chat.history", { sessionKey: session }], ["exec.approval.list"]]) {
      outputs.push(await who.request(method, params ?? {}));
    }
    for (const args of [["doctor"], ["config", "get"], ["config", "get", "gateway.auth.token"], ["config", "get", "models.providers"], ["config", "validate"], ["status"], ["logs"], ["models"], ["audit"], ["audit", "--json"], ["secrets"], ["secrets", "audit"], ["sessions"], ["gateway", "call", "config.get"]]) {
      outputs.push({ args, ...(await gateway.command(args)) });
    }
    // A crash in the middle of a stream, and what is there afterwards.
    await who.send(session, "LONG:2000:5");
    await who.waitFor(({ event }) => event === "chat", "the stream");
    await gateway.kill();
    outputs.push(gateway.output.replaceAll(gateway.webchat, ""));
    await gateway.restart();
    const again = await gateway.client({ token: canaries.token });
    outputs.push(await again.history(session));
    await gateway.stop();
    outputs.push(gateway.output.replaceAll(gateway.webchat, ""), who.events, browser.events, again.events, history);
    outputs.push((await model.requests()).map((request) => request.body));
    for (const [index, output] of outputs.entries()) {
      const text = JSON.stringify(output);
      for (const [name, value] of Object.entries(canaries)) {
        assert.ok(!text.includes(value), `${name} in output ${index}: ${text.slice(Math.max(0, text.indexOf(value) - 300), text.indexOf(value) + 20)}`);
      }
    }
    // Everything on disk but where the secrets are kept and what the person put into the workspace.
    const kept = ["openclaw.json", "vault.key", "workspace", "history"];
    for (const file of filesBelow(gateway.stateDir, kept)) {
      const content = fs.readFileSync(file);
      for (const [name, value] of Object.entries(canaries)) assert.ok(!content.includes(value), `${name} in ${file}`);
    }
  } finally {
    await gateway.discard();
    fs.rmSync(path.dirname(secretFile), { recursive: true, force: true });
  }
});
