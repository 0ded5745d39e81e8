// Decides what the model answers. A plan is the same for every vendor's dialect; the dialects only write it down.
//
// A plan is either {error: {status, code, headers}} or
// {reasoning, chunks, toolCalls, sleepMs, pauseMs, hold, cutAfter, streamErrorAfter, stop, cachedTokens, drip}.
import { readDirectives } from "./directives.mjs";
import { Refusal } from "./refusal.mjs";

const reasoningText = "Let me think about that.";

function echoOf(text) {
  const echo = "echo: " + text.replace(/\s+/g, " ").trim().slice(-120);
  return [echo.slice(0, 6), echo.slice(6)].filter((chunk) => chunk !== "");
}

/** Words with their trailing space, so that joining the chunks gives the text back. */
function chunksOf(text) {
  return text.match(/\S+\s*|\s+/g) ?? [];
}

function callOf({ tool, args }) {
  return { name: tool, arguments: JSON.stringify(args ?? {}) };
}

/** A step of a script: "text", {text}, {tool, args}, {tools: [{tool, args}], text}, {status}, and the options of a plan. */
function planOfStep(step, results) {
  if (typeof step === "string") return planOfStep({ text: step }, results);
  if (step.status) return { error: { status: step.status, code: step.code, headers: {} } };
  const text = (step.text ?? "").replaceAll("$RESULT", () => results.at(-1) ?? "");
  const toolCalls = step.tools ? step.tools.map(callOf) : step.tool ? [callOf(step)] : [];
  return {
    reasoning: step.think === true ? reasoningText : step.think,
    chunks: chunksOf(text),
    toolCalls,
    sleepMs: step.sleepMs,
    pauseMs: step.pauseMs,
    hold: step.hold,
    cutAfter: step.cut,
    stop: step.stop,
  };
}

/** Remembers which "once" directives were used, and answers by name. This is the only state of the model; /__reset clears it. */
export class Memory {
  #firstSeen = new Map();
  answers = new Map();

  firstTime(key) {
    if (this.#firstSeen.has(key)) return false;
    this.#firstSeen.set(key, Date.now());
    return true;
  }

  secondsSince(key) {
    return (Date.now() - this.#firstSeen.get(key)) / 1000;
  }

  clear() {
    this.#firstSeen.clear();
    this.answers.clear();
  }
}

function errorOf(directives, text, memory) {
  if (directives.damaged) {
    throw new Refusal(
      400,
      `The scripted model cannot read the JSON of ${directives.damaged} in: ${text.slice(0, 400)}`,
    );
  }
  if (directives.error) return { ...directives.error, headers: {} };
  if (directives.errorOnce && memory.firstTime(`error ${text}`)) return { ...directives.errorOnce, headers: {} };
  const seconds = directives.retryAfterSeconds;
  if (seconds === undefined) return undefined;
  const key = `retry-after ${text}`;
  if (!memory.firstTime(key) && memory.secondsSince(key) >= seconds) return undefined;
  return { status: 429, code: undefined, headers: { "retry-after": String(seconds) } };
}

/**
 * The turn is what a dialect read from a transcript: {text, round, results}. `text` is the last user text, `round` how
 * many times the assistant has called tools since, `results` the texts that those tools gave.
 */
export function makePlan(turn, memory) {
  const directives = readDirectives(turn.text);
  const error = errorOf(directives, turn.text, memory);
  if (error) return { error };

  const cutOnce = directives.cutOnceAfter !== undefined && memory.firstTime(`cut ${turn.text}`);
  const common = {
    reasoning: directives.think ? reasoningText : undefined,
    toolCalls: [],
    sleepMs: directives.sleepMs,
    hold: directives.hold,
    cutAfter: directives.cutAfter ?? (cutOnce ? directives.cutOnceAfter : undefined),
    streamErrorAfter: directives.streamErrorAfter,
    cachedTokens: directives.cachedTokens,
    drip: directives.drip,
  };
  const say = (chunks) => ({ ...common, chunks });

  const script = directives.script ?? (directives.answer && memory.answers.get(directives.answer));
  if (directives.answer && !script) throw new Refusal(400, `The scripted model has no answer ${directives.answer}.`);
  if (script) {
    const step = script[turn.round] ?? "The script is over.";
    const plan = planOfStep(step, turn.results);
    return plan.error ? plan : { ...common, ...withoutUndefined(plan) };
  }
  if (directives.loop) return { ...say([]), toolCalls: [directives.loop] };
  if (directives.toolCalls.length > 0 && turn.round === 0) return { ...say([]), toolCalls: directives.toolCalls };
  if (turn.round > 0) return say([`tool-result: ${turn.results.join(" | ").slice(0, 200)}`]);
  if (directives.long) return { ...say(directives.long.chunks), pauseMs: directives.long.pauseMs };
  return say(echoOf(turn.text));
}

function withoutUndefined(object) {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));
}
