// The vendors' own clients, unmodified, judge the scripted model.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { after, before, test } from "node:test";
import { fileURLToPath } from "node:url";
import { installed } from "../install.mjs";
import { ModelServer } from "./src/server.mjs";

const require = createRequire(path.join(installed(path.dirname(fileURLToPath(import.meta.url))), "package.json"));
const { default: OpenAI } = require("openai");
const { default: Anthropic } = require("@anthropic-ai/sdk");

const key = "sk-right";
let server;
let url;
let openai;
let anthropic;

before(async () => {
  server = new ModelServer({ keys: [key] });
  url = await server.listen();
  openai = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 0 });
  anthropic = new Anthropic({ apiKey: key, baseURL: url, maxRetries: 0 });
});
after(() => server.close());

const user = (content) => ({ role: "user", content });
const weatherSchema = { type: "object", properties: { city: { type: "string" } }, required: ["city"] };
const openaiTools = [{ type: "function", function: { name: "weather", parameters: weatherSchema } }];
const anthropicTools = [{ name: "weather", input_schema: weatherSchema }];

function openaiChat(content, more = {}) {
  const messages = Array.isArray(content) ? content : [user(content)];
  return openai.chat.completions.create({ model: "fake-1", messages, ...more });
}

function anthropicMessage(content, more = {}, options = {}) {
  const messages = Array.isArray(content) ? content : [user(content)];
  return anthropic.messages.create({ model: "fake-claude", max_tokens: 4096, messages, ...more }, options);
}

async function collect(stream) {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
}

async function control(path, options) {
  const response = await fetch(url + path, options);
  return response.json();
}

const release = (name) => control("/__release", { method: "POST", body: JSON.stringify({ name }) });

test("OpenAI's client lists the models", async () => {
  const names = (await collect(await openai.models.list())).map((model) => model.id);
  assert.deepEqual(names, ["fake-1", "fake-2", "fake-claude"]);
});

test("Anthropic's client lists the models", async () => {
  const names = (await collect(anthropic.models.list())).map((model) => model.id);
  assert.deepEqual(names, ["fake-1", "fake-2", "fake-claude"]);
});

test("OpenAI's client gets an answer in one piece", async () => {
  const answer = await openaiChat("hello there");
  assert.equal(answer.choices[0].message.content, "echo: hello there");
  assert.equal(answer.choices[0].finish_reason, "stop");
  assert.equal(answer.usage.total_tokens, answer.usage.prompt_tokens + answer.usage.completion_tokens);
});

test("OpenAI's client streams an answer and gets usage only when it asks for it", async () => {
  const plain = await collect(await openaiChat("LONG:5", { stream: true }));
  assert.equal(plain.map((chunk) => chunk.choices[0].delta.content ?? "").join(""), "w0 w1 w2 w3 w4 ");
  assert.ok(plain.every((chunk) => chunk.usage === undefined));
  const counted = await collect(await openaiChat("LONG:5", { stream: true, stream_options: { include_usage: true } }));
  assert.equal(counted.at(-1).usage.completion_tokens, 5);
  assert.equal(counted.at(-1).choices.length, 0);
});

test("OpenAI's client puts tool-call arguments together from many tiny deltas", async () => {
  const text = 'TOOL:weather:{"city":"Orléans 🌦 \\"x\\""}';
  const stream = openai.chat.completions.stream({ model: "fake-1", messages: [user(text)], tools: openaiTools });
  const chunks = await collect(stream);
  assert.ok(chunks.length > 10, `only ${chunks.length} chunks`);
  const message = (await stream.finalChatCompletion()).choices[0].message;
  assert.deepEqual(JSON.parse(message.tool_calls[0].function.arguments), { city: 'Orléans 🌦 "x"' });
});

test("OpenAI's tool runner goes through a script of several steps", async () => {
  const seen = [];
  const script = [
    { tool: "weather", args: { city: "Lyon" } },
    { tool: "weather", args: { city: "Nice" } },
    "It is $RESULT",
  ];
  const runner = openai.chat.completions.runTools({
    model: "fake-1",
    messages: [user(`SCRIPT:${JSON.stringify(script)}`)],
    tools: [
      {
        type: "function",
        function: {
          name: "weather",
          parameters: weatherSchema,
          parse: JSON.parse,
          function: ({ city }) => (seen.push(city), `sunny in ${city}`),
        },
      },
    ],
  });
  assert.equal(await runner.finalContent(), "It is sunny in Nice");
  assert.deepEqual(seen, ["Lyon", "Nice"]);
});

