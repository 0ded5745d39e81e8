// Reads one JSON value out of free text, so that a directive may be followed by anything.

/** Index just past the JSON value that starts at `start`, or -1 when it never closes. */
function endOfJson(text, start) {
  let depth = 0;
  let inString = false;
  for (let index = start; index < text.length; index++) {
    const character = text[index];
    if (inString) {
      if (character === "\\") index++;
      else if (character === '"') inString = false;
    } else if (character === '"') inString = true;
    else if (character === "{" || character === "[") depth++;
    else if (character === "}" || character === "]") {
      depth--;
      if (depth === 0) return index + 1;
    }
  }
  return -1;
}

/** Returns {value, raw, end}, or undefined when the text at `start` is not a whole JSON object or array. */
export function jsonAt(text, start) {
  const end = endOfJson(text, start);
  if (end < 0) return undefined;
  const raw = text.slice(start, end);
  try {
    return { value: JSON.parse(raw), raw, end };
  } catch {
    return undefined;
  }
}
