// Writes a stream of server-sent events while obeying a plan: pauses, holds, cuts and errors in the middle.
import { setTimeout as sleep } from "node:timers/promises";

/** Named gates on which held streams wait until a test releases them. */
export class Gates {
  #waiting = new Map();

  wait(name, signal) {
    return new Promise((resolve) => {
      const waiters = this.#waiting.get(name) ?? new Set();
      this.#waiting.set(name, waiters.add(resolve));
      signal.addEventListener("abort", resolve, { once: true });
    });
  }

  /** Lets every stream through that waits at the gate; returns how many there were. */
  release(name) {
    const waiters = this.#waiting.get(name) ?? new Set();
    this.#waiting.delete(name);
    for (const resolve of waiters) resolve();
    return waiters.size;
  }

  releaseAll() {
    for (const name of [...this.#waiting.keys()]) this.release(name);
  }
}

/** Waits, unless the client goes away first. */
export async function pause(milliseconds, signal) {
  if (milliseconds > 0) await sleep(milliseconds, undefined, { signal }).catch(() => {});
}

async function writeInDrops(response, text, signal) {
  const bytes = Buffer.from(text, "utf8");
  for (let index = 0; index < bytes.length && !signal.aborted; index += 7) {
    response.write(bytes.subarray(index, index + 7));
    await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Sends the events of a dialect. An event is {data, unit, closing}: units are what a plan counts (deltas of text,
 * reasoning or arguments), closing events are those that end an answer. Returns "answered", "cut" or "aborted".
 */
export async function sendEvents(response, events, plan, { gates, signal, errorEvent, contentType, onHold }) {
  const type = contentType ?? "text/event-stream; charset=utf-8";
  response.writeHead(200, { "content-type": type, "cache-control": "no-cache" });
  response.flushHeaders();
  let sent = 0;
  let held = false;
  const reached = (limit) => limit !== undefined && sent >= limit;

  for (const event of events) {
    if (event.unit || event.closing) {
      if (reached(plan.hold?.after) && !held) {
        held = true;
        onHold(plan.hold.name);
        await gates.wait(plan.hold.name, signal);
      }
      if (reached(plan.cutAfter)) {
        // What was written must reach the client, else the cut would look like a refused connection.
        await new Promise((resolve) => setImmediate(resolve));
        response.socket?.destroy();
        return "cut";
      }
      if (reached(plan.streamErrorAfter)) {
        response.end(errorEvent);
        return "answered";
      }
    }
    if (event.unit && sent > 0) await pause(plan.pauseMs, signal);
    if (signal.aborted) return "aborted";
    if (plan.drip) await writeInDrops(response, event.data, signal);
    else response.write(event.data);
    if (event.unit) sent++;
  }
  response.end();
  return "answered";
}
