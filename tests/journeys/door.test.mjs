// Who may come in: protocol versions, tokens, devices, origins, and frames that no good client would send.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { everyScope } from "./lib/client.mjs";
import { gatewayToken } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { newIdentity } from "./lib/identity.mjs";
import { within } from "./lib/waiting.mjs";
import { encodeFrame, opcodes, UpgradeRefused } from "./lib/websocket.mjs";

let gateway;
before(async () => {
  gateway = await Gateway.start({ modelUrl: "http://127.0.0.1:9" });
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

for (const [minProtocol, maxProtocol, expected] of [
  [3, 3, 3],
  [4, 4, 4],
  [3, 4, 4],
]) {
  test(`a client of protocols ${minProtocol} to ${maxProtocol} is greeted in protocol ${expected}`, async () => {
    const client = await gateway.client({ minProtocol, maxProtocol });
    const { hello } = client;
    assert.equal(hello.type, "hello-ok");
    assert.equal(hello.protocol, expected);
    assert.ok(hello.server.connId && hello.server.version);
    assert.ok(hello.features.methods.includes("chat.send"));
    assert.ok(hello.features.events.includes("chat"));
    assert.equal(hello.snapshot.sessionDefaults.mainSessionKey, "agent:main:main");
    assert.deepEqual([...hello.auth.scopes].sort(), [...everyScope].sort());
    assert.ok(hello.policy.maxPayload > 0 && hello.policy.tickIntervalMs > 0);
    await client.close();
  });
}

// parity: 1.1-handshake
test("a client of an older protocol is refused with both versions", async () => {
  const { error, close } = await refusalOf({ minProtocol: 1, maxProtocol: 2 });
  assert.match(error.message, /protocol mismatch/);
  assert.equal(typeof error.details.expectedProtocol, "number");
  assert.equal(close.code, 1002);
});

for (const signature of ["v2", "v3"]) {
  test(`a device with a ${signature} signature and the token is let in`, async () => {
    const client = await gateway.client({ identity: newIdentity(), signature });
    assert.equal(client.hello.type, "hello-ok");
    assert.equal((await client.request("health")).ok, true);
    await client.close();
  });
}

// parity: 1.1-handshake
test("a device whose signature does not fit is refused", async () => {
  const stranger = { ...newIdentity(), deviceId: newIdentity().deviceId };
  const { error, close } = await refusalOf({ identity: stranger });
  assert.match(error.message, /device/);
  assert.equal(close.code, 1008);
});

// parity: 1.1-shared-auth
test("a wrong token is refused with the words that real clients know", async () => {
  const { error, close } = await refusalOf({ token: "wrong" });
  assert.equal(error.code, "INVALID_REQUEST");
  assert.match(error.message, /^connect: INVALID_REQUEST unauthorized: gateway token mismatch/);
  assert.equal(close.code, 1008);
  assert.ok(!JSON.stringify(error.error).includes(gatewayToken));
});

// parity: 1.1-shared-auth
test("no token and no device is refused", async () => {
  const { error, close } = await refusalOf({ token: undefined });
  assert.match(error.message, /device identity required|token missing/);
  assert.equal(close.code, 1008);
});

// parity: 1.1-roles-scopes
test("scopes that were not asked for are not given", async () => {
  const reader = await gateway.client({ scopes: ["operator.read"] });
  await reader.request("health");
  const params = { sessionKey: "agent:main:main", message: "hi", idempotencyKey: "scope-1" };
  await assert.rejects(reader.request("chat.send", params), /missing scope: operator\.write/);
  await reader.close();
});

async function upgradeStatus(headers) {
  const client = gateway.newClient({ headers });
  try {
    await client.open();
    await client.close();
    return 101;
  } catch (error) {
    if (error instanceof UpgradeRefused) return error.status;
    throw error;
  }
}

test("a page of a foreign origin cannot open a socket", async () => {
  for (const Origin of ["https://evil.example", "http://localhost.evil.example", "null"]) {
    assert.equal(await upgradeStatus({ Origin }), 403, Origin);
  }
});

test("the gateway's own page can open a socket", async () => {
  assert.equal(await upgradeStatus({ Origin: new URL(gateway.url).origin }), 101);
});

test("a foreign host name, as in DNS rebinding, is refused for sockets and pages", async () => {
  const status = await upgradeStatus({ Host: "evil.example" });
  assert.ok(status >= 400 && status < 500, `the upgrade was answered with ${status}`);
  const { default: http } = await import("node:http");
  const answer = await new Promise((resolve, reject) => {
    http.get(gateway.url, { headers: { Host: "evil.example" } }, resolve).on("error", reject);
  });
  answer.resume();
  assert.ok(answer.statusCode >= 400 && answer.statusCode < 500, `the page was answered with ${answer.statusCode}`);
});

test("the login code of the printed address works once", async () => {
  const code = new URL(gateway.webchat).hash.replace(/^#login=/, "");
  const login = () =>
    gateway.fetch("/api/login", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ code }),
    });
  const first = await login();
  assert.equal(first.status, 200);
  const { token, expiresAtMs } = await first.json();
  assert.ok(expiresAtMs > Date.now());
  const client = await gateway.client({
    token,
    client: { id: "webchat", version: "1", platform: "web", mode: "webchat" },
  });
  await client.request("chat.history", { sessionKey: "agent:main:main" });
  await client.close();
  const second = await login();
  assert.equal(second.status, 401);
  assert.ok((await second.json()).error.message);
});

