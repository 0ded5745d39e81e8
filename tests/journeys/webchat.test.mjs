// What a person does on WebChat's page, in a real browser, against the real binary and the scripted model.
import assert from "node:assert/strict";
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import { after, before, test } from "node:test";
import { startBrowser } from "../webchat/browser.mjs";
import { WebChat } from "../webchat/page.mjs";
import { makeConfig } from "./lib/config.mjs";
import { Gateway } from "./lib/gateway.mjs";
import { Model, script } from "./lib/model.mjs";
import { until } from "./lib/waiting.mjs";

const phone = { width: 360, height: 740 };
let browser;
let model;
let gateway;

before(async () => {
  browser = await startBrowser();
  model = await Model.start();
  gateway = await Gateway.start({
    modelUrl: model.url,
    tools: { exec: { security: "allowlist", ask: "always" } },
  });
});
after(async () => {
  await browser?.close();
  try {
    await gateway?.discard();
  } finally {
    await model?.stop();
  }
});

/** A link is good once, so every page gets a new one from the command that a person would use. */
async function loginLink(of = gateway) {
  const client = await of.client();
  try {
    const { url, webchat, link } = await client.request("gateway.login.create", {});
    return url ?? webchat ?? link;
  } finally {
    await client.close();
  }
}

const newKey = () => `agent:main:web-${crypto.randomUUID()}`;

/** A page of its own, in a conversation of its own, and the judgement at its end that nothing went wrong unseen. */
function journey(name, steps, { page: options, calm = true } = {}) {
  test(name, { timeout: 90_000 }, async () => {
    const chat = await WebChat.create(browser, options);
    const key = newKey();
    await chat.page.addInitScript((session) => {
      if (!localStorage.getItem("openclaw.session")) localStorage.setItem("openclaw.session", session);
    }, key);
    try {
      await chat.openAndWait(await loginLink());
      await steps(chat, key);
      await chat.assertNoNonsense();
      await chat.assertNoSidewaysScrolling();
      if (calm) chat.assertCalm();
    } finally {
      await chat.close();
    }
  });
}

// parity: 1.3-webchat
test("the printed address signs in once, and leaves no code in the address bar", { timeout: 60_000 }, async () => {
  const first = await WebChat.create(browser);
  const second = await WebChat.create(browser);
  try {
    await first.openAndWait(gateway.webchat);
    assert.equal(new URL(first.page.url()).hash, "");
    await first.send("signed in");
    await first.waitForAnswer("echo: signed in");
    await first.page.reload();
    await first.waitForAnswer("echo: signed in");
    first.assertCalm();

    await second.open(gateway.webchat);
    await second.waitForText("This login link was used already");
    await second.waitForText("openclaw dashboard");
    assert.equal(new URL(second.page.url()).hash, "");
    second.assertCalm();
  } finally {
    await first.close();
    await second.close();
  }
});

test("a token that the gateway refuses is told apart from a gateway that is away", { timeout: 60_000 }, async () => {
  const chat = await WebChat.create(browser);
  try {
    await chat.open(gateway.url);
    await chat.page.getByRole("textbox", { name: "Or paste a gateway token" }).fill("wrong-token");
    await chat.page.getByRole("button", { name: "Sign in" }).click();
    await chat.waitForText("The gateway did not accept this browser’s token");
    chat.assertCalm();
  } finally {
    await chat.close();
  }
});

journey("an answer is streamed word by word", async (chat) => {
  const door = crypto.randomUUID();
  await chat.send(`LONG:60 HOLD:20:${door}`);
  await chat.lastAnswer.getByText("w10").waitFor();
  await chat.stopButton.waitFor();
  assert.equal(await chat.lastAnswer.getByText("w59").count(), 0);
  await model.release(door);
  await chat.waitForAnswer("w59");
  await chat.stopButton.waitFor({ state: "detached" });
});

