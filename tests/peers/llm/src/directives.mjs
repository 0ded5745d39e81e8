// What a user's text asks of the scripted model. Pure: text in, description out.
//
//   TOOL:name:{json}       a tool call; several of them in one text are parallel calls
//   SCRIPT:[step, ...]     one step for each request of the turn; see README.md for the forms of a step
//   ANSWER:name            the steps that POST /__answer {"name", "steps"} left under this name, like a SCRIPT
//   LOOP:name:{json}       the same tool call for ever
//   LONG:n[:ms]            n text chunks, with ms between them
//   SLEEP:ms               a pause before the first byte
//   HOLD:n:name            stops after n chunks until POST /__release {"name":"name"}
//   CUT:n, CUTONCE:n       drops the connection after n chunks, always or the first time only
//   STREAMERR:n            an error event in the stream after n chunks
//   ERR:status[:code]      an HTTP error in the vendor's shape
//   ERRONCE:status[:code]  the same, the first time this text is seen
//   RETRYAFTER:s           429 with Retry-After, until s seconds have passed
//   THINK                  reasoning before the answer
//   CACHED:n               reports n prompt tokens as read from the cache
//   DRIP                   sends the stream in pieces of a few bytes, across characters and lines
//   anything else          "echo: " and the last 120 characters
import { jsonAt } from "./json_at.mjs";

const longestText = 20000;
const longestPauseMs = 120000;

function numbersAfter(text, pattern) {
  const found = pattern.exec(text);
  return found ? found.slice(1) : undefined;
}

function calls(text, keyword) {
  const found = [];
  const pattern = new RegExp(`\\b${keyword}:([A-Za-z0-9_.-]+):(?=\\{)`, "g");
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const json = jsonAt(text, pattern.lastIndex);
    if (!json) continue;
    found.push({ name: match[1], arguments: json.raw });
    pattern.lastIndex = json.end;
  }
  return found;
}

function script(text) {
  const at = /\bSCRIPT:(?=\[)/.exec(text);
  return at ? jsonAt(text, at.index + at[0].length)?.value : undefined;
}

/** A directive whose JSON was damaged on its way here must not pass for an ordinary text. */
function damaged(text, { script, toolCalls, loop }) {
  if (/\bSCRIPT:\[/.test(text) && !script) return "SCRIPT";
  if (/\bTOOL:[A-Za-z0-9_.-]+:\{/.test(text) && toolCalls.length === 0 && !script) return "TOOL";
  return /\bLOOP:[A-Za-z0-9_.-]+:\{/.test(text) && !loop && !script ? "LOOP" : undefined;
}

function failure(text, keyword) {
  const found = numbersAfter(text, new RegExp(`\\b${keyword}:(\\d{3})(?::([a-z_]+))?`));
  return found && { status: Number(found[0]), code: found[1] };
}

function number(text, keyword) {
  const found = numbersAfter(text, new RegExp(`\\b${keyword}:(\\d+)`));
  return found && Math.min(Number(found[0]), longestPauseMs);
}

function longText(text) {
  const found = numbersAfter(text, /\bLONG:(\d+)(?::(\d+))?/);
  if (!found) return undefined;
  const count = Math.min(Number(found[0]), longestText);
  return {
    chunks: Array.from({ length: count }, (_, index) => `w${index} `),
    pauseMs: Math.min(Number(found[1] ?? 0), longestPauseMs),
  };
}

function hold(text) {
  const found = numbersAfter(text, /\bHOLD:(\d+):([A-Za-z0-9_-]+)/);
  return found && { after: Number(found[0]), name: found[1] };
}

/** Every directive of one user text. */
export function readDirectives(text) {
  const bare = withoutJson(text);
  const withJson = { script: script(text), toolCalls: calls(text, "TOOL"), loop: calls(text, "LOOP")[0] };
  return {
    ...withJson,
    damaged: damaged(text, withJson),
    answer: numbersAfter(bare, /\bANSWER:([A-Za-z0-9_-]+)/)?.[0],
    long: longText(bare),
    sleepMs: number(bare, "SLEEP"),
    hold: hold(bare),
    cutAfter: number(bare, "CUT"),
    cutOnceAfter: number(bare, "CUTONCE"),
    streamErrorAfter: number(bare, "STREAMERR"),
    error: failure(bare, "ERR"),
    errorOnce: failure(bare, "ERRONCE"),
    retryAfterSeconds: number(bare, "RETRYAFTER"),
    think: /\bTHINK\b/.test(bare),
    cachedTokens: number(bare, "CACHED"),
    drip: /\bDRIP\b/.test(bare),
  };
}

/** Directives inside a script or a tool's arguments belong to those, not to the text around them. */
function withoutJson(text) {
  let result = "";
  let from = 0;
  const pattern = /\b(?:SCRIPT:(?=\[)|(?:TOOL|LOOP):[A-Za-z0-9_.-]+:(?=\{))/g;
  for (let match = pattern.exec(text); match; match = pattern.exec(text)) {
    const json = jsonAt(text, pattern.lastIndex);
    if (!json) continue;
    result += text.slice(from, match.index);
    from = pattern.lastIndex = json.end;
  }
  return result + text.slice(from);
}
