import assert from "node:assert/strict";
import { test } from "node:test";
import { median, percentile, summary } from "./statistics.mjs";

test("the median of an even number of values lies between the two in the middle", () => {
  assert.equal(median([4, 1, 3, 2]), 2.5);
  assert.equal(median([3, 1, 2]), 2);
});

test("a percentile is one of the values, and the last one for small counts", () => {
  const values = Array.from({ length: 100 }, (_, index) => index + 1);
  assert.equal(percentile(values, 95), 95);
  assert.equal(percentile([5, 1], 99), 5);
  assert.equal(percentile([5, 1], 0), 1);
});

test("nothing was measured: there are no numbers", () => {
  assert.deepEqual(summary([]), { min: null, median: null, p95: null, p99: null, max: null });
});