journey("the agent reads and edits a file, and runs a command once it is allowed to", async (chat) => {
  fs.writeFileSync(gateway.file("plan.txt"), "the weather is bad\n");
  const steps = [
    { text: "I look at the plan.", tools: [{ tool: "read", args: { path: "plan.txt" } }] },
    { tool: "edit", args: { path: "plan.txt", oldText: "bad", newText: "good" } },
    { tool: "exec", args: { command: "cat plan.txt && touch allowed.txt" } },
    "The file says: $RESULT",
  ];
  await chat.send(script(steps));
  await chat.approval.waitFor();
  await chat.approval.getByText("cat plan.txt && touch allowed.txt").first().waitFor();
  assert.ok(!fs.existsSync(gateway.file("allowed.txt")), "nothing runs before it is allowed");
  await chat.approve();
  await chat.waitForAnswer("the weather is good");
  assert.equal(fs.readFileSync(gateway.file("plan.txt"), "utf8"), "the weather is good\n");
  assert.ok(fs.existsSync(gateway.file("allowed.txt")));
  for (const tool of ["read", "edit", "exec"]) await chat.tool(tool).getByText("done").waitFor();
  const shown = await chat.lastAnswer.innerText();
  await chat.page.reload();
  await chat.waitForAnswer("the weather is good");
  for (const tool of ["read", "edit", "exec"]) await chat.tool(tool).getByText("done").waitFor();
  const again = await chat.lastAnswer.innerText();
  assert.equal(again.includes("I look at the plan."), shown.includes("I look at the plan."), "the stored turn reads the same");
  assert.equal(await chat.answers.count(), 1, "a turn with tools is one answer");
});

journey("a command that is denied does not run, and the agent hears of it", async (chat) => {
  await chat.send(script([{ tool: "exec", args: { command: "touch denied.txt" } }, "So be it: $RESULT"]));
  await chat.deny();
  await chat.waitForAnswer("So be it");
  assert.ok(!fs.existsSync(gateway.file("denied.txt")));
  await chat.tool("exec").getByText("failed").waitFor();
  assert.equal(await chat.approval.count(), 0);
});

journey("the stop button ends a long answer and keeps what was said", async (chat) => {
  await chat.send("LONG:5000:20");
  await chat.lastAnswer.getByText("w5").waitFor();
  await chat.stopButton.click();
  await chat.lastAnswer.getByText("Stopped.").waitFor();
  await chat.page.reload();
  await chat.lastAnswer.getByText("Stopped.").waitFor();
  await chat.lastAnswer.getByText("w5").waitFor();
  await chat.send("and now?");
  await chat.waitForAnswer("echo: and now?");
});

journey("stopping an answer that waits for a decision takes the question away", async (chat) => {
  await chat.send(script([{ tool: "exec", args: { command: "touch never.txt" } }, "done"]));
  await chat.approval.waitFor();
  await chat.stopButton.click();
  await chat.approval.waitFor({ state: "detached" });
  await chat.lastAnswer.getByText("Stopped.").waitFor();
  assert.ok(!fs.existsSync(gateway.file("never.txt")));
});

journey("an error of the model is a sentence, and trying again works", async (chat) => {
  await chat.send(`ERRONCE:401 ${crypto.randomUUID()}`);
  const failed = chat.conversation.locator('article.turn[data-state="failed"]');
  await failed.waitFor();
  const words = await failed.innerText();
  assert.match(words, /[A-Z][^{}]{15,}\./, "a sentence, not a status code alone");
  assert.doesNotMatch(words, /[{}]/);
  await chat.page.reload();
  await failed.waitFor();
  await chat.retry();
  await chat.waitForAnswer("echo:");
  assert.equal(await chat.questions.count(), 1, "the question is not repeated");
  await chat.page.reload();
  await chat.waitForAnswer("echo:");
  assert.equal(await chat.questions.count(), 1, "nor in the stored conversation");
});

journey("a page that is loaded again in the middle of an answer goes on showing it", async (chat, key) => {
  const door = crypto.randomUUID();
  await chat.send(`LONG:60 HOLD:20:${door}`);
  await chat.lastAnswer.getByText("w10").waitFor();
  const client = await gateway.client();
  const { activeRuns, messages } = await client.request("chat.history", { sessionKey: key });
  assert.deepEqual(activeRuns.map((run) => run.runId), [messages[0].runId], "the run is named by the user message");
  await client.close();
  await chat.page.reload();
  await chat.stopButton.waitFor();
  await model.release(door);
  await chat.waitForAnswer("w59");
  assert.equal(await chat.answers.count(), 1);
  await chat.stopButton.waitFor({ state: "detached" });
});

