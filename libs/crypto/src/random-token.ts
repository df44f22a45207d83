import { randomBytes } from 'node:crypto';

/** An unguessable text: `bytes` random bytes (default 32) in base64url. Fewer than 16 are refused. */
export function randomToken(bytes = 32): string {
  if (!Number.isInteger(bytes) || bytes < 16) throw new RangeError('randomToken: at least 16 bytes, else guessable');
  return randomBytes(bytes).toString('base64url');
}
