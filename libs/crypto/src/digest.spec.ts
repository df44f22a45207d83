import { createHmac, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { constantTimeEqual, hashToken, hmacHex, sha256Hex } from './digest.js';
import { randomToken } from './random-token.js';

describe('digests', () => {
  it('computes SHA-256 (FIPS 180-2 example)', () => {
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256Hex(Buffer.from('abc'))).toBe(hashToken('abc'));
  });

  it('computes HMAC-SHA256 (RFC 4231 test case 2)', () => {
    expect(hmacHex(Buffer.from('Jefe'), 'what do ya want for nothing?')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    );
  });

  it.each([0, 1, 63, 64, 65, 700, 5461, 5462, 40_000])('computes the same HMAC as OpenSSL for %i units', (length) => {
    for (const keyLength of [1, 32, 64, 65, 200]) {
      const key = randomBytes(keyLength);
      for (const unit of ['a', 'ä', '€', '\u{1f512}', '\ud800']) {
        const text = unit.repeat(length).slice(0, length);
        const expected = createHmac('sha256', key).update(text).digest('hex');
        expect(hmacHex(key, text)).toBe(expected);
        // A longer text before must leave nothing behind.
        expect(hmacHex(key, text)).toBe(expected);
        expect(hmacHex(key, Buffer.from(text))).toBe(expected);
      }
    }
  });

  it('compares texts and bytes of any length', () => {
    expect(constantTimeEqual('secret', 'secret')).toBe(true);
    expect(constantTimeEqual('secret', Buffer.from('secret'))).toBe(true);
    expect(constantTimeEqual('secret', 'Secret')).toBe(false);
    expect(constantTimeEqual('secret', 'secret ')).toBe(false);
    expect(constantTimeEqual('', '')).toBe(true);
  });
});

describe('randomToken', () => {
  it('is base64url, of the asked size, and new each time', () => {
    expect(randomToken(32)).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(new Set(Array.from({ length: 100 }, () => randomToken())).size).toBe(100);
  });

  it.each([0, 15, 16.5, Number.NaN])('refuses %s bytes', (bytes) => {
    expect(() => randomToken(bytes)).toThrow(RangeError);
  });
});
