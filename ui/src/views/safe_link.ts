const allowed = new Set(['http:', 'https:', 'mailto:']);

/** The address if following it is harmless, else nothing. Relative addresses would lead into the gateway. */
export function safeAddress(address: string): string {
  try {
    const url = new URL(address.trim());
    return allowed.has(url.protocol) ? url.href : '';
  } catch {
    return '';
  }
}
