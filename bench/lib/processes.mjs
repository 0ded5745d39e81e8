// Memory and processor time of a process and everything that descends from it, from /proc.
import fs from "node:fs";

const tickMs = 10; // USER_HZ is 100 on every Linux that a gateway runs on.

function readStat(id) {
  try {
    const text = fs.readFileSync(`/proc/${id}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { id, parent: Number(fields[1]), cpuMs: (Number(fields[11]) + Number(fields[12])) * tickMs };
  } catch {
    return undefined; // It ended while we looked.
  }
}

function tree(root) {
  const all = fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const processes = all.map((name) => readStat(Number(name))).filter(Boolean);
  const members = new Set([root]);
  for (let before = 0; before !== members.size;) {
    before = members.size;
    for (const each of processes) if (members.has(each.parent)) members.add(each.id);
  }
  return processes.filter((each) => members.has(each.id));
}

function rollup(id) {
  try {
    const text = fs.readFileSync(`/proc/${id}/smaps_rollup`, "utf8");
    const kilobytes = (field) => Number(new RegExp(`^${field}:\\s+(\\d+)`, "m").exec(text)[1]);
    return { rssKb: kilobytes("Rss"), pssKb: kilobytes("Pss") };
  } catch {
    return { rssKb: 0, pssKb: 0 };
  }
}

export function measureTree(root) {
  const total = { rssMb: 0, pssMb: 0, cpuMs: 0, processes: 0 };
  for (const { id, cpuMs } of tree(root)) {
    const { rssKb, pssKb } = rollup(id);
    total.rssMb += rssKb / 1024;
    total.pssMb += pssKb / 1024;
    total.cpuMs += cpuMs;
    total.processes++;
  }
  return total;
}
