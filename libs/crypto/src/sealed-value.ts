import { createHmac, randomBytes } from 'node:crypto';
import { DomainError, systemClock, type Clock } from '#kernel';
import { decryptAead, encryptAead } from './aead.js';
import { decodeBase64url } from './base64url.js';
import type { Keyring, KeyPurpose } from './keyring.js';

/** Purposes whose values travel through a client's hands. */
export type SealPurpose = Extract<KeyPurpose, 'cursors' | 'sealed-ids' | 'request-state' | 'sessions'>;

/** How long a sealed value may be opened; without `ttlMs` (milliseconds) for ever. */
export interface SealOptions {
  readonly ttlMs?: number;
  readonly clock?: Clock;
}

/** The clock that decides about expiry. */
export interface OpenOptions {
  readonly clock?: Clock;
}

const version = 1;
const maxLength = 64 * 1024;
const saltBytes = 12;
const nonceBytes = 12;
const headBytes = 1 + saltBytes + nonceBytes;

const aadFor = (purpose: SealPurpose): string => `gatehouse/sealed-value/${version}/${purpose}`;

// One key per value: 96 random bits alone would allow only 2^32 values under one GCM key (SP 800-38D §8.3).
const valueKey = (keyring: Keyring, purpose: SealPurpose, salt: Uint8Array): Buffer =>
  createHmac('sha256', keyring.key(purpose)).update('sealed-value').update(salt).digest();

/**
 * Encrypts and signs a JSON value for a client to carry: opaque, unforgeable, bound to its purpose. The result is
 * base64url without padding. Throws INTERNAL for `undefined` and if the result would pass 64 KiB.
 */
export function sealValue(keyring: Keyring, purpose: SealPurpose, json: unknown, options: SealOptions = {}): string {
  const { ttlMs, clock = systemClock } = options;
  if (json === undefined) throw new DomainError('INTERNAL', 'Only a JSON value can be sealed.');
  const plaintext = JSON.stringify([ttlMs === undefined ? null : clock.now() + ttlMs, json]);
  const salt = randomBytes(saltBytes);
  const nonce = randomBytes(nonceBytes);
  const body = encryptAead(valueKey(keyring, purpose, salt), nonce, aadFor(purpose), Buffer.from(plaintext, 'utf8'));
  const sealed = Buffer.concat([Buffer.of(version), salt, nonce, body]).toString('base64url');
  if (sealed.length > maxLength) throw new DomainError('INTERNAL', `A sealed value may have ${maxLength} characters.`);
  return sealed;
}

/**
 * The JSON value that `sealValue` took, or `null`: expired, sealed for another purpose or by another instance, altered,
 * or anything else that a client may send. Never throws.
 */
export function openValue(keyring: Keyring, purpose: SealPurpose, sealed: unknown, options: OpenOptions = {}): unknown {
  if (typeof sealed !== 'string' || sealed.length > maxLength) return null;
  const bytes = decodeBase64url(sealed);
  if (!bytes || bytes.length <= headBytes || bytes[0] !== version) return null;
  const key = valueKey(keyring, purpose, bytes.subarray(1, 1 + saltBytes));
  const nonce = bytes.subarray(1 + saltBytes, headBytes);
  const plaintext = decryptAead(key, nonce, aadFor(purpose), bytes.subarray(headBytes));
  if (!plaintext) return null;
  // Authenticated, so this program wrote it and it parses.
  const [expiresAt, value] = JSON.parse(plaintext.toString('utf8')) as [number | null, unknown];
  const { clock = systemClock } = options;
  return expiresAt !== null && clock.now() >= expiresAt ? null : value;
}