test("the health pages answer without a token and tell nothing", async () => {
  for (const page of ["/healthz", "/readyz", "/startupz"]) {
    const answer = await gateway.fetch(page);
    assert.equal(answer.status, 200, page);
    assert.ok(!(await answer.text()).includes(gatewayToken));
  }
});

async function stillServes() {
  const client = await gateway.client();
  assert.equal((await client.request("health")).ok, true);
  await client.close();
}

// parity: 1.1-ws-framing
test("a request that is not one is answered, and the connection stays", async () => {
  const client = await gateway.client();
  await assert.rejects(client.request("no.such.method"), /unknown method: no\.such\.method/);
  await assert.rejects(client.request("chat.send", { sessionKey: 7 }), /invalid chat\.send params/);
  for (const text of [
    "",
    "not JSON",
    "[]",
    "7",
    '{"type":"req"}',
    "{",
    "\u0000",
    '{"type":"req","id":1,"method":[]}',
  ]) {
    client.socket.sendText(text);
  }
  assert.equal((await client.request("health")).ok, true);
  await client.close();
});

const badFirstFrames = {
  "that is not connect": (socket) => socket.sendText('{"type":"req","id":"1","method":"health"}'),
  "that is not JSON": (socket) => socket.sendText("hello"),
  "that is longer than a connect can be": (socket) => socket.sendText("x".repeat(70 * 1024)),
};
for (const [what, send] of Object.entries(badFirstFrames)) {
  test(`a first frame ${what} ends the connection`, async () => {
    const client = gateway.newClient();
    await client.open();
    await client.challenge();
    send(client.socket);
    await within(5000, "the connection to be closed", client.closed);
    await stillServes();
  });
}

const badFrames = {
  "without a mask": encodeFrame(opcodes.text, Buffer.from("{}"), { masked: false }),
  "with a reserved opcode": encodeFrame(3, Buffer.from("{}")),
  "that claims to be gigantic": encodeFrame(opcodes.text, Buffer.from("{}"), { claimedLength: 2 ** 40 }),
  "with a control payload that is too long": encodeFrame(opcodes.ping, Buffer.alloc(126)),
  "with text that is not UTF-8": encodeFrame(opcodes.text, Buffer.from([0xff, 0xfe, 0xfd])),
};
for (const [what, bytes] of Object.entries(badFrames)) {
  test(`a frame ${what} ends that connection and no other`, async () => {
    const other = await gateway.client();
    const client = await gateway.client();
    client.socket.sendBytes(bytes);
    await within(5000, "the connection to be closed", client.closed);
    assert.equal((await other.request("health")).ok, true);
    await other.close();
  });
}

// parity: 1.1-limits
test("a message of more than the announced size ends the connection with 1009", async () => {
  const client = await gateway.client();
  const tooLong = client.hello.policy.maxPayload + 1;
  client.socket.sendBytes(encodeFrame(opcodes.text, Buffer.alloc(0), { claimedLength: tooLong }));
  const close = await within(5000, "the connection to be closed", client.closed);
  assert.equal(close.code, 1009);
  await stillServes();
});
