// What Gemini refuses, in Google's words.
import crypto from "node:crypto";
import { invalid } from "./refusal.mjs";

const namePattern = /^[a-zA-Z_][a-zA-Z0-9_.:-]{0,127}$/;
const fields = {
  "": "contents tools toolConfig safetySettings systemInstruction generationConfig cachedContent labels",
  content: "role parts",
  part: "text inlineData fileData functionCall functionResponse executableCode codeExecutionResult thought thoughtSignature videoMetadata partMetadata",
  schema:
    "type format title description nullable enum items maxItems minItems properties required minProperties maxProperties " +
    "minLength maxLength pattern example anyOf propertyOrdering default minimum maximum",
  declaration: "name description parameters parametersJsonSchema response responseJsonSchema behavior",
};
const types = ["string", "number", "integer", "boolean", "array", "object", "STRING", "NUMBER", "INTEGER", "BOOLEAN", "ARRAY", "OBJECT"];
export const foreignCall = "skip_thought_signature_validator";

export function signatureOf(call) {
  return crypto.createHash("sha256").update(`scripted gemini ${call.name} ${JSON.stringify(call.args)}`).digest("base64");
}

function onlyKnown(object, kind, where) {
  const known = fields[kind].split(" ");
  for (const name of Object.keys(object)) {
    if (!known.includes(name)) {
      invalid(`Invalid JSON payload received. Unknown name "${name}"${where ? ` at '${where}'` : ""}: Cannot find field.`);
    }
  }
}

function checkSchema(schema, where) {
  onlyKnown(schema, "schema", where);
  if (schema.type !== undefined && !types.includes(schema.type)) invalid(`Invalid value at '${where}.type'`);
  const type = schema.type?.toLowerCase();
  if (schema.enum && (type !== "string" || schema.enum.some((choice) => typeof choice !== "string")))
    invalid(`* GenerateContentRequest.${where}.enum: only allowed for STRING type`);
  if (type === "array" && !schema.items) invalid(`* GenerateContentRequest.${where}.items: missing field.`);
  if (type === "object" && schema.properties && Object.keys(schema.properties).length === 0)
    invalid(`* GenerateContentRequest.${where}.properties: should be non-empty for OBJECT type`);
  if (type === "string" && schema.format && !["enum", "date-time"].includes(schema.format))
    invalid(`* GenerateContentRequest.${where}.format: only 'enum' and 'date-time' are supported for STRING type`);
  for (const name of schema.required ?? []) {
    if (!schema.properties?.[name]) invalid(`* GenerateContentRequest.${where}.required: property is not defined: ${name}`);
  }
  for (const [name, property] of Object.entries(schema.properties ?? {})) checkSchema(property, `${where}.properties[${name}]`);
  if (schema.items) checkSchema(schema.items, `${where}.items`);
  for (const choice of schema.anyOf ?? []) checkSchema(choice, `${where}.any_of`);
}

function checkTools(tools = []) {
  for (const tool of tools) {
    for (const [index, declaration] of (tool.functionDeclarations ?? []).entries()) {
      const where = `tools[0].function_declarations[${index}]`;
      onlyKnown(declaration, "declaration", where);
      if (!namePattern.test(declaration.name ?? "")) invalid(`* GenerateContentRequest.${where}.name: Invalid function name.`);
      if (declaration.parameters) checkSchema(declaration.parameters, `${where}.parameters`);
    }
  }
}

function checkPart(part, where) {
  onlyKnown(part, "part", where);
  const data = ["text", "inlineData", "functionCall", "functionResponse", "fileData"].filter((name) => part[name] !== undefined);
  if (data.length !== 1) invalid(`* GenerateContentRequest.${where}.data: required oneof field 'data' must have one initialized field`);
  if (part.inlineData && !(part.inlineData.mimeType && part.inlineData.data)) invalid(`* ${where}.inline_data: missing field`);
  const answer = part.functionResponse;
  if (answer && (!answer.name || typeof answer.response !== "object" || Array.isArray(answer.response)))
    invalid(`* GenerateContentRequest.${where}.function_response.name: Name cannot be empty.`);
}

function checkOrder(contents) {
  if (contents[0].role === "model" && contents[0].parts.some((part) => part.functionCall))
    invalid("Please ensure that function call turn comes immediately after a user turn or after a function response turn.");
  for (const [index, { role, parts }] of contents.entries()) {
    const calls = parts.filter((part) => part.functionCall);
    const answers = parts.filter((part) => part.functionResponse);
    const before = contents[index - 1]?.parts.filter((part) => part.functionCall) ?? [];
    if (answers.length > 0 && before.length !== answers.length) {
      invalid(
        "Please ensure that the number of function response parts is equal to the number of function call parts of the function call turn.",
      );
    }
    if (calls.length === 0) continue;
    if (role !== "model") invalid("Please ensure that function call turns have the role model.");
    if (!contents[index + 1]?.parts.some((part) => part.functionResponse))
      invalid("Please ensure that function call turn comes immediately before a function response turn.");
    const [first] = calls;
    if (!first.thoughtSignature) invalid(`Function call is missing a thought_signature in functionCall parts. function call \`${first.functionCall.name}\``);
    if (first.thoughtSignature !== foreignCall && first.thoughtSignature !== signatureOf(first.functionCall))
      invalid("Thought signature is not valid.");
  }
}

export function checkRequest(body) {
  onlyKnown(body, "", "");
  if (!Array.isArray(body.contents) || body.contents.length === 0)
    invalid("* GenerateContentRequest.contents: contents is not specified");
  for (const [index, content] of body.contents.entries()) {
    const where = `contents[${index}]`;
    onlyKnown(content, "content", where);
    if (!["user", "model"].includes(content.role)) invalid("Please use a valid role: user, model.");
    if (!Array.isArray(content.parts) || content.parts.length === 0)
      invalid(`* GenerateContentRequest.${where}.parts: contents.parts must not be empty.`);
    for (const [place, part] of content.parts.entries()) checkPart(part, `${where}.parts[${place}]`);
  }
  checkTools(body.tools);
  checkOrder(body.contents);
}
