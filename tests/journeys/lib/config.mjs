// Writes an openclaw.json as a person would have it who uses one self-hosted model.
import fs from "node:fs";
import path from "node:path";

export const gatewayToken = "journey-token-0123456789abcdef";
export const modelKey = "sk-journey-secret-key";

function modelEntry(id, reasoning) {
  return {
    id,
    name: id,
    reasoning,
    input: ["text"],
    cost: { input: 0, output: 0, cacheRead: 0, cacheWrite: 0 },
    contextWindow: 200000,
    maxTokens: 8192,
  };
}

// Where each dialect has its door on the scripted model.
const doors = {
  "openai-completions": "/v1",
  "openai-responses": "/v1",
  "anthropic-messages": "",
  "google-generative-ai": "/v1beta",
  ollama: "",
};

/** Only keys that 2026.1.30 knows as well: the real gateway must be able to start with the same file. */
export function makeConfig({ modelUrl, workspace, api = "openai-completions", tools, gateway = {} }) {
  const model = api === "anthropic-messages" ? "fake-claude" : "fake-1";
  return {
    gateway: { mode: "local", bind: "loopback", auth: { mode: "token", token: gatewayToken }, ...gateway },
    update: { checkOnStart: false },
    discovery: { mdns: { mode: "off" } },
    models: {
      mode: "replace",
      providers: {
        fake: {
          baseUrl: modelUrl + doors[api],
          apiKey: modelKey,
          api,
          models: [modelEntry(model, api !== "openai-completions")],
        },
      },
    },
    agents: { defaults: { model: { primary: `fake/${model}` }, workspace, heartbeat: { every: "0m" } } },
    ...(tools ? { tools } : {}),
  };
}

export function writeConfig(stateDir, config) {
  const text = typeof config === "string" ? config : JSON.stringify(config, null, 2);
  fs.writeFileSync(path.join(stateDir, "openclaw.json"), text, { mode: 0o600 });
}
