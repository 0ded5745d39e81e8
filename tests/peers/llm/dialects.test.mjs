// The vendors' own clients, unmodified, judge the scripted model: OpenAI's responses, Google and Ollama.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { installed } from "../install.mjs";
import { ModelServer } from "./src/server.mjs";

const require = createRequire(path.join(installed(path.dirname(fileURLToPath(import.meta.url))), "package.json"));
const { default: OpenAI } = require("openai");
const { GoogleGenAI, ApiError } = require("@google/genai");
const { Ollama } = require("ollama");

const key = "sk-right";
const schema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
let server;
let openai;
let google;
let ollama;
let url;

before(async () => {
  server = new ModelServer({ keys: [key] });
  url = await server.listen();
  openai = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 });
  google = new GoogleGenAI({ apiKey: key, httpOptions: { baseUrl: url } });
  ollama = new Ollama({ host: url });
});
after(() => server.close());

async function collect(stream) {
  const all = [];
  for await (const each of await stream) all.push(each);
  return all;
}
const script = (steps) => `SCRIPT:${JSON.stringify(steps)}`;
const twoSteps = script([{ think: true, text: "I look.", tool: "weather", args: { city: "Sète 🌊" } }, "It is $RESULT"]);

// OpenAI's responses
const responsesTools = [{ type: "function", name: "weather", parameters: schema, strict: false }];
const respond = (input, more = {}) => openai.responses.create({ model: "fake-1", input, store: false, ...more });

test("OpenAI's client gets a response in one piece and streamed", async () => {
  const whole = await respond("hello there");
  assert.equal(whole.output_text, "echo: hello there");
  assert.equal(whole.usage.total_tokens, whole.usage.input_tokens + whole.usage.output_tokens);
  const stream = openai.responses.stream({ model: "fake-1", input: "LONG:5", store: false });
  assert.equal((await stream.finalResponse()).output[0].content[0].text, "w0 w1 w2 w3 w4 ");
});

test("OpenAI's client gives reasoning, calls and outputs back and gets the next step", async () => {
  const include = ["reasoning.encrypted_content"];
  const question = { role: "user", content: twoSteps };
  const stream = openai.responses.stream({ model: "fake-1", input: [question], tools: responsesTools, include, store: false });
  const first = await stream.finalResponse();
  assert.deepEqual(first.output.map((item) => item.type), ["reasoning", "message", "function_call"]);
  const call = first.output[2];
  assert.deepEqual(JSON.parse(call.arguments), { city: "Sète 🌊" });
  const output = { type: "function_call_output", call_id: call.call_id, output: "sunny" };
  const history = [question, ...first.output.map(({ parsed_arguments: _, ...item }) => item), output];
  assert.equal((await respond(history, { tools: responsesTools })).output_text, "It is sunny");
});

test("OpenAI's client raises the right class for each error of the responses", async () => {
  const stranger = new OpenAI({ apiKey: "sk-wrong", baseURL: `${url}/v1`, maxRetries: 0 });
  await assert.rejects(stranger.responses.create({ model: "fake-1", input: "hi" }), OpenAI.AuthenticationError);
  await assert.rejects(respond("ERR:429"), OpenAI.RateLimitError);
  await assert.rejects(respond("hi", { model: "nosuch" }), OpenAI.NotFoundError);
  const events = await collect(respond("LONG:9 STREAMERR:2", { stream: true }));
  assert.match(events.at(-1).type === "error" && events.at(-1).message, /server had an error/);
  await assert.rejects(collect(respond("LONG:9 CUT:2", { stream: true })), /terminated|Premature|socket|Connection/i);
});

const call = (id) => ({ type: "function_call", call_id: id, name: "weather", arguments: "{}" });
const refusedResponses = {
  "an output without its call": [[{ type: "function_call_output", call_id: "a", output: "1" }], /No tool call found/],
  "a call without its output": [[{ role: "user", content: "hi" }, call("a")], /No tool output found/],
  "reasoning that was not stored": [
    [{ role: "user", content: "hi" }, { type: "reasoning", id: "rs_1", summary: [] }, call("a")],
    /not persisted/,
  ],
  "a user's words as output": [[{ role: "user", content: [{ type: "output_text", text: "x" }] }], /Supported values/],
};
for (const [what, [input, pattern]] of Object.entries(refusedResponses)) {
  test(`the responses refuse ${what}`, () => assert.rejects(respond(input), pattern));
}

// Google
const googleTools = [{ functionDeclarations: [{ name: "weather", parameters: schema }] }];
const generate = (contents, config = {}) => google.models.generateContent({ model: "fake-1", contents, config });
const generateStream = (contents, config = {}) => google.models.generateContentStream({ model: "fake-1", contents, config });

