// Writes what was measured as a table that a person reads, with the command and the machine that gave it.
import fs from "node:fs";
import os from "node:os";
import { median, percentile, round } from "./statistics.mjs";

export function machineLine() {
  const [cpu] = os.cpus();
  const gigabytes = Math.round(os.totalmem() / 2 ** 30);
  const load = os.loadavg()[0].toFixed(1);
  return `${os.cpus().length} x ${cpu.model.trim()}, ${gigabytes} GB, Linux ${os.release()}, load average ${load} at the end`;
}

function spread(values, digits = 1) {
  if (values.length === 0 || values.some((value) => value === undefined)) return "-";
  const at = (percent) => round(percentile(values, percent), digits);
  return `${round(median(values), digits)} (${at(0)} - ${at(95)})`;
}

const startupRows = [
  ["spawn to accept, ms", (run) => run.accept?.median],
  ["spawn to hello-ok, ms", (run) => run.hello?.median],
  ["processor time until hello-ok, ms", (run) => run.cpuAtHello?.median],
  ["RSS of all processes at hello-ok, MB", (run) => run.rssAtHello?.median],
  ["RSS of all processes at rest, MB", (run) => run.rssSettled?.median],
  ["PSS of all processes at rest, MB", (run) => run.pssSettled?.median],
];

const turnRows = [
  ["turns per second", (run) => run.turnsPerSecond],
  ["failed turns", (run) => `${run.errors} of ${run.errors + run.turns}`],
  ["chat.send to answer, ms, median / p99", (run) => `${run.ackMs.median} / ${run.ackMs.p99}`],
  ["whole turn, ms, median / p99", (run) => `${run.finalMs.median} / ${run.finalMs.p99}`],
  ["the model alone, ms, median / p99", (run) => `${run.modelMs?.p50} / ${run.modelMs?.p99}`],
  ["added by the gateway, ms, median / p99", (run) => `${run.addedMs?.median} / ${run.addedMs?.p99}`],
  ["request to the model, KB", (run) => run.modelMs?.requestKb],
  ["processor time per turn, ms", (run) => run.cpuMsPerTurn],
  ["RSS before / after, MB", (run) => `${run.rssMb?.before} / ${run.rssMb?.after}`],
];

const holdRows = [
  ["clients held / failed", (run) => `${run.clients} / ${run.failures}`],
  ["clients per second", (run) => run.clientsPerSecond],
  ["handshake, ms, median / p99", (run) => `${run.handshakeMs.median} / ${run.handshakeMs.p99}`],
  ["received per client while connecting, KB", (run) => run.receivedKbPerClient],
  ["RSS per client, KB", (run) => run.rssKbPerClient],
  ["one turn to all of them, ms", (run) => run.oneTurnToAll?.milliseconds],
];

function table(title, names, rows) {
  const lines = [`| ${title} | ${names.join(" | ")} |`, `|---|${names.map(() => "---:").join("|")}|`];
  for (const [what, ...values] of rows) lines.push(`| ${what} | ${values.map((value) => value ?? "-").join(" | ")} |`);
  return lines.join("\n");
}

/** `results` maps a contender's name to {startup: [run...], turns: {label: run}, hold: run}. */
export function report({ title, command, machine, results }) {
  const names = Object.keys(results);
  const first = results[names[0]];
  const parts = [`## ${title}`, `\`${command.trim()}\` on ${new Date().toISOString().slice(0, 16)}Z\n${machine}`];
  const rounds = first.startup.length;
  const startupValues = ([what, value]) => [what, ...names.map((name) => spread(results[name].startup.map(value)))];
  if (rounds > 0) {
    parts.push(table(`start: median (min - p95) of ${rounds}`, names, startupRows.map(startupValues)));
  }
  for (const label of Object.keys(first.turns)) {
    const values = ([what, value]) => [what, ...names.map((name) => value(results[name].turns[label]))];
    parts.push(table(label, names, turnRows.map(values)));
  }
  if (first.hold) {
    const values = ([what, value]) => [what, ...names.map((name) => value(results[name].hold))];
    parts.push(table("held clients", names, holdRows.map(values)));
  }
  return parts.join("\n\n") + "\n";
}

export function append(file, text) {
  const head =
    "# What was measured\n\nWritten by `bench/compare.sh`; the newest is at the end. README.md beside it says how to read it.\n";
  if (!fs.existsSync(file)) fs.writeFileSync(file, head);
  fs.appendFileSync(file, `\n${text}`);
}
