import { Inject, Injectable } from '@nestjs/common';
import type { QueueName } from '#contracts';
import { DomainError, type CallContext } from '#kernel';
import { UnitOfWork, type Operation, type Upstream, type WriteTransaction } from '#persistence';
import type { JobContext } from '#queue';
import { OBSERVATIONS } from '../dependencies.js';
import { jobCallContext } from '../job-call-context.js';
import { isSameTarget, loadUpstream, type DialedUpstream } from './dialed-upstream.js';
import { failed, finishOperation, startOperation, type OperationResult } from './operation-result.js';
import { addHealthCheck, isFlip, turnHealth, type HealthReport } from './record-health.js';

/** A job on one upstream, and the operation that it answers, if someone waits for it. */
export interface UpstreamPayload {
  readonly organizationId: string;
  readonly upstreamId: string;
  readonly operationId: string | null;
}

/** What a job found and how it ends. */
export interface Settlement {
  readonly health: HealthReport;
  readonly operation: OperationResult;
  /** Changes of the catalogue beside the health: what they are called in the audit log, and how they are made. */
  readonly change: { readonly action: string; apply(tx: WriteTransaction, row: Upstream): Promise<void> } | null;
}

const changedMeanwhile = (): DomainError =>
  new DomainError('CONFLICT', 'The upstream was changed while it was dialled; it is dialled again.');

/** The frame of the jobs that dial an upstream: load the row, skip what is disabled, answer whoever waits. */
@Injectable()
export class UpstreamJobs {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    @Inject(OBSERVATIONS) private readonly observations: UnitOfWork,
  ) {}

  /** Runs `work` on the upstream that the payload names. Its last failing attempt ends the operation, too. */
  async run(
    queue: QueueName,
    { organizationId, upstreamId, operationId }: UpstreamPayload,
    job: JobContext,
    work: (ctx: CallContext, upstream: DialedUpstream) => Promise<Settlement>,
  ): Promise<void> {
    const ctx = jobCallContext(queue, organizationId, job.requestId);
    try {
      const upstream = await loadUpstream(this.observations, ctx, upstreamId);
      if (!upstream) return;
      if (!upstream.enabled) {
        await this.finish(
          ctx,
          operationId,
          failed(new DomainError('CONFLICT', 'The upstream is disabled; enable it.')),
        );
        return;
      }
      if (operationId !== null) await startOperation(this.observations, ctx, operationId);
      await this.settle(ctx, upstream, operationId, await work(ctx, upstream));
    } catch (error) {
      // Best effort: when the database is away, the operation stays unanswered until it is purged.
      if (job.lastAttempt) await this.finish(ctx, operationId, failed(error)).catch(() => undefined);
      throw error;
    }
  }

  private async finish(ctx: CallContext, operationId: string | null, result: OperationResult): Promise<void> {
    if (operationId === null) return;
    const operation = { action: 'upstream-operation.finish', subjectType: 'UpstreamOperation' };
    await this.observations.write(ctx, operation, (tx) => finishOperation(tx, ctx, operationId, result));
  }

  /** A finding that changes the catalogue is written with an audit record, one that does not without. */
  private async settle(
    ctx: CallContext,
    dialed: DialedUpstream,
    operationId: string | null,
    { health, operation, change }: Settlement,
  ): Promise<void> {
    const current = await loadUpstream(this.observations, ctx, dialed.id);
    if (!current) return;
    if (!isSameTarget(dialed, current)) throw changedMeanwhile();
    const flips = isFlip(current, health);
    const audited: Operation = {
      action: change?.action ?? 'upstream.health-change',
      subjectType: 'Upstream',
      subjectId: dialed.id,
    };
    const unit = change || flips ? this.unitOfWork : this.observations;
    await unit.write(ctx, audited, async (tx) => {
      addHealthCheck(tx, ctx, dialed.id, health);
      await finishOperation(tx, ctx, operationId, operation);
      if (!change && !flips) return;
      const row = await lockUpstream(tx, dialed);
      tx.report({ details: { slug: dialed.slug, health: health.status, healthCode: health.code } });
      turnHealth(row, ctx, health);
      await change?.apply(tx, row);
    });
  }
}

/** Two jobs on one upstream write one after the other. Rows that refer to the upstream can be written meanwhile. */
async function lockUpstream(tx: WriteTransaction, dialed: DialedUpstream): Promise<Upstream> {
  await tx.sql.query('select id from upstreams where id = $1 for no key update', [dialed.id]);
  const row = await tx.upstreams.find(dialed.id);
  if (!row || !isSameTarget(dialed, row)) throw changedMeanwhile();
  return row;
}
