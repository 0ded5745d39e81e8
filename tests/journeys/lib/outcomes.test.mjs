import assert from "node:assert/strict";
import { test } from "node:test";
import { isSettled, outcomeOf } from "./outcomes.mjs";
import { seededRandom } from "./random.mjs";

const user = (text) => ({ role: "user", content: [{ type: "text", text }] });
const answer = (text) => ({ role: "assistant", content: [{ type: "text", text }], stopReason: "stop" });
const toolUse = { role: "assistant", content: [{ type: "toolCall", id: "1", name: "exec" }], stopReason: "toolUse" };
const toolResult = { role: "toolResult", toolCallId: "1", content: [] };
const failure = { role: "assistant", content: [], stopReason: "error", errorMessage: "stopped", retryable: true };
const counts = ({ asked, answers, failures, odd }) => [asked, answers.length, failures.length, odd.length];

test("tool calls and their results are not yet an outcome", () => {
  const outcome = outcomeOf("m1", [user("m1"), toolUse, toolResult]);
  assert.deepEqual(counts(outcome), [1, 0, 0, 0]);
  assert.ok(!isSettled(outcome));
});

test("the answer after a tool round belongs to its question and to no other", () => {
  const history = [user("m1"), toolUse, toolResult, answer("one"), user("m2"), answer("two")];
  assert.deepEqual(counts(outcomeOf("m1", history)), [1, 1, 0, 0]);
  assert.deepEqual(counts(outcomeOf("m2", history)), [1, 1, 0, 0]);
});

test("a failure that cannot be retried, or that says nothing, is odd", () => {
  assert.deepEqual(counts(outcomeOf("m1", [user("m1"), failure])), [1, 0, 1, 0]);
  assert.deepEqual(counts(outcomeOf("m1", [user("m1"), { ...failure, retryable: false }])), [1, 0, 0, 1]);
  assert.deepEqual(counts(outcomeOf("m1", [user("m1"), { ...failure, errorMessage: "" }])), [1, 0, 0, 1]);
});

test("two answers and a repeated question are counted", () => {
  assert.deepEqual(counts(outcomeOf("m1", [user("m1"), answer("a"), user("m1"), answer("b")])), [2, 2, 0, 0]);
});

test("the same seed gives the same numbers", () => {
  const numbers = (seed) => Array.from({ length: 8 }, seededRandom(seed).bind(undefined, 1000));
  assert.deepEqual(numbers(7), numbers(7));
  assert.notDeepEqual(numbers(7), numbers(8));
});
