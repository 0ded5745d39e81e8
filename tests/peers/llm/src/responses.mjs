// OpenAI's responses: how a transcript is read and how a plan is written down.
import crypto from "node:crypto";
import { openai } from "./openai.mjs";
import { checkRequest, encrypted } from "./responses_rules.mjs";
import { countTokens, lastTextOf, textOf, tinyPieces } from "./transcript.mjs";

function newId(prefix) {
  return prefix + crypto.randomBytes(12).toString("hex");
}

function itemsOf(body) {
  return typeof body.input === "string" ? [{ type: "message", role: "user", content: body.input }] : body.input;
}

const isCall = (item) => item?.type === "function_call";

function readTurn(items) {
  const lastUser = items.findLastIndex((item) => item.role === "user");
  const since = items.slice(lastUser + 1);
  // Calls that stand together were one answer.
  const round = since.filter((item, index) => isCall(item) && !isCall(since[index - 1])).length;
  const lastCall = items.findLastIndex(isCall);
  const results = items.slice(lastCall + 1).filter((item) => item.type === "function_call_output");
  return { text: lastTextOf(items[lastUser]?.content), round, results: results.map((item) => textOf(item.output)) };
}

function usageOf(body, plan) {
  const items = itemsOf(body);
  const lastAnswer = items.findLastIndex((item) => item.role === "assistant" || isCall(item));
  const before = lastAnswer < 0 ? 0 : countTokens(items.slice(0, lastAnswer));
  const input = countTokens(items) + countTokens(body.instructions) + countTokens(body.tools);
  const reasoning = countTokens(plan.reasoning);
  const calls = plan.toolCalls.reduce((sum, call) => sum + countTokens(call.arguments), 0);
  const output = Math.max(1, plan.chunks.length + calls) + reasoning;
  return {
    input_tokens: input,
    input_tokens_details: { cached_tokens: Math.min(input, plan.cachedTokens ?? before) },
    output_tokens: output,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: input + output,
  };
}

function outputOf(plan, body) {
  const output = [];
  if (plan.reasoning) {
    const id = newId("rs_");
    const item = { id, type: "reasoning", summary: [{ type: "summary_text", text: plan.reasoning }] };
    if (body.include?.includes("reasoning.encrypted_content")) item.encrypted_content = encrypted(id);
    output.push(item);
  }
  if (plan.chunks.length > 0) {
    const content = [{ type: "output_text", text: plan.chunks.join(""), annotations: [], logprobs: [] }];
    output.push({ id: newId("msg_"), type: "message", role: "assistant", status: "completed", content });
  }
  for (const call of plan.toolCalls) {
    const names = { id: newId("fc_"), call_id: newId("call_"), name: call.name, arguments: call.arguments };
    output.push({ type: "function_call", status: "completed", ...names });
  }
  return output;
}

function response(body, plan, fields) {
  return {
    id: newId("resp_"),
    object: "response",
    created_at: Math.floor(Date.now() / 1000),
    model: body.model,
    status: "in_progress",
    error: null,
    incomplete_details: null,
    instructions: body.instructions ?? null,
    metadata: {},
    parallel_tool_calls: true,
    tools: body.tools ?? [],
    tool_choice: "auto",
    temperature: 1,
    top_p: 1,
    store: body.store ?? true,
    output: [],
    usage: null,
    ...fields,
  };
}

function ended(plan, body, output) {
  const cut = plan.stop === "max_output_tokens" || plan.stop === "content_filter";
  return {
    status: cut ? "incomplete" : "completed",
    incomplete_details: cut ? { reason: plan.stop } : null,
    output,
    usage: usageOf(body, plan),
  };
}

function complete(plan, body) {
  return response(body, plan, ended(plan, body, outputOf(plan, body)));
}

/** The pieces of an item between its begin and its end: [type, fields, counts as a unit]. */
function* piecesOf(item, plan) {
  const at = { item_id: item.id };
  if (item.type === "reasoning") {
    const part = { ...at, summary_index: 0 };
    yield ["reasoning_summary_part.added", { ...part, part: { type: "summary_text", text: "" } }];
    for (const delta of plan.reasoning.match(/\S+\s*/g)) yield ["reasoning_summary_text.delta", { ...part, delta }, true];
    yield ["reasoning_summary_text.done", { ...part, text: plan.reasoning }];
    yield ["reasoning_summary_part.done", { ...part, part: item.summary[0] }];
  } else if (item.type === "message") {
    const part = { ...at, content_index: 0 };
    const empty = { type: "output_text", text: "", annotations: [], logprobs: [] };
    yield ["content_part.added", { ...part, part: empty }];
    for (const delta of plan.chunks) yield ["output_text.delta", { ...part, delta, logprobs: [] }, true];
    yield ["output_text.done", { ...part, text: plan.chunks.join(""), logprobs: [] }];
    yield ["content_part.done", { ...part, part: item.content[0] }];
  } else {
    for (const delta of tinyPieces(item.arguments)) yield ["function_call_arguments.delta", { ...at, delta }, true];
    yield ["function_call_arguments.done", { ...at, name: item.name, arguments: item.arguments }];
  }
}

function begun(item) {
  if (item.type === "reasoning") return { ...item, summary: [], encrypted_content: undefined };
  if (item.type === "message") return { ...item, status: "in_progress", content: [] };
  return { ...item, status: "in_progress", arguments: "" };
}

function* streamEvents(plan, body) {
  let sequence = 0;
  const event = (name, fields) => {
    const type = `response.${name}`;
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number: sequence++, ...fields })}\n\n`;
  };
  const base = response(body, plan, {});
  yield { data: event("created", { response: base }) };
  yield { data: event("in_progress", { response: base }) };
  const output = outputOf(plan, body);
  for (const [output_index, item] of output.entries()) {
    yield { data: event("output_item.added", { output_index, item: begun(item) }) };
    for (const [name, fields, unit] of piecesOf(item, plan)) {
      yield { data: event(name, { output_index, ...fields }), unit };
    }
    yield { data: event("output_item.done", { output_index, item }), closing: output_index === output.length - 1 };
  }
  const whole = { ...base, ...ended(plan, body, output) };
  yield { data: event(whole.status, { response: whole }), closing: true };
}

export const responses = {
  ...openai,
  path: "/v1/responses",
  checkRequest,
  readTurn: (body) => readTurn(itemsOf(body)),
  complete,
  streamEvents,
  streamError: () => {
    const { code, message } = openai.errorBody(500, { code: "server_error" }).error;
    return `event: error\ndata: ${JSON.stringify({ type: "error", code, message, param: null, sequence_number: 99 })}\n\n`;
  },
};
