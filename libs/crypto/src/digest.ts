import { createHash, createHmac, createSecretKey, hash, timingSafeEqual, type KeyObject } from 'node:crypto';

/** SHA-256 of text (UTF-8) or bytes, 64 hexadecimal digits. */
export const sha256Hex = (data: string | Uint8Array): string => hash('sha256', data);

/** The form under which a token is stored and looked up: SHA-256 of the whole string, 64 hexadecimal digits. */
export const hashToken = (token: string): string => sha256Hex(token);

/** Preparing a key costs several times the HMAC itself, and the same few keys sign every audit record. */
const prepared = new WeakMap<Uint8Array, KeyObject>();

function prepare(key: Uint8Array): KeyObject {
  const known = prepared.get(key);
  if (known) return known;
  const made = createSecretKey(key);
  prepared.set(key, made);
  return made;
}

/** HMAC-SHA256 of text (UTF-8) or bytes, 64 hexadecimal digits. The key's bytes must not change between calls. */
export const hmacHex = (key: Uint8Array, data: string | Uint8Array): string =>
  createHmac('sha256', prepare(key)).update(data).digest('hex');

/** Compares two secrets in a time that does not depend on where they differ, nor on their lengths' difference. */
export const constantTimeEqual = (a: string | Uint8Array, b: string | Uint8Array): boolean =>
  // Equal digests of equal length stand for equal inputs; timingSafeEqual alone refuses unequal lengths.
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
