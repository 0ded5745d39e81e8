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
  for (const logger of Object.values((await import(loglevel)).default.getLoggers())) {
    logger.methodFactory = () => () => {}; // loggers that are made later take it over
    logger.rebuild();
  }
} catch (error) {
  unavailable = `matrix-js-sdk cannot be installed: ${error.message.split("\n")[0]}`;
}

// The SDK forgets to clear the timeouts of its requests: they would hold the process for two minutes after the last test.
const { setTimeout: realTimeout } = globalThis;
globalThis.setTimeout = (act, milliseconds, ...more) => {
  const timer = realTimeout(act, milliseconds, ...more);
  return milliseconds >= 60_000 ? timer.unref() : timer;
};

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

/** The events of a room that come to a client from now on; resolves with the first that fits. */
export function watch(client, roomId) {
  const seen = [];
  client.on(sdk.ClientEvent.Event, (event) => {
    if (event.getRoomId() === roomId) seen.push(event);
  });
  return (fits, what = "an event", options) =>
    until(() => seen.find(fits), what, { describe: () => `; seen: ${JSON.stringify(seen.map((event) => [event.getSender(), event.getType(), event.getContent()])).slice(0, 3000)}`, ...options });
}
