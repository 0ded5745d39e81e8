import type { Block, ToolOutput } from '../gateway/frames.ts';

/** Reads text out of message content, which may be a plain string or blocks. */

export function blocksOf(content: Block[] | string | undefined): Block[] {
  if (typeof content === 'string') return content ? [{ type: 'text', text: content }] : [];
  return Array.isArray(content) ? content.filter((block) => block && typeof block === 'object') : [];
}

export function textOf(content: Block[] | string | undefined): string {
  return join(blocksOf(content).map((block) => (block.type === 'text' ? block.text : '')));
}

export function thinkingOf(content: Block[] | string | undefined): string {
  return join(blocksOf(content).map((block) => (block.type === 'thinking' ? block.thinking : '')));
}

export function outputText(output: ToolOutput | undefined): string {
  const text = textOf(output?.content);
  if (text) return text;
  const details = output?.details as { aggregated?: unknown; tail?: unknown } | undefined;
  if (typeof details?.aggregated === 'string') return details.aggregated;
  if (typeof details?.tail === 'string') return details.tail;
  return '';
}

function join(texts: unknown[]): string {
  return texts.filter((text): text is string => typeof text === 'string' && text !== '').join('\n\n');
}
