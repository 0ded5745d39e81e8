// Small readings that both vendors' message lists share.

/** The text of a content that is a string or a list of blocks. */
export function textOf(content) {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((block) => (typeof block === "string" ? block : (block?.text ?? ""))).join("\n");
}

/**
 * What the person wrote last. A client that merges neighbouring user messages (after a turn that failed) sends several of them in one;
 * openclaw puts the time in front of each.
 */
export function lastTextOf(content) {
  return textOf(content).split(/^\[[A-Z][a-z]{2} \d{4}-\d{2}-\d{2} \d{2}:\d{2} UTC\] /m).at(-1);
}

/** A rough and deterministic count: four characters make a token. */
export function countTokens(value) {
  if (value === undefined || value === null) return 0;
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return Math.ceil(text.length / 4);
}

/** Cuts tool-call arguments into pieces of one to five characters, as an unkind vendor does. */
export function tinyPieces(text) {
  const characters = Array.from(text);
  const pieces = [];
  for (let index = 0; index < characters.length;) {
    const length = 1 + (pieces.length % 5);
    pieces.push(characters.slice(index, index + length).join(""));
    index += length;
  }
  return pieces;
}
