// matrix-js-sdk, installed outside of the repository, and clients of it that keep quiet.
import { createRequire } from "node:module";
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { until } from "../../journeys/lib/waiting.mjs";
import { installed } from "../install.mjs";

export let sdk;
export let unavailable = false;
try {
  const folder = installed(path.dirname(fileURLToPath(import.meta.url)));
  const { resolve } = createRequire(path.join(folder, "package.json"));
  const [main, loglevel] = ["matrix-js-sdk", "loglevel"].map((name) => pathToFileURL(resolve(name)));
  sdk = await import(main);
  (await import(loglevel)).default.getLogger("matrix").setLevel("silent");
} catch (error) {
  unavailable = `matrix-js-sdk cannot be installed: ${error.message.split("\n")[0]}`;
}

const quiet = { trace() {}, debug() {}, info() {}, warn() {}, error() {}, getChild: () => quiet };

/** A client of this account that follows its rooms. `account`: {user_id, access_token, device_id}. */
export async function connected(baseUrl, account, options = {}) {
  const client = quietClient({ baseUrl, userId: account.user_id, accessToken: account.access_token, deviceId: account.device_id });
  const ready = new Promise((resolve) => client.on(sdk.ClientEvent.Sync, (state) => state === "PREPARED" && resolve()));
  await client.startClient({ initialSyncLimit: 10, threadSupport: true, ...options });
  await ready;
  return client;
}

export function quietClient(options) {
  return sdk.createClient({ logger: quiet, ...options });
}

/** The events that a client sees in a room while it looks. */
export function watch(client, roomId) {
  const seen = [];
  client.on(sdk.RoomEvent.Timeline, (event, room, toStart) => {
    if (room?.roomId === roomId && !toStart && !seen.includes(event)) seen.push(event);
  });
  return (fits, what = "an event", options) =>
    until(() => seen.find(fits), what, { describe: () => `; seen: ${JSON.stringify(seen.map((event) => [event.getSender(), event.getType(), event.getContent()])).slice(0, 1500)}`, ...options });
}
