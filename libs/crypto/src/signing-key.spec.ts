import { describe, expect, it } from 'vitest';
import { createKeyring } from './keyring.js';
import { generateMasterKey } from './master-key.js';
import { checkpointSigningKey, signText, tokenSigningKey, verifyText } from './signing-key.js';

const masterKey = generateMasterKey();
const ring = createKeyring(masterKey);

describe('signing keys', () => {
  it('are the same in every process with this master key', () => {
    const [a, b] = [tokenSigningKey(ring), tokenSigningKey(createKeyring(masterKey))];
    expect(a.kid).toBe(b.kid);
    expect(a.kid).toMatch(/^[A-Za-z0-9_-]{43}$/);
    expect(verifyText(b.publicKey, 'text', signText(a, 'text'))).toBe(true);
  });

  it('are Ed25519 and differ by purpose and by master key', () => {
    const keys = [
      tokenSigningKey(ring),
      checkpointSigningKey(ring),
      tokenSigningKey(createKeyring(generateMasterKey())),
    ];
    expect(new Set(keys.map((key) => key.kid)).size).toBe(3);
    for (const key of keys) {
      expect(key.privateKey.asymmetricKeyType).toBe('ed25519');
      expect(key.publicKey.type).toBe('public');
    }
  });

  it('refuse another text, another key and what is no signature', () => {
    const key = checkpointSigningKey(ring);
    const signature = signText(key, 'heads');
    expect(verifyText(key.publicKey, 'heads', signature)).toBe(true);
    expect(verifyText(key.publicKey, 'Heads', signature)).toBe(false);
    expect(verifyText(tokenSigningKey(ring).publicKey, 'heads', signature)).toBe(false);
    for (const text of ['', 'AAAA', '***', `${signature}A`, `${signature}=`]) {
      expect(verifyText(key.publicKey, 'heads', text)).toBe(false);
    }
  });
});
