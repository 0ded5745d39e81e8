// The unmodified Control UI of OpenClaw 2026.1.30: its own bundle from the package, served by our gateway, in Chromium.
import assert from "node:assert/strict";
import fs from "node:fs";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { gatewayToken } from "../../journeys/lib/config.mjs";
import { until } from "../../journeys/lib/waiting.mjs";
import { openclaw } from "./lib/clients.mjs";
import { onLoopbackOnly } from "./lib/loopback_only.mjs";
import { Setting } from "./lib/setting.mjs";

onLoopbackOnly("2026.1.30");

let setting;
let browser;
let page;
const asked = []; // what the page asked the gateway, with the answers
const elsewhere = []; // addresses that are not the gateway's
const noise = []; // errors in the console

before(async () => {
  const program = openclaw("2026.1.30");
  setting = await Setting.start({
    config: (made) => ({
      ...made,
      gateway: { ...made.gateway, controlUi: { root: path.join(program.package, "dist/control-ui"), basePath: "/control" } },
    }),
    prepare: (gateway) => {
      fs.mkdirSync(gateway.file("skills/weather"), { recursive: true });
      fs.writeFileSync(gateway.file("skills/weather/SKILL.md"), "---\nname: weather\ndescription: Looks out of the window\n---\n");
    },
  });
  const { chromium } = createRequire(path.join(program.modules, "openclaw/package.json"))("playwright-core");
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync"],
  });
  page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
  page.setDefaultTimeout(20000);
  page.on("request", (request) => {
    if (new URL(request.url()).host !== new URL(setting.gateway.url).host) elsewhere.push(request.url());
  });
  page.on("pageerror", (error) => noise.push(String(error)));
  page.on("websocket", (socket) => {
    socket.on("framesent", ({ payload }) => record(JSON.parse(payload)));
    socket.on("framereceived", ({ payload }) => answer(JSON.parse(payload)));
  });
});
after(async () => {
  await browser?.close();
  await setting?.stop();
});

function record(frame) {
  if (frame.type === "req") asked.push({ id: frame.id, method: frame.method, params: frame.params });
}
function answer(frame) {
  if (frame.type !== "res") return;
  const request = asked.findLast((one) => one.id === frame.id);
  if (request) Object.assign(request, { ok: frame.ok, error: frame.error?.message });
}

const text = () => page.locator("openclaw-app").innerText();
const open = async (name) => {
  await page.goto(`${setting.gateway.url}/control/${name}`);
  await page.getByText("Health OK", { exact: false }).or(page.locator(".pill:has-text('OK')")).first().waitFor();
  await until(() => asked.every((one) => one.ok !== undefined), `answers to what ${name} asked`, { describe: () => JSON.stringify(asked.filter((one) => one.ok === undefined)) });
};
const failures = () => asked.filter((one) => one.ok === false).map((one) => `${one.method}: ${one.error}`);

test("a person opens it, pastes the token and is connected", async () => {
  await page.goto(`${setting.gateway.url}/control`);
  assert.match(page.url(), /\/control\//);
  await page.goto(`${setting.gateway.url}/control/overview`);
  await page.getByLabel("Gateway Token").or(page.locator("label:has-text('Gateway Token') input")).first().fill(gatewayToken);
  await page.getByRole("button", { name: "Connect" }).click();
  await page.getByText("Connected", { exact: true }).first().waitFor();
  console.log(await text());
});

for (const name of ["overview", "channels", "instances", "sessions", "skills", "cron", "nodes", "config", "debug", "logs", "chat"]) {
  test(`page ${name}`, async () => {
    asked.length = 0;
    await open(name);
    console.log(name, failures(), await page.locator(".callout.danger, .callout.warn").allInnerTexts(), (await text()).slice(0, 1500));
    console.log([...new Set(asked.map((a) => a.method))].join(" "), noise.splice(0), elsewhere.splice(0));
  });
}
