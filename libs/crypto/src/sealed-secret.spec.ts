import { describe, expect, it } from 'vitest';
import { createKeyring } from './keyring.js';
import { generateMasterKey } from './master-key.js';
import { openSecret, sealSecret } from './sealed-secret.js';

const ring = createKeyring(generateMasterKey());
const aad = 'upstream:org-1:row-1';
const codeOf = (attempt: () => unknown): unknown => {
  try {
    attempt();
  } catch (error) {
    return (error as { code?: string }).code;
  }
  return 'no error';
};
/** Replaces one character in the middle of one dotted part. */
const alter = (sealed: string, part: number): string => {
  const parts = sealed.split('.');
  const text = parts[part] ?? '';
  const at = Math.floor(text.length / 2);
  parts[part] = `${text.slice(0, at)}${text[at] === 'A' ? 'B' : 'A'}${text.slice(at + 1)}`;
  return parts.join('.');
};

describe('sealed secrets', () => {
  it.each(['', 'Bearer ghp_abc', 'ümläut 🗝', 'x'.repeat(100_000)])('come back whole (%#)', (plaintext) => {
    expect(openSecret(ring, sealSecret(ring, plaintext, aad), aad)).toBe(plaintext);
  });

  it('name their version and key and differ each time', () => {
    const sealed = sealSecret(ring, 'secret', aad);
    expect(sealed).toMatch(new RegExp(`^v1\\.${ring.keyId('secrets')}\\.[A-Za-z0-9_-]+\\.[A-Za-z0-9_-]+$`));
    expect(sealed).not.toContain(Buffer.from('secret').toString('base64url'));
    expect(sealSecret(ring, 'secret', aad)).not.toBe(sealed);
  });

  it('open only where they were put', () => {
    const sealed = sealSecret(ring, 'secret', aad);
    expect(codeOf(() => openSecret(ring, sealed, 'upstream:org-1:row-2'))).toBe('INTERNAL');
  });

  it('answer WRONG_MASTER_KEY under another master key, without the secret', () => {
    const other = createKeyring(generateMasterKey());
    const sealed = sealSecret(ring, 'secret-text', aad);
    expect(codeOf(() => openSecret(other, sealed, aad))).toBe('WRONG_MASTER_KEY');
    expect(() => openSecret(other, sealed, aad)).toThrow(/sealed under another master key/);
    expect(() => openSecret(other, sealed, aad)).not.toThrow(/secret-text/);
  });

  it('notice a forged key id', () => {
    const other = createKeyring(generateMasterKey());
    const forged = sealSecret(ring, 'secret', aad).replace(ring.keyId('secrets'), other.keyId('secrets'));
    expect(codeOf(() => openSecret(other, forged, aad))).toBe('INTERNAL');
  });

  it('notice parts swapped between two secrets of the same row', () => {
    const [a, b] = [sealSecret(ring, 'one', aad).split('.'), sealSecret(ring, 'two', aad).split('.')];
    expect(codeOf(() => openSecret(ring, [a[0], a[1], a[2], b[3]].join('.'), aad))).toBe('INTERNAL');
  });

  it.each([
    ['an altered data key', (sealed: string) => alter(sealed, 2)],
    ['an altered value', (sealed: string) => alter(sealed, 3)],
    ['a cut value', (sealed: string) => sealed.slice(0, -8)],
    ['a missing part', (sealed: string) => sealed.split('.').slice(0, 3).join('.')],
    ['a further part', (sealed: string) => `${sealed}.AAAA`],
    ['another version', (sealed: string) => sealed.replace('v1', 'v2')],
    ['padding', (sealed: string) => `${sealed}=`],
    ['plain text', () => 'my plain secret'],
    ['nothing', () => ''],
  ])('refuse %s', (_name, change) => {
    expect(codeOf(() => openSecret(ring, change(sealSecret(ring, 'secret', aad)), aad))).toBe('INTERNAL');
  });
});