journey("conversations are begun, renamed, started over and deleted", async (chat, key) => {
  await chat.send("the first one");
  await chat.waitForAnswer("echo: the first one");
  await chat.sessions.getByRole("button", { name: "the first one" }).first().waitFor();
  await chat.newSession();
  const client = await gateway.client();
  const before = (await client.request("sessions.list", {})).count;
  await chat.send("the second one");
  await chat.waitForAnswer("echo: the second one");
  assert.equal((await client.request("sessions.list", {})).count, before + 1, "an unused key makes no session");

  await chat.sessionAction("the second one", "Rename");
  await chat.page.getByRole("textbox", { name: "Name of the conversation" }).fill("Quite another name");
  await chat.page.keyboard.press("Enter");
  await chat.sessions.getByRole("button", { name: "Quite another name" }).first().waitFor();
  await chat.page.reload();
  await chat.sessions.getByRole("button", { name: "Quite another name" }).first().waitFor();

  await chat.sessionAction("Quite another name", "Start over");
  await chat.page.getByRole("dialog").getByRole("button", { name: "Start over" }).click();
  await chat.waitForText("What can");
  await chat.sessionAction("Quite another name", "Delete");
  await chat.page.getByRole("dialog").getByRole("button", { name: "Delete" }).click();
  await chat.sessions.getByRole("button", { name: "Quite another name" }).first().waitFor({ state: "detached" });

  await chat.openSession("the first one");
  await chat.waitForAnswer("echo: the first one");
  const keys = (await client.request("sessions.list", {})).sessions.map((session) => session.key);
  assert.ok(keys.includes(key));
  await client.close();
});

journey("a conversation that is deleted elsewhere disappears here, and the page falls back to the main one", async (chat, key) => {
  await chat.send("soon to be gone");
  await chat.waitForAnswer("echo: soon to be gone");
  await chat.sessions.getByRole("button", { name: "soon to be gone" }).first().waitFor();
  const client = await gateway.client();
  await client.request("sessions.delete", { key });
  await client.close();
  await chat.sessions.getByRole("button", { name: "soon to be gone" }).first().waitFor({ state: "detached" });
  await chat.page.getByRole("heading", { name: "Main conversation" }).waitFor();
});

journey("the model picker and the status line say what answers", async (chat) => {
  await chat.send("who are you?");
  await chat.waitForAnswer("echo: who are you?");
  const names = await chat.modelPicker.locator("option").allInnerTexts();
  assert.ok(names.some((name) => name.includes("fake-1")), names.join(", "));
  await chat.chooseModel(names.find((name) => name.includes("fake-1") && !name.startsWith("Default")) ?? names[0]);
  await chat.send("and with a model of my choice?");
  await chat.waitForAnswer("echo: and with a model of my choice?");
  await chat.lastAnswer.getByText(/\d\S* in · \d\S* out/).waitFor();
});

journey("commands are answered in the conversation", async (chat) => {
  await chat.send("/status");
  await chat.waitForAnswer("fake-1");
  await chat.send("/help");
  await chat.waitForAnswer("/model");
});

journey("markdown and what looks like HTML are shown and not run", async (chat) => {
  await chat.send(script(['# Title\n\n<img src=x onerror="alert(1)"> and `code`\n\n| a | b |\n|---|---|\n| 1 | 2 |']));
  const answer = await chat.waitForAnswer("Title");
  await answer.getByRole("heading", { name: "Title" }).waitFor();
  await answer.getByRole("columnheader", { name: "a" }).waitFor();
  assert.equal(await answer.locator("img").count(), 0);
});

journey("on a phone everything has its place", async (chat) => {
  await chat.send(script([{ tool: "exec", args: { command: "echo a-rather-long-command-line-that-does-not-fit-on-a-phone > phone.txt" } }, "Done on a phone."]));
  await chat.approval.waitFor();
  const command = chat.approval.getByLabel("Command");
  const whole = await command.evaluate((element) => element.scrollHeight <= element.clientHeight);
  assert.ok(whole, "the whole command can be read before it is allowed");
  await chat.assertNoSidewaysScrolling();
  await chat.approve();
  await chat.waitForAnswer("Done on a phone.");
  await chat.page.getByRole("button", { name: "Conversations and settings" }).click();
  await chat.page.getByRole("button", { name: "Sign out" }).waitFor();
}, { page: { viewport: phone, hasTouch: true, isMobile: true } });

