// A model server inside the test that a plan can make fail by key, by model and by attempt: the scripted model answers
// by what a message says, and here two servers must answer the same message differently. OpenAI's dialect, streamed.
import http from "node:http";

export class FaultyModel {
  requests = [];
  #plan = () => ({});
  #server;
  #held = [];

  static async start() {
    const model = new FaultyModel();
    model.#server = http.createServer((request, response) => model.#serve(request, response));
    await new Promise((resolve) => model.#server.listen(0, "127.0.0.1", resolve));
    model.url = `http://127.0.0.1:${model.#server.address().port}/v1`;
    return model;
  }

  /** plan({key, model, text, number}) says what happens to a request:
   *  {status, message, retryAfter} an error; {text, cutAfter, tool, hold} a reply, cut or held or calling a tool. */
  plan(plan) {
    this.#plan = plan;
    this.requests = [];
  }

  /** The keys that were used, in order. */
  get keys() {
    return this.requests.map(({ key }) => key);
  }

  release() {
    for (const go of this.#held.splice(0)) go();
  }

  stop() {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(resolve));
  }

  async #serve(request, response) {
    let body = "";
    for await (const piece of request) body += piece;
    if (request.method !== "POST") return response.writeHead(404).end("{}");
    const asked = JSON.parse(body);
    const key = (request.headers.authorization ?? "").replace("Bearer ", "");
    const users = asked.messages.filter(({ role }) => role === "user");
    const seen = { key, model: asked.model, text: JSON.stringify(users.at(-1)?.content ?? ""), messages: asked.messages, traceparent: request.headers.traceparent };
    this.requests.push(seen);
    const step = this.#plan({ ...seen, number: this.requests.length });
    if (step.hold) await new Promise((resolve) => this.#held.push(resolve));
    if (step.status) {
      const headers = { "Content-Type": "application/json" };
      if (step.retryAfter !== undefined) headers["Retry-After"] = String(step.retryAfter);
      response.writeHead(step.status, headers);
      return response.end(JSON.stringify({ error: { message: step.message ?? `planned ${step.status}` } }));
    }
    response.writeHead(200, { "Content-Type": "text/event-stream" });
    const send = (delta, finish = null, more = {}) =>
      response.write(`data: ${JSON.stringify({ id: "c", model: asked.model, choices: [{ index: 0, delta, finish_reason: finish }], ...more })}\n\n`);
    const words = (step.text ?? "fine").split(" ").map((word, index) => (index ? ` ${word}` : word));
    for (const [index, content] of words.entries()) {
      if (step.cutAfter === index) {
        await new Promise((resolve) => setTimeout(resolve, 30));
        return response.destroy();
      }
      send({ content });
    }
    if (step.holdEnd) await new Promise((resolve) => this.#held.push(resolve));
    const call = step.tool && { index: 0, id: "call_1", type: "function", function: { name: step.tool.name, arguments: JSON.stringify(step.tool.args) } };
    if (call) send({ tool_calls: [call] });
    send({}, call ? "tool_calls" : "stop", { usage: step.usage ?? { prompt_tokens: 1000, completion_tokens: 10, total_tokens: 1010 } });
    response.end("data: [DONE]\n\n");
  }
}

/** Runs the program's command line on a gateway's state; `input` goes to its standard input. */
export async function commandLine(gateway, args, input) {
  const { spawn } = await import("node:child_process");
  const { binary } = await import("./gateway.mjs");
  const env = { PATH: process.env.PATH, HOME: `${gateway.stateDir}/home`, OPENCLAW_STATE_DIR: gateway.stateDir };
  const child = spawn(binary(), args, { env, cwd: gateway.stateDir, stdio: ["pipe", "pipe", "pipe"] });
  let stdout = "";
  let stderr = "";
  child.stdout.on("data", (text) => (stdout += text));
  child.stderr.on("data", (text) => (stderr += text));
  child.stdin.on("error", () => {});
  child.stdin.end(input ?? "");
  const code = await new Promise((resolve) => child.once("close", resolve));
  return { code, stdout, stderr };
}
