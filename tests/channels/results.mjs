#!/usr/bin/env node
// The committed cells, docs/channels/results.json, beside what a run saw (build/channels.json).
//   node tests/channels/results.mjs --check    a cell that differs fails, and says how to renew it
//   node tests/channels/results.mjs --write    takes over what the run saw; then scripts/generate_docs.py writes docs/CHANNELS.md
import fs from "node:fs";
import { allCases, notBuilt } from "./lib/cases.mjs";
import { allDrivers } from "./lib/drivers.mjs";
import { resultsFile } from "./lib/results.mjs";

const committedFile = new URL("../../docs/channels/results.json", import.meta.url);
const renew = "node --test tests/channels/suite.test.mjs; node tests/channels/results.mjs --write && scripts/generate_docs.py";
const committed = fs.existsSync(committedFile) ? JSON.parse(fs.readFileSync(committedFile, "utf8")) : { channels: {} };
const seen = fs.existsSync(resultsFile) ? JSON.parse(fs.readFileSync(resultsFile, "utf8")) : {};
const cases = Object.fromEntries((await allCases()).map(({ number, what }) => [number, what]));

/** What stands in the page for a channel: its cells, and why some are not a plain pass. */
function rowOf(Driver, cells) {
  const why = {};
  for (const [number, cell] of Object.entries(cells)) {
    if (cell === "platform has none") why[number] = Driver.none[number];
    if (cell === "not built") why[number] = notBuilt[Driver.channel][number];
  }
  return { label: Driver.label, cells, why };
}

const drivers = await allDrivers();
if (process.argv.includes("--write")) {
  const channels = { ...committed.channels };
  for (const Driver of drivers) {
    const old = channels[Driver.channel]?.cells ?? {};
    const cells = { ...old, ...Object.fromEntries(Object.entries(seen[Driver.channel] ?? {}).filter(([, cell]) => cell !== "skipped")) };
    channels[Driver.channel] = rowOf(Driver, cells);
  }
  fs.mkdirSync(new URL(".", committedFile), { recursive: true });
  const sorted = Object.fromEntries(Object.entries(channels).sort(([one], [other]) => one.localeCompare(other)));
  fs.writeFileSync(committedFile, `${JSON.stringify({ cases, channels: sorted }, null, 1)}\n`);
} else {
  const wrong = [];
  for (const Driver of drivers) {
    const row = committed.channels[Driver.channel];
    for (const number of Object.keys(cases)) {
      const now = seen[Driver.channel]?.[number] ?? "not run";
      if (now === "skipped") continue;
      if (row?.cells[number] !== now) wrong.push(`${Driver.channel} ${number}: ${now}, and docs/channels/results.json says ${row?.cells[number] ?? "nothing"}`);
    }
    if (row && JSON.stringify(rowOf(Driver, row.cells)) !== JSON.stringify(row)) wrong.push(`${Driver.channel}: its name or its reasons changed`);
  }
  for (const [number, what] of Object.entries(cases)) if (committed.cases?.[number] !== what) wrong.push(`case ${number} is called "${what}" by now`);
  if (wrong.length > 0) {
    console.log(`${wrong.join("\n")}\nIf that is right, renew it with:\n  ${renew}`);
    process.exitCode = 1;
  }
}
