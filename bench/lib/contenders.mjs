// The two gateways that are compared: how each is started on a state folder of its own, and stopped by its id.
import { spawn } from "node:child_process";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import path from "node:path";
import { GatewayClient } from "../../tests/journeys/lib/client.mjs";
import { gatewayToken, makeConfig, writeConfig } from "../../tests/journeys/lib/config.mjs";
import { until } from "../../tests/journeys/lib/waiting.mjs";

export function freePort() {
  return new Promise((resolve, reject) => {
    const server = net.createServer().once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => resolve(port));
    });
  });
}

export class Contender {
  /** `command` starts the gateway; {port} in it stands for the port. */
  constructor(name, command, protocol, modelUrl) {
    this.name = name;
    this.command = command;
    this.protocol = protocol;
    this.stateDir = fs.mkdtempSync(path.join(os.tmpdir(), `openclaw-bench-${name}-`));
    const workspace = path.join(this.stateDir, "workspace");
    fs.mkdirSync(workspace);
    writeConfig(this.stateDir, makeConfig({ modelUrl, workspace }));
    const { PATH, LANG = "C.UTF-8" } = process.env;
    this.environment = { PATH, LANG, HOME: this.stateDir, OPENCLAW_STATE_DIR: this.stateDir };
  }

  async start() {
    const port = await freePort();
    const [program, ...args] = this.command.map((word) => word.replaceAll("{port}", port));
    const log = fs.openSync(path.join(this.stateDir, "bench.log"), "a");
    this.child = spawn(program, args, { env: this.environment, stdio: ["ignore", log, log], detached: true });
    fs.closeSync(log);
    this.exited = new Promise((resolve) => this.child.once("exit", resolve));
    this.url = `ws://127.0.0.1:${port}`;
    await until(() => this.#answers(), `${this.name} to say hello-ok`, { milliseconds: 60000 });
  }

  async #answers() {
    const [minProtocol, maxProtocol] = this.protocol.split("-").map(Number);
    const client = new GatewayClient(this.url, { token: gatewayToken, minProtocol, maxProtocol, caps: [] });
    try {
      await client.connect(5000);
      await client.close();
      return true;
    } catch {
      client.socket?.destroy();
      return false;
    }
  }

  get pid() {
    return this.child.pid;
  }

  /** It leads a process group of its own, which ends with it. */
  async stop() {
    process.kill(-this.pid, "SIGTERM");
    const insist = setTimeout(() => process.kill(-this.pid, "SIGKILL"), 10000);
    await this.exited;
    clearTimeout(insist);
  }

  discard() {
    fs.rmSync(this.stateDir, { recursive: true, force: true });
  }
}
