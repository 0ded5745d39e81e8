// Anthropic's messages: how a transcript is read and how a plan is written down.
import crypto from "node:crypto";
import { checkRequest, signatureOf } from "./anthropic_rules.mjs";
import { countTokens, lastTextOf, textOf, tinyPieces } from "./transcript.mjs";

const errorKinds = {
  400: ["invalid_request_error", "The request was invalid."],
  401: ["authentication_error", "invalid x-api-key"],
  403: ["permission_error", "Your API key does not have permission to use the specified resource."],
  404: ["not_found_error", "Not found"],
  413: ["request_too_large", "Request exceeds the maximum size"],
  429: ["rate_limit_error", "This request would exceed your organization's rate limit."],
  500: ["api_error", "Internal server error"],
  529: ["overloaded_error", "Overloaded"],
};

const messagesOfCodes = {
  context_length_exceeded: "prompt is too long: 210000 tokens > 200000 maximum",
  insufficient_quota: "Your credit balance is too low to access the Anthropic API.",
};

function newId(prefix) {
  return prefix + crypto.randomBytes(12).toString("hex");
}

function blocksOf(message) {
  return typeof message.content === "string" ? [{ type: "text", text: message.content }] : message.content;
}

function has(message, type) {
  return blocksOf(message).some((block) => block.type === type);
}

function readTurn(messages) {
  const lastUser = messages.findLastIndex((message) => message.role === "user" && has(message, "text"));
  const since = messages.slice(lastUser + 1);
  const round = since.filter((message) => message.role === "assistant" && has(message, "tool_use")).length;
  const results = blocksOf(messages.at(-1)).filter((block) => block.type === "tool_result");
  const texts = lastUser < 0 ? [] : blocksOf(messages[lastUser]).filter((block) => block.type === "text");
  return { text: lastTextOf(texts), round, results: results.map((block) => textOf(block.content)) };
}

function usageOf(body, plan) {
  const lastAssistant = body.messages.findLastIndex((message) => message.role === "assistant");
  const prefix = countTokens(body.system) + countTokens(body.tools);
  const input = prefix + countTokens(body.messages);
  const cacheable = JSON.stringify([body.system, body.tools, body.messages]).includes('"cache_control"');
  const stable = lastAssistant < 0 ? 0 : prefix + countTokens(body.messages.slice(0, lastAssistant));
  const read = Math.min(input, plan.cachedTokens ?? (cacheable ? stable : 0));
  const created = cacheable && lastAssistant < 0 && read === 0 ? prefix : 0;
  const calls = plan.toolCalls.reduce((sum, call) => sum + countTokens(call.arguments), 0);
  return {
    input_tokens: input - read - created,
    cache_creation_input_tokens: created,
    cache_read_input_tokens: read,
    output_tokens: Math.max(1, plan.chunks.length + calls + countTokens(plan.reasoning)),
    service_tier: "standard",
  };
}

function stopReason(plan) {
  return plan.stop ?? (plan.toolCalls.length > 0 ? "tool_use" : "end_turn");
}

function contentOf(plan) {
  const content = [];
  if (plan.reasoning) {
    content.push({ type: "thinking", thinking: plan.reasoning, signature: signatureOf(plan.reasoning) });
  }
  if (plan.chunks.length > 0) content.push({ type: "text", text: plan.chunks.join("") });
  for (const call of plan.toolCalls) {
    content.push({ type: "tool_use", id: newId("toolu_"), name: call.name, input: JSON.parse(call.arguments) });
  }
  return content;
}

function head(body) {
  return { id: newId("msg_"), type: "message", role: "assistant", model: body.model };
}

function complete(plan, body) {
  return {
    ...head(body),
    content: contentOf(plan),
    stop_reason: stopReason(plan),
    stop_sequence: null,
    usage: usageOf(body, plan),
  };
}

function event(type, fields) {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...fields })}\n\n`;
}

/** The opening form of a block, and the deltas that fill it. */
function partsOf(block, plan) {
  if (block.type === "thinking") {
    const words = block.thinking.match(/\S+\s*/g);
    const deltas = words.map((thinking) => ({ type: "thinking_delta", thinking }));
    deltas.push({ type: "signature_delta", signature: block.signature });
    return [{ type: "thinking", thinking: "", signature: "" }, deltas];
  }
  if (block.type === "text") {
    return [{ type: "text", text: "" }, plan.chunks.map((text) => ({ type: "text_delta", text }))];
  }
  const pieces = ["", ...tinyPieces(JSON.stringify(block.input))];
  return [{ ...block, input: {} }, pieces.map((piece) => ({ type: "input_json_delta", partial_json: piece }))];
}

function* streamEvents(plan, body) {
  const usage = usageOf(body, plan);
  const message = {
    ...head(body),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...usage, output_tokens: 1 },
  };
  yield { data: event("message_start", { message }) };
  yield { data: event("ping", {}) };
  for (const [index, block] of contentOf(plan).entries()) {
    const [opening, deltas] = partsOf(block, plan);
    yield { data: event("content_block_start", { index, content_block: opening }) };
    for (const delta of deltas) yield { data: event("content_block_delta", { index, delta }), unit: true };
    yield { data: event("content_block_stop", { index }), closing: index === contentOf(plan).length - 1 };
  }
  const delta = { stop_reason: stopReason(plan), stop_sequence: null };
  yield { data: event("message_delta", { delta, usage: { output_tokens: usage.output_tokens } }), closing: true };
  yield { data: event("message_stop", {}), closing: true };
}

function errorBody(status, { message, code } = {}) {
  const [type, words] = errorKinds[status] ?? ["api_error", `Error ${status}`];
  return {
    type: "error",
    error: { type, message: message ?? messagesOfCodes[code] ?? words },
    request_id: newId("req_"),
  };
}

export const anthropic = {
  path: "/v1/messages",
  keyOf: (headers) => headers["x-api-key"] ?? /^Bearer\s+(\S+)$/.exec(headers.authorization ?? "")?.[1],
  missingKeyMessage: "x-api-key header is required",
  wrongKeyMessage: () => "invalid x-api-key",
  unknownModelMessage: (model) => `model: ${model}`,
  responseHeaders: () => ({ "request-id": newId("req_") }),
  checkRequest,
  readTurn: (body) => readTurn(body.messages),
  complete,
  streamEvents,
  errorBody,
  streamError: () => event("error", { error: errorBody(529).error }),
  modelList: (models) => ({
    data: models.map((id) => ({ type: "model", id, display_name: id, created_at: "2026-01-01T00:00:00Z" })),
    has_more: false,
    first_id: models[0] ?? null,
    last_id: models.at(-1) ?? null,
  }),
};
