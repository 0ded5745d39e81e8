// Baileys as it is published, installed once outside the repository: the fake speaks with its codecs, the sidecar is the client.
import path from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { installed } from "../install.mjs";

const sidecar = fileURLToPath(new URL("../../../src/extensions/channels/whatsapp/sidecar/", import.meta.url));

/** The folder that holds node_modules; throws where the packages cannot be had. */
export const folder = () => installed(sidecar);
export const sidecarFile = path.join(sidecar, "sidecar.mjs");

/** Why the tests cannot run here, or false. With CI=true a missing package is a failure. */
export function unavailable() {
  try {
    folder();
    return false;
  } catch (error) {
    if (process.env.CI === "true") throw error;
    return `Baileys cannot be installed here: ${String(error.message).split("\n")[0]}`;
  }
}

export async function load() {
  // The Signal library tells of sessions in the middle of a test's report.
  console.info = console.warn = () => {};
  const base = path.join(folder(), "node_modules/@whiskeysockets/baileys");
  const part = (name) => import(pathToFileURL(path.join(base, name)));
  const parts = ["WAProto/index.js", "lib/Utils/crypto.js", "lib/WABinary/index.js", "lib/Signal/libsignal.js", "lib/Utils/auth-utils.js", "lib/Utils/generics.js"];
  const loaded = Object.assign({}, ...(await Promise.all(parts.map(part))));
  const { WebSocketServer } = await import(pathToFileURL(path.join(folder(), "node_modules/ws/wrapper.mjs")));
  return { ...loaded, WebSocketServer };
}