journey("a file that the agent sends is a picture or can be saved, and only what was sent can be fetched", async (chat, key) => {
  const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  fs.writeFileSync(`${gateway.workspace}/dot.png`, Buffer.from(pixel, "base64"));
  fs.writeFileSync(`${gateway.workspace}/sums.csv`, "a,b\n1,2\n");
  await chat.send(script(["Here it is.\nMEDIA:dot.png\nMEDIA:sums.csv\nMEDIA:../../etc/passwd\n\n```\nMEDIA:not-this.png\n```"]));
  const answer = await chat.waitForAnswer("Here it is.");
  const picture = answer.getByRole("img", { name: "dot.png" });
  await picture.waitFor();
  assert.equal(await picture.evaluate((image) => image.naturalWidth), 1);
  const saving = chat.page.waitForEvent("download");
  await answer.getByText("Save sums.csv").click();
  assert.equal(fs.readFileSync(await (await saving).path(), "utf8"), "a,b\n1,2\n");
  await answer.getByText("passwd cannot be shown").waitFor();
  await answer.getByText("MEDIA:not-this.png").waitFor();
  const client = await gateway.client();
  await assert.rejects(client.request("chat.media", { sessionKey: key, path: "AGENTS.md" }), /No answer of this conversation shows/);
  await client.close();
});

