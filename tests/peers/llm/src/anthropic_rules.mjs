// What Anthropic's messages refuse, in Anthropic's words. A client that passes here was not helped along.
import crypto from "node:crypto";
import { invalid } from "./refusal.mjs";

const idPattern = /^[a-zA-Z0-9_-]+$/;
const toolNamePattern = /^[a-zA-Z0-9_-]{1,128}$/;
const mostCacheBreakpoints = 4;
const knownParameters = new Set(
  (
    "messages model max_tokens system stream tools tool_choice temperature top_k top_p stop_sequences metadata " +
    "thinking service_tier container context_management mcp_servers output_config output_format inference_geo cache_control"
  ).split(" "),
);

/** Thinking comes back signed, and only unchanged thinking is accepted again. */
export function signatureOf(thinking) {
  return crypto.createHash("sha256").update(`scripted model ${thinking}`).digest("base64");
}

function checkParameters(body, headers) {
  if (!headers["anthropic-version"]) invalid("anthropic-version: header is required");
  for (const name of Object.keys(body)) {
    if (!knownParameters.has(name)) invalid(`${name}: Extra inputs are not permitted`);
  }
  for (const name of ["model", "max_tokens", "messages"]) {
    if (body[name] === undefined) invalid(`${name}: Field required`);
  }
  if (!(body.max_tokens >= 1)) invalid("max_tokens: must be greater than or equal to 1");
  if (body.thinking?.type === "enabled") {
    if (!(body.thinking.budget_tokens >= 1024)) {
      invalid("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024");
    }
    if (body.max_tokens <= body.thinking.budget_tokens) {
      invalid("`max_tokens` must be greater than `thinking.budget_tokens`.");
    }
    if (body.temperature !== undefined && body.temperature !== 1) {
      invalid("`temperature` may only be set to 1 when thinking is enabled.");
    }
  }
}

function checkTools(tools = []) {
  const names = new Set();
  for (const [index, tool] of tools.entries()) {
    if (tool.type && tool.type !== "custom") continue;
    const at = `tools.${index}.custom`;
    if (!toolNamePattern.test(tool.name ?? "")) {
      invalid(`${at}.name: String should match pattern '^[a-zA-Z0-9_-]{1,128}$'`);
    }
    if (names.has(tool.name)) invalid("tools: Tool names must be unique.");
    names.add(tool.name);
    if (tool.input_schema === undefined) invalid(`${at}.input_schema: Field required`);
    if (tool.input_schema.type !== "object") invalid(`${at}.input_schema.type: Input should be 'object'`);
  }
}

function checkText(text, where) {
  if (typeof text !== "string") invalid(`${where}.text: Input should be a valid string`);
  if (text === "") invalid("messages: text content blocks must be non-empty");
  if (text.trim() === "") invalid("messages: text content blocks must contain non-whitespace text");
}

function checkBlock(block, where) {
  if (block.type === "text") checkText(block.text, where);
  if (block.type === "tool_use") {
    if (!idPattern.test(block.id ?? "")) {
      invalid(`${where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'`);
    }
    if (typeof block.input !== "object" || block.input === null || Array.isArray(block.input)) {
      invalid(`${where}.tool_use.input: Input should be a valid dictionary`);
    }
  }
  if (block.type === "tool_result" && Array.isArray(block.content)) {
    for (const [index, inner] of block.content.entries()) checkBlock(inner, `${where}.tool_result.content.${index}`);
  }
  if (block.type === "thinking" && block.signature !== signatureOf(block.thinking)) {
    invalid(`${where}: Invalid \`signature\` in \`thinking\` block`);
  }
  const known = ["text", "tool_use", "tool_result", "thinking", "redacted_thinking", "image", "document"];
  if (!known.includes(block.type)) {
    invalid(`${where}: Input tag '${block.type}' found using 'type' does not match any of the expected tags`);
  }
}

function checkContent(message, index, isLast) {
  const { content } = message;
  const emptyMessage = `messages.${index}: all messages must have non-empty content except for the optional final assistant message`;
  const mayBeEmpty = isLast && message.role === "assistant";
  if (typeof content === "string") {
    if (content === "" && !mayBeEmpty) invalid(emptyMessage);
    if (content !== "" && content.trim() === "")
      invalid("messages: text content blocks must contain non-whitespace text");
    return;
  }
  if (!Array.isArray(content)) invalid(`messages.${index}.content: Input should be a valid list`);
  if (content.length === 0 && !mayBeEmpty) invalid(emptyMessage);
  for (const [place, block] of content.entries()) checkBlock(block, `messages.${index}.content.${place}`);
}

