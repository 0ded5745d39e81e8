// A small generator with a seed, so that a failed run can be repeated. OPENCLAW_SEED repeats the seed that was printed.
import crypto from "node:crypto";

export function chooseSeed() {
  return Number(process.env.OPENCLAW_SEED ?? crypto.randomInt(1, 2 ** 31));
}

/** mulberry32. Returns `below(n)`: an integer from 0 to n - 1. */
export function seededRandom(seed) {
  let state = seed >>> 0;
  return function below(limit) {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}
