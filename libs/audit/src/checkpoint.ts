import { checkpointSigningKey, signText, verifyText, type Keyring, type VerificationKey } from '#crypto';
import type { ChainHead, ChainName } from './chain.js';

/** A head as a checkpoint names it. */
export type HeadClaim = Omit<ChainName, 'organizationId'> & ChainHead;

/**
 * Consecutive records of one chain that left with a partition. `previousHash` is that of the first, `hash` that of the
 * last, so what is left on both sides can still be tied together.
 */
export interface PurgedRange extends Omit<ChainName, 'organizationId'> {
  readonly first: number;
  readonly last: number;
  readonly previousHash: string;
  readonly hash: string;
}

/** What the column `heads` of a checkpoint holds as JSON. */
export interface CheckpointClaims {
  /** The signature of the organization's checkpoint before this one; null for the first. */
  readonly previous: string | null;
  /** Every head that moved since (with some overlap); a head that is not named stands where an earlier one put it. */
  readonly heads: readonly HeadClaim[];
  /** Only in the checkpoint before a partition is dropped: exactly what that partition held. */
  readonly purged: readonly PurgedRange[];
}

/** One row of `audit_checkpoints`; times in milliseconds since the epoch. */
export interface Checkpoint {
  readonly id: string;
  readonly organizationId: string;
  readonly createdAt: number;
  readonly heads: string;
  readonly purgedBefore: number | null;
  readonly keyId: string;
  readonly signature: string;
}

/** The signed text: a JSON array of these fields in this order. */
const signedText = (c: Omit<Checkpoint, 'signature'>): string =>
  JSON.stringify([
    'gatehouse-audit-checkpoint-1',
    c.id,
    c.organizationId,
    c.createdAt,
    c.heads,
    c.purgedBefore,
    c.keyId,
  ]);

/** Signs a checkpoint with the instance's checkpoint key (Ed25519). */
export function signCheckpoint(keyring: Keyring, checkpoint: Omit<Checkpoint, 'signature' | 'keyId'>): Checkpoint {
  const key = checkpointSigningKey(keyring);
  const unsigned = { ...checkpoint, keyId: key.kid };
  return { ...unsigned, signature: signText(key, signedText(unsigned)) };
}

/** The claims of a checkpoint that this key signed; null for any other, and for one that was changed. */
export function readCheckpoint(key: VerificationKey, checkpoint: Checkpoint): CheckpointClaims | null {
  if (!verifyText(key, signedText(checkpoint), checkpoint.signature)) return null;
  return JSON.parse(checkpoint.heads) as CheckpointClaims;
}
