// The 35 cases in their order, and the cells that say "not built" with the reason: {channel: {case: reason}}.
import fs from "node:fs";

const folder = new URL("../cases/", import.meta.url);
export const notBuilt = JSON.parse(fs.readFileSync(new URL("../not_built.json", import.meta.url), "utf8"));

export async function allCases() {
  const cases = [];
  for (const name of fs.readdirSync(folder).sort()) cases.push(...(await import(new URL(name, folder))).default);
  return cases.sort((one, other) => one.number - other.number);
}
