import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';

/** Passes on what another process writes, line by line, so that lines of several processes never mix. */
export function relayLines(from: Readable | null, write: (line: string) => void): void {
  if (from === null) return;
  createInterface({ input: from, crlfDelay: Infinity }).on('line', (line) => write(`${line}\n`));
}
