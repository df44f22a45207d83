import { hkdfSync } from 'node:crypto';
import { parseMasterKey } from './master-key.js';

/** What a key may be used for; one key serves one purpose (ARCHITECTURE.md §4.3). */
export const keyPurposes = [
  'secrets',
  'tokens',
  'cursors',
  'sealed-ids',
  'task-ids',
  'request-state',
  'audit',
  'sessions',
  'checkpoints',
  'hops',
  'hop-transport',
] as const;

/** See {@link keyPurposes}. */
export type KeyPurpose = (typeof keyPurposes)[number];

/** The keys of one instance. It holds key material: never put it into a log, a message or an answer. */
export interface Keyring {
  /** 32 bytes for one purpose. Do not change them in place. */
  key(purpose: KeyPurpose): Buffer;
  /** A short stable name of that key (16 hexadecimal digits), safe to store beside what the key protected. */
  keyId(purpose: KeyPurpose): string;
  /** A name of the master key (64 hexadecimal digits), safe to store; it differs for every other master key. */
  fingerprint(): string;
}

const derive = (masterKey: Buffer, label: string, length: number): Buffer =>
  Buffer.from(hkdfSync('sha256', masterKey, 'gatehouse', `gatehouse/v1/${label}`, length));

/**
 * Derives all purpose keys from the master key (32 bytes, or their base64 text) by HKDF-SHA256 (RFC 5869), each under
 * its own label. Throws CONFIGURATION_INVALID for anything that is not a master key.
 */
export function createKeyring(masterKey: Buffer | string): Keyring {
  const master = parseMasterKey(masterKey);
  const entries = keyPurposes.map((purpose) => {
    // The id is a separate HKDF output, so publishing it says nothing about the key.
    const id = derive(master, `key-id/${purpose}`, 8).toString('hex');
    return [purpose, { key: derive(master, `key/${purpose}`, 32), id }] as const;
  });
  const keys = Object.fromEntries(entries) as Record<KeyPurpose, { key: Buffer; id: string }>;
  const fingerprint = derive(master, 'fingerprint', 32).toString('hex');
  master.fill(0);
  return {
    key: (purpose) => keys[purpose].key,
    keyId: (purpose) => keys[purpose].id,
    fingerprint: () => fingerprint,
  };
}