test("OpenAI's client gets parallel tool calls", async () => {
  const text = 'TOOL:weather:{"city":"Lyon"} TOOL:weather:{"city":"Nice"}';
  const answer = await openaiChat(text, { tools: openaiTools });
  const calls = answer.choices[0].message.tool_calls;
  assert.deepEqual(
    calls.map((call) => JSON.parse(call.function.arguments).city),
    ["Lyon", "Nice"],
  );
  assert.notEqual(calls[0].id, calls[1].id);
});

test("OpenAI's client sees reasoning as reasoning_content", async () => {
  const chunks = await collect(await openaiChat("THINK", { stream: true }));
  const reasoning = chunks.map((chunk) => chunk.choices[0].delta.reasoning_content ?? "").join("");
  assert.equal(reasoning, "Let me think about that.");
});

test("OpenAI's client reads cached tokens", async () => {
  const answer = await openaiChat("CACHED:7 a text that is long enough to hold seven tokens");
  assert.equal(answer.usage.prompt_tokens_details.cached_tokens, 7);
});

test("OpenAI's client raises the right class for each error", async () => {
  const stranger = new OpenAI({ apiKey: "sk-wrong", baseURL: `${url}/v1`, maxRetries: 0 });
  const asStranger = stranger.chat.completions.create({ model: "fake-1", messages: [user("hi")] });
  await assert.rejects(asStranger, OpenAI.AuthenticationError);
  await assert.rejects(openaiChat("ERR:400"), OpenAI.BadRequestError);
  await assert.rejects(openaiChat("ERR:429"), OpenAI.RateLimitError);
  await assert.rejects(openaiChat("ERR:500"), OpenAI.InternalServerError);
  await assert.rejects(openaiChat("hi", { model: "nosuch" }), OpenAI.NotFoundError);
  await assert.rejects(openaiChat("ERR:400:context_length_exceeded"), { code: "context_length_exceeded" });
});

test("OpenAI's client retries by itself after an error that happens once", async () => {
  const patient = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 2 });
  const answer = await patient.chat.completions.create({ model: "fake-1", messages: [user("ERRONCE:500 again")] });
  assert.match(answer.choices[0].message.content, /again$/);
});

test("OpenAI's client waits as long as Retry-After says", async () => {
  const patient = new OpenAI({ apiKey: key, baseURL: `${url}/v1`, maxRetries: 3 });
  const started = Date.now();
  const answer = await patient.chat.completions.create({ model: "fake-1", messages: [user("RETRYAFTER:1 patience")] });
  assert.match(answer.choices[0].message.content, /patience$/);
  assert.ok(Date.now() - started >= 1000);
});

test("OpenAI's client sees that a stream was cut", async () => {
  await assert.rejects(
    openaiChat("LONG:9 CUT:2", { stream: true }).then(collect),
    /terminated|Premature|socket|Connection/i,
  );
});

test("OpenAI's client sees an error inside a stream", async () => {
  await assert.rejects(openaiChat("LONG:9 STREAMERR:2", { stream: true }).then(collect), OpenAI.APIError);
});

test("OpenAI's client reads a stream that arrives in drops", async () => {
  const chunks = await collect(await openaiChat("DRIP été 🌦", { stream: true }));
  assert.equal(chunks.map((chunk) => chunk.choices[0].delta.content ?? "").join(""), "echo: DRIP été 🌦");
});

const openaiCall = (id) => ({ id, type: "function", function: { name: "weather", arguments: "{}" } });
const refusedByOpenAi = {
  "a tool message without a call": [
    [user("hi"), { role: "tool", tool_call_id: "x", content: "1" }],
    /must be a response to a preceeding/,
  ],
  "a tool call without its answer": [
    [
      user("hi"),
      { role: "assistant", content: null, tool_calls: [openaiCall("a"), openaiCall("b")] },
      { role: "tool", tool_call_id: "a", content: "1" },
      user("so?"),
    ],
    /did not have response messages: b/,
  ],
  "a user message without content": [[{ role: "user", content: null }], /expected a string, got null/],
  "an unknown role": [[{ role: "robot", content: "hi" }], /Supported values are/],
  "no messages": [[], /empty array/],
  "an assistant message with an empty list of calls": [
    [user("hi"), { role: "assistant", content: "", tool_calls: [] }, user("so?")],
    /empty array/,
  ],
};
for (const [what, [messages, pattern]] of Object.entries(refusedByOpenAi)) {
  test(`the OpenAI dialect refuses ${what}`, async () => {
    await assert.rejects(openaiChat(messages), (error) => {
      assert.ok(error instanceof OpenAI.BadRequestError, String(error));
      assert.equal(error.type, "invalid_request_error");
      assert.match(error.message, pattern);
      return true;
    });
  });
}

