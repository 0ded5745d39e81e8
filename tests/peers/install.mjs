#!/usr/bin/env node
// Installs the npm packages of a folder outside the repository, once for each lockfile, and says where.
//   node tests/peers/install.mjs FOLDER      prints the folder that holds node_modules
// They are kept in ${XDG_CACHE_HOME:-~/.cache}/openclaw-tests/HASH-OF-THE-LOCKFILE. No package's scripts are run.
import { execFileSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

export function installed(folder) {
  const lockfile = fs.readFileSync(path.join(folder, "package-lock.json"));
  const hash = crypto.createHash("sha256").update(lockfile).digest("hex").slice(0, 16);
  const cache = path.join(process.env.XDG_CACHE_HOME || path.join(os.homedir(), ".cache"), "openclaw-tests");
  const target = path.join(cache, hash);
  if (fs.existsSync(path.join(target, "node_modules"))) return target;

  // Installed aside and then moved, so that an interrupted installation is never taken for a whole one.
  fs.mkdirSync(cache, { recursive: true });
  const aside = fs.mkdtempSync(path.join(cache, "installing-"));
  try {
    for (const name of ["package.json", "package-lock.json"]) {
      fs.copyFileSync(path.join(folder, name), path.join(aside, name));
    }
    process.stderr.write(`installing the packages of ${path.basename(folder)} in ${target}\n`);
    const args = ["ci", "--ignore-scripts", "--no-audit", "--no-fund"];
    execFileSync("npm", args, { cwd: aside, stdio: ["ignore", 2, 2] });
    moveUnlessThere(aside, target);
    return target;
  } finally {
    fs.rmSync(aside, { recursive: true, force: true });
  }
}

/** Two tests may install the same packages at the same time; the first one to be ready wins. */
function moveUnlessThere(aside, target) {
  try {
    fs.renameSync(aside, target);
  } catch (error) {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(installed(process.argv[2]));
