/** Line drawings on a 20 by 20 grid; decorative, since every button has its own words. */

const paths = {
  menu: 'M3 6h14M3 10h14M3 14h14',
  attach: 'M14.500 9.500l-5 5a3 3 0 0 1-4.300-4.300l6-6a2 2 0 0 1 2.900 2.900l-5.600 5.600',
  plus: 'M10 4v12M4 10h12',
  close: 'M5 5l10 10M15 5L5 15',
  more: 'M4.500 10h.01M10 10h.01M15.500 10h.01',
  send: 'M10 16V4M5 9l5-5 5 5',
  stop: 'M6 6h8v8H6z',
  down: 'M10 4v12M5 11l5 5 5-5',
  chevron: 'M7 5l5 5-5 5',
  tool: 'M4 6l4 4-4 4M10 14h6',
  thought: 'M10 3a5 5 0 0 0-3 9v2h6v-2a5 5 0 0 0-3-9zM8 17h4',
  retry: 'M16 10a6 6 0 1 1-1.800-4.300M16 3v3.500h-3.500',
  copy: 'M7 7h9v9H7zM4 13V4h9',
  check: 'M4 10.500l4 4 8-9',
  alert: 'M10 6v5M10 14h.01M10 2.500l8 14.500H2z',
  shield: 'M10 2.500l6 2.300v4.700c0 4-2.600 6.600-6 8-3.400-1.400-6-4-6-8V4.800z',
  edit: 'M4 16l.8-3.400L13 4.400l2.600 2.600-8.200 8.200z',
  trash: 'M4 6h12M8 6V4h4v2M6 6l.7 10h6.600L14 6',
} as const;

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  );
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" />
      <path d="M9.600 22.800C7 14.600 9.400 9 14.200 7.200M16 24.400C14.200 17.200 15.800 12 20 10M22.400 23.600C21.200 19.200 22 16 24.600 14.600" />
    </svg>
  );
}
