import { checkpointSigningKey, signText, verifyText, type Keyring, type VerificationKey } from '#crypto';
import { DomainError } from '#kernel';
import type { ChainedRecord } from './audit-record.js';
import { chainKey } from './chain.js';

/** Which events an export holds; times are ISO 8601, `from` included, `to` excluded. */
export interface AuditExportFilter {
  readonly from?: string | null;
  readonly to?: string | null;
  readonly action?: string | null;
  readonly outcome?: string | null;
  readonly actorUserId?: string | null;
}

/** The last record of one chain in a file, and how many of that chain are in it. */
export interface ExportedHead {
  readonly writer: string;
  readonly epoch: string;
  readonly records: number;
  readonly sequence: number;
  readonly hash: string;
}

/** The last line of an export: what makes the file complete and verifiable. */
export interface ExportTrailer {
  readonly type: 'trailer';
  readonly version: 1;
  readonly exportId: string;
  readonly organizationId: string;
  /** Only events up to here are in the file, ISO 8601. */
  readonly until: string;
  readonly filter: AuditExportFilter;
  readonly bodies: boolean;
  readonly records: number;
  /** Bytes before this line. */
  readonly bytes: number;
  /** `ContentDigest` of these bytes. */
  readonly sha256: string;
  readonly heads: readonly ExportedHead[];
  readonly keyId: string;
  /** Ed25519 over this line's JSON without this last member. */
  readonly signature: string;
}

/** One event as a line. Without `bodies` a body is left out; `bodyRedacted` then says that there was one. */
export function exportLine(record: ChainedRecord, bodies: boolean): string {
  const { body, details, occurredAt, organizationId, ...rest } = record;
  const line = {
    type: 'event',
    ...rest,
    organizationId,
    occurredAt: new Date(occurredAt).toISOString(),
    details: parsedDetails(details),
    ...(bodies ? { body } : { body: null, bodyRedacted: body !== null }),
  };
  return `${JSON.stringify(line)}\n`;
}

/** Details as an object where that gives back the stored text, which the hash covers. */
function parsedDetails(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && JSON.stringify(value) === text ? value : text;
  } catch {
    return text;
  }
}

/** The record that a line tells of, or null if it tells of none. */
export function recordOfLine(line: string): ChainedRecord | null {
  try {
    const { type, bodyRedacted: _, ...event } = JSON.parse(line) as Record<string, unknown>;
    if (type !== 'event') return null;
    const details = typeof event['details'] === 'string' ? event['details'] : JSON.stringify(event['details']);
    return { ...event, details, occurredAt: Date.parse(String(event['occurredAt'])) } as unknown as ChainedRecord;
  } catch {
    return null;
  }
}

/** Heads of what a file holds, gathered record by record. */
export class ExportedHeads {
  readonly #heads = new Map<string, ExportedHead>();

  add({ writer, epoch, sequence, hash }: ChainedRecord): void {
    const known = this.#heads.get(chainKey({ writer, epoch }));
    const last = known && known.sequence > sequence ? known : { writer, epoch, sequence, hash };
    this.#heads.set(chainKey({ writer, epoch }), { ...last, records: (known?.records ?? 0) + 1 });
  }

  /** In an order that depends on the content alone. */
  list(): ExportedHead[] {
    return [...this.#heads.entries()]
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([, { writer, epoch, records, sequence, hash }]) => ({ writer, epoch, records, sequence, hash }));
  }
}

/** The signed last line. */
export function trailerLine(
  keyring: Keyring,
  content: Omit<ExportTrailer, 'type' | 'version' | 'keyId' | 'signature'>,
): string {
  const key = checkpointSigningKey(keyring);
  const unsigned = { type: 'trailer', version: 1, ...content, keyId: key.kid };
  return `${JSON.stringify({ ...unsigned, signature: signText(key, JSON.stringify(unsigned)) })}\n`;
}

/** The trailer of a line; null if it is none, or its signature is not that of `key`. */
export function readTrailer(key: VerificationKey, line: string): ExportTrailer | null {
  try {
    const { signature, ...unsigned } = JSON.parse(line) as ExportTrailer;
    if (unsigned.type !== 'trailer') return null;
    return verifyText(key, JSON.stringify(unsigned), signature) ? { ...unsigned, signature } : null;
  } catch {
    return null;
  }
}

/** Why a file could not be written or read, as an operator understands it; anything else as it is. */
export function fileProblem(dir: string, error: unknown): unknown {
  if (!(error instanceof Error) || !('code' in error) || !('syscall' in error)) return error;
  const code = String(error.code);
  const reason = ['ENOSPC', 'EDQUOT'].includes(code) ? 'the disk is full' : code;
  return new DomainError(
    'DATA_DIR_UNUSABLE',
    `The audit export cannot be written to ${dir} (${reason}). Free space or correct its permissions, or set GATEHOUSE_AUDIT_EXPORT_DIR; the export then goes on where it stopped.`,
    { cause: error },
  );
}
