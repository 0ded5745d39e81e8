// OpenAI's chat completions: how a transcript is read and how a plan is written down.
import crypto from "node:crypto";
import { checkRequest } from "./openai_rules.mjs";
import { countTokens, lastTextOf, textOf, tinyPieces } from "./transcript.mjs";

const errorKinds = {
  400: { type: "invalid_request_error", code: null, message: "The request was invalid." },
  401: { type: "invalid_request_error", code: "invalid_api_key", message: "Incorrect API key provided." },
  403: { type: "invalid_request_error", code: "unsupported_country_region_territory", message: "Not allowed." },
  404: { type: "invalid_request_error", code: "model_not_found", message: "The model does not exist." },
  429: { type: "requests", code: "rate_limit_exceeded", message: "Rate limit reached for requests." },
  500: { type: "server_error", code: null, message: "The server had an error while processing your request. Sorry!" },
  503: { type: "server_error", code: null, message: "The engine is currently overloaded, please try again later" },
};

const messagesOfCodes = {
  context_length_exceeded:
    "This model's maximum context length is 8192 tokens. Please reduce the length of the messages.",
  insufficient_quota: "You exceeded your current quota, please check your plan and billing details.",
};

function newId(prefix) {
  return prefix + crypto.randomBytes(12).toString("hex");
}

function readTurn(messages) {
  const lastUser = messages.findLastIndex((message) => message.role === "user");
  const since = messages.slice(lastUser + 1);
  const round = since.filter((message) => message.role === "assistant" && message.tool_calls).length;
  const lastAssistant = messages.findLastIndex((message) => message.role === "assistant");
  const results = messages.slice(Math.max(lastAssistant, lastUser) + 1).filter((message) => message.role === "tool");
  return { text: lastTextOf(messages[lastUser]?.content), round, results: results.map((each) => textOf(each.content)) };
}

function usageOf(body, plan) {
  const lastAssistant = body.messages.findLastIndex((message) => message.role === "assistant");
  const seenBefore = lastAssistant < 0 ? 0 : countTokens(body.messages.slice(0, lastAssistant));
  const prompt = countTokens(body.messages) + countTokens(body.tools);
  const reasoning = countTokens(plan.reasoning);
  const calls = plan.toolCalls.reduce((sum, call) => sum + countTokens(call.arguments), 0);
  const completion = Math.max(1, plan.chunks.length + calls) + reasoning;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: Math.min(prompt, plan.cachedTokens ?? seenBefore), audio_tokens: 0 },
    completion_tokens_details: { reasoning_tokens: reasoning, audio_tokens: 0 },
  };
}

function toolCallsOf(plan) {
  return plan.toolCalls.map((call) => ({
    id: newId("call_"),
    type: "function",
    function: { name: call.name, arguments: call.arguments },
  }));
}

function finishReason(plan) {
  return plan.stop ?? (plan.toolCalls.length > 0 ? "tool_calls" : "stop");
}

function head(body, object) {
  return { id: newId("chatcmpl-"), object, created: Math.floor(Date.now() / 1000), model: body.model };
}

function complete(plan, body) {
  const toolCalls = toolCallsOf(plan);
  const message = { role: "assistant", content: plan.chunks.join("") || null, refusal: null };
  if (plan.reasoning) message.reasoning_content = plan.reasoning;
  if (toolCalls.length > 0) message.tool_calls = toolCalls;
  return {
    ...head(body, "chat.completion"),
    choices: [{ index: 0, message, logprobs: null, finish_reason: finishReason(plan) }],
    usage: usageOf(body, plan),
  };
}

function* streamEvents(plan, body) {
  const base = head(body, "chat.completion.chunk");
  const includeUsage = body.stream_options?.include_usage === true;
  const emptyUsage = includeUsage ? { usage: null } : {};
  const event = (fields) => `data: ${JSON.stringify({ ...base, ...emptyUsage, ...fields })}\n\n`;
  const delta = (content, finish = null) =>
    event({ choices: [{ index: 0, delta: content, logprobs: null, finish_reason: finish }] });

  yield { data: delta({ role: "assistant", content: plan.toolCalls.length > 0 ? null : "" }) };
  for (const word of plan.reasoning?.match(/\S+\s*/g) ?? []) {
    yield { data: delta({ reasoning_content: word }), unit: true };
  }
  for (const chunk of plan.chunks) yield { data: delta({ content: chunk }), unit: true };
  for (const [index, call] of toolCallsOf(plan).entries()) {
    const opening = { index, ...call, function: { name: call.function.name, arguments: "" } };
    yield { data: delta({ tool_calls: [opening] }), unit: true };
    for (const piece of tinyPieces(call.function.arguments)) {
      yield { data: delta({ tool_calls: [{ index, function: { arguments: piece } }] }), unit: true };
    }
  }
  yield { data: delta({}, finishReason(plan)), closing: true };
  if (includeUsage) yield { data: event({ choices: [], usage: usageOf(body, plan) }), closing: true };
  yield { data: "data: [DONE]\n\n", closing: true };
}

function errorBody(status, { message, param = null, code } = {}) {
  const kind = errorKinds[status] ?? { type: "server_error", code: null, message: `Error ${status}.` };
  return {
    error: {
      message: message ?? messagesOfCodes[code] ?? kind.message,
      type: code === "insufficient_quota" ? "insufficient_quota" : kind.type,
      param,
      code: code === undefined ? kind.code : code,
    },
  };
}

export const openai = {
  path: "/v1/chat/completions",
  keyOf: (headers) => /^Bearer\s+(\S+)$/.exec(headers.authorization ?? "")?.[1],
  missingKeyMessage:
    "You didn't provide an API key. You need to provide your API key in an Authorization header using Bearer auth.",
  wrongKeyMessage: (key) => `Incorrect API key provided: ${key.slice(0, 3)}***.`,
  unknownModelMessage: (model) => `The model \`${model}\` does not exist or you do not have access to it.`,
  responseHeaders: () => ({ "x-request-id": newId("req_") }),
  checkRequest,
  readTurn: (body) => readTurn(body.messages),
  complete,
  streamEvents,
  errorBody,
  streamError: () => `data: ${JSON.stringify(errorBody(500))}\n\n`,
  modelList: (models) => ({
    object: "list",
    data: models.map((id) => ({ id, object: "model", created: 1767225600, owned_by: "scripted" })),
  }),
};
