// The unmodified Control UI of OpenClaw 2026.1.30: its own bundle from the package, served by our gateway, in Chromium.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { gatewayToken } from "../../journeys/lib/config.mjs";
import { until } from "../../journeys/lib/waiting.mjs";
import { openclaw, run } from "./lib/clients.mjs";
import { onLoopbackOnly } from "./lib/loopback_only.mjs";
import { Setting } from "./lib/setting.mjs";

onLoopbackOnly("2026.1.30");

// What the bundle asks for and this build truly has not: it is not advertised, and the page shows its own empty state.
const absent = {
  "cron.status": "schedules",
  "cron.list": "schedules",
};

let setting;
let browser;
let page;
let advertised;
const asked = []; // what the page asked the gateway, with the answers
const leaks = []; // answers from addresses that are not the gateway's
const noise = []; // errors that the page did not catch

before(async () => {
  const program = openclaw("2026.1.30");
  const root = path.join(program.package, "dist/control-ui");
  setting = await Setting.start({
    config: (made) => ({ ...made, gateway: { ...made.gateway, controlUi: { root, basePath: "/control" } } }),
    prepare: (gateway) => {
      const file = path.join(gateway.stateDir, "openclaw.json");
      fs.writeFileSync(file, `// The owner's own words.\n${fs.readFileSync(file, "utf8")}`);
      fs.mkdirSync(gateway.file("skills/weather"), { recursive: true });
      const skill = "---\nname: weather\ndescription: Looks out of the window\n---\n";
      fs.writeFileSync(gateway.file("skills/weather/SKILL.md"), skill);
    },
  });
  const { chromium } = createRequire(path.join(program.package, "package.json"))("playwright-core");
  const switches = ["gpu", "background-networking", "component-update", "sync"].map((part) => `--disable-${part}`);
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", ...switches],
  });
  page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  page.setDefaultTimeout(20000);
  page.on("response", (response) => {
    if (new URL(response.url()).host !== new URL(setting.gateway.url).host) leaks.push(response.url());
  });
  page.on("pageerror", (error) => noise.push(String(error)));
  page.on("websocket", (socket) => {
    socket.on("framesent", ({ payload }) => noteRequest(JSON.parse(payload)));
    socket.on("framereceived", ({ payload }) => noteAnswer(JSON.parse(payload)));
  });
});
after(async () => {
  await browser?.close();
  await setting?.stop();
});

function noteRequest({ type, id, method, params }) {
  if (type === "req") asked.push({ id, method, params });
}

function noteAnswer({ type, id, ok, error, payload }) {
  const request = type === "res" && asked.findLast((one) => one.id === id);
  if (!request) return;
  Object.assign(request, { ok, error: error?.message });
  if (payload?.type === "hello-ok") advertised = payload.features.methods;
}

const shown = () => page.locator("openclaw-app").innerText();
const notices = () => page.locator(".callout.danger, .callout.warn").allInnerTexts();
const requests = (method) => asked.filter((one) => one.method === method);

/** Opens a page, waits for the answers to all that it asked, and says which questions failed. */
async function open(name, ...methods) {
  asked.length = 0;
  await page.goto(`${setting.gateway.url}/control/${name}`);
  const answered = () => methods.every((method) => requests(method).some((one) => one.ok !== undefined));
  const waiting = () => `: ${JSON.stringify(asked.filter((one) => one.ok === undefined))}`;
  await until(() => answered() && asked.every((one) => one.ok !== undefined), `the answers for ${name}`, {
    describe: waiting,
  });
  for (const { method, error } of asked.filter((one) => !one.ok)) {
    assert.equal(error, `unknown method: ${method}`);
    assert.ok(absent[method], `${method} is missing`);
    assert.ok(!advertised.includes(method), `${method} is advertised and not there`);
  }
}

async function says(...patterns) {
  for (const pattern of patterns) {
    await until(async () => pattern.test(await shown()), `${pattern} on the page`);
  }
  assert.deepEqual(noise, []);
}

test("a person opens it, enters the token, approves the browser on this machine and is connected", async () => {
  await page.goto(`${setting.gateway.url}/control`);
  assert.equal(new URL(page.url()).pathname.startsWith("/control/"), true, "it moves to the folder's own address");
  await page.goto(`${setting.gateway.url}/control/overview`);
  await page.locator("label:has-text('Gateway Token') input").fill(gatewayToken);
  await page.getByRole("button", { name: "Connect" }).click();
  // A page is never paired by itself, not even from this machine: its owner does it, here with OpenClaw's own command.
  await says(/pairing required/);
  const apart = setting.apart({ gateway: { mode: "local", auth: { mode: "token", token: gatewayToken } } });
  const list = await run("2026.1.30", ["devices", "list", "--json"], apart);
  const [request] = JSON.parse(list.stdout).pending;
  const approved = await run("2026.1.30", ["devices", "approve", request.requestId], apart);
  assert.equal(approved.code, 0, approved.text);
  await page.getByRole("button", { name: "Connect" }).click();
  await says(/STATUS\s+Connected/, /Health\s+OK/);
});

// parity: 1.1-single-port
test("a token in the address is not read by the gateway, and our own WebChat stays at /", async () => {
  const secret = await setting.gateway.fetch("/control/?token=x");
  assert.equal(secret.status, 400);
  assert.match(await (await setting.gateway.fetch("/")).text(), /<title>/);
  assert.doesNotMatch(await (await setting.gateway.fetch("/")).text(), /openclaw-app/);
  assert.deepEqual(await (await setting.gateway.fetch("/control/avatar/main?meta=1")).json(), { avatarUrl: null });
});

