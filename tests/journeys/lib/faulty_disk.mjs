// A disk that fails on purpose, for one gateway: builds tests/faults/faults.c, loads it into the program, and breaks and heals
// what lies below the state folder while it runs.
import { execFileSync } from "node:child_process";
import crypto from "node:crypto";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

const source = fileURLToPath(new URL("../../faults/faults.c", import.meta.url));
// The fields of struct control, eight bytes each.
const fields = ["calls", "syncs", "failFrom", "failTo", "error", "delayUs", "failed"];
const forever = 1n << 60n;

/** The library, built once for each version of its source. */
function library() {
  const version = crypto.createHash("sha256").update(fs.readFileSync(source)).digest("hex").slice(0, 16);
  const built = path.join(os.tmpdir(), `openclaw-faults-${version}-${process.getuid()}.so`);
  if (!fs.existsSync(built)) {
    const temporary = `${built}.${process.pid}`;
    const compiler = ["clang-19", "cc"].find((name) => spawnable(name));
    execFileSync(compiler, ["-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", temporary, source, "-ldl"]);
    fs.renameSync(temporary, built);
  }
  return built;
}

function spawnable(name) {
  try {
    execFileSync(name, ["--version"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

export class FaultyDisk {
  #file = path.join(os.tmpdir(), `openclaw-faults-${crypto.randomUUID()}`);
  #descriptor;

  constructor() {
    fs.writeFileSync(this.#file, Buffer.alloc(fields.length * 8));
    this.#descriptor = fs.openSync(this.#file, "r+");
  }

  /** For the environment of a program whose state is in `folder`. */
  environment(folder) {
    return { LD_PRELOAD: library(), FAULTS_CONTROL: this.#file, FAULTS_BELOW: folder };
  }

  /** How many calls there were that could have failed. */
  get calls() {
    return this.#get("calls");
  }
  get syncs() {
    return this.#get("syncs");
  }
  get failed() {
    return this.#get("failed");
  }

  /** The `after`-th call from now fails with errno `error`, and so do those behind it: `count`, or all until heal(). */
  breakAfter(after, error, count = undefined) {
    const from = this.calls + after;
    this.#set("error", os.constants.errno[error]);
    this.#set("failTo", count === undefined ? forever : from + count);
    this.#set("failFrom", from);
  }

  heal() {
    this.#set("failFrom", 0);
  }

  delaySyncs(milliseconds) {
    this.#set("delayUs", Math.round(milliseconds * 1000));
  }

  discard() {
    fs.closeSync(this.#descriptor);
    fs.rmSync(this.#file, { force: true });
  }

  #get(name) {
    const bytes = Buffer.alloc(8);
    fs.readSync(this.#descriptor, bytes, 0, 8, fields.indexOf(name) * 8);
    return Number(bytes.readBigInt64LE());
  }

  #set(name, value) {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64LE(BigInt(value));
    fs.writeSync(this.#descriptor, bytes, 0, 8, fields.indexOf(name) * 8);
  }
}