journey("pictures and files go with a message, are shown, and are still there after a reload", async (chat) => {
  const pixel = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==";
  await chat.page.locator(".composer input[type=file]").setInputFiles([
    { name: "red.png", mimeType: "image/png", buffer: Buffer.from(pixel, "base64") },
    { name: "notes <b>.txt", mimeType: "text/plain", buffer: Buffer.from("milk") },
  ]);
  const waiting = chat.page.getByRole("list", { name: "Attached files" });
  await waiting.getByRole("img", { name: "red.png" }).waitFor();
  await waiting.getByRole("button", { name: "Take notes <b>.txt away" }).waitFor();
  const word = crypto.randomUUID();
  await chat.send(script([`A red one, ${word}.`], "what is on it?"));
  const shown = chat.page.locator("article.question .files");
  await shown.getByRole("img", { name: "red.png" }).waitFor();
  await chat.waitForAnswer(`A red one, ${word}.`);
  const [request] = await model.requests({ text: word, atLeast: 1 });
  assert.match(JSON.stringify(request.body), /media\/inbound\/[0-9a-f]{32}\.png \(red\.png/);
  await chat.page.reload();
  await shown.getByRole("img", { name: "red.png" }).waitFor();
  await shown.getByText("notes <b>.txt", { exact: true }).waitFor();
  assert.equal(await shown.getByRole("img").evaluate((image) => image.naturalWidth), 1, "it is the picture itself");
  assert.ok(!(await chat.page.locator("article.question").innerText()).includes("media/inbound"), "the gateway's own line is for the agent");
});

test("in French the page speaks French", { timeout: 60_000 }, async () => {
  const chat = await WebChat.create(browser, { locale: "fr-FR" });
  try {
    await chat.open(await loginLink());
    await chat.page.getByText("Connecté", { exact: true }).waitFor();
    const composer = chat.page.getByRole("textbox", { name: "Message" });
    await composer.fill("bonjour");
    await composer.press("Enter");
    await chat.page.getByText("echo: bonjour").first().waitFor();
    assert.equal(await chat.page.evaluate(() => document.documentElement.lang), "fr");
    await chat.assertNoNonsense();
    chat.assertCalm();
  } finally {
    await chat.close();
  }
});

// parity: 1.3-webchat
test("killed in the middle of a turn and started again, the page comes back by itself and shows what became of it", { timeout: 120_000 }, async () => {
  // The port must be the same for the page to find it again.
  const port = await freePort();
  const mortal = new Gateway({ modelUrl: model.url, args: ["--port", String(port)], tools: { exec: { security: "full", ask: "off" } } });
  const chat = await WebChat.create(browser);
  try {
    await mortal.start();
    await chat.openAndWait(mortal.webchat);
    const door = crypto.randomUUID();
    const steps = [
      { text: "First a trace.", tools: [{ tool: "exec", args: { command: "echo trace >> traces.txt" } }] },
      { text: "Now many words follow, one after the other, and then some.", hold: { after: 3, name: door } },
    ];
    await chat.send(script(steps));
    await chat.lastAnswer.getByText("Now many").waitFor();
    await mortal.kill();
    await chat.waitForText("The connection to the gateway is lost");
    await mortal.restart();
    await model.release(door);
    await chat.page.getByText("Connected", { exact: true }).waitFor({ timeout: 30_000 });
    const settled = chat.conversation.locator('article.turn:not([data-state="running"])').last();
    await settled.waitFor({ timeout: 30_000 });
    const state = await settled.getAttribute("data-state");
    if (state === "failed") {
      await chat.retry();
      await model.release(door);
    }
    await until(async () => {
      await model.release(door);
      return (await settled.count()) && (await settled.innerText()).includes("and then some");
    }, "the answer after the restart");
    assert.equal(await chat.questions.count(), 1);
    assert.equal(await chat.answers.count(), 1);
    await chat.assertNoNonsense();
    chat.assertCalm();
  } finally {
    await chat.close();
    await mortal.discard();
  }
});

test("stopped while a decision is open and started again, the gateway ends at once and the page offers to try again", { timeout: 120_000 }, async () => {
  const port = await freePort();
  const tools = { exec: { security: "allowlist", ask: "always" } };
  const polite = new Gateway({ modelUrl: model.url, args: ["--port", String(port)], tools });
  const chat = await WebChat.create(browser);
  try {
    await polite.start();
    await chat.openAndWait(polite.webchat);
    await chat.send(script([{ tool: "exec", args: { command: "touch late.txt" } }, "It is done."]));
    await chat.approval.waitFor();
    assert.equal((await polite.stop()).code, 0);
    await polite.restart();
    const failed = chat.conversation.locator('article.turn[data-state="failed"]');
    await failed.waitFor({ timeout: 30_000 });
    assert.equal(await chat.approval.count(), 0, "a decision that nobody waits for is not asked for");
    await chat.retry();
    await chat.waitForAnswer("It is done.");
    assert.equal(await chat.questions.count(), 1);
    assert.ok(!fs.existsSync(polite.file("late.txt")), "what nobody allowed did not run");
    await chat.assertNoNonsense();
    chat.assertCalm();
  } finally {
    await chat.close();
    await polite.discard();
  }
});

test("the files of the page have the types that browsers insist on", async () => {
  const page = await (await gateway.fetch("/")).text();
  const wanted = [["/", "text/html"], ["/icon.svg", "image/svg+xml"], ["/manifest.webmanifest", "application/manifest+json"]];
  for (const [, path] of page.matchAll(/(?:src|href)="\.?(\/assets\/[^"]+)"/g)) {
    wanted.push([path, path.endsWith(".css") ? "text/css" : "text/javascript"]);
  }
  assert.ok(wanted.length >= 5, page);
  for (const [path, type] of wanted) {
    const response = await gateway.fetch(path);
    await response.arrayBuffer();
    assert.equal(response.status, 200, path);
    assert.ok(response.headers.get("content-type").startsWith(type), `${path}: ${response.headers.get("content-type")}`);
    assert.equal(response.headers.get("x-content-type-options"), "nosniff", path);
  }
});

/** A gateway that knows no model: no configuration of one, no keys, and closed ports where model servers usually are. */
async function bareGateway(env) {
  const config = { gateway: makeConfig({ modelUrl: "" }).gateway };
  const closed = `127.0.0.1:${await freePort()}`;
  return new Gateway({ config, env: { OLLAMA_HOST: closed, LMSTUDIO_HOST: closed, LLAMA_SERVER_HOST: closed, ...env } });
}

