// Imported first by a test file: runs the file again where only the loopback interface is there, so that no program of
// the test can reach any other address. Packages are installed before that. Where the machine does not allow it (no
// user namespaces), the test runs as it is; every program is configured not to ask other addresses anyway.
import { execFileSync, spawnSync } from "node:child_process";
import { openclaw } from "./clients.mjs";

const up = [
  "import fcntl, os, socket, struct, sys",
  "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sH14s', b'lo', 0x43, b''))",
  "os.execvp(sys.argv[1], sys.argv[1:])",
].join("\n");
const unshare = process.getuid() === 0 ? ["-n"] : ["-rn"];

function possible() {
  try {
    execFileSync("unshare", [...unshare, "python3", "-c", up, "true"], { stdio: "ignore" });
    return true;
  } catch {
    return false;
  }
}

/** The packages cannot be had: one skipped test says why, in place of the file's own. */
function skipAll(error) {
  const why = `the packages of OpenClaw cannot be installed: ${String(error.message).split("\n")[0]}`;
  const script = `require("node:test").test("OpenClaw's own clients", { skip: ${JSON.stringify(why)} }, () => {})`;
  spawnSync(process.execPath, ["-e", script], { stdio: "inherit" });
  process.exit(0);
}

export function onLoopbackOnly(...versions) {
  if (process.env.OPENCLAW_LOOPBACK_ONLY) return;
  try {
    for (const version of versions) openclaw(version);
  } catch (error) {
    skipAll(error);
  }
  if (!possible()) return;
  const again = [...unshare, "python3", "-c", up, process.execPath, ...process.execArgv, ...process.argv.slice(1)];
  const env = { ...process.env, OPENCLAW_LOOPBACK_ONLY: "1" };
  const { status } = spawnSync("unshare", again, { stdio: "inherit", env });
  process.exit(status ?? 1);
}
