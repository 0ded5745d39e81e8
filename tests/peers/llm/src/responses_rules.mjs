// What OpenAI's responses refuse, in OpenAI's words.
import crypto from "node:crypto";
import { invalid } from "./refusal.mjs";

const namePattern = /^[a-zA-Z0-9_-]{1,64}$/;
const roles = ["assistant", "system", "developer", "user"];
const knownParameters = new Set(
  (
    "background conversation include input instructions max_output_tokens max_tool_calls metadata model parallel_tool_calls " +
    "previous_response_id prompt prompt_cache_key prompt_cache_retention reasoning safety_identifier service_tier store stream " +
    "stream_options temperature text tool_choice tools top_logprobs top_p truncation user"
  ).split(" "),
);
const contentTypes = {
  user: ["input_text", "input_image", "input_file"],
  assistant: ["output_text", "refusal"],
};

/** Encrypted reasoning comes back as it was, or is refused. */
export function encrypted(id) {
  return crypto.createHash("sha256").update(`scripted reasoning ${id}`).digest("base64");
}

function checkParameters(body) {
  for (const name of Object.keys(body)) {
    if (!knownParameters.has(name)) invalid(`Unknown parameter: '${name}'.`, name, "unknown_parameter");
  }
  if (typeof body.model !== "string")
    invalid("Missing required parameter: 'model'.", "model", "missing_required_parameter");
  if (body.input === undefined) invalid("Missing required parameter: 'input'.", "input", "missing_required_parameter");
  if (body.max_output_tokens !== undefined && !(body.max_output_tokens >= 16)) {
    invalid(
      "Invalid 'max_output_tokens': integer below minimum value. Expected a value >= 16.",
      "max_output_tokens",
      "integer_below_min_value",
    );
  }
  for (const wanted of body.include ?? []) {
    if (!/^(reasoning\.encrypted_content|message\.\S+|file_search_call\.\S+|web_search_call\.\S+|code_interpreter_call\.\S+)$/.test(wanted))
      invalid(`Invalid value: '${wanted}'.`, "include", "invalid_value");
  }
}

function checkTools(tools = []) {
  for (const [index, tool] of tools.entries()) {
    const at = `tools[${index}]`;
    if (tool.type !== "function") continue;
    if (tool.function !== undefined)
      invalid(`Unknown parameter: '${at}.function'.`, `${at}.function`, "unknown_parameter");
    if (!namePattern.test(tool.name ?? ""))
      invalid(`Missing required parameter: '${at}.name'.`, `${at}.name`, "missing_required_parameter");
    if (tool.parameters && tool.parameters.type !== "object") {
      invalid(
        `Invalid schema for function '${tool.name}': schema must be a JSON Schema of 'type: "object"', got 'type: "${tool.parameters.type ?? "None"}"'.`,
        `${at}.parameters`,
        "invalid_function_parameters",
      );
    }
  }
}

function checkMessage(item, at) {
  if (!roles.includes(item.role)) invalid(`Invalid value: '${item.role}'.`, `${at}.role`, "invalid_value");
  if (typeof item.content === "string") return;
  if (!Array.isArray(item.content)) {
    invalid(
      `Invalid type for '${at}.content': expected one of an array of objects or string.`,
      `${at}.content`,
      "invalid_type",
    );
  }
  const allowed = contentTypes[item.role] ?? contentTypes.user;
  for (const [index, part] of item.content.entries()) {
    if (!allowed.includes(part.type)) {
      invalid(
        `Invalid value: '${part.type}'. Supported values are: ${allowed.map((name) => `'${name}'`).join(", ")}.`,
        `${at}.content[${index}]`,
        "invalid_value",
      );
    }
    if (part.type === "input_image" && typeof part.image_url !== "string" && !part.file_id)
      invalid(`Invalid type for '${at}.content[${index}].image_url'.`, `${at}.content[${index}].image_url`, "invalid_type");
  }
}

function checkReasoning(item, at) {
  if (!Array.isArray(item.summary))
    invalid(`Missing required parameter: '${at}.summary'.`, `${at}.summary`, "missing_required_parameter");
  if (!item.encrypted_content) {
    invalid(
      `Item with id '${item.id}' not found. Items are not persisted when \`store\` is set to false. Try again with \`store\` set to true, or remove this item from your input.`,
      at,
    );
  }
  if (item.encrypted_content !== encrypted(item.id))
    invalid("The encrypted content could not be verified.", at, "invalid_encrypted_content");
}

export function checkRequest(body) {
  checkParameters(body);
  checkTools(body.tools);
  if (typeof body.input === "string") return;
  if (!Array.isArray(body.input) || body.input.length === 0) invalid("Invalid 'input': empty array.", "input", "empty_array");
  const open = new Set();
  const seen = new Set();
  for (const [index, item] of body.input.entries()) {
    const at = `input[${index}]`;
    const type = item.type ?? "message";
    if (type === "message") checkMessage(item, at);
    else if (type === "reasoning") {
      checkReasoning(item, at);
      const next = body.input[index + 1];
      if (!next || next.role === "user" || next.type === "function_call_output")
        invalid(`Item '${item.id}' of type 'reasoning' was provided without its required following item.`, at);
    } else if (type === "function_call") {
      if (typeof item.arguments !== "string") invalid(`Invalid type for '${at}.arguments'.`, `${at}.arguments`, "invalid_type");
      if (!item.call_id || item.call_id.length > 64)
        invalid(`Invalid '${at}.call_id': string too long. Expected a string with maximum length 64.`, `${at}.call_id`);
      if (!namePattern.test(item.name ?? "")) invalid(`Invalid '${at}.name'.`, `${at}.name`, "invalid_value");
      if (seen.has(item.call_id)) invalid(`Duplicate item found with call_id ${item.call_id}.`, at);
      seen.add(item.call_id);
      open.add(item.call_id);
    } else if (type === "function_call_output") {
      if (!open.delete(item.call_id))
        invalid(`No tool call found for function call output with call_id ${item.call_id}.`, "input");
      if (typeof item.output !== "string" && !Array.isArray(item.output))
        invalid(`Invalid type for '${at}.output'.`, `${at}.output`, "invalid_type");
    } else invalid(`Invalid value: '${type}'.`, `${at}.type`, "invalid_value");
  }
  if (open.size > 0) invalid(`No tool output found for function call ${[...open][0]}.`, "input");
}
