// A copy of this checkout with the example extensions in it, and the program built from it. The copy has a fixed place and is kept, so
// that only what changed since the last time is compiled again.
import { spawnSync } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export const repository = fileURLToPath(new URL("../../", import.meta.url));
export const examples = fileURLToPath(new URL("files/", import.meta.url));
export const rows = "src/extensions/models/compatible/endpoints.json";

const cache = path.join(process.env.XDG_CACHE_HOME ?? path.join(os.homedir(), ".cache"), "openclaw-tests");
export const copy = path.join(cache, "extend/checkout");
// `build` is what the presets make; the rest is what an editor or a package manager leaves.
const notCompared = new Set(["build", "node_modules", ".git", "compile_commands.json"]);

function run(command, args, options) {
  const done = spawnSync(command, args, { encoding: "utf8", maxBuffer: 256 * 1024 * 1024, ...options });
  if (done.status !== 0)
    throw new Error(`${command} ${args.join(" ")} ended with ${done.status ?? done.signal}\n${done.stdout}${done.stderr}`);
  return done.stdout;
}

/** The files of the checkout as they are on disk now, whether committed or not. */
function checkoutFiles() {
  const listed = run("git", ["-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], { cwd: repository });
  return listed.split("\0").filter((name) => name && fs.existsSync(path.join(repository, name)));
}

export function filesBelow(folder, prefix = "") {
  if (!fs.existsSync(path.join(folder, prefix))) return [];
  return fs.readdirSync(path.join(folder, prefix), { withFileTypes: true }).flatMap((entry) => {
    const name = path.join(prefix, entry.name);
    if (!prefix && notCompared.has(entry.name)) return [];
    return entry.isDirectory() ? filesBelow(folder, name) : [name];
  });
}

/** The rows of endpoints.json with the example's row in front: what a person would do in an editor. */
function withRow() {
  const text = fs.readFileSync(path.join(repository, rows), "utf8");
  const start = '"providers": [\n';
  if (!text.includes(start)) throw new Error(`${rows} has no line ${start.trim()}`);
  return text.replace(start, start + fs.readFileSync(path.join(examples, "row.json"), "utf8"));
}

// What did not change keeps its time, so that the build leaves it alone.
function place(name, content, mode) {
  const file = path.join(copy, name);
  if (fs.existsSync(file) && fs.readFileSync(file).equals(content)) return;
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, content, { mode });
}

export function makeCopy() {
  const wanted = new Map();
  for (const name of checkoutFiles()) wanted.set(name, path.join(repository, name));
  for (const name of filesBelow(examples)) if (name !== "row.json") wanted.set(name, path.join(examples, name));
  for (const name of filesBelow(copy)) if (!wanted.has(name)) fs.rmSync(path.join(copy, name));
  for (const [name, from] of wanted) {
    if (name === rows) place(name, Buffer.from(withRow()));
    else place(name, fs.readFileSync(from), fs.statSync(from).mode);
  }
}

/** {added, changed, missing}: how the copy differs from the checkout. */
export function differences() {
  const before = new Set(checkoutFiles());
  const after = new Set(filesBelow(copy));
  const same = (name) => fs.readFileSync(path.join(copy, name)).equals(fs.readFileSync(path.join(repository, name)));
  return {
    added: [...after].filter((name) => !before.has(name)).sort(),
    changed: [...after].filter((name) => before.has(name) && !same(name)).sort(),
    missing: [...before].filter((name) => !after.has(name)),
  };
}

/** Builds the release preset in the copy and returns the program's path. */
export function build() {
  run("cmake", ["--preset", "release"], { cwd: copy });
  run("cmake", ["--build", "--preset", "release", "--target", "openclaw"], { cwd: copy });
  return path.join(copy, "build/release/openclaw");
}
