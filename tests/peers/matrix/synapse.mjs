// A real homeserver for tests: Synapse from PyPI, in a virtual environment that is made once for each requirements.txt and kept in
// ${XDG_CACHE_HOME:-~/.cache}/openclaw-tests, with SQLite in a folder of its own, on loopback.
import { execFileSync, spawn } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { freePort } from "../free_port.mjs";

const requirements = fileURLToPath(new URL("./requirements.txt", import.meta.url));
const sharedSecret = "registration-of-tests";

/** The Python that has Synapse; throws where it cannot be installed. */
export function installedSynapse() {
  const hash = crypto.createHash("sha256").update(fs.readFileSync(requirements)).digest("hex").slice(0, 16);
  const cache = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "openclaw-tests");
  const target = path.join(cache, `synapse-${hash}`);
  const python = path.join(target, "bin/python");
  if (fs.existsSync(target)) return python;
  // Made aside and then moved, so that an interrupted installation is never taken for a whole one.
  fs.mkdirSync(cache, { recursive: true });
  const aside = fs.mkdtempSync(path.join(cache, "installing-"));
  try {
    process.stderr.write(`installing Synapse in ${target}\n`);
    execFileSync("python3", ["-m", "venv", aside], { stdio: ["ignore", 2, 2] });
    const pip = ["-m", "pip", "install", "--quiet", "--only-binary=:all:", "--disable-pip-version-check", "--retries=1", "--timeout=60", "-r", requirements];
    execFileSync(path.join(aside, "bin/python"), pip, { stdio: ["ignore", 2, 2], timeout: 600_000 });
    try {
      fs.renameSync(aside, target);
    } catch (error) {
      if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error; // another test was first
    }
    return python;
  } finally {
    fs.rmSync(aside, { recursive: true, force: true });
  }
}

// Its limits are not what is tested.
function configuration(folder, port) {
  const fast = { per_second: 1000, burst_count: 1000 };
  return {
    server_name: "synapse.test",
    listeners: [{ port, type: "http", bind_addresses: ["127.0.0.1"], resources: [{ names: ["client"] }] }],
    database: { name: "sqlite3", args: { database: path.join(folder, "homeserver.db") } },
    log_config: path.join(folder, "log.yaml"),
    media_store_path: path.join(folder, "media"),
    signing_key_path: path.join(folder, "signing.key"),
    pid_file: path.join(folder, "synapse.pid"),
    registration_shared_secret: sharedSecret,
    macaroon_secret_key: crypto.randomBytes(16).toString("hex"),
    form_secret: crypto.randomBytes(16).toString("hex"),
    bcrypt_rounds: 4,
    report_stats: false,
    presence: { enabled: false },
    trusted_key_servers: [],
    suppress_key_server_warning: true,
    federation_domain_whitelist: [],
    user_directory: { search_all_users: true },
    rc_message: fast,
    rc_room_creation: fast,
    rc_registration: fast,
    rc_login: { address: fast, account: fast, failed_attempts: fast },
    rc_joins: { local: fast, remote: fast },
    rc_invites: { per_room: fast, per_user: fast },
  };
}

export class Synapse {
  #process;
  #exited;

  static async start() {
    const python = installedSynapse();
    const synapse = new Synapse();
    const folder = (synapse.folder = fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-synapse-")));
    const port = await freePort();
    synapse.url = `http://127.0.0.1:${port}`;
    const seed = crypto.randomBytes(32).toString("base64").replace(/=+$/, "");
    fs.writeFileSync(path.join(folder, "signing.key"), `ed25519 a_test ${seed}\n`);
    const log = { class: "logging.FileHandler", filename: path.join(folder, "synapse.log") };
    fs.writeFileSync(path.join(folder, "log.yaml"), JSON.stringify({ version: 1, handlers: { log }, root: { level: "WARNING", handlers: ["log"] } }));
    fs.writeFileSync(path.join(folder, "homeserver.yaml"), JSON.stringify(configuration(folder, port)));
    synapse.#process = spawn(python, ["-m", "synapse.app.homeserver", "-c", path.join(folder, "homeserver.yaml")], {
      cwd: folder,
      stdio: ["ignore", "ignore", fs.openSync(path.join(folder, "stderr.log"), "w")],
      env: { PATH: process.env.PATH, HOME: folder, SYNAPSE_CACHE_FACTOR: "0.1" },
    });
    synapse.#exited = new Promise((resolve) => synapse.#process.on("exit", resolve));
    try {
      await synapse.#ready();
    } catch (error) {
      await synapse.stop();
      throw error;
    }
    return synapse;
  }

  async #ready() {
    const end = Date.now() + 60_000;
    for (;;) {
      const answer = await fetch(`${this.url}/_matrix/client/versions`).catch(() => undefined);
      if (answer?.ok) return;
      const over = this.#process.exitCode !== null;
      if (over || Date.now() > end) {
        const said = ["stderr.log", "synapse.log"].map((name) => fs.existsSync(path.join(this.folder, name)) ? fs.readFileSync(path.join(this.folder, name), "utf8").slice(-2000) : "");
        throw new Error(`Synapse ${over ? "ended" : "did not start within 60 s"}: ${said.join("\n")}`);
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** A new account: {user_id, access_token, device_id, password}. */
  async register(name) {
    const { nonce } = await (await fetch(`${this.url}/_synapse/admin/v1/register`)).json();
    const password = crypto.randomBytes(12).toString("hex");
    const signed = [nonce, name, password, "notadmin"].join("\0");
    const mac = crypto.createHmac("sha1", sharedSecret).update(signed).digest("hex");
    const body = JSON.stringify({ nonce, username: name, displayname: name[0].toUpperCase() + name.slice(1), password, admin: false, mac });
    const answer = await fetch(`${this.url}/_synapse/admin/v1/register`, { method: "POST", body });
    if (!answer.ok) throw new Error(`${name} was not registered: ${await answer.text()}`);
    return { ...(await answer.json()), password };
  }

  async stop() {
    this.#process.kill("SIGKILL");
    await this.#exited;
    fs.rmSync(this.folder, { recursive: true, force: true });
  }
}
