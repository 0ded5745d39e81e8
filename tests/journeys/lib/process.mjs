// A child process that says in one line of JSON that it is ready, and is stopped by its id.
import { spawn } from "node:child_process";
import readline from "node:readline";
import { within } from "./waiting.mjs";

export class ChildProcess {
  #child;
  #ready;
  #stderr = "";
  #stdout = "";

  constructor(command, args, options) {
    this.#child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"], ...options });
    this.#child.stdin.on("error", () => {});
    this.#child.stderr.setEncoding("utf8").on("data", (text) => (this.#stderr += text));
    this.exited = new Promise((resolve) => {
      this.#child.once("error", (error) => {
        this.#stderr += `${error}\n`;
        resolve({ code: 127, signal: null });
      });
      this.#child.once("exit", (code, signal) => this.#outputEnds().then(() => resolve({ code, signal })));
    });
    this.#ready = this.#firstJsonLine();
  }

  /** What was printed is read to the end, but a child of the child that keeps the pipe open is not waited for. */
  #outputEnds() {
    const closed = new Promise((resolve) => this.#child.once("close", resolve));
    return within(500, "the end of the output", closed).catch(() => {});
  }

  #firstJsonLine() {
    return new Promise((resolve) => {
      readline.createInterface({ input: this.#child.stdout }).on("line", (line) => {
        this.#stdout += `${line}\n`;
        if (!line.startsWith("{")) return;
        try {
          resolve(JSON.parse(line));
        } catch {
          // Not the ready line; it stays in the output for whoever reads a failure.
        }
      });
    });
  }

  get pid() {
    return this.#child.pid;
  }

  get output() {
    return `\n--- standard output\n${this.#stdout}--- standard error\n${this.#stderr}---`;
  }

  get stdout() {
    return this.#stdout;
  }

  get stderr() {
    return this.#stderr;
  }

  /** Everything that it will ever read from standard input. */
  say(text) {
    this.#child.stdin.end(text);
  }

  /** The ready line, or a failure that shows what the process printed instead. */
  async ready(what, milliseconds = 15000) {
    const died = this.exited.then(({ code, signal }) => {
      throw new Error(`${what} ended with ${signal ?? `exit code ${code}`} before it was ready${this.output}`);
    });
    died.catch(() => {});
    return within(milliseconds, `${what} to be ready`, Promise.race([this.#ready, died]), () => this.output);
  }

  signal(name) {
    return this.#child.kill(name);
  }

  /** Asks politely, then insists. Resolves with {code, signal}. */
  async stop(milliseconds = 5000) {
    this.signal("SIGTERM");
    try {
      return await within(milliseconds, `process ${this.pid} to stop`, this.exited, () => this.output);
    } catch (error) {
      this.signal("SIGKILL");
      await this.exited;
      throw error;
    }
  }

  async kill() {
    this.signal("SIGKILL");
    return this.exited;
  }
}
