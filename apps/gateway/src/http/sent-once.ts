import type { IncomingMessage } from 'node:http';

/**
 * The value of a header that was sent exactly once; null when it is missing or repeated. Node keeps the first of
 * repeated ones such as Host and Authorization, where somebody before us may have looked at the last.
 * @param name in lower case
 */
export function sentOnce({ rawHeaders }: IncomingMessage, name: string): string | null {
  let value: string | null = null;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const sent = rawHeaders[at] ?? '';
    if (sent.length !== name.length || sent.toLowerCase() !== name) continue;
    if (value !== null) return null;
    value = rawHeaders[at + 1] ?? '';
  }
  return value;
}
