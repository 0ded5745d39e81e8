// The drivers that are there: tests/peers/*/driver.mjs, or those of OPENCLAW_CHANNEL=a,b.
import fs from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import path from "node:path";

const peers = fileURLToPath(new URL("../../peers/", import.meta.url));

export async function allDrivers() {
  const only = process.env.OPENCLAW_CHANNEL?.split(",");
  const drivers = [];
  for (const name of fs.readdirSync(peers).sort()) {
    const file = path.join(peers, name, "driver.mjs");
    if (!fs.existsSync(file)) continue;
    const { Driver } = await import(pathToFileURL(file));
    if (!only || only.includes(Driver.channel)) drivers.push(Driver);
  }
  if (drivers.length === 0) throw new Error(`there is no driver${only ? ` for ${only}` : ""}`);
  return drivers;
}

/** Those whose peer can be started here; the suite says of the others why not. */
export async function availableDrivers() {
  const drivers = [];
  for (const Driver of await allDrivers()) if (!(await Driver.unavailable?.())) drivers.push(Driver);
  return drivers;
}
