import { createHash, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { ContentDigest } from './content-digest.js';

const sha256 = (data: string | Buffer) => createHash('sha256').update(data).digest('hex');
const mebibyte = 1024 * 1024;

describe('ContentDigest', () => {
  it.each([0, 1, mebibyte - 1, mebibyte, mebibyte + 1, 2 * mebibyte + 12_345])('digests %i bytes', (length) => {
    const content = randomBytes(length);
    let digests = '';
    for (let at = 0; at < length; at += mebibyte) digests += sha256(content.subarray(at, at + mebibyte));
    for (const piece of [7_777, 300_000, 5 * mebibyte]) {
      const digest = new ContentDigest();
      for (let at = 0; at < length; at += piece) {
        digest.update(content.subarray(at, at + piece));
        if (at === 0) digest.hex();
      }
      expect(digest.hex()).toBe(sha256(digests));
    }
  });
});