test("without any model the page offers the built-in one with its terms, and says why it could not be fetched", { timeout: 120_000 }, async () => {
  const asked = [];
  let open;
  const seen = new Promise((resolve) => (open = resolve));
  const empty = http.createServer(async (request, response) => {
    asked.push(request.url);
    await seen;
    response.writeHead(404, { "Content-Length": 0 }).end();
  });
  await new Promise((resolve) => empty.listen(0, "127.0.0.1", resolve));
  const bare = await bareGateway({ OPENCLAW_EMBEDDED_MIRROR: `http://127.0.0.1:${empty.address().port}` });
  const chat = await WebChat.create(browser);
  try {
    await bare.start();
    await chat.openAndWait(bare.webchat);
    await chat.page.getByRole("heading", { name: "One step before the first answer" }).waitFor();
    await chat.waitForText("Gemma Terms of Use");
    await chat.waitForText("249 MB");
    assert.equal(asked.length, 0, "nothing is fetched before consent");
    await chat.send("kept for later");
    await chat.page.getByRole("list", { name: "Waiting to be sent" }).getByText("kept for later").waitFor();
    const watcher = await bare.client();
    await chat.page.getByRole("button", { name: "Accept the licence and download" }).click();
    const downloading = ({ event, payload }) => event === "models.status" && payload.current.state === "downloading";
    await watcher.waitFor(downloading, "word of the download");
    await chat.page.getByRole("progressbar", { name: "Getting the model" }).waitFor();
    open();
    await chat.page.getByRole("button", { name: "Accept the licence and download" }).waitFor({ timeout: 60_000 });
    const words = await chat.page.locator(".first-run").innerText();
    assert.ok(asked.length > 0, "the mirror was asked");
    const { current } = await watcher.request("models.status");
    assert.ok(words.includes(current.message) && current.hint && words.includes(current.hint), `${words}\n${JSON.stringify(current)}`);
    await watcher.close();
    const cut = await chat.page.evaluate(() => {
      const { width } = document.documentElement.getBoundingClientRect();
      return [...document.querySelectorAll(".first-run *")].filter((element) => element.getBoundingClientRect().right > width).length;
    });
    assert.equal(cut, 0, "a long address does not push the page out of sight");
    await chat.assertNoNonsense();
    chat.assertCalm();
  } finally {
    open();
    await chat.close();
    await bare.discard();
    await new Promise((resolve) => empty.close(resolve));
  }
});

test("a model server that is started later is noticed by the page, and what was written meanwhile is sent", { timeout: 120_000 }, async () => {
  const local = await Model.start(["--no-key"]);
  const port = await freePort();
  const bare = await bareGateway({ OLLAMA_HOST: `127.0.0.1:${port}` });
  const ollama = http.createServer((request, response) => {
    if (request.url === "/api/tags") return response.end('{"models":[{"name":"fake-1"}]}');
    if (request.url === "/api/ps") return response.end('{"models":[]}');
    const options = { method: request.method, headers: request.headers };
    const onward = http.request(local.url + request.url, options, (answer) => answer.pipe(response.writeHead(answer.statusCode, answer.headers)));
    return request.pipe(onward.on("error", () => response.destroy()));
  });
  const chat = await WebChat.create(browser);
  try {
    await bare.start();
    await chat.openAndWait(bare.webchat);
    await chat.page.locator(".first-run").waitFor();
    await chat.send("kept for later");
    await chat.page.getByRole("list", { name: "Waiting to be sent" }).getByText("kept for later").waitFor();
    const watcher = await bare.client();
    await new Promise((resolve) => ollama.listen(port, "127.0.0.1", resolve));
    const ready = ({ event, payload }) => event === "models.status" && payload.current.state === "ready";
    const { payload } = await watcher.waitFor(ready, "word of the model server", { milliseconds: 30_000 });
    assert.equal(payload.current.source, "local-server");
    assert.equal(payload.current.ref, "ollama/fake-1");
    await chat.waitForAnswer("echo: kept for later");
    await chat.assertNoNonsense();
    chat.assertCalm();
  } finally {
    await chat.close();
    await bare.discard();
    ollama.closeAllConnections();
    ollama.close();
    await local.stop();
  }
});

async function freePort() {
  const server = http.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}
