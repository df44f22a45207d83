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

const blockBytes = 64;
const digestBytes = 32;
/** Longer texts go through an `Hmac`, whose cost is their length then. */
const mostAtOnce = 16 * 1024;

/** The two keyed blocks of RFC 2104 §2, each in front of room for what is hashed with it. */
interface KeyedBlocks {
  readonly inner: Buffer;
  readonly outer: Buffer;
}

const keyed = new WeakMap<Uint8Array, KeyedBlocks>();

function keyedBlocks(key: Uint8Array): KeyedBlocks {
  const known = keyed.get(key);
  if (known) return known;
  const inner = Buffer.alloc(blockBytes + mostAtOnce, 0x36);
  const outer = Buffer.alloc(blockBytes + digestBytes, 0x5c);
  const short = key.length > blockBytes ? createHash('sha256').update(key).digest() : key;
  short.forEach((byte, at) => {
    inner[at] = byte ^ 0x36;
    outer[at] = byte ^ 0x5c;
  });
  const made = { inner, outer };
  keyed.set(key, made);
  return made;
}

/**
 * HMAC-SHA256 of text (UTF-8) or bytes, 64 hexadecimal digits. The key's bytes must not change between calls. Short
 * texts are hashed as RFC 2104 writes it, in two single-shot hashes: an `Hmac` object costs twice as much to make as to
 * use, and every audit record needs one.
 */
export function hmacHex(key: Uint8Array, data: string | Uint8Array): string {
  // UTF-8 needs at most three bytes for one unit of a JavaScript string.
  if (typeof data !== 'string' || data.length > mostAtOnce / 3)
    return createHmac('sha256', prepare(key)).update(data).digest('hex');
  const { inner, outer } = keyedBlocks(key);
  const end = blockBytes + inner.write(data, blockBytes, 'utf8');
  outer.write(hash('sha256', inner.subarray(0, end)), blockBytes, 'hex');
  return hash('sha256', outer);
}

/** Compares two secrets in a time that does not depend on where they differ, nor on their lengths' difference. */
export const constantTimeEqual = (a: string | Uint8Array, b: string | Uint8Array): boolean =>
  // Equal digests of equal length stand for equal inputs; timingSafeEqual alone refuses unequal lengths.
  timingSafeEqual(createHash('sha256').update(a).digest(), createHash('sha256').update(b).digest());
