import { hmacHex, type Keyring } from '#crypto';
import type { AuditRecord, ChainedRecord } from './audit-record.js';

/** The `previousHash` of the first record of every chain. */
export const GENESIS = '0'.repeat(64);

/** The last link of a chain, as far as someone knows. */
export interface ChainHead {
  readonly sequence: number;
  readonly hash: string;
}

/** Which chain. */
export interface ChainName {
  readonly organizationId: string;
  readonly writer: string;
  readonly epoch: string;
}

/** A chain before its first record. */
export const emptyChain: ChainHead = { sequence: 0, hash: GENESIS };

/**
 * What the hash of a record covers: a JSON array (no white space, ECMAScript `JSON.stringify`) of exactly these fields
 * in this order. `details` stands as its stored text, times as whole milliseconds since the epoch, the body as its
 * digest. A change of this list needs a new label in front, and `verifyAudit` must keep knowing the old one.
 */
export const canonicalRecord = (r: Omit<ChainedRecord, 'hash' | 'body'>): string =>
  JSON.stringify([
    'gatehouse-audit-1',
    r.organizationId,
    r.writer,
    r.epoch,
    r.sequence,
    r.previousHash,
    r.id,
    r.occurredAt,
    r.action,
    r.outcome,
    r.reason,
    r.actorKind,
    r.actorUserId,
    r.actorTokenId,
    r.subjectType,
    r.subjectId,
    r.requestId,
    r.ip,
    r.durationMs,
    r.details,
    r.bodyDigest,
  ]);

/** `HMAC-SHA256(audit key, canonical record)`, 64 hexadecimal digits. */
export const recordHash = (keyring: Keyring, record: Omit<ChainedRecord, 'hash' | 'body'>): string =>
  hmacHex(keyring.key('audit'), canonicalRecord(record));

/** Digest of a body; keyed, so that a purged body of few possible values cannot be guessed from it. */
export const bodyDigest = (keyring: Keyring, body: string | null): string | null =>
  body === null ? null : hmacHex(keyring.key('audit'), JSON.stringify(['gatehouse-audit-body-1', body]));

/** Puts a record behind the head of its chain. The result is the new head, too. */
export function link(
  keyring: Keyring,
  chain: Omit<ChainName, 'organizationId'>,
  head: ChainHead,
  record: AuditRecord,
): ChainedRecord {
  const unhashed = {
    ...record,
    writer: chain.writer,
    epoch: chain.epoch,
    sequence: head.sequence + 1,
    bodyDigest: bodyDigest(keyring, record.body),
    previousHash: head.hash,
  };
  return { ...unhashed, hash: recordHash(keyring, unhashed) };
}

/** True if a record is what this instance chained: its fields, and its body unless that was purged. */
export const isAuthentic = (keyring: Keyring, record: ChainedRecord): boolean =>
  recordHash(keyring, record) === record.hash &&
  (record.body === null || bodyDigest(keyring, record.body) === record.bodyDigest);

/** A chain of one organization as the key of a map. */
export const chainKey = ({ writer, epoch }: Omit<ChainName, 'organizationId'>): string => `${epoch} ${writer}`;