function checkRoles(messages) {
  for (const [index, { role }] of messages.entries()) {
    if (role === "system") {
      invalid(
        'messages: Unexpected role "system". The Messages API accepts a top-level `system` parameter, not "system" as an input message role.',
      );
    }
    if (role !== "user" && role !== "assistant")
      invalid(`messages.${index}.role: Input should be 'user' or 'assistant'`);
    if (index > 0 && messages[index - 1].role === role) {
      invalid(
        `messages: roles must alternate between "user" and "assistant", but found multiple "${role}" roles in a row`,
      );
    }
  }
  if (messages[0].role !== "user") invalid('messages: first message must use the "user" role');
}

function blocksOf(message) {
  return Array.isArray(message?.content) ? message.content : [];
}

/** Answers stand at the head of the next message: a text before them would hide them. */
function answersIn(message) {
  const blocks = blocksOf(message);
  const end = blocks.findIndex((block) => block.type !== "tool_result");
  return blocks.slice(0, end < 0 ? blocks.length : end).map((block) => block.tool_use_id);
}

function checkToolOrder(messages) {
  const seen = new Set();
  for (const [index, message] of messages.entries()) {
    const calls = blocksOf(message)
      .filter((block) => block.type === "tool_use")
      .map((block) => block.id);
    for (const id of calls) {
      if (seen.has(id)) invalid(`messages.${index}.content: \`tool_use\` ids must be unique`);
      seen.add(id);
    }
    const answers = message.role === "assistant" ? answersIn(messages[index + 1]) : [];
    const unanswered = calls.filter((id) => !answers.includes(id));
    if (unanswered.length > 0) {
      invalid(
        `messages.${index}: \`tool_use\` ids were found without \`tool_result\` blocks immediately after: ${unanswered.join(", ")}. ` +
          "Each `tool_use` block must have a corresponding `tool_result` block in the next message.",
      );
    }
    checkAnswers(message, index, messages[index - 1]);
  }
}

function checkAnswers(message, index, previous) {
  const called = blocksOf(previous)
    .filter((block) => block.type === "tool_use")
    .map((block) => block.id);
  const answered = new Set();
  for (const [place, block] of blocksOf(message).entries()) {
    if (block.type !== "tool_result") continue;
    if (!called.includes(block.tool_use_id)) {
      invalid(
        `messages.${index}.content.${place}: unexpected \`tool_use_id\` found in \`tool_result\` blocks: ${block.tool_use_id}. ` +
          "Each `tool_result` block must have a corresponding `tool_use` block in the previous message.",
      );
    }
    if (answered.has(block.tool_use_id)) {
      invalid(
        `messages.${index}.content.${place}: each tool_use must have a single result. Found multiple \`tool_result\` blocks with id: ${block.tool_use_id}`,
      );
    }
    answered.add(block.tool_use_id);
  }
}

function checkSystem(system) {
  if (!Array.isArray(system)) return;
  for (const block of system) {
    if (block.text === "") invalid("system: text content blocks must be non-empty");
  }
}

function checkCacheBreakpoints({ system, tools, messages }) {
  const count = JSON.stringify([system, tools, messages]).split('"cache_control":{').length - 1;
  if (count > mostCacheBreakpoints) {
    invalid(`A maximum of ${mostCacheBreakpoints} blocks with cache_control may be provided. Found ${count}.`);
  }
}

export function checkRequest(body, headers) {
  checkParameters(body, headers);
  const { messages } = body;
  if (!Array.isArray(messages)) invalid("messages: Input should be a valid list");
  if (messages.length === 0) invalid("messages: at least one message is required");
  checkSystem(body.system);
  checkTools(body.tools);
  checkRoles(messages);
  for (const [index, message] of messages.entries()) checkContent(message, index, index === messages.length - 1);
  checkToolOrder(messages);
  checkCacheBreakpoints(body);
  const last = messages.at(-1);
  if (last.role === "assistant" && typeof last.content === "string" && /\s$/.test(last.content)) {
    invalid("messages: final assistant content cannot end with trailing whitespace");
  }
}
