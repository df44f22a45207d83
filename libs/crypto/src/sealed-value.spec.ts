import { assert, jsonValue, property, string, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createKeyring } from './keyring.js';
import { generateMasterKey } from './master-key.js';
import { openValue, sealValue } from './sealed-value.js';

const ring = createKeyring(generateMasterKey());

describe('sealed values', () => {
  it('come back as the JSON value that went in', () => {
    assert(
      property(jsonValue(), (value) => {
        const expected: unknown = JSON.parse(JSON.stringify(value));
        expect(openValue(ring, 'cursors', sealValue(ring, 'cursors', value))).toEqual(expected);
      }),
      { numRuns: 100 },
    );
  });

  it('are opaque text for a URL or a header, new each time', () => {
    const sealed = sealValue(ring, 'cursors', { organization: 'acme' });
    expect(sealed).toMatch(/^[A-Za-z0-9_-]+$/);
    expect(Buffer.from(sealed, 'base64url').toString('latin1')).not.toContain('acme');
    expect(sealValue(ring, 'cursors', { organization: 'acme' })).not.toBe(sealed);
  });

  it('open for their purpose and their instance only', () => {
    const sealed = sealValue(ring, 'cursors', 1);
    expect(openValue(ring, 'sealed-ids', sealed)).toBeNull();
    expect(openValue(createKeyring(generateMasterKey()), 'cursors', sealed)).toBeNull();
  });

  it('expire at their time to live, not before', () => {
    const at = (now: number) => ({ clock: { now: () => now } });
    const sealed = sealValue(ring, 'request-state', 'x', { ttlMs: 1000, ...at(5000) });
    expect(openValue(ring, 'request-state', sealed, at(5999))).toBe('x');
    expect(openValue(ring, 'request-state', sealed, at(6000))).toBeNull();
  });

  it('refuse every single altered character', () => {
    const sealed = sealValue(ring, 'cursors', { page: 2 });
    for (let at = 0; at < sealed.length; at += 1) {
      const altered = `${sealed.slice(0, at)}${sealed[at] === 'A' ? 'B' : 'A'}${sealed.slice(at + 1)}`;
      expect(openValue(ring, 'cursors', altered)).toBeNull();
    }
  });

  it('never throw for what a client may send', () => {
    const hostile: unknown[] = [
      undefined,
      null,
      0,
      {},
      [],
      '',
      '.',
      'AAAA',
      'AQ',
      '🗝',
      'A'.repeat(100_000),
      '%00',
      '==',
    ];
    for (const text of hostile) expect(openValue(ring, 'cursors', text)).toBeNull();
    assert(property(string(), (text) => openValue(ring, 'cursors', text) === null));
    assert(
      property(uint8Array({ maxLength: 200 }), (bytes) => {
        const text = Buffer.from([1, ...bytes]).toString('base64url');
        return openValue(ring, 'cursors', text) === null;
      }),
    );
  });

  it('refuse to be made of nothing or of too much', () => {
    expect(() => sealValue(ring, 'cursors', undefined)).toThrow(/Only a JSON value/);
    expect(() => sealValue(ring, 'cursors', 'x'.repeat(64 * 1024))).toThrow(/65536 characters/);
  });
});
