// The scripted model as a process of its own, and what a test can ask of it.
import path from "node:path";
import { fileURLToPath } from "node:url";
import { ChildProcess } from "./process.mjs";

const server = fileURLToPath(new URL("../../peers/llm/server.mjs", import.meta.url));

export class Model {
  #process;

  static async start(args = []) {
    const model = new Model();
    const all = [server, "--port", "0", "--until-stdin-ends", ...args];
    model.#process = new ChildProcess(process.execPath, all, { cwd: path.dirname(server) });
    model.url = (await model.#process.ready("the scripted model")).url;
    return model;
  }

  get pid() {
    return this.#process.pid;
  }

  stats() {
    return this.#get("/__stats");
  }

  /** The requests that match {text, state, after}; with `atLeast`, waits until there are so many. */
  requests(query = {}) {
    const { milliseconds = 15000, ...filter } = query;
    if (filter.atLeast) filter.timeoutMs = milliseconds;
    return this.#get(`/__requests?${new URLSearchParams(filter)}`);
  }

  /** What the strict model refused: a good gateway never gives it a reason. */
  async refusals() {
    return (await this.requests()).filter((request) => request.refusal).map((request) => request.refusal);
  }

  async release(name) {
    const response = await fetch(`${this.url}/__release`, { method: "POST", body: JSON.stringify({ name }) });
    return (await response.json()).released;
  }

  /** What a user text with ANSWER:name is answered: steps as in a script, which need not travel through the message. */
  async answer(name, steps) {
    await fetch(`${this.url}/__answer`, { method: "POST", body: JSON.stringify({ name, steps }) });
    return `ANSWER:${name}`;
  }

  stop() {
    return this.#process.stop();
  }

  async #get(path_) {
    return (await fetch(this.url + path_)).json();
  }
}

/** A message that makes the model go through these steps; see tests/peers/llm/README.md. */
export function script(steps, before = "") {
  return `${before} SCRIPT:${JSON.stringify(steps)}`.trim();
}
