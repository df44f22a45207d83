import { describe, expect, it } from 'vitest';
import { DomainError } from '#kernel';
import { createKeyring, keyPurposes } from './keyring.js';
import { generateMasterKey } from './master-key.js';

describe('keyring', () => {
  const text = Buffer.alloc(32, 7).toString('base64');

  it('derives the same keys from the same master key, as text or as bytes', () => {
    const a = createKeyring(text);
    const b = createKeyring(Buffer.alloc(32, 7));
    for (const purpose of keyPurposes) {
      expect(a.key(purpose).equals(b.key(purpose))).toBe(true);
      expect(a.keyId(purpose)).toBe(b.keyId(purpose));
      expect(a.key(purpose)).toHaveLength(32);
      expect(a.keyId(purpose)).toMatch(/^[0-9a-f]{16}$/);
    }
    expect(a.fingerprint()).toBe(b.fingerprint());
  });

  it('keeps stored data readable: derivation never changes between releases', () => {
    const ring = createKeyring(text);
    expect(ring.fingerprint()).toBe('ce53167bddfeb33f9e9a6859dba67abf7b5605ec586ca1853d78f763da757fca');
    expect(ring.key('secrets').toString('hex')).toBe(
      '73eea5294f6c71edce5963791d0ead4fb18470cc30c1da3f4c34dd5cbd44d0f2',
    );
    expect(ring.keyId('secrets')).toBe('4a170310cb623db0');
  });

  it('gives every purpose its own key and id', () => {
    const ring = createKeyring(text);
    expect(new Set(keyPurposes.map((purpose) => ring.key(purpose).toString('hex'))).size).toBe(keyPurposes.length);
    expect(new Set(keyPurposes.map((purpose) => ring.keyId(purpose))).size).toBe(keyPurposes.length);
  });

  it('differs in everything under another master key', () => {
    const a = createKeyring(text);
    const b = createKeyring(generateMasterKey());
    expect(a.fingerprint()).not.toBe(b.fingerprint());
    for (const purpose of keyPurposes) {
      expect(a.key(purpose).equals(b.key(purpose))).toBe(false);
      expect(a.keyId(purpose)).not.toBe(b.keyId(purpose));
    }
  });

  it('leaves the caller’s bytes alone and shows no key when printed as JSON', () => {
    const bytes = Buffer.alloc(32, 9);
    const ring = createKeyring(bytes);
    expect(bytes.equals(Buffer.alloc(32, 9))).toBe(true);
    expect(JSON.stringify(ring)).toBe('{}');
  });

  it.each([
    ['empty text', ''],
    ['31 bytes', Buffer.alloc(31).toString('base64')],
    ['33 bytes', Buffer.alloc(33).toString('base64')],
    ['hexadecimal text', Buffer.alloc(32, 1).toString('hex')],
    ['text with foreign characters', `*${text}`],
    ['a short buffer', Buffer.alloc(16)],
  ])('refuses %s and does not repeat it', (_name, masterKey) => {
    const attempt = () => createKeyring(masterKey);
    expect(attempt).toThrow(DomainError);
    expect(attempt).toThrow(/GATEHOUSE_MASTER_KEY must be 32 random bytes in base64/);
    expect(attempt).not.toThrow(masterKey.toString() || 'nothing to repeat');
  });

  it('makes master keys that it accepts and never repeats', () => {
    const made = [generateMasterKey(), generateMasterKey()];
    expect(made[0]).not.toBe(made[1]);
    for (const key of made) expect(createKeyring(key).fingerprint()).toHaveLength(64);
  });
});
