import type { ComponentChildren } from 'preact';

/**
 * Control, direction-changing, zero-width and look-empty characters as visible codes: what a person approves
 * must be what will run. Line breaks are marked and kept.
 */
const hidden = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}\u034F\u115F\u1160\u17B4\u17B5\u180B-\u180E\u2800\u3164\uFE00-\uFE0F\uFFA0\u{E0100}-\u{E01EF}]|[^\S \n]/gu;

export function hasHiddenCharacters(text: string): boolean {
  return [...text.matchAll(hidden)].some(([character]) => character !== '\n');
}

export function RevealedText({ text }: { text: string }) {
  const parts: ComponentChildren[] = [];
  let position = 0;
  for (const match of text.matchAll(hidden)) {
    parts.push(text.slice(position, match.index));
    const code = codeOf(match[0]);
    parts.push(
      <span key={match.index} class="revealed">
        {code}
      </span>,
    );
    if (match[0] === '\n') parts.push('\n');
    position = match.index + match[0].length;
  }
  parts.push(text.slice(position));
  return <bdi dir="ltr">{parts}</bdi>;
}

function codeOf(character: string): string {
  if (character === '\n') return '\\n';
  if (character === '\t') return '\\t';
  if (character === '\r') return '\\r';
  return `\\u{${character.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}}`;
}
