// Runs the failed tests of a node:test log once more, one file after the other. These tests drive real programs by the clock of a
// machine that may do other things too; what fails twice is broken, what fails once is named and still worth a look.
//   node scripts/second_try.mjs LOG        exits with 0 when all of them pass now
import { spawnSync } from "node:child_process";
import fs from "node:fs";

const mostFailures = 10; // with more it is no matter of time
const log = fs.readFileSync(process.argv[2], "utf8");
const list = log.slice(log.lastIndexOf("✖ failing tests:"));
const failed = [...list.matchAll(/^test at (\S+?):\d+:\d+\n✖ (.*) \([\d.]+ms\)$/gm)].map(([, file, name]) => ({ file, name }));
const announced = Number(/^ℹ fail (\d+)$/m.exec(log)?.[1]);
// A failure that is not in the list (a file that did not load, a hook) is not one that can be repeated.
if (failed.length === 0 || failed.length > mostFailures || failed.length !== announced) process.exit(1);

for (const file of new Set(failed.map((one) => one.file))) {
  const names = failed.filter((one) => one.file === file).map((one) => one.name);
  const patterns = names.map((name) => `--test-name-pattern=^${name.replace(/[.*+?^${}()|[\]\\/]/g, "\\$&")}$`);
  console.log(`\n-- once more: ${file}: ${names.join("; ")}`);
  const { status } = spawnSync(process.execPath, ["--test", "--test-concurrency=1", "--test-reporter=spec", ...patterns, file], { stdio: "inherit" });
  if (status !== 0) process.exit(1);
}
for (const { file, name } of failed) console.log(`UNSTEADY: ${file}: ${name} (failed once, passed when run again)`);
