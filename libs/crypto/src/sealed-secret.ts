import { randomBytes } from 'node:crypto';
import { DomainError } from '#kernel';
import { decryptAead, encryptAead } from './aead.js';
import { decodeBase64url } from './base64url.js';
import type { Keyring } from './keyring.js';

const version = 'v1';
const nonceBytes = 12;
const keyBytes = 32;

const pack = (key: Uint8Array, aad: string, plaintext: Uint8Array): string => {
  const nonce = randomBytes(nonceBytes);
  return Buffer.concat([nonce, encryptAead(key, nonce, aad, plaintext)]).toString('base64url');
};

const unpack = (key: Uint8Array, aad: string, text: string): Buffer | null => {
  const bytes = decodeBase64url(text);
  if (!bytes || bytes.length < nonceBytes) return null;
  return decryptAead(key, bytes.subarray(0, nonceBytes), aad, bytes.subarray(nonceBytes));
};

const wrapAad = (keyId: string, aad: string): string => `gatehouse/secret-key/${version}/${keyId}/${aad}`;
const valueAad = (keyId: string, aad: string): string => `gatehouse/secret-value/${version}/${keyId}/${aad}`;

/**
 * Envelope encryption of a stored secret: a fresh data key encrypts the text, the `secrets` key wraps the data key.
 * `aad` binds the result to its place (for example `upstream:<organization id>:<row id>`), so that it cannot be moved to
 * another row. The result reads `v1.<keyId>.<nonce+wrapped data key>.<nonce+ciphertext>`.
 */
export function sealSecret(keyring: Keyring, plaintext: string, aad: string): string {
  const keyId = keyring.keyId('secrets');
  const dataKey = randomBytes(keyBytes);
  const wrapped = pack(keyring.key('secrets'), wrapAad(keyId, aad), dataKey);
  const value = pack(dataKey, valueAad(keyId, aad), Buffer.from(plaintext, 'utf8'));
  dataKey.fill(0);
  return `${version}.${keyId}.${wrapped}.${value}`;
}

/**
 * The text that `sealSecret` took. WRONG_MASTER_KEY if another master key sealed it; INTERNAL if it was altered, cut,
 * moved to another row (`aad`) or is no sealed secret at all.
 */
export function openSecret(keyring: Keyring, sealed: string, aad: string): string {
  const [found, keyId = '', wrapped = '', value = '', ...rest] = sealed.split('.');
  if (found !== version || !/^[0-9a-f]{16}$/.test(keyId) || rest.length > 0) {
    throw new DomainError('INTERNAL', 'A stored secret is not in a format that this release reads; set it again.');
  }
  if (keyId !== keyring.keyId('secrets')) {
    throw new DomainError(
      'WRONG_MASTER_KEY',
      'A stored secret was sealed under another master key; set GATEHOUSE_MASTER_KEY (or _FILE) to that key, or set the secret again.',
      { details: { keyId, expectedKeyId: keyring.keyId('secrets') } },
    );
  }
  const dataKey = unpack(keyring.key('secrets'), wrapAad(keyId, aad), wrapped);
  const plaintext = dataKey?.length === keyBytes ? unpack(dataKey, valueAad(keyId, aad), value) : null;
  if (!plaintext) {
    throw new DomainError('INTERNAL', 'A stored secret failed its integrity check (altered or moved); set it again.');
  }
  return plaintext.toString('utf8');
}
