// The real binary with a state folder of its own: started, stopped, killed and started again on the same state.
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { GatewayClient } from "./client.mjs";
import { gatewayToken, makeConfig, writeConfig } from "./config.mjs";
import { ChildProcess } from "./process.mjs";

const repository = fileURLToPath(new URL("../../../", import.meta.url));
const passedOn = ["PATH", "LANG", "TMPDIR", "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS", "LLVM_PROFILE_FILE"];

export function binary() {
  const file = process.env.OPENCLAW_BINARY ?? path.join(repository, "build/release/openclaw");
  if (!fs.existsSync(file)) throw new Error(`there is no gateway at ${file}: build it, or set OPENCLAW_BINARY`);
  return path.resolve(file);
}

/** Nothing of the developer's own environment (keys, OPENCLAW_ settings, home) reaches the program under test. */
function environment(stateDir, more) {
  const kept = Object.fromEntries(
    passedOn.filter((name) => process.env[name]).map((name) => [name, process.env[name]]),
  );
  return { ...kept, HOME: path.join(stateDir, "home"), OPENCLAW_STATE_DIR: stateDir, ...more };
}

export class Gateway {
  #process;
  #args;
  #env;
  #wrap;
  #clients = new Set();

  /**
   * Makes a state folder with a configuration, without starting anything. `config` may also be a text, `env` also a function of
   * the state folder; `wrap` puts the program into surroundings of its own.
   */
  constructor({ modelUrl, config, api, tools, args = [], env = {}, wrap = (command) => command } = {}) {
    this.stateDir = fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-journey-"));
    this.workspace = path.join(this.stateDir, "workspace");
    fs.mkdirSync(path.join(this.stateDir, "home"));
    fs.mkdirSync(this.workspace);
    writeConfig(this.stateDir, config ?? makeConfig({ modelUrl, workspace: this.workspace, api, tools }));
    this.#args = args;
    this.#env = typeof env === "function" ? env(this.stateDir) : env;
    this.#wrap = wrap;
  }

  static async start(options) {
    const gateway = new Gateway(options);
    try {
      await gateway.start();
    } catch (error) {
      await gateway.discard().catch(() => {});
      throw error;
    }
    return gateway;
  }

  /** Starts the program without waiting for it, for journeys in which it must refuse to start. */
  spawn(args = ["gateway", "--port", "0", "--ready-json", ...this.#args]) {
    const [command, ...rest] = this.#wrap([binary(), ...args], this);
    return new ChildProcess(command, rest, { cwd: this.stateDir, env: environment(this.stateDir, this.#env) });
  }

  /** A command of the command line on this state folder: {code, stdout, stderr}. */
  async command(args, input = "") {
    const process_ = this.spawn(args);
    process_.say(input);
    const { code } = await process_.exited;
    return { code, stdout: process_.stdout, stderr: process_.stderr };
  }

  async start() {
    this.#process = this.spawn();
    const { url, webchat } = await this.#process.ready("the gateway");
    this.url = url;
    this.webchat = webchat;
  }

  get pid() {
    return this.#process.pid;
  }

  get output() {
    return this.#process.output;
  }

  /** A connected client; every one is closed with the gateway. */
  async client(options = {}) {
    const client = this.newClient(options);
    await client.connect();
    return client;
  }

  newClient(options = {}) {
    const client = new GatewayClient(this.url, { token: gatewayToken, ...options });
    this.#clients.add(client);
    return client;
  }

  fetch(path_, options) {
    return fetch(this.url + path_, options);
  }

  file(...names) {
    return path.join(this.workspace, ...names);
  }

  /** kill -9: no warning, no time to write. */
  kill() {
    return this.#process.kill();
  }

  async restart() {
    await this.start();
  }

  async stop() {
    for (const client of this.#clients) client.socket?.destroy();
    this.#clients.clear();
    return this.#process.stop();
  }

  /** Stops and forgets everything; a failed test keeps its state when OPENCLAW_KEEP_STATE is set. */
  async discard() {
    try {
      if (this.#process) await this.stop();
    } finally {
      if (!process.env.OPENCLAW_KEEP_STATE) fs.rmSync(this.stateDir, { recursive: true, force: true });
    }
  }
}
