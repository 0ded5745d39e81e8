// Adding to the program by files alone: a tool with its settings, a model row, a dialect, a model server, a method, a command and a
// chat command are put into a copy of this checkout, and the program built there has them all. HACKING.md shows the same files.
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import http from "node:http";
import path from "node:path";
import { after, before, test } from "node:test";
import { textOf } from "../journeys/lib/client.mjs";
import { gatewayToken, makeConfig } from "../journeys/lib/config.mjs";
import { Gateway } from "../journeys/lib/gateway.mjs";
import { Model, script } from "../journeys/lib/model.mjs";
import { build, differences, examples, filesBelow, makeCopy, repository, rows } from "./checkout.mjs";

let binary;
let touched;
let model;
let gateway;
let client;

before(async () => {
  makeCopy();
  // Before the build, which takes minutes in which somebody may go on editing.
  touched = differences();
  binary = build();
  process.env.OPENCLAW_BINARY = binary;
  model = await Model.start();
  gateway = new Gateway({
    modelUrl: model.url,
    tools: { word_count: { shortestWord: 3 } },
    env: { EXAMPLE_API_KEY: "sk-example" },
  });
  // The journeys' usual configuration hides the rows of the build; here they are what is asked for.
  const file = path.join(gateway.stateDir, "openclaw.json");
  fs.writeFileSync(file, fs.readFileSync(file, "utf8").replace('"mode": "replace"', '"mode": "merge"'));
  await gateway.start();
  client = await gateway.client();
});
after(async () => {
  await gateway?.discard();
  await model?.stop();
});

const newSession = () => `agent:main:extend-${crypto.randomUUID()}`;

test("only the examples' own files and the table of model rows differ from the checkout", () => {
  const { added, changed, missing } = touched;
  assert.deepEqual(added, filesBelow(examples).filter((name) => name !== "row.json").sort());
  assert.deepEqual(changed, [rows]);
  assert.deepEqual(missing, []);
});

test("HACKING.md shows the examples as they are", () => {
  const page = fs.readFileSync(path.join(repository, "HACKING.md"), "utf8");
  for (const name of filesBelow(examples)) {
    const text = fs.readFileSync(path.join(examples, name), "utf8");
    assert.ok(page.includes(text), `HACKING.md does not hold tests/extend/files/${name}: run scripts/generate_docs.py`);
  }
});

// parity: 1.12-plugins
test("the model calls the tool, and the tool's own settings hold", async () => {
  fs.writeFileSync(gateway.file("poem.txt"), "so much depends upon a red wheel barrow\n");
  const steps = [{ tool: "word_count", args: { path: "poem.txt" } }, "The tool said: $RESULT"];
  const final = await client.outcome(await client.send(newSession(), script(steps)));
  assert.equal(final.state, "final");
  assert.equal(textOf(final.message), "The tool said: 6 words");
  assert.deepEqual(await model.refusals(), []);
});

test("a wrong value in the tool's settings is refused, with its path", () => {
  const env = { PATH: process.env.PATH, HOME: gateway.stateDir, OPENCLAW_STATE_DIR: gateway.stateDir };
  const wrong = ["config", "set", "tools.word_count.shortestWord", "0"];
  const done = spawnSync(binary, wrong, { encoding: "utf8", env });
  assert.notEqual(done.status, 0);
  assert.match(done.stderr, /tools\.word_count\.shortestWord/);
});

test("the method answers, and clients are told that it exists", async () => {
  assert.ok(client.hello.features.methods.includes("text.words"));
  assert.deepEqual(await client.request("text.words", { text: "one two three" }), { words: 3 });
  await assert.rejects(client.request("text.words", {}), /must have required property 'text'/);
});

test("the command asks the running gateway, and help knows it", () => {
  const env = { PATH: process.env.PATH, HOME: gateway.stateDir, OPENCLAW_STATE_DIR: gateway.stateDir };
  const done = spawnSync(binary, ["words", "one two"], { encoding: "utf8", env });
  assert.equal(done.stdout, "2 words\n", done.stderr);
  const help = spawnSync(binary, ["help", "words"], { encoding: "utf8", env });
  assert.match(help.stdout, /Asks the running gateway how many words a text has/);
});

test("the chat command answers without a model", async () => {
  const session = newSession();
  await client.outcome(await client.send(session, "/words a b c d"));
  assert.equal(textOf((await client.history(session)).at(-1)), "4 words");
});

test("the row's model is listed once its key is in the environment", async () => {
  const { models } = await client.request("models.list");
  const row = models.find((listed) => listed.id === "example-large");
  assert.equal(row?.provider, "example");
  assert.equal(row.contextWindow, 128000);
});

test("a model server that is found answers through the dialect, without any configuration", async () => {
  const server = http.createServer((request, response) => {
    let said = "";
    request.on("data", (piece) => (said += piece));
    request.on("end", () => response.end(request.url === "/say" ? `You said: ${said}` : "ok"));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const config = makeConfig({ modelUrl: "http://127.0.0.1:9", workspace: undefined });
  delete config.models;
  delete config.agents;
  const other = await Gateway.start({ config, env: { PARROT_HOST: `127.0.0.1:${server.address().port}` } });
  try {
    const talker = await other.client({ token: gatewayToken });
    const final = await talker.outcome(await talker.send(newSession(), "good morning"));
    assert.match(textOf(final.message), /^You said: .*good morning$/);
  } finally {
    await other.discard();
    server.close();
  }
});
