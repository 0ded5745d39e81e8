// `./run` in a checkout, as a child process with an environment that holds nothing of the developer's: no keys, no model
// servers, a home and a state folder of its own. Its first JSON line says where WebChat is.
import fs from "node:fs";
import http from "node:http";
import os from "node:os";
import path from "node:path";
import { ChildProcess } from "../journeys/lib/process.mjs";
import { within } from "../journeys/lib/waiting.mjs";

const passedOn = ["PATH", "LANG", "HTTPS_PROXY", "https_proxy", "NO_PROXY", "no_proxy", "SSL_CERT_FILE", "SSL_CERT_DIR", "CI"];

/** Ports of this machine at which nobody listens, so that no model server of the developer answers for the program. */
async function nobody() {
  const server = http.createServer();
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return `127.0.0.1:${port}`;
}

export class Started {
  #process;

  /** `command` begins with ["./run", …] or with what runs it as another user; `folder` is ours and holds home and state. */
  static async start({ command, cwd, folder, env, milliseconds }) {
    const started = new Started();
    const closed = await nobody();
    const kept = Object.fromEntries(passedOn.filter((name) => process.env[name]).map((name) => [name, process.env[name]]));
    const own = {
      HOME: path.join(folder, "home"),
      OPENCLAW_STATE_DIR: path.join(folder, "state"),
      OLLAMA_HOST: closed,
      LMSTUDIO_HOST: closed,
      LLAMA_SERVER_HOST: closed,
      ...env,
    };
    const variables = Object.entries({ ...kept, ...own }).map(([name, value]) => `${name}=${value}`);
    // A process group of its own: a build that takes too long is ended together with its compilers.
    started.#process = new ChildProcess("env", ["-i", ...variables, ...command], { cwd, detached: true });
    try {
      Object.assign(started, await started.#process.ready("./run", milliseconds));
      return started;
    } catch (error) {
      await started.stop().catch(() => {});
      throw error;
    }
  }

  get output() {
    return this.#process.output;
  }

  get stderr() {
    return this.#process.stderr;
  }

  /** The processes below the gateway whose command line contains `word`: {pid, ticks of processor time}. */
  descendants(word) {
    const parents = new Map();
    const found = [];
    for (const name of fs.readdirSync("/proc").filter((entry) => /^\d+$/.test(entry))) {
      try {
        const stat = fs.readFileSync(`/proc/${name}/stat`, "utf8");
        const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
        parents.set(Number(name), Number(fields[1]));
        const line = fs.readFileSync(`/proc/${name}/cmdline`, "utf8").split("\0").join(" ");
        if (line.includes(word)) found.push({ pid: Number(name), ticks: Number(fields[11]) + Number(fields[12]) });
      } catch {
        // It ended while we were looking.
      }
    }
    const isBelow = (pid) => pid === this.pid || (pid > 1 && isBelow(parents.get(pid) ?? 0));
    return found.filter(({ pid }) => pid !== this.pid && isBelow(pid));
  }

  /** SIGTERM to the gateway itself; the whole group is killed when it does not obey. */
  async stop() {
    const group = this.#process.pid;
    try {
      process.kill(this.pid ?? group, "SIGTERM");
    } catch {
      // It has ended already.
    }
    try {
      return await within(15000, "./run to stop", this.#process.exited, () => this.output);
    } finally {
      try {
        process.kill(-group, "SIGKILL");
      } catch {
        // Nobody of the group is left, as it should be.
      }
    }
  }
}

/** A copy of the state's `servers` folder with the verified model, so that 249 MB are not fetched for every test. */
const cache = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "openclaw-tests", "embedded");

const proof = "llama/installed.json"; // written last, when everything was verified

export const haveModel = () => fs.existsSync(path.join(cache, proof));

export function giveModel(stateDir) {
  fs.mkdirSync(stateDir, { recursive: true, mode: 0o700 });
  fs.cpSync(cache, path.join(stateDir, "servers"), { recursive: true, verbatimSymlinks: true });
}

/** Copied aside and moved, so that an interrupted copy is never taken for a whole one. */
export function keepModel(stateDir) {
  const from = path.join(stateDir, "servers");
  if (haveModel() || !fs.existsSync(path.join(from, proof))) return;
  fs.mkdirSync(path.dirname(cache), { recursive: true });
  const aside = fs.mkdtempSync(`${cache}-`);
  try {
    fs.cpSync(from, aside, { recursive: true, verbatimSymlinks: true });
    fs.renameSync(aside, cache);
  } catch (error) {
    fs.rmSync(aside, { recursive: true, force: true });
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  }
}
