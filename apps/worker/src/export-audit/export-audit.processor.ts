import path from 'node:path';
import { Inject, Injectable } from '@nestjs/common';
import { exportAudit } from '#audit';
import type { Config } from '#config';
import type { JobPayload } from '#contracts';
import type { Keyring } from '#crypto';
import { DomainError } from '#kernel';
import type { DatabasePool, SqlExecutor } from '#postgres';
import type { JobContext } from '#queue';
import { CONFIG, DATA_DIR, KEYRING, SYSTEM_POOL } from '../dependencies.js';
import { ExportRows } from './export-row.js';
import { requesterRights } from './requester-rights.js';

type Payload = JobPayload<'export-audit'>;

/** Writes an export of the audit log; an interrupted one goes on after its last whole page. */
@Injectable()
export class ExportAuditProcessor {
  /** Exports of one process run one after the other: each keeps a connection for its lock. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(
    @Inject(SYSTEM_POOL) private readonly pool: DatabasePool,
    @Inject(KEYRING) private readonly keyring: Keyring,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(DATA_DIR) private readonly dataDir: string,
  ) {}

  process(payload: Payload, job: JobContext): Promise<void> {
    const run = this.turn.then(() => this.exportAlone(payload, job));
    this.turn = run.catch(() => undefined);
    return run;
  }

  /** Two jobs must not write one file. Whoever finds the export locked leaves it to the other. */
  private exportAlone(payload: Payload, job: JobContext): Promise<void> {
    job.signal.throwIfAborted();
    return this.pool.withConnection(async (sql) => {
      const key = `gatehouse-export:${payload.exportId}`;
      const [lock] = await sql.query<{ locked: boolean }>(
        'select pg_try_advisory_lock(hashtextextended($1, 0)) as locked',
        [key],
      );
      if (!lock?.locked) return;
      try {
        await this.export(sql, payload, job);
      } finally {
        await sql.query('select pg_advisory_unlock(hashtextextended($1, 0))', [key]).catch(() => undefined);
      }
    });
  }

  private async export(sql: SqlExecutor, { organizationId, exportId }: Payload, job: JobContext): Promise<void> {
    const rows = new ExportRows(sql, exportId, organizationId);
    try {
      const row = await rows.load();
      if (!row || row.state === 'SUCCEEDED' || row.state === 'FAILED') return;
      const { events, bodies } = await requesterRights(sql, organizationId, row.requestedBy);
      if (!events) {
        await rows.fail(
          new DomainError('FORBIDDEN', 'Whoever asked for this export may not read the audit log any more.'),
        );
        return;
      }
      await rows.start();
      const result = await exportAudit({
        sql,
        keyring: this.keyring,
        exportId,
        organizationId,
        until: row.requestedAt,
        filter: row.filter,
        bodies,
        dir: this.config.audit.exportDir ?? path.join(this.dataDir, 'exports'),
        pageSize: this.config.audit.exportPage,
        // A file begun with other rights is begun anew.
        cursor: row.resume?.bodies === bodies ? row.resume.cursor : null,
        onProgress: (progress) => rows.progress(bodies, progress),
        signal: job.signal,
      });
      await rows.succeed(result);
    } catch (error) {
      // When the worker stops, or the database is away, the export stays RUNNING and is taken up again.
      if (job.lastAttempt && !job.signal.aborted) await rows.fail(error).catch(() => undefined);
      throw error;
    }
  }
}
