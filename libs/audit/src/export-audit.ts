import path from 'node:path';
import type { Keyring } from '#crypto';
import type { SqlExecutor } from '#postgres';
import { fromRow, recordColumns, type RecordRow } from './event-rows.js';
import type { ChainedRecord } from './audit-record.js';
import { ExportFile } from './export-file.js';
import { exportLine, fileProblem, trailerLine, type AuditExportFilter } from './export-lines.js';
import { verifyExport } from './verify-export.js';

/** How far an export has come; the caller stores it and hands `cursor` back to go on after an interruption. */
export interface AuditExportProgress {
  /** Opaque text. */
  readonly cursor: string;
  readonly records: number;
  readonly bytes: number;
}

/** What to export, where to and how. */
export interface ExportAuditOptions {
  /** Reads `audit_events` of the organization. */
  readonly sql: SqlExecutor;
  readonly keyring: Keyring;
  readonly exportId: string;
  readonly organizationId: string;
  /** Events up to this time are exported (milliseconds since the epoch); the time of the request, so that it ends. */
  readonly until: number;
  readonly filter: AuditExportFilter;
  /** Whether the requester may read bodies. */
  readonly bodies: boolean;
  readonly dir: string;
  readonly pageSize: number;
  /** From the last progress of an interrupted run, else null. */
  readonly cursor: string | null;
  /** Called after each page is safe on the disk. */
  readonly onProgress: (progress: AuditExportProgress) => Promise<void>;
  readonly signal?: AbortSignal;
}

/** A complete export. */
export interface AuditExportResult {
  /** Inside `dir`. */
  readonly fileName: string;
  readonly records: number;
  /** Size of the whole file. */
  readonly bytes: number;
  /** `ContentDigest` of all bytes before the trailer, as the trailer has it. */
  readonly sha256: string;
}

interface Cursor {
  readonly offset: number;
  readonly records: number;
  readonly occurredAt: number;
  readonly id: string;
}

/**
 * Writes the events of an organization, oldest first, to `<dir>/<exportId>.jsonl`: one JSON object per line, then a
 * signed trailer. An interrupted export goes on after its last whole page and ends as the same file. The file gets its
 * name when it is complete; until then, and after any failure, it ends in `.partial`.
 * @throws DomainError DATA_DIR_UNUSABLE when the disk is full or the folder cannot be written; the reason of `signal`
 */
export async function exportAudit(options: ExportAuditOptions): Promise<AuditExportResult> {
  const file = new ExportFile(options.dir, `${options.exportId}.jsonl`);
  try {
    if (await file.isComplete()) {
      const finished = await completeResult(options, file.name);
      if (finished) return finished;
    }
    return await run(options, file);
  } catch (error) {
    throw fileProblem(options.dir, error);
  } finally {
    await file.close();
  }
}

async function run(options: ExportAuditOptions, file: ExportFile): Promise<AuditExportResult> {
  const { exportId, organizationId, filter, bodies } = options;
  const stored = options.cursor === null ? null : (JSON.parse(options.cursor) as Cursor);
  let cursor = stored && (await file.resume(stored.offset, stored.records)) ? stored : null;
  if (!stored) await file.begin();
  for (;;) {
    options.signal?.throwIfAborted();
    const page = await readPage(options, cursor);
    const last = page.at(-1);
    if (!last) break;
    await file.append(page.map((record) => exportLine(record, bodies)).join(''), page.length);
    for (const record of page) file.heads.add(record);
    cursor = { offset: file.bytes, records: file.records, occurredAt: last.occurredAt, id: last.id };
    await options.onProgress({ cursor: JSON.stringify(cursor), records: file.records, bytes: file.bytes });
    if (page.length < options.pageSize) break;
  }
  const { records } = file;
  const sha256 = file.digest.hex();
  const until = new Date(options.until).toISOString();
  const content = { exportId, organizationId, until, filter, bodies, records, bytes: file.bytes, sha256 };
  await file.append(trailerLine(options.keyring, { ...content, heads: file.heads.list() }), 0);
  await file.complete();
  return { fileName: file.name, records, bytes: file.bytes, sha256 };
}

async function completeResult(options: ExportAuditOptions, fileName: string): Promise<AuditExportResult | null> {
  const { trailer, valid, bytes } = await verifyExport(path.join(options.dir, fileName), options.keyring);
  if (!valid || trailer?.exportId !== options.exportId) return null;
  return { fileName, records: trailer.records, bytes, sha256: trailer.sha256 };
}

async function readPage(options: ExportAuditOptions, after: Cursor | null): Promise<ChainedRecord[]> {
  const { filter } = options;
  const rows = await options.sql.query<RecordRow>(
    `select ${recordColumns} from audit_events e
     where organization_id = $1 and e.occurred_at <= $2::timestamptz
       and ($3::timestamptz is null or e.occurred_at >= $3::timestamptz)
       and ($4::timestamptz is null or e.occurred_at < $4::timestamptz)
       and ($5::text is null or action = $5)
       and ($6::text is null or outcome = $6)
       and ($7::uuid is null or actor_user_id = $7)
       ${after ? 'and (e.occurred_at, e.id) > ($9::timestamptz, $10::uuid)' : ''}
     order by e.occurred_at, e.id limit $8`,
    [
      options.organizationId,
      new Date(options.until).toISOString(),
      filter.from ?? null,
      filter.to ?? null,
      filter.action ?? null,
      filter.outcome ?? null,
      filter.actorUserId ?? null,
      options.pageSize,
      ...(after ? [new Date(after.occurredAt).toISOString(), after.id] : []),
    ],
  );
  return rows.map(fromRow);
}
