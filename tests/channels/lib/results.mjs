// What came out, one cell for each channel and case: build/channels.json, merged over runs and over processes that run side by side.
import fs from "node:fs";
import path from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../../", import.meta.url));
export const resultsFile = process.env.OPENCLAW_CHANNEL_RESULTS ?? path.join(root, "build/channels.json");

export function record(channel, cells) {
  fs.mkdirSync(path.dirname(resultsFile), { recursive: true });
  const whole = fs.existsSync(resultsFile) ? JSON.parse(fs.readFileSync(resultsFile, "utf8")) : {};
  whole[channel] = { ...whole[channel], ...cells };
  const aside = `${resultsFile}.${process.pid}`;
  fs.writeFileSync(aside, `${JSON.stringify(whole, null, 1)}\n`);
  fs.renameSync(aside, resultsFile);
}
