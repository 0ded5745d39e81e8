// A terminal of its own (tmux) with a program in it, read as a person reads the screen.
import { execFileSync } from "node:child_process";
import { until } from "../../../journeys/lib/waiting.mjs";

let count = 0;

export class Terminal {
  #server = `openclaw-test-${process.pid}-${(count += 1)}`;

  constructor(command, { cwd, env }) {
    const words = ["env", "-i", ...Object.entries(env).map(([name, value]) => `${name}=${value}`), ...command];
    const size = ["-x", "110", "-y", "40"];
    this.#tmux("-f", "/dev/null", "new-session", "-d", "-s", "test", ...size, "-c", cwd, ...words);
  }

  #tmux(...args) {
    return execFileSync("tmux", ["-L", this.#server, ...args], { encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] });
  }

  get screen() {
    return this.#tmux("capture-pane", "-p", "-t", "test");
  }

  type(text) {
    this.#tmux("send-keys", "-t", "test", "-l", text);
  }

  press(...keys) {
    this.#tmux("send-keys", "-t", "test", ...keys);
  }

  /** The screen once it matches; what it showed instead is in the failure. */
  async shows(pattern, milliseconds = 30000) {
    const look = () => (pattern.test(this.screen) ? this.screen : undefined);
    return until(look, `${pattern} on the screen`, { milliseconds, everyMs: 100, describe: () => `:\n${this.screen}` });
  }

  close() {
    try {
      this.#tmux("kill-server");
    } catch {
      // The program has ended, and the terminal with it.
    }
  }
}