test("the OpenAI dialect refuses parameters that it does not know", async () => {
  await assert.rejects(openaiChat("hi", { colour: "red" }), /Unrecognized request argument supplied: colour/);
});

test("Anthropic's client gets an answer in one piece", async () => {
  const answer = await anthropicMessage("hello there");
  assert.deepEqual(answer.content, [{ type: "text", text: "echo: hello there" }]);
  assert.equal(answer.stop_reason, "end_turn");
  assert.ok(answer.usage.input_tokens > 0);
});

test("Anthropic's client streams text, thinking and tool calls", async () => {
  const script = [
    {
      think: true,
      text: "I will look.",
      tools: [
        { tool: "weather", args: { city: "Sète 🌊" } },
        { tool: "weather", args: {} },
      ],
    },
  ];
  const stream = anthropic.messages.stream({
    model: "fake-claude",
    max_tokens: 4096,
    messages: [user(`SCRIPT:${JSON.stringify(script)}`)],
    tools: anthropicTools,
  });
  const message = await stream.finalMessage();
  assert.deepEqual(
    message.content.map((block) => block.type),
    ["thinking", "text", "tool_use", "tool_use"],
  );
  assert.equal(message.content[1].text, "I will look.");
  assert.deepEqual(message.content[2].input, { city: "Sète 🌊" });
  assert.deepEqual(message.content[3].input, {});
  assert.equal(message.stop_reason, "tool_use");
});

test("Anthropic's client sends thinking and tool results back and gets the next step", async () => {
  const script = [{ think: true, tool: "weather", args: { city: "Lyon" } }, "It is $RESULT"];
  const question = user(`SCRIPT:${JSON.stringify(script)}`);
  const first = await anthropicMessage([question], { tools: anthropicTools });
  const call = first.content.find((block) => block.type === "tool_use");
  const result = { type: "tool_result", tool_use_id: call.id, content: [{ type: "text", text: "sunny" }] };
  const history = [question, { role: "assistant", content: first.content }, user([result])];
  const second = await anthropicMessage(history, { tools: anthropicTools });
  assert.equal(second.content[0].text, "It is sunny");
});

test("Anthropic's client reads what the cache saved", async () => {
  const system = [{ type: "text", text: "x".repeat(4000), cache_control: { type: "ephemeral" } }];
  const first = await anthropicMessage("hello", { system });
  assert.ok(first.usage.cache_creation_input_tokens > 900);
  const history = [user("hello"), { role: "assistant", content: first.content }, user("again")];
  const second = await anthropicMessage(history, { system });
  assert.ok(second.usage.cache_read_input_tokens > 900);
  assert.ok(second.usage.input_tokens < 900);
});

test("Anthropic's client raises the right class for each error", async () => {
  const stranger = new Anthropic({ apiKey: "sk-wrong", baseURL: url, maxRetries: 0 });
  const asStranger = stranger.messages.create({ model: "fake-claude", max_tokens: 10, messages: [user("hi")] });
  await assert.rejects(asStranger, Anthropic.AuthenticationError);
  await assert.rejects(anthropicMessage("ERR:400"), Anthropic.BadRequestError);
  await assert.rejects(anthropicMessage("ERR:429"), Anthropic.RateLimitError);
  await assert.rejects(anthropicMessage("ERR:500"), Anthropic.InternalServerError);
  await assert.rejects(anthropicMessage("ERR:529"), /Overloaded/);
});

test("Anthropic's client sees an error inside a stream", async () => {
  const stream = anthropicMessage("LONG:9 STREAMERR:2", { stream: true });
  await assert.rejects(stream.then(collect), /Overloaded/);
});

test("Anthropic's client sees that a stream was cut", async () => {
  const stream = anthropic.messages.stream({ model: "fake-claude", max_tokens: 99, messages: [user("LONG:9 CUT:2")] });
  await assert.rejects(stream.finalMessage(), Anthropic.AnthropicError);
});

test("Anthropic's client reads a stream that arrives in drops", async () => {
  const stream = anthropic.messages.stream({ model: "fake-claude", max_tokens: 99, messages: [user("DRIP été 🌦")] });
  assert.equal(await stream.finalText(), "echo: DRIP été 🌦");
});

