// Reads from a history what became of one message. Pure, so that it is tested without a gateway.
import { textOf } from "./client.mjs";

function isOutcome(message) {
  return message.role === "assistant" && message.stopReason !== "toolUse" && !callsTools(message);
}

function callsTools(message) {
  return Array.isArray(message.content) && message.content.some((block) => block.type === "toolCall");
}

/**
 * For the user message that contains `mark`: {asked, answers, failures}. `asked` counts the copies of the message itself;
 * what counts as its outcome stands between it and the next user message. A failure must be visible and retryable; an
 * assistant message that is neither an answer nor such a failure is `odd`.
 */
export function outcomeOf(mark, history) {
  const result = { asked: 0, answers: [], failures: [], odd: [] };
  let inside = false;
  for (const message of history) {
    if (message.role === "user") {
      inside = textOf(message).includes(mark);
      if (inside) result.asked++;
      continue;
    }
    if (!inside || !isOutcome(message)) continue;
    if (message.stopReason !== "error") result.answers.push(message);
    else if (message.retryable === true && message.errorMessage) result.failures.push(message);
    else result.odd.push(message);
  }
  return result;
}

export function isSettled(outcome) {
  return outcome.answers.length + outcome.failures.length + outcome.odd.length > 0;
}
