// Ollama's own chat: how a transcript is read, what it refuses and how a plan is written down.
import { invalid } from "./refusal.mjs";
import { countTokens, lastTextOf } from "./transcript.mjs";

const known = "model messages tools format options stream think keep_alive logprobs top_logprobs truncate shift".split(" ");
const roles = ["system", "user", "assistant", "tool"];

function wrongType(field, wanted, got) {
  invalid(`json: cannot unmarshal ${got} into Go struct field ChatRequest.${field} of type ${wanted}`);
}

function typeName(value) {
  return Array.isArray(value) ? "array" : typeof value;
}

// Ollama itself passes unknown fields over; a client that sends one means something that does not happen.
function checkRequest(body) {
  for (const name of Object.keys(body)) if (!known.includes(name)) invalid(`unknown field ${name}`);
  if (!body.model) invalid("model is required");
  for (const [index, message] of (body.messages ?? []).entries()) {
    if (!roles.includes(message.role)) invalid(`invalid role: ${message.role}`);
    if (typeof message.content !== "string") wrongType("messages.content", "string", typeName(message.content));
    for (const image of message.images ?? []) {
      if (!/^[A-Za-z0-9+/]+=*$/.test(image)) invalid("illegal base64 data at input byte 0");
    }
    for (const call of message.tool_calls ?? []) {
      const { arguments: args, name } = call.function ?? {};
      if (typeof args !== "object" || args === null || Array.isArray(args))
        wrongType("messages.tool_calls.function.arguments", "api.ToolCallFunctionArguments", typeName(args));
      if (!name) invalid("a tool call without a name");
    }
    if (message.role === "tool" && !message.tool_name) invalid(`messages[${index}]: a tool result without tool_name`);
  }
  for (const tool of body.tools ?? []) {
    if (tool.type !== "function" || !tool.function?.name) invalid("a tool without a name");
  }
  for (const [name, value] of Object.entries(body.options ?? {})) {
    if (["num_ctx", "num_predict"].includes(name) && !Number.isInteger(value))
      invalid(`option "${name}" must be of type integer`);
  }
  if (body.think !== undefined && typeof body.think !== "boolean" && !["high", "medium", "low"].includes(body.think))
    invalid("invalid think value");
}

function readTurn({ messages }) {
  const lastUser = messages.findLastIndex((message) => message.role === "user");
  const since = messages.slice(lastUser + 1);
  const round = since.filter((message) => message.role === "assistant" && message.tool_calls?.length > 0).length;
  const lastAssistant = messages.findLastIndex((message) => message.role === "assistant");
  const results = messages.slice(Math.max(lastAssistant, lastUser) + 1).filter((message) => message.role === "tool");
  return { text: lastTextOf(messages[lastUser]?.content), round, results: results.map((message) => message.content) };
}

function line(body, message, more = { done: false }) {
  return { model: body.model, created_at: new Date().toISOString(), message: { role: "assistant", ...message }, ...more };
}

function endOf(plan, body) {
  return {
    done: true,
    done_reason: plan.stop ?? "stop",
    total_duration: 5_000_000,
    load_duration: 1_000_000,
    prompt_eval_count: countTokens(body.messages) + countTokens(body.tools),
    prompt_eval_duration: 1_000_000,
    eval_count: Math.max(1, plan.chunks.length + plan.toolCalls.length) + countTokens(plan.reasoning),
    eval_duration: 3_000_000,
  };
}

function callsOf(plan) {
  return plan.toolCalls.map((call, index) => ({
    function: { index, name: call.name, arguments: JSON.parse(call.arguments) },
  }));
}

function complete(plan, body) {
  const message = { content: plan.chunks.join("") };
  if (plan.reasoning) message.thinking = plan.reasoning;
  if (plan.toolCalls.length > 0) message.tool_calls = callsOf(plan);
  return line(body, message, endOf(plan, body));
}

function* streamEvents(plan, body) {
  const event = (message, more) => `${JSON.stringify(line(body, message, more))}\n`;
  for (const thinking of plan.reasoning?.match(/\S+\s*/g) ?? []) yield { data: event({ content: "", thinking }), unit: true };
  for (const content of plan.chunks) yield { data: event({ content }), unit: true };
  for (const call of callsOf(plan)) yield { data: event({ content: "", tool_calls: [call] }), unit: true };
  yield { data: event({ content: "" }, endOf(plan, body)), closing: true };
}

const errorBody = (status, { message, code } = {}) => ({
  error:
    message ??
    (code === "context_length_exceeded" ? "the input length exceeds the context length" : `scripted error ${status}`),
});

export const ollama = {
  path: "/api/chat",
  needsNoKey: true,
  contentType: "application/x-ndjson",
  streamOf: (_, body) => body.stream ?? true,
  keyOf: () => undefined,
  unknownModelMessage: (model) => `model '${model}' not found`,
  responseHeaders: () => ({}),
  checkRequest,
  readTurn,
  complete,
  streamEvents,
  errorBody,
  streamError: () => `${JSON.stringify({ error: "an error was encountered while running the model" })}\n`,
  listPath: "/api/tags",
  modelList: (models) => ({
    models: models.map((name) => ({
      name,
      model: name,
      modified_at: "2026-01-01T00:00:00Z",
      size: 1,
      digest: "0".repeat(64),
      details: { format: "gguf", family: "scripted", parameter_size: "1B", quantization_level: "Q4_0" },
    })),
  }),
};
