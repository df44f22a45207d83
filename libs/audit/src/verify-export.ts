import { checkpointSigningKey, type Keyring, type VerificationKey } from '#crypto';
import { isAuthentic } from './chain.js';
import { ContentDigest } from './content-digest.js';
import { linesOf } from './export-file.js';
import { ExportedHeads, readTrailer, recordOfLine, type ExportTrailer } from './export-lines.js';

/** What checking an export file found. */
export interface ExportVerification {
  readonly valid: boolean;
  /** Lines that hold an event. */
  readonly records: number;
  /** Size of the file. */
  readonly bytes: number;
  /** Null if the file has no trailer with a good signature. */
  readonly trailer: ExportTrailer | null;
  /** The first hundred findings, in words. */
  readonly problems: readonly string[];
}

/**
 * Checks that an export file is complete and unchanged: count, digest, heads and signature of its trailer. With the
 * instance's keyring the HMAC of every record is checked, too; with its public checkpoint key alone anyone can check the
 * rest. Rejects when the file cannot be read.
 */
export async function verifyExport(file: string, key: Keyring | VerificationKey): Promise<ExportVerification> {
  const keyring = 'keyId' in key ? key : null;
  const publicKey = 'keyId' in key ? checkpointSigningKey(key).publicKey : key;
  const digest = new ContentDigest();
  const heads = new ExportedHeads();
  const problems: string[] = [];
  const problem = (text: string) => problems.length < 100 && problems.push(text);
  let records = 0;
  let bytes = 0;
  let last: Buffer | null = null;
  for await (const line of linesOf(file)) {
    if (last) {
      // Another line follows, so this one was not the trailer.
      records += 1;
      digest.update(last);
      bytes += last.length;
      const record = recordOfLine(last.toString('utf8'));
      if (record) heads.add(record);
      if (!record) problem(`Line ${records} holds no event.`);
      else if (keyring && !isAuthentic(keyring, record))
        problem(`Line ${records}: the record is not what was written.`);
    }
    last = line;
  }
  const trailer = readTrailer(publicKey, last?.toString('utf8') ?? '');
  if (!trailer) {
    problem(
      'The last line is no trailer with a signature of this instance: the file is incomplete, changed or foreign.',
    );
  } else {
    if (trailer.records !== records) problem(`The file holds ${records} records; its trailer says ${trailer.records}.`);
    if (trailer.bytes !== bytes || trailer.sha256 !== digest.hex()) problem('The content was changed.');
    if (JSON.stringify(trailer.heads) !== JSON.stringify(heads.list()))
      problem('The heads of the chains do not fit the records.');
  }
  return { valid: problems.length === 0, records, bytes: bytes + (last?.length ?? 0), trailer, problems };
}
