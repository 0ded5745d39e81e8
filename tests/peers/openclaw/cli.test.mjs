// The unmodified command line of OpenClaw 2026.1.30 and 2026.9.6 against our gateway: what a person reads, and the exit
// code.
import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { gatewayToken } from "../../journeys/lib/config.mjs";
import { run } from "./lib/clients.mjs";
import { onLoopbackOnly } from "./lib/loopback_only.mjs";
import { Setting } from "./lib/setting.mjs";

onLoopbackOnly("2026.1.30", "2026.9.6");

const complaints = /unknown method|missing scope|invalid .* params|unauthorized|mismatch|Failed to start CLI|gateway query failed|Config invalid/i;

let setting;
before(async () => {
  setting = await Setting.start();
  const client = await setting.gateway.client();
  await client.outcome(await client.send("agent:main:main", "the first message"));
  await client.outcome(await client.send("agent:main:project", "another session"));
  await client.request("sessions.patch", { key: "agent:main:project", label: "My project" });
  await client.close();
});
after(() => setting.stop());

async function says(version, words, options, ...patterns) {
  const result = await run(version, words, options);
  assert.equal(result.code, 0, `openclaw ${words.join(" ")} ended with ${result.code}:\n${result.text}`);
  assert.doesNotMatch(result.text, complaints);
  for (const pattern of patterns) assert.match(result.stdout, pattern, result.text);
  return result;
}

describe("the command line of 2026.1.30, on the gateway's own state folder", { concurrency: true }, () => {
  const old = (words, ...patterns) => says("2026.1.30", words, setting.beside, ...patterns);

  test("health names the agent and its sessions", () =>
    old(["health"], /Agents: main \(default\)/, /agent:main:project/, /agent:main:main/));

  test("status finds the gateway, its token and the sessions in the state folder", () =>
    old(["status"], /reachable \d+ms · auth token/, /Agents\s*│ 1 .* sessions 2/, /2 active/, /agent:main:project/));

  test("status --all has nothing to complain about but what the machine lacks", async () => {
    const { stdout } = await old(["status", "--all"], /✓ Config/, /✓ Skills/, /1 total .* 2 sessions/);
    assert.match(stdout, /✓ Channel issues \(none\)/);
  });

  // parity: 1.6-entry-points
  test("agent prints the model's answer", () => old(["agent", "--agent", "main", "-m", "hello there"], /^echo: hello there$/m));

  test("agent --json has the run, the answer and the usage", async () => {
    const { stdout } = await old(["agent", "--session-id", "no-such", "--agent", "main", "-m", "again", "--json"]);
    const answer = JSON.parse(stdout);
    assert.equal(answer.status, "ok");
    assert.equal(answer.result.payloads[0].text, "echo: again");
    assert.equal(answer.result.meta.agentMeta.provider, "fake");
  });

  test("sessions lists what the gateway wrote to sessions.json", () =>
    old(["sessions"], /Sessions listed: 2/, /agent:main:project/, /fake-1/));

  test("models list shows the configured model as the default", () => old(["models", "list"], /fake\/fake-1\s.*default/));

  test("logs prints the gateway's log", () => old(["logs", "--plain"], /The gateway listens/));

  test("channels status shows that none is configured", () => old(["channels", "status"], /Gateway reachable/));

  test("gateway status reaches the gateway", () => old(["gateway", "status"], /RPC probe: ok/));

  test("devices list shows the very device that asks", () => old(["devices", "list"], /Paired \(\d+\)[^]*operator/));

  for (const [method, pattern, params] of [
    ["config.get", /"token": "\*\*\*"/],
    ["sessions.resolve", /"key": "agent:main:project"/, { label: "My project" }],
    ["exec.approvals.get", /"security": "allowlist"/],
    ["chat.history", /the first message/, { sessionKey: "main" }],
  ]) {
    test(`gateway call ${method} answers`, async () => {
      const words = ["gateway", "call", method, ...(params ? ["--params", JSON.stringify(params)] : [])];
      await old(words, pattern);
    });
  }

  test("a wrong token is told in OpenClaw's words", async () => {
    // From a folder of its own: a device that is paired has a token of its own, and is right to use it.
    const stranger = setting.apart({ gateway: { mode: "local", auth: { mode: "token", token: "wrong" } } }, "stranger");
    const options = { ...stranger, token: "wrong" };
    const result = await run("2026.1.30", ["gateway", "call", "health", "--token", "wrong"], options);
    assert.notEqual(result.code, 0);
    assert.match(result.text, /gateway token mismatch \(set gateway\.remote\.token to match gateway\.auth\.token\)/);
  });
});

describe("the command line of 2026.9.6, which speaks protocol 4 only", { concurrency: true }, () => {
  let options;
  before(() => {
    options = setting.apart({ gateway: { mode: "local", auth: { mode: "token", token: gatewayToken } } });
  });
  const newest = (words, ...patterns) => says("2026.9.6", words, options, ...patterns);

  test("health names the agent and its sessions", () => newest(["health"], /Agents: main \(default\)/, /agent:main:project/));

  test("status finds the gateway", () => newest(["status"], /reachable \d+ms · auth token/));

  test("models list shows the gateway's published catalog", () => newest(["models", "list"], /fake\/fake-1/));

  test("agent prints the model's answer", () =>
    newest(["agent", "--agent", "main", "-m", "hello from September"], /^echo: hello from September$/m));
});