const use = (id) => ({ type: "tool_use", id, name: "weather", input: {} });
const resultOf = (id) => ({ type: "tool_result", tool_use_id: id, content: "1" });
const assistant = (content) => ({ role: "assistant", content });
const refusedByAnthropic = {
  "a tool use without its result": [
    [user("hi"), assistant([use("a")]), user("so?")],
    /without `tool_result` blocks immediately after: a/,
  ],
  "a result that stands behind a text": [
    [user("hi"), assistant([use("a")]), user([{ type: "text", text: "so" }, resultOf("a")])],
    /immediately after: a/,
  ],
  "a tool use at the very end": [[user("hi"), assistant([use("a")])], /immediately after: a/],
  "a result without its tool use": [[user("hi"), assistant("yes"), user([resultOf("a")])], /unexpected `tool_use_id`/],
  "two results for one tool use": [
    [user("hi"), assistant([use("a")]), user([resultOf("a"), resultOf("a")])],
    /single result/,
  ],
  "two users in a row": [[user("hi"), user("hello")], /roles must alternate/],
  "a first message that is not the user's": [[assistant("hi")], /first message must use the "user" role/],
  "a system message in the list": [[{ role: "system", content: "x" }, user("hi")], /Unexpected role "system"/],
  "an empty text block": [[user([{ type: "text", text: "" }])], /must be non-empty/],
  "a text block of nothing but space": [[user([{ type: "text", text: " \n" }])], /non-whitespace/],
  "an empty message": [[user("hi"), assistant([]), user("so?")], /non-empty content/],
  "thinking with a changed signature": [
    [user("hi"), assistant([{ type: "thinking", thinking: "x", signature: "y" }]), user("so?")],
    /Invalid `signature`/,
  ],
  "a tool id with characters of another vendor": [
    [user("hi"), assistant([use("a|b")]), user([resultOf("a|b")])],
    /should match pattern/,
  ],
};
for (const [what, [messages, pattern]] of Object.entries(refusedByAnthropic)) {
  test(`the Anthropic dialect refuses ${what}`, async () => {
    await assert.rejects(anthropicMessage(messages), (error) => {
      assert.ok(error instanceof Anthropic.BadRequestError, String(error));
      assert.equal(error.error.error.type, "invalid_request_error");
      assert.match(error.error.error.message, pattern);
      return true;
    });
  });
}

test("the Anthropic dialect refuses a request without max_tokens", async () => {
  await assert.rejects(anthropicMessage("hi", { max_tokens: undefined }), /max_tokens: Field required/);
});

test("the same tool is called for ever when the text says LOOP", async () => {
  const messages = [user('LOOP:weather:{"city":"Lyon"}')];
  for (let round = 0; round < 5; round++) {
    const { message } = (await openaiChat(messages, { tools: openaiTools })).choices[0];
    assert.equal(message.tool_calls.length, 1);
    messages.push(message, { role: "tool", tool_call_id: message.tool_calls[0].id, content: "again" });
  }
});

test("directives inside a tool's arguments are not obeyed outside of them", async () => {
  const answer = await openaiChat('TOOL:weather:{"city":"ERR:500 CUT:0 THINK"}', { tools: openaiTools });
  assert.equal(answer.choices[0].finish_reason, "tool_calls");
});

test("a directive whose JSON was damaged is refused instead of echoed", async () => {
  await assert.rejects(openaiChat('SCRIPT:[{"text":"a\nb"}]'), /cannot read the JSON of SCRIPT/);
});

test("a held stream waits until it is released, and an aborted one is noted", async () => {
  await control("/__reset", { method: "POST" });
  const stream = await openaiChat("LONG:4 HOLD:2:door", { stream: true });
  const reading = collect(stream);
  const [held] = await control("/__requests?state=held&atLeast=1&timeoutMs=5000");
  assert.equal(held.held, "door");
  assert.equal((await release("door")).released, 1);
  assert.equal((await reading).map((chunk) => chunk.choices[0].delta.content ?? "").join(""), "w0 w1 w2 w3 ");

  const abandoned = await openaiChat("LONG:4 HOLD:1:never", { stream: true });
  abandoned.controller.abort();
  const [aborted] = await control("/__requests?state=aborted&atLeast=1&timeoutMs=5000");
  assert.match(JSON.stringify(aborted.body), /never/);
  assert.equal((await control("/__stats")).aborted, 1);
});

test("what is remembered of a request holds no key", async () => {
  await openaiChat("remember me");
  const requests = JSON.stringify(await control("/__requests?text=remember%20me"));
  assert.match(requests, /Bearer \*\*\*/);
  assert.ok(!requests.includes(key));
});
