// Devices: pairing, tokens of their own, taking them away, and what other programs can read about them.
import assert from "node:assert/strict";
import fs from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { makeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { newIdentity } from "./lib/identity.mjs";
import { until, within } from "./lib/waiting.mjs";

const far = { "X-Forwarded-For": "203.0.113.9" };
const read = ["operator.read"];

let gateway;
let admin;
before(async () => {
  gateway = await Gateway.start({ modelUrl: "http://127.0.0.1:9" });
  admin = await gateway.client();
});
after(() => gateway?.discard());

async function refusalOf(options) {
  const client = gateway.newClient(options);
  const error = await client.connect().then(
    () => assert.fail("the client was let in"),
    (refused) => refused,
  );
  return { error, close: await within(5000, "the connection to be closed", client.closed) };
}

/** A device from elsewhere that somebody let in; its hello brings its token. */
async function paired(identity, scopes = read) {
  const { error } = await refusalOf({ identity, scopes, headers: far });
  await admin.request("device.pair.approve", { requestId: error.details.requestId });
  const client = await gateway.client({ identity, scopes, headers: far });
  return { client, token: client.hello.auth.deviceToken };
}

async function openclaw(...words) {
  const program = gateway.spawn(words);
  const { code } = await within(15000, `openclaw ${words.join(" ")}`, program.exited);
  return { code, stdout: program.stdout, stderr: program.stderr };
}

for (const signature of ["v2", "v3"]) {
  test(`a program of this machine is paired at once and comes back with its token (${signature})`, async () => {
    const identity = newIdentity();
    const first = await gateway.client({ identity, signature, scopes: read });
    const { deviceToken, role, scopes, issuedAtMs } = first.hello.auth;
    assert.match(deviceToken, /^[0-9a-f]{64}$/);
    assert.equal(role, "operator");
    assert.deepEqual(scopes, read);
    assert.ok(issuedAtMs > 0);
    const back = await gateway.client({ identity, signature, scopes: read, token: deviceToken });
    assert.equal((await back.request("health")).ok, true);
    await back.close();
    const other = await refusalOf({ identity: newIdentity(), token: deviceToken });
    assert.match(other.error.message, /unauthorized: gateway token mismatch/);
    await first.close();
  });
}

// parity: 1.1-device-pairing
test("a device from elsewhere waits until a person lets it in", async () => {
  const identity = newIdentity();
  const from = admin.events.length;
  const { error, close } = await refusalOf({ identity, scopes: read, headers: far });
  assert.equal(error.code, "NOT_PAIRED");
  assert.equal(error.error.message, "pairing required");
  assert.equal(error.details.code, "PAIRING_REQUIRED");
  assert.equal(close.code, 1008);
  const { requestId } = error.details;
  const asked = await admin.waitFor(({ event }) => event === "device.pair.requested", "the request", { from });
  assert.equal(asked.payload.requestId, requestId);
  assert.equal(asked.payload.deviceId, identity.deviceId);

  const list = await openclaw("devices", "list");
  assert.equal(list.code, 0, list.stderr);
  assert.ok(list.stdout.includes(requestId) && list.stdout.includes("operator.read"), list.stdout);
  const approved = await openclaw("devices", "approve", requestId.slice(0, 20));
  assert.equal(approved.code, 0, approved.stderr);
  assert.ok(approved.stdout.includes(identity.deviceId));
  const resolved = await admin.waitFor(({ event }) => event === "device.pair.resolved", "the decision", { from });
  assert.equal(resolved.payload.decision, "approved");

  const client = await gateway.client({ identity, scopes: read, headers: far });
  assert.match(client.hello.auth.deviceToken, /^[0-9a-f]{64}$/);
  await client.close();
});

test("a page of this machine is not paired silently", async () => {
  const { error } = await refusalOf({ identity: newIdentity(), headers: { Origin: gateway.url } });
  assert.equal(error.details.code, "PAIRING_REQUIRED");
});

test("a paired device that wants more waits again, even with its token", async () => {
  const identity = newIdentity();
  const { client, token } = await paired(identity);
  await client.close();
  const wider = await refusalOf({ identity, token, scopes: ["operator.admin"], headers: far });
  assert.equal(wider.error.details.code, "PAIRING_REQUIRED");
  assert.equal(wider.error.details.reason, "scope-upgrade");
  await admin.request("device.pair.reject", { requestId: wider.error.details.requestId });
  const same = await gateway.client({ identity, token, scopes: read, headers: far });
  await assert.rejects(same.request("chat.send", {}), /missing scope: operator.write/);
  await same.close();
});

test("a client that may pair cannot give away what it does not have", async () => {
  const pairing = await gateway.client({ scopes: ["operator.pairing"] });
  const { error } = await refusalOf({ identity: newIdentity(), scopes: ["operator.admin"], headers: far });
  const { requestId } = error.details;
  await assert.rejects(pairing.request("device.pair.approve", { requestId }), /missing scope: operator.admin/);
  await assert.rejects(
    pairing.request("device.pair.approve", { requestId, scopes: ["operator.admin"] }),
    /unexpected property 'scopes'/,
  );
  const strong = newIdentity();
  const { client } = await paired(strong, ["operator.admin"]);
  for (const scopes of [undefined, ["operator.pairing"], ["operator.admin"]]) {
    const params = { deviceId: strong.deviceId, role: "operator", ...(scopes && { scopes }) };
    await assert.rejects(pairing.request("device.token.rotate", params), /missing scope: operator.admin/);
  }
  assert.equal((await client.request("health")).ok, true);
  await client.close();
  await pairing.close();
});

test("declaring only nonsense as scopes gives nothing", async () => {
  const client = await gateway.client({ scopes: ["a,operator.admin"] });
  assert.deepEqual(client.hello.auth.scopes, []);
  await assert.rejects(client.request("health"), /missing scope: operator.read/);
  await client.close();
});

test("revoking disconnects at once and holds", async () => {
  const identity = newIdentity();
  const { client, token } = await paired(identity);
  const revoked = await openclaw("devices", "revoke", identity.deviceId.slice(0, 12));
  assert.equal(revoked.code, 0, revoked.stderr);
  assert.deepEqual(await within(5000, "the device to be disconnected", client.closed), {
    code: 4001,
    reason: "device token revoked",
  });
  const { error } = await refusalOf({ identity, token, scopes: read, headers: far });
  assert.match(error.message, /unauthorized: gateway token mismatch/);
});

// parity: 1.1-device-pairing
test("rotating gives a new token and ends the former one", async () => {
  const identity = newIdentity();
  const { client, token } = await paired(identity);
  const { stdout, code } = await openclaw("devices", "rotate", identity.deviceId, "--json");
  assert.equal(code, 0);
  const fresh = JSON.parse(stdout).token;
  await within(5000, "the device to be disconnected", client.closed);
  await refusalOf({ identity, token, scopes: read, headers: far });
  const back = await gateway.client({ identity, token: fresh, scopes: read, headers: far });
  await back.close();
});

test("pairing survives a restart, and its files hold no secret", async () => {
  const identity = newIdentity();
  const { token } = await paired(identity);
  const file = path.join(gateway.stateDir, "devices", "paired.json");
  await until(() => fs.existsSync(file) && fs.readFileSync(file, "utf8").includes(identity.deviceId), "the file");
  await gateway.kill();
  await gateway.restart();
  admin = await gateway.client();
  const back = await gateway.client({ identity, token, scopes: read, headers: far });
  assert.deepEqual(back.hello.auth.scopes, read);
  await back.close();
  const entry = JSON.parse(fs.readFileSync(file, "utf8"))[identity.deviceId];
  assert.equal(entry.role, "operator");
  assert.deepEqual(entry.tokens.operator.scopes, read);
  const holding = fs
    .readdirSync(gateway.stateDir, { recursive: true, withFileTypes: true })
    .filter((each) => each.isFile())
    .map((each) => path.join(each.parentPath ?? each.path, each.name))
    .filter((each) => fs.readFileSync(each).includes(token));
  assert.deepEqual(holding, []);
});

// parity: 1.1-presence
test("presence is told to those who are there", async () => {
  const from = admin.events.length;
  const client = await gateway.client({
    client: { id: "gateway-client", mode: "ui", version: "1", platform: "linux", displayName: "kitchen" },
  });
  const told = await admin.waitFor(
    ({ event, payload }) => event === "presence" && payload.presence.some(({ host }) => host === "kitchen"),
    "the presence of the kitchen",
    { from },
  );
  assert.ok(told.stateVersion.presence > 1);
  assert.ok((await admin.request("system-presence")).some(({ reason }) => reason === "self"));
  await client.close();
});

// parity: 1.1-shared-auth
test("a gateway for other machines names its client behind a trusted proxy, and guesses count for it alone", async () => {
  const config = makeConfig({
    modelUrl: "http://127.0.0.1:9",
    workspace: "/tmp",
    gateway: { auth: { mode: "password", password: "correct horse battery" }, trustedProxies: ["127.0.0.1"] },
  });
  const guarded = await Gateway.start({ config, args: ["--bind", "lan"] });
  try {
    const guess = () => guarded.newClient({ token: "wrong", headers: far }).connect();
    for (let attempt = 0; attempt < 10; ++attempt) await assert.rejects(guess(), /gateway password mismatch/);
    await assert.rejects(guess(), /too many failed authentication attempts/);
    const near = await guarded.client({ token: "correct horse battery" });
    await near.close();
  } finally {
    await guarded.discard();
  }
});

// parity: 1.1-bind-modes
test("an address that this machine does not have is refused in words", async () => {
  const lost = new Gateway({ modelUrl: "http://127.0.0.1:9", args: ["--bind", "203.0.113.77"] });
  try {
    const program = lost.spawn();
    const { code } = await within(15000, "the refusal", program.exited);
    assert.notEqual(code, 0);
    assert.match(program.stderr, /does not have the address 203\.0\.113\.77/);
  } finally {
    await lost.discard();
  }
});