// parity: 1.12-control-ui
test("Chat: send, stream, final, and a reload keeps the history", async () => {
  await open("chat", "chat.history", "sessions.list");
  await page.locator("textarea").fill("LONG:20 HOLD:4:door");
  await page.getByRole("button", { name: /^Send/ }).click();
  await says(/w0 w1 w2/);
  assert.doesNotMatch(await shown(), /w19/, "the answer is shown while it comes");
  await setting.model.release("door");
  await says(/w19/);
  assert.deepEqual(await notices(), []);
  await open("chat", "chat.history");
  await says(/LONG:20 HOLD:4:door/, /w19/);
});

// parity: 1.12-control-ui
test("Chat: Stop ends a run", async () => {
  await page.locator("textarea").fill("HOLD:1:never LONG:50");
  await page.getByRole("button", { name: /^Send/ }).click();
  await page.getByRole("button", { name: "Stop" }).click();
  await until(() => requests("chat.abort").some((one) => one.ok), "chat.abort to be answered");
});

// parity: 1.12-control-ui
test("Overview shows the gateway's state", async () => {
  await open("overview", "channels.status", "system-presence", "sessions.list", "status", "health", "models.list");
  await says(/STATUS\s+Connected/, /INSTANCES\s+[1-9]/, /SESSIONS\s+1/, /CRON\s+n\/a/);
  assert.deepEqual(await notices(), []);
});

test("Channels: Telegram is listed, and not configured", async () => {
  await open("channels", "channels.status", "config.schema", "config.get");
  await says(/Telegram/, /Configured\s+No/);
  assert.deepEqual(await notices(), []);
});

// parity: 1.1-presence, 1.12-control-ui, 1.9-system-events
test("Instances lists the gateway and this page", async () => {
  await open("instances", "system-presence");
  await says(/gateway\s+linux/i, /webchat/);
  assert.deepEqual(await notices(), []);
});

// parity: 1.5-origin, 1.12-control-ui
test("Sessions lists the session, and renames it", async () => {
  await open("sessions", "sessions.list");
  await says(/agent:main:main/);
  const label = page.locator(".table input").first();
  await label.fill("Kitchen");
  await label.blur();
  await until(() => requests("sessions.patch").some((one) => one.ok), "sessions.patch to be answered");
  await open("sessions", "sessions.list");
  await until(async () => (await page.locator(".table input").first().inputValue()) === "Kitchen", "the new label");
  assert.deepEqual(await notices(), []);
});

// parity: 1.9-skill-format
test("Skills lists those of the workspace, and that they are not in use", async () => {
  await open("skills", "skills.status");
  await says(/weather\s+Looks out of the window/, /blocked\s+disabled/);
  assert.deepEqual(await notices(), []);
});

test("Cron: schedules are not in this build, and the page says what it could not ask", async () => {
  await open("cron", "cron.status", "cron.list");
  await says(/unknown method: cron\.list/, /No jobs yet/);
});

test("Nodes shows that there are none, and the policy for commands", async () => {
  await open("nodes", "config.get", "exec.approvals.get");
  await says(/No nodes found/, /Exec approvals/, /Default security mode/, /openclaw-control-ui|operator/);
  assert.deepEqual(await notices(), []);
});

// parity: 1.12-control-ui
test("Nodes: a wider policy for commands is refused with words, a narrower one is kept", async () => {
  const card = page.locator(".card:has-text('Exec approvals')").first();
  const mode = card.locator("label:has-text('Mode') select").first();
  await mode.selectOption("full");
  await card.getByRole("button", { name: "Save" }).click();
  await says(/security "full" allows more than "allowlist"/);
  await mode.selectOption("deny");
  await card.getByRole("button", { name: "Save" }).click();
  await until(() => requests("exec.approvals.set").some((one) => one.ok), "exec.approvals.set to be answered");
  assert.match(fs.readFileSync(path.join(setting.gateway.stateDir, "openclaw.json"), "utf8"), /"security": "deny"/);
});

// parity: 1.1-config-rpc, 1.12-control-ui
test("Config: a change in the form is saved, with the comments and the secrets as they were", async () => {
  await open("config", "config.schema", "config.get");
  await says(/Settings\s+valid/, /Bootstrap Max Chars/);
  const field = page.locator(".cfg-field:has(:text-is('Bootstrap Max Chars')) input").last();
  await field.fill("15000");
  await page.getByRole("button", { name: "Save" }).click();
  await until(() => requests("config.set").some((one) => one.ok !== undefined), "config.set to be answered");
  assert.deepEqual(requests("config.set").map((one) => one.error), [undefined]);
  const text = fs.readFileSync(path.join(setting.gateway.stateDir, "openclaw.json"), "utf8");
  assert.match(text, /^\/\/ The owner's own words\./);
  assert.match(text, /"bootstrapMaxChars": 15000/);
  assert.ok(text.includes(gatewayToken), "the token is what it was");
  // The bundle cannot draw every key of our schema in its form; it says so, and has its raw view for the rest.
  assert.deepEqual((await notices()).filter((notice) => !/Form view can't safely edit some fields/.test(notice)), []);
});

// parity: 1.12-control-ui
test("Debug shows snapshots and calls a method", async () => {
  await open("debug", "status", "health", "models.list", "last-heartbeat");
  await says(/"defaultAgentId": "main"/, /fake-1/);
  await page.locator("label:has-text('Method') input").fill("system-presence");
  await page.getByRole("button", { name: "Call" }).click();
  await says(/"mode": "gateway"/);
  assert.deepEqual(await notices(), []);
});

// parity: 1.12-control-ui, 1.12-logging
test("Logs follows the gateway's log", async () => {
  await open("logs", "logs.tail");
  await says(/The gateway listens\./, /File: .*openclaw\.log/);
  assert.deepEqual(await notices(), []);
});

test("nothing was fetched from anywhere else", () => assert.deepEqual(leaks, []));
