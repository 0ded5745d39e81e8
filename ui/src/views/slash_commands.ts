import type { Key } from '../i18n/index.ts';

/** Suggestions only: the gateway decides what a command does, and knows more of them. */
export const slashCommands: { name: string; takesArgument: boolean; about: Key }[] = [
  { name: '/help', takesArgument: false, about: 'command.help' },
  { name: '/status', takesArgument: false, about: 'command.status' },
  { name: '/new', takesArgument: false, about: 'command.new' },
  { name: '/stop', takesArgument: false, about: 'command.stop' },
  { name: '/model', takesArgument: true, about: 'command.model' },
  { name: '/models', takesArgument: false, about: 'command.models' },
  { name: '/usage', takesArgument: false, about: 'command.usage' },
  { name: '/think', takesArgument: true, about: 'command.think' },
];

export function suggestionsFor(draft: string) {
  if (!/^\/\w*$/.test(draft)) return [];
  return slashCommands.filter((command) => command.name.startsWith(draft.toLowerCase()));
}