test("Google's client gets an answer in one piece and streamed", async () => {
  assert.equal((await generate("hello there")).text, "echo: hello there");
  const chunks = await collect(generateStream("LONG:5"));
  assert.equal(chunks.map((chunk) => chunk.text ?? "").join(""), "w0 w1 w2 w3 w4 ");
  assert.equal(chunks.at(-1).candidates[0].finishReason, "STOP");
  assert.ok(chunks.at(-1).usageMetadata.totalTokenCount > 0);
});

test("Google's client gives signed calls and results back and gets the next step", async () => {
  const question = { role: "user", parts: [{ text: twoSteps }] };
  const chunks = await collect(generateStream([question], { tools: googleTools }));
  const parts = chunks.flatMap((chunk) => chunk.candidates[0].content.parts);
  assert.ok(parts.some((part) => part.thought));
  const calls = chunks.flatMap((chunk) => chunk.functionCalls ?? []);
  assert.deepEqual(calls.map((each) => each.args), [{ city: "Sète 🌊" }]);
  const answer = { role: "user", parts: [{ functionResponse: { name: "weather", response: { output: "sunny" } } }] };
  const history = [question, { role: "model", parts: parts.filter((part) => part.text !== "") }, answer];
  assert.equal((await generate(history, { tools: googleTools })).text, "It is sunny");
  delete history[1].parts.find((part) => part.functionCall).thoughtSignature;
  await assert.rejects(generate(history, { tools: googleTools }), /missing a thought_signature/);
});

test("Google's client raises its errors with their status", async () => {
  const stranger = new GoogleGenAI({ apiKey: "sk-wrong", httpOptions: { baseUrl: url } });
  const refused = (status, pattern) => (error) => {
    assert.ok(error instanceof ApiError, String(error));
    assert.equal(error.status, status);
    return pattern.test(error.message);
  };
  await assert.rejects(stranger.models.generateContent({ model: "fake-1", contents: "hi" }), refused(400, /API key not valid/));
  await assert.rejects(generate("ERR:429"), refused(429, /RetryInfo/));
  await assert.rejects(google.models.generateContent({ model: "nosuch", contents: "hi" }), refused(404, /not found/));
});

test("the Google dialect refuses a schema with words that Gemini does not know", async () => {
  const parameters = { type: "object", properties: { a: { type: "string", additionalProperties: false } } };
  const body = { contents: [{ role: "user", parts: [{ text: "hi" }] }], tools: [{ functionDeclarations: [{ name: "weather", parameters }] }] };
  const options = { method: "POST", headers: { "x-goog-api-key": key }, body: JSON.stringify(body) };
  const response = await fetch(`${url}/v1beta/models/fake-1:generateContent`, options);
  assert.equal(response.status, 400);
  assert.match((await response.json()).error.message, /Unknown name "additionalProperties"/);
});

test("Google's client lists the models", async () => {
  const names = (await collect(google.models.list())).map((model) => model.name);
  assert.deepEqual(names, ["models/fake-1", "models/fake-2", "models/fake-claude"]);
});

// Ollama
const ollamaTools = [{ type: "function", function: { name: "weather", description: "", parameters: schema } }];
const ask = (content, more = {}) => ({ model: "fake-1", messages: [{ role: "user", content }], ...more });

test("Ollama's client gets an answer in one piece and streamed", async () => {
  assert.equal((await ollama.chat(ask("hello there"))).message.content, "echo: hello there");
  const lines = await collect(ollama.chat(ask("LONG:5", { stream: true })));
  assert.equal(lines.map((line) => line.message.content).join(""), "w0 w1 w2 w3 w4 ");
  assert.equal(lines.at(-1).done_reason, "stop");
  assert.equal(lines.at(-1).eval_count, 5);
});

test("Ollama's client gives calls and results back and gets the next step", async () => {
  const first = await ollama.chat(ask(twoSteps, { tools: ollamaTools, think: true }));
  assert.equal(first.message.thinking, "Let me think about that.");
  assert.deepEqual(first.message.tool_calls[0].function.arguments, { city: "Sète 🌊" });
  const messages = [{ role: "user", content: twoSteps }, first.message, { role: "tool", content: "sunny", tool_name: "weather" }];
  assert.equal((await ollama.chat({ model: "fake-1", messages, tools: ollamaTools })).message.content, "It is sunny");
});

test("Ollama's client raises what the server says, before and in the stream", async () => {
  await assert.rejects(ollama.chat({ model: "nosuch", messages: [] }), /model 'nosuch' not found/);
  await assert.rejects(collect(ollama.chat(ask("LONG:9 STREAMERR:2", { stream: true }))), /error was encountered/);
  const wrong = [{ role: "assistant", content: "", tool_calls: [{ function: { name: "x", arguments: "{}" } }] }];
  await assert.rejects(ollama.chat({ model: "fake-1", messages: wrong }), /cannot unmarshal string/);
});

test("Ollama's client lists the models", async () => {
  assert.deepEqual((await ollama.list()).models.map((model) => model.name), ["fake-1", "fake-2", "fake-claude"]);
});
