import type { EntityManager } from '@mikro-orm/postgresql';
import type { AuditEventDraft } from '#contracts';
import { DomainError, type CallContext } from '#kernel';
import type { SqlExecutor } from '#postgres';
import { actorColumns } from './actor-columns.js';
import { fromDatabaseError } from './constraint-errors.js';
import { sqlExecutorOf } from './sql-executor-of.js';
import { repositoriesOf, type Repositories } from './repositories/repositories.js';

/** Writes audit events into the chain, inside the transaction that it is given. The audit lib implements it. */
export interface AuditRecorder {
  append(sql: SqlExecutor, events: readonly AuditEventDraft[]): Promise<void>;
}

/** What a write is called in the audit log. */
export interface Operation {
  /** `noun.verb`, for example `upstream.create`. */
  readonly action: string;
  readonly subjectType: string | null;
  readonly subjectId?: string | null;
}

/** What a write may add to its own audit record. */
export interface OperationReport {
  subjectId?: string | null;
  details?: Record<string, unknown>;
}

/** Repositories, plus raw SQL, inside one transaction bound to one organization. */
export interface ReadTransaction extends Repositories {
  readonly sql: SqlExecutor;
}

/** A transaction that also writes; `report` completes the one audit record of the operation. */
export interface WriteTransaction extends ReadTransaction {
  report(report: OperationReport): void;
}

const deniedCodes = new Set([
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'NOT_FOUND',
  'CSRF',
  'RATE_LIMITED',
  'COMMAND_NOT_ALLOWED',
]);

/** How an operation that ended with this error stands in the audit log. */
export function outcomeOfError(error: unknown): { outcome: 'DENIED' | 'FAILED'; reason: string } {
  const reason = error instanceof DomainError ? error.code : 'INTERNAL';
  return { outcome: deniedCodes.has(reason) ? 'DENIED' : 'FAILED', reason };
}

/**
 * Runs use cases in transactions that row-level security binds to the actor's organization.
 * A write commits the entity, its audit record and (by trigger) its change row together, or none of them.
 */
export class UnitOfWork {
  private readonly recorded = new WeakSet<object>();

  constructor(
    private readonly em: EntityManager,
    private readonly audit: AuditRecorder,
  ) {}

  /** Runs `fn` in a read-only transaction. */
  async read<T>(ctx: CallContext, fn: (tx: ReadTransaction) => Promise<T>): Promise<T> {
    return this.transaction(organizationOf(ctx), true, (tx) => fn(tx));
  }

  /**
   * Runs `fn` in a transaction and records exactly one audit event: ALLOWED with it, or — after a rollback, in a
   * transaction of its own — DENIED or FAILED with the code of the error, which is then thrown on.
   */
  async write<T>(ctx: CallContext, operation: Operation, fn: (tx: WriteTransaction) => Promise<T>): Promise<T> {
    const organizationId = organizationOf(ctx);
    const startedAt = ctx.clock.now();
    const report: OperationReport = {};
    try {
      return await this.transaction(organizationId, false, async (tx, em) => {
        const result = await fn({ ...tx, report: (more) => mergeReport(report, more) });
        await em.flush();
        await this.audit.append(tx.sql, [draft(ctx, organizationId, operation, report, startedAt, null)]);
        return result;
      });
    } catch (error) {
      await this.recordFailure(draft(ctx, organizationId, operation, report, startedAt, error), error);
      throw error;
    }
  }

  /**
   * Records an operation that was refused before it reached a unit of work.
   * `organizationId` says where it was aimed at, for a caller who has no organization yet.
   */
  async recordRefusal(
    ctx: CallContext,
    operation: Operation,
    error: unknown,
    { organizationId = organizationOf(ctx), details = {} }: { organizationId?: string; details?: object } = {},
  ): Promise<void> {
    const report = { details: { ...details } };
    await this.recordFailure(draft(ctx, organizationId, operation, report, ctx.clock.now(), error), error);
  }

  /** Records an event that is no operation of a known caller, in a transaction of its own. */
  async record(event: AuditEventDraft): Promise<void> {
    await this.transaction(event.organizationId, false, (tx) => this.audit.append(tx.sql, [event]));
  }

  /** Whether the operation that ended with this very error stands in the audit log already. */
  wasRecorded(error: unknown): boolean {
    return typeof error === 'object' && error !== null && this.recorded.has(error);
  }

  private async recordFailure(event: AuditEventDraft, error: unknown): Promise<void> {
    await this.record(event);
    if (typeof error === 'object' && error !== null) this.recorded.add(error);
  }

  private async transaction<T>(
    organizationId: string,
    readOnly: boolean,
    fn: (tx: ReadTransaction, em: EntityManager) => Promise<T>,
  ): Promise<T> {
    try {
      return await this.em.fork({ clear: true }).transactional(
        async (em) => {
          const sql = sqlExecutorOf(em);
          await sql.query("select set_config('gatehouse.organization', $1, true)", [organizationId]);
          return fn({ sql, ...repositoriesOf(em, organizationId) }, em);
        },
        { readOnly },
      );
    } catch (error) {
      throw fromDatabaseError(error);
    }
  }
}

function organizationOf(ctx: CallContext): string {
  if (ctx.actor.organizationId) return ctx.actor.organizationId;
  if (ctx.actor.kind === 'system') throw new Error(`${ctx.actor.name} opened a unit of work without an organization`);
  throw new DomainError('UNAUTHENTICATED', 'Sign in first, or send an API token.');
}

function mergeReport(into: OperationReport, more: OperationReport): void {
  if (more.subjectId !== undefined) into.subjectId = more.subjectId;
  if (more.details) into.details = { ...into.details, ...more.details };
}

function draft(
  ctx: CallContext,
  organizationId: string,
  operation: Operation,
  report: OperationReport,
  startedAt: number,
  error: unknown,
): AuditEventDraft {
  return {
    organizationId,
    occurredAt: ctx.clock.now(),
    action: operation.action,
    ...(error === null ? ({ outcome: 'ALLOWED', reason: null } as const) : outcomeOfError(error)),
    ...actorColumns(ctx),
    subjectType: operation.subjectType,
    subjectId: report.subjectId ?? operation.subjectId ?? null,
    durationMs: ctx.clock.now() - startedAt,
    details: report.details ?? {},
    body: null,
  };
}
