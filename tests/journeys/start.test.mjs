// Starting: what the program says when it cannot start, and that two never share one state.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { gatewayToken, makeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { within } from "./lib/waiting.mjs";

const nowhere = "http://127.0.0.1:9";

async function refusalToStart(gateway, args) {
  const child = gateway.spawn(args);
  const { code } = await within(15000, "the program to give up", child.exited, () => child.output);
  assert.ok(code > 0, `it ended with exit code ${code}${child.output}`);
  return child.stderr;
}

// parity: 1.1-config
test("a configuration that cannot be read stops the start with file, line and reason", async () => {
  const gateway = new Gateway({ config: '{\n  "gateway": {\n    "mode": "local",\n    "port": }\n}\n' });
  try {
    const said = await refusalToStart(gateway);
    assert.match(said, /openclaw\.json/);
    assert.match(said, /line 4\b|\b4:\d+/);
  } finally {
    await gateway.discard();
  }
});

/** The state folder of a machine that uses the gateway of another one. */
function elsewhere(url, args = []) {
  return new Gateway({ config: makeConfig({ modelUrl: nowhere, gateway: { mode: "remote", remote: { url, token: gatewayToken } } }), args });
}

// parity: 1.1-mode-guard
test("where gateway.mode is remote no gateway starts, unless it is told to all the same", async () => {
  const url = "ws://gateway.example:18789";
  const refused = elsewhere(url);
  const told = elsewhere(url, ["--allow-unconfigured"]);
  try {
    const said = await refusalToStart(refused);
    assert.match(said, /gateway\.mode is "remote": this machine uses the gateway at ws:\/\/gateway\.example:18789/);
    assert.match(said, /openclaw config set gateway\.mode local/);
    assert.ok(!fs.existsSync(path.join(refused.stateDir, "state.db")), "it has made no state");
    await told.start();
    assert.equal((await (await told.client()).request("health")).ok, true);
  } finally {
    await refused.discard();
    await told.discard();
  }
});

// parity: 1.1-remote, 1.1-mode-guard
test("where gateway.mode is remote the commands ask that gateway", async () => {
  const gateway = await Gateway.start({ modelUrl: nowhere });
  const asking = elsewhere(gateway.url.replace("http", "ws"));
  const alone = new Gateway({ modelUrl: nowhere });
  try {
    const { code, stdout, stderr } = await asking.command(["health", "--json"]);
    assert.equal(code, 0, stderr);
    assert.equal(JSON.parse(stdout).ok, true);
    const named = await alone.command(["health", "--json", "--url", gateway.url.replace("http", "ws"), "--token", gatewayToken, "--timeout", "9000"]);
    assert.equal(named.code, 0, named.stderr);
    assert.equal(JSON.parse(named.stdout).ok, true);
    const wrong = await alone.command(["health", "--url", gateway.url.replace("http", "ws"), "--token", "not-the-token"]);
    assert.notEqual(wrong.code, 0);
    assert.match(wrong.stderr, /token/);
  } finally {
    await asking.discard();
    await alone.discard();
    await gateway.discard();
  }
});

// parity: 1.1-multi-instance
test("OPENCLAW_CONFIG_PATH names the configuration", async () => {
  const gateway = new Gateway({ config: "{ this is not read", env: (state) => ({ OPENCLAW_CONFIG_PATH: path.join(state, "other.json") }) });
  try {
    fs.writeFileSync(path.join(gateway.stateDir, "other.json"), JSON.stringify(makeConfig({ modelUrl: nowhere })), { mode: 0o600 });
    await gateway.start();
    const client = await gateway.client();
    assert.equal((await client.request("config.get")).path, path.join(gateway.stateDir, "other.json"));
  } finally {
    await gateway.discard();
  }
});

// parity: 1.1-gateway-lock
test("a second gateway on the same state is refused and does not disturb the first", async () => {
  const gateway = await Gateway.start({ modelUrl: nowhere });
  try {
    const said = await refusalToStart(gateway);
    assert.match(said, /already|in use|another gateway/i);
    assert.match(said, new RegExp(`\\b${gateway.pid}\\b`), "it names the process that has the state");
    const client = await gateway.client();
    assert.equal((await client.request("health")).ok, true);
  } finally {
    await gateway.discard();
  }
});

// parity: 1.1-gateway-lock
test("a gateway that was killed can be started again at once", async () => {
  const gateway = await Gateway.start({ modelUrl: nowhere });
  try {
    await gateway.kill();
    await gateway.restart();
    const client = await gateway.client();
    assert.equal((await client.request("health")).ok, true);
  } finally {
    await gateway.discard();
  }
});

// parity: 1.1-events
test("a gateway that is asked to stop says goodbye and ends with 0", async () => {
  const gateway = await Gateway.start({ modelUrl: nowhere });
  try {
    const client = await gateway.client();
    const goodbye = client.waitFor(({ event }) => event === "shutdown", "event shutdown");
    process.kill(gateway.pid, "SIGTERM");
    await goodbye;
    const { code } = await within(5000, "the connection to be closed", client.closed);
    assert.ok([1001, 1012].includes(code), `closed with ${code}`);
    assert.equal((await gateway.stop()).code, 0);
  } finally {
    await gateway.discard();
  }
});

test("what it writes is readable by its owner alone", async () => {
  const gateway = await Gateway.start({ modelUrl: nowhere });
  try {
    const open = [];
    const visit = (folder) => {
      for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
        const full = path.join(folder, entry.name);
        if (full === gateway.workspace || entry.isSymbolicLink()) continue;
        if (entry.isDirectory()) visit(full);
        else if (entry.isFile() && fs.statSync(full).mode & 0o077) open.push(full);
      }
    };
    visit(gateway.stateDir);
    assert.deepEqual(open, []);
  } finally {
    await gateway.discard();
  }
});
