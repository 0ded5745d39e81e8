// What was asked of the model, for tests to look at and to wait for. Credentials are masked before anything is kept.
import fs from "node:fs";

const secretHeaders = ["authorization", "x-api-key", "x-goog-api-key"];

function masked(headers) {
  const copy = { ...headers };
  for (const name of secretHeaders) {
    if (copy[name]) copy[name] = copy[name].startsWith("Bearer ") ? "Bearer ***" : "***";
  }
  return copy;
}

export class Journal {
  #entries = [];
  #watchers = new Set();
  #keep;
  #file;
  #count = 0;
  #byPath = {};
  #byStatus = {};
  #aborted = 0;
  #bytesIn = 0;

  /** Keeps the last `keep` requests in memory and, with `file`, appends every finished one to it as a line of JSON. */
  constructor({ keep = 1000, file } = {}) {
    this.#keep = keep;
    this.#file = file;
  }

  /** Call when the body is complete; the entry that it returns is finished with `close`. */
  open(request, path, body, bytes) {
    this.#count++;
    this.#bytesIn += bytes;
    this.#byPath[path] = (this.#byPath[path] ?? 0) + 1;
    const entry = { number: this.#count, at: Date.now(), path, headers: masked(request.headers), body, state: "open" };
    if (this.#keep > 0) {
      this.#entries.push(entry);
      if (this.#entries.length > this.#keep) this.#entries.shift();
    }
    this.#changed();
    return entry;
  }

  /** `state` is "answered", "cut" (by the model) or "aborted" (by the client). */
  close(entry, state, status) {
    if (entry.state !== "open") return;
    entry.state = state;
    entry.status = status;
    entry.tookMs = Date.now() - entry.at;
    if (state === "aborted") this.#aborted++;
    else this.#byStatus[status] = (this.#byStatus[status] ?? 0) + 1;
    if (this.#file) fs.appendFileSync(this.#file, JSON.stringify(entry) + "\n");
    this.#changed();
  }

  note(entry, key, value) {
    entry[key] = value;
    this.#changed();
  }

  stats() {
    return {
      requests: this.#count,
      byPath: this.#byPath,
      byStatus: this.#byStatus,
      aborted: this.#aborted,
      bytesIn: this.#bytesIn,
    };
  }

  /** Requests numbered above `after` whose body contains `text` and whose state is `state`, where those are given. */
  requests({ after = 0, text = "", state = "" } = {}) {
    return this.#entries.filter(
      (entry) =>
        entry.number > after &&
        (state === "" || entry.state === state || (state === "held" && entry.held && entry.state === "open")) &&
        (text === "" || JSON.stringify(entry.body ?? null).includes(JSON.stringify(text).slice(1, -1))),
    );
  }

  /** Resolves with the matching requests as soon as there are `atLeast`, or with what there is after `timeoutMs`. */
  waitFor(query, atLeast, timeoutMs) {
    return new Promise((resolve) => {
      const finish = (found) => {
        clearTimeout(timer);
        this.#watchers.delete(look);
        resolve(found);
      };
      const look = () => {
        const found = this.requests(query);
        if (found.length >= atLeast) finish(found);
      };
      const timer = setTimeout(() => finish(this.requests(query)), timeoutMs);
      this.#watchers.add(look);
      look();
    });
  }

  clear() {
    this.#entries = [];
    this.#count = 0;
    this.#byPath = {};
    this.#byStatus = {};
    this.#aborted = 0;
    this.#bytesIn = 0;
  }

  #changed() {
    for (const look of [...this.#watchers]) look();
  }
}
