// The line to the gateway: one JSON object a line (JSON-RPC 2.0) on standard input and output. Imported before anything else.
import { createInterface } from "node:readline";

// Nobody else may print: the Signal library prints whole sessions, private keys in them, and does so from its loading on.
for (const name of ["log", "info", "warn", "error", "debug", "trace", "dir"]) console[name] = () => {};

export const longestLine = 900 * 1024;

/** What the gateway said at the start. */
export const settings = {};

/** An error that the gateway has a name for. */
export class Refusal extends Error {
  constructor(fault, message) {
    super(message);
    this.fault = fault;
  }
}

const write = (object) => process.stdout.write(JSON.stringify({ jsonrpc: "2.0", ...object }) + "\n");

/** Tells the gateway. */
export const note = (method, params = {}) => write({ method, params });

const asked = new Map();
let lastAsked = 0;
/** Asks the gateway; settles with its answer. */
export const ask = (method, params) =>
  new Promise((resolve, reject) => {
    const id = `s${++lastAsked}`;
    asked.set(id, { resolve, reject });
    write({ id, method, params });
  });

function settle({ id, error, result }) {
  const one = asked.get(id);
  asked.delete(id);
  if (error) one?.reject(new Error(error.message));
  else one?.resolve(result);
}

async function take(line, methods) {
  let request;
  try {
    request = JSON.parse(line);
  } catch {
    return;
  }
  if (!request.method) return settle(request);
  try {
    const result = await methods[request.method](request.params ?? {});
    if (request.id !== undefined) write({ id: request.id, result: result ?? {} });
  } catch (error) {
    if (request.id === undefined) return;
    const fault = error.fault ?? "transient";
    // Of a foreign error only its first line: it may carry a stanza.
    const message = String(error.message ?? error).split("\n")[0].slice(0, 300);
    write({ id: request.id, error: { code: -32000, message, data: { fault } } });
  }
}

/** Answers the gateway's requests until it closes the line, which ends this process. */
export function serve(methods) {
  createInterface({ input: process.stdin, crlfDelay: Infinity })
    .on("line", (line) => void take(line, methods))
    .on("close", () => process.exit(0));
  note("ready", { proto: 1, pid: process.pid });
}
