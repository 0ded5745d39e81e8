// What OpenAI's chat completions refuse, in OpenAI's words. A client that passes here was not helped along.
import { invalid } from "./refusal.mjs";

const roles = ["system", "assistant", "user", "function", "tool", "developer"];
const namePattern = /^[a-zA-Z0-9_-]{1,64}$/;
const knownParameters = new Set(
  (
    "messages model stream stream_options tools tool_choice parallel_tool_calls functions function_call temperature " +
    "top_p n stop max_tokens max_completion_tokens presence_penalty frequency_penalty logit_bias logprobs " +
    "top_logprobs user seed response_format service_tier store metadata reasoning_effort verbosity modalities audio " +
    "prediction prompt_cache_key prompt_cache_retention safety_identifier web_search_options"
  ).split(" "),
);

function typeName(value) {
  if (value === null) return "null";
  return Array.isArray(value) ? "array" : typeof value;
}

function checkParameters(body) {
  for (const name of Object.keys(body)) {
    if (!knownParameters.has(name)) invalid(`Unrecognized request argument supplied: ${name}`);
  }
  if (typeof body.model !== "string") invalid("you must provide a model parameter");
  if (body.stream_options && !body.stream) {
    invalid("The 'stream_options' parameter is only allowed when 'stream' is enabled.", "stream_options");
  }
  if (body.max_tokens !== undefined && body.max_completion_tokens !== undefined) {
    invalid("Setting 'max_tokens' and 'max_completion_tokens' at the same time is not supported.", "max_tokens");
  }
}

function checkSchema(schema, name, path = "") {
  const context = `Invalid schema for function '${name}': `;
  if (path === "" && schema?.type !== "object") {
    invalid(`${context}schema must be a JSON Schema of 'type: "object"', got 'type: "${schema?.type ?? "None"}"'.`);
  }
  if (schema.type === "array" && schema.items === undefined) {
    invalid(`${context}In context=(${path}), array schema missing items.`, null, "invalid_function_parameters");
  }
  for (const [key, property] of Object.entries(schema.properties ?? {})) {
    checkSchema(property, name, `${path}'properties', '${key}'`);
  }
}

function checkTools(tools) {
  if (tools === undefined) return;
  if (tools.length === 0) {
    invalid(
      "Invalid 'tools': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      "tools",
      "empty_array",
    );
  }
  for (const [index, tool] of tools.entries()) {
    const name = tool.function?.name;
    if (tool.type !== "function" || typeof name !== "string") {
      invalid(
        `Missing required parameter: 'tools[${index}].function'.`,
        `tools[${index}].function`,
        "missing_required_parameter",
      );
    }
    if (!namePattern.test(name)) {
      invalid(
        `Invalid 'tools[${index}].function.name': string does not match pattern. Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'.`,
        `tools[${index}].function.name`,
        "invalid_value",
      );
    }
    if (tool.function.parameters !== undefined) checkSchema(tool.function.parameters, name);
  }
}

function checkContent(message, at) {
  const mayBeEmpty = message.role === "assistant" && message.tool_calls;
  const content = message.content;
  if (content === null || content === undefined) {
    if (!mayBeEmpty) invalid("Invalid value for 'content': expected a string, got null.", `${at}.content`);
    return;
  }
  if (typeof content === "string") return;
  if (!Array.isArray(content)) {
    invalid(
      `Invalid type for '${at}.content': expected a string or an array, but got ${typeName(content)} instead.`,
      `${at}.content`,
      "invalid_type",
    );
  }
  if (content.length === 0) {
    invalid(
      `Invalid '${at}.content': empty array. Expected an array with minimum length 1.`,
      `${at}.content`,
      "empty_array",
    );
  }
  for (const [index, block] of content.entries()) {
    if (block.type === "text" && typeof block.text === "string") continue;
    if (["image_url", "input_audio", "file", "refusal"].includes(block.type)) continue;
    invalid(
      `Invalid value: '${block.type}'. Supported values are: 'text', 'image_url', 'input_audio', and 'file'.`,
      `${at}.content[${index}].type`,
      "invalid_value",
    );
  }
}

function checkToolCalls(message, at) {
  if (message.tool_calls === undefined) return;
  if (message.tool_calls.length === 0) {
    invalid(
      `Invalid '${at}.tool_calls': empty array. Expected an array with minimum length 1, but got an empty array instead.`,
      `${at}.tool_calls`,
      "empty_array",
    );
  }
  for (const [index, call] of message.tool_calls.entries()) {
    const where = `${at}.tool_calls[${index}]`;
    if (typeof call.id !== "string")
      invalid(`Missing required parameter: '${where}.id'.`, `${where}.id`, "missing_required_parameter");
    if (call.id.length > 40) {
      invalid(
        `Invalid '${where}.id': string too long. Expected a string with maximum length 40, but got a string with length ${call.id.length} instead.`,
        `${where}.id`,
        "string_above_max_length",
      );
    }
    if (typeof call.function?.arguments !== "string") {
      invalid(
        `Invalid type for '${where}.function.arguments': expected a string, but got an ${typeName(call.function?.arguments)} instead.`,
        `${where}.function.arguments`,
        "invalid_type",
      );
    }
  }
}

/** Every tool call has its answer directly after it, and every answer has its call. */
function checkToolOrder(messages) {
  let open = new Set();
  let openedAt = 0;
  const mustBeAnswered = () => {
    if (open.size === 0) return;
    invalid(
      "An assistant message with 'tool_calls' must be followed by tool messages responding to each 'tool_call_id'. " +
        `The following tool_call_ids did not have response messages: ${[...open].join(", ")}`,
      `messages.[${openedAt}].role`,
    );
  };
  for (const [index, message] of messages.entries()) {
    if (message.role === "tool") {
      if (!open.delete(message.tool_call_id)) {
        invalid(
          "Invalid parameter: messages with role 'tool' must be a response to a preceeding message with 'tool_calls'.",
          `messages.[${index}].role`,
        );
      }
      continue;
    }
    mustBeAnswered();
    open = new Set((message.tool_calls ?? []).map((call) => call.id));
    openedAt = index;
  }
  mustBeAnswered();
}

export function checkRequest(body) {
  checkParameters(body);
  const { messages } = body;
  if (messages === undefined)
    invalid("Missing required parameter: 'messages'.", "messages", "missing_required_parameter");
  if (!Array.isArray(messages)) {
    invalid(
      `Invalid type for 'messages': expected an array, but got ${typeName(messages)} instead.`,
      "messages",
      "invalid_type",
    );
  }
  if (messages.length === 0) {
    invalid(
      "Invalid 'messages': empty array. Expected an array with minimum length 1, but got an empty array instead.",
      "messages",
      "empty_array",
    );
  }
  checkTools(body.tools);
  for (const [index, message] of messages.entries()) {
    const at = `messages[${index}]`;
    if (!roles.includes(message.role)) {
      invalid(
        `Invalid value: '${message.role}'. Supported values are: 'system', 'assistant', 'user', 'function', 'tool', and 'developer'.`,
        `${at}.role`,
        "invalid_value",
      );
    }
    checkContent(message, at);
    checkToolCalls(message, at);
  }
  checkToolOrder(messages);
}
