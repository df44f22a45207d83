import type { AuditExportFilter, AuditExportProgress, AuditExportResult } from '#audit';
import { DomainError } from '#kernel';
import type { SqlExecutor } from '#postgres';

/** A requested export as its row has it. */
export interface ExportRow {
  readonly state: string;
  readonly filter: AuditExportFilter;
  /** Milliseconds since the epoch; only events up to here are exported. */
  readonly requestedAt: number;
  readonly requestedBy: string | null;
  readonly resume: { readonly bodies: boolean; readonly cursor: string } | null;
}

/** The rows of `audit_exports`, one export at a time. */
export class ExportRows {
  constructor(
    private readonly sql: SqlExecutor,
    private readonly id: string,
    private readonly organizationId: string,
  ) {}

  /** The export, or null when it is gone or belongs to another organization. */
  async load(): Promise<ExportRow | null> {
    const [row] = await this.sql.query<
      Record<'state' | 'filter' | 'requested_at', string> & Record<'cursor' | 'requested_by', string | null>
    >(
      `select state, filter, cursor, requested_by, (extract(epoch from created_at) * 1000)::bigint::text as requested_at
       from audit_exports where id = $1 and organization_id = $2`,
      [this.id, this.organizationId],
    );
    return row
      ? {
          state: row.state,
          filter: JSON.parse(row.filter) as AuditExportFilter,
          requestedAt: Number(row.requested_at),
          requestedBy: row.requested_by,
          resume: row.cursor === null ? null : (JSON.parse(row.cursor) as ExportRow['resume']),
        }
      : null;
  }

  /** Says that the export runs. */
  start = (): Promise<void> => this.update(`state = 'RUNNING', code = null, message = null`, []);

  /** Remembers how far the file is complete, and whether it holds bodies. */
  progress = (bodies: boolean, { cursor, records, bytes }: AuditExportProgress): Promise<void> =>
    this.update('cursor = $3, records = $4, bytes = $5', [JSON.stringify({ bodies, cursor }), records, bytes]);

  /** Says that the file is whole. */
  succeed = ({ fileName, records, bytes, sha256 }: AuditExportResult): Promise<void> =>
    this.update(`state = 'SUCCEEDED', file_name = $3, records = $4, bytes = $5, sha256 = $6, finished_at = now()`, [
      fileName,
      records,
      bytes,
      sha256,
    ]);

  /** Says that there will be no file, and why. */
  fail(error: unknown): Promise<void> {
    const known = error instanceof DomainError;
    return this.update(`state = 'FAILED', code = $3, message = $4, finished_at = now()`, [
      known ? error.code : 'INTERNAL',
      known ? error.message : 'A fault of this program; its log names the cause.',
    ]);
  }

  private async update(assignments: string, values: readonly unknown[]): Promise<void> {
    await this.sql.query(`update audit_exports set ${assignments} where id = $1 and organization_id = $2`, [
      this.id,
      this.organizationId,
      ...values,
    ]);
  }
}
