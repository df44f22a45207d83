import { Injectable } from '@nestjs/common';
import type { z } from 'zod';
import { assertCanType } from '#authz';
import { DomainError, notFound, type CallContext } from '#kernel';
import { UnitOfWork, type AuditExport } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { organizationOf, userIdOf } from '../access/organization-of.js';
import { JobQueue } from '../dependencies.js';
import type { exportAuditInput } from './audit-export.types.js';

/** Exports of the audit log; the worker writes them. */
@Injectable()
export class AuditExportsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly jobs: JobQueue,
  ) {}

  async request(ctx: CallContext, { filter }: z.output<typeof exportAuditInput>): Promise<AuditExport> {
    const stored = await this.store(ctx, filter ?? {});
    const payload = { organizationId: organizationOf(ctx), exportId: stored.id };
    try {
      await this.jobs.enqueue('export-audit', payload, { requestId: ctx.requestId, once: stored.id });
      return stored;
    } catch (error) {
      return this.abandon(ctx, stored.id, error);
    }
  }

  private store(ctx: CallContext, filter: Readonly<Record<string, unknown>>): Promise<AuditExport> {
    const operation = { action: 'auditEvent.export', subjectType: 'AuditExport' };
    return this.unitOfWork.write(ctx, operation, async (tx) => {
      assertCanType(abilityOf(ctx), 'read', 'AuditEvent');
      const row = tx.auditExports.create({
        ...{ state: 'PENDING', filter: JSON.stringify(filter), requestedBy: userIdOf(ctx), records: 0, bytes: 0 },
        ...{ fileName: null, cursor: null, sha256: null, code: null, message: null, finishedAt: null },
      });
      tx.report({ subjectId: row.id, details: { filter } });
      return row;
    });
  }

  /** An export that no job will ever write must not look as if one would. */
  private abandon(ctx: CallContext, id: string, error: unknown): Promise<AuditExport> {
    if (!(error instanceof DomainError)) throw error;
    const operation = { action: 'auditExport.abandon', subjectType: 'AuditExport', subjectId: id };
    return this.unitOfWork.write(ctx, operation, async (tx) => {
      const row = await tx.auditExports.find(id);
      if (!row) throw notFound('AuditExport');
      const finishedAt = new Date(ctx.clock.now());
      Object.assign(row, { state: 'FAILED', code: error.code, message: error.message, finishedAt });
      tx.report({ details: { code: error.code } });
      return row;
    });
  }
}
