// Google's generateContent: how a transcript is read and how a plan is written down.
import crypto from "node:crypto";
import { checkRequest, signatureOf } from "./google_rules.mjs";
import { countTokens, lastTextOf } from "./transcript.mjs";

const statuses = {
  400: ["INVALID_ARGUMENT", "Request contains an invalid argument."],
  401: ["UNAUTHENTICATED", "Request had invalid authentication credentials."],
  403: ["PERMISSION_DENIED", "Your API key does not have permission."],
  404: ["NOT_FOUND", "Requested entity was not found."],
  429: ["RESOURCE_EXHAUSTED", "You exceeded your current quota, please check your plan and billing details."],
  500: ["INTERNAL", "An internal error has occurred."],
  503: ["UNAVAILABLE", "The model is overloaded. Please try again later."],
};
const messagesOfCodes = {
  context_length_exceeded: "The input token count (2000000) exceeds the maximum number of tokens allowed (1048576).",
};
const pattern = /^\/v1beta\/models\/([^/:]+):(generateContent|streamGenerateContent)$/;

function errorBody(status, { message, code } = {}) {
  const [name, words] = statuses[status] ?? ["UNKNOWN", `Error ${status}`];
  const error = { code: status, message: message ?? messagesOfCodes[code] ?? words, status: name };
  if (status === 429) error.details = [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "1s" }];
  if (/API key not valid/.test(error.message))
    error.details = [{ "@type": "type.googleapis.com/google.rpc.ErrorInfo", reason: "API_KEY_INVALID" }];
  return { error };
}

function readTurn({ contents }) {
  const has = (content, name) => content.parts.some((part) => part[name] !== undefined);
  const lastUser = contents.findLastIndex((content) => content.role === "user" && has(content, "text"));
  const round = contents.slice(lastUser + 1).filter((content) => has(content, "functionCall")).length;
  const answers = contents.at(-1).parts.filter((part) => part.functionResponse);
  const results = answers.map(({ functionResponse: { response } }) => String(response.output ?? response.error ?? ""));
  const texts = lastUser < 0 ? [] : contents[lastUser].parts.filter((part) => part.text !== undefined);
  return { text: lastTextOf(texts), round, results };
}

function usageOf(body, plan) {
  const prompt = countTokens(body.contents) + countTokens(body.systemInstruction) + countTokens(body.tools);
  const lastModel = body.contents.findLastIndex((content) => content.role === "model");
  const stable = lastModel < 0 ? 0 : countTokens(body.contents.slice(0, lastModel));
  const thoughts = countTokens(plan.reasoning);
  const candidates = Math.max(1, plan.chunks.length + plan.toolCalls.length);
  return {
    promptTokenCount: prompt,
    cachedContentTokenCount: Math.min(prompt, plan.cachedTokens ?? stable),
    candidatesTokenCount: candidates,
    thoughtsTokenCount: thoughts,
    totalTokenCount: prompt + candidates + thoughts,
  };
}

function callParts(plan) {
  return plan.toolCalls.map((call, index) => {
    const functionCall = { name: call.name, args: JSON.parse(call.arguments) };
    return index === 0 ? { functionCall, thoughtSignature: signatureOf(functionCall) } : { functionCall };
  });
}

function answer(parts, body, more = {}, finishReason = undefined) {
  const candidate = { content: { parts, role: "model" }, index: 0, ...(finishReason ? { finishReason } : {}) };
  return { candidates: [candidate], modelVersion: body.model, ...more };
}

function complete(plan, body) {
  const parts = [];
  if (plan.reasoning) parts.push({ text: plan.reasoning, thought: true });
  if (plan.chunks.length > 0) parts.push({ text: plan.chunks.join("") });
  parts.push(...callParts(plan));
  return answer(parts, body, { usageMetadata: usageOf(body, plan) }, plan.stop ?? "STOP");
}

function* streamEvents(plan, body) {
  const responseId = crypto.randomBytes(9).toString("base64url");
  const usageMetadata = usageOf(body, plan);
  const event = (parts, finish) =>
    `data: ${JSON.stringify(answer(parts, body, { usageMetadata, responseId }, finish))}\r\n\r\n`;
  for (const text of plan.reasoning?.match(/\S+\s*/g) ?? []) yield { data: event([{ text, thought: true }]), unit: true };
  for (const text of plan.chunks) yield { data: event([{ text }]), unit: true };
  const calls = callParts(plan);
  if (calls.length > 0) yield { data: event(calls), unit: true };
  yield { data: event([{ text: "" }], plan.stop ?? "STOP"), closing: true };
}

export const google = {
  path: "/v1beta/models",
  matches: (url) => pattern.test(url.pathname),
  modelOf: (url) => pattern.exec(url.pathname)[1],
  streamOf: (url) => pattern.exec(url.pathname)[2] === "streamGenerateContent",
  keyOf: (headers) => headers["x-goog-api-key"],
  missingKeyStatus: 403,
  missingKeyMessage: "Method doesn't allow unregistered callers (callers without established identity). Please use API Key or other form of API consumer identity to call this API.",
  wrongKeyStatus: 400,
  wrongKeyMessage: () => "API key not valid. Please pass a valid API key.",
  unknownModelMessage: (model) => `models/${model} is not found for API version v1beta, or is not supported for generateContent.`,
  responseHeaders: () => ({}),
  checkRequest,
  readTurn,
  complete,
  streamEvents,
  errorBody,
  streamError: () => `data: ${JSON.stringify(errorBody(503))}\r\n\r\n`,
  listPath: "/v1beta/models",
  modelList: (models) => ({
    models: models.map((id) => ({
      name: `models/${id}`,
      displayName: id,
      inputTokenLimit: 1048576,
      outputTokenLimit: 65536,
      supportedGenerationMethods: ["generateContent", "countTokens"],
    })),
  }),
};
