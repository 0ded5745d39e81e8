// A gateway with a scripted model, and homes for the clients that talk to it.
import fs from "node:fs";
import path from "node:path";
import { gatewayToken, makeConfig } from "../../../journeys/lib/config.mjs";
import { Gateway } from "../../../journeys/lib/gateway.mjs";
import { Model } from "../../../journeys/lib/model.mjs";
import { makeHome } from "./clients.mjs";

export class Setting {
  static async start({ config = (made) => made, prepare = () => {} } = {}) {
    const setting = new Setting();
    setting.model = await Model.start();
    try {
      setting.gateway = new Gateway({ modelUrl: setting.model.url });
      const { stateDir, workspace } = setting.gateway;
      const made = config(makeConfig({ modelUrl: setting.model.url, workspace }));
      fs.writeFileSync(path.join(stateDir, "openclaw.json"), JSON.stringify(made, null, 2));
      await prepare(setting.gateway);
      await setting.gateway.start();
    } catch (error) {
      await setting.stop();
      throw error;
    }
    setting.home = makeHome();
    setting.port = new URL(setting.gateway.url).port;
    return setting;
  }

  /** How a client on the same machine as the gateway is started: it reads the gateway's own state folder. */
  get beside() {
    return { home: this.home, stateDir: this.gateway.stateDir, port: this.port, token: gatewayToken };
  }

  /** A client that knows the address and the token, and has a state folder of its own. */
  apart(config, name = "apart") {
    const stateDir = path.join(this.home, name);
    fs.mkdirSync(stateDir, { recursive: true });
    fs.writeFileSync(path.join(stateDir, "openclaw.json"), JSON.stringify(config));
    return { ...this.beside, stateDir };
  }

  async stop() {
    if (this.gateway) await this.gateway.discard();
    await this.model.stop();
    // A client that has just been told to end may still be writing there.
    if (this.home) fs.rmSync(this.home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
