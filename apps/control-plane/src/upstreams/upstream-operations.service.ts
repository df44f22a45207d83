import { setTimeout as pause } from 'node:timers/promises';
import { Inject, Injectable } from '@nestjs/common';
import { assertCan } from '#authz';
import type { Config } from '#config';
import type { OperationKind } from '#contracts';
import { DomainError, notFound, type CallContext } from '#kernel';
import { UnitOfWork, type Upstream, type UpstreamOperation } from '#persistence';
import { abilityOf } from '../access/ability-of.js';
import { findReadable } from '../access/find-readable.js';
import { organizationOf, userIdOf } from '../access/organization-of.js';
import { CONFIG, JobQueue } from '../dependencies.js';

/** An operation with its upstream, as they are now. */
export interface OperationAnswer {
  readonly operation: UpstreamOperation;
  readonly upstream: Upstream;
}

const queues = { CHECK: 'check-upstream-health', SYNC: 'sync-catalog' } as const;
const actions = { CHECK: 'upstream.check', SYNC: 'upstream.sync' } as const;

const firstPause = 25;
const longestPause = 500;

/** Checks and syncs on request. Only the worker dials upstreams: here a row asks, and the same row answers. */
@Injectable()
export class UpstreamOperationsService {
  constructor(
    private readonly unitOfWork: UnitOfWork,
    private readonly jobs: JobQueue,
    @Inject(CONFIG) private readonly config: Config,
  ) {}

  /** Asks the worker and waits for its answer up to `graphql.operationWait`; then the operation is still PENDING. */
  async run(ctx: CallContext, kind: OperationKind, { id }: { id: string }): Promise<OperationAnswer> {
    const operation = await this.ask(ctx, kind, id);
    try {
      const payload = { organizationId: organizationOf(ctx), upstreamId: id, operationId: operation.id };
      await this.jobs.enqueue(queues[kind], payload, { requestId: ctx.requestId });
    } catch (error) {
      await this.abandon(ctx, operation.id, error);
    }
    return this.waitForAnswer(ctx, operation.id);
  }

  private ask(ctx: CallContext, kind: OperationKind, upstreamId: string): Promise<UpstreamOperation> {
    const audited = { action: actions[kind], subjectType: 'Upstream', subjectId: upstreamId };
    return this.unitOfWork.write(ctx, audited, async (tx) => {
      const upstream = await findReadable(ctx, tx.upstreams, 'Upstream', upstreamId);
      assertCan(abilityOf(ctx), 'update', 'Upstream', upstream);
      const operation = tx.upstreamOperations.create({
        ...{ upstreamId, kind, state: 'PENDING', requestedBy: userIdOf(ctx), requestId: ctx.requestId },
        ...{ code: null, message: null, result: null, finishedAt: null },
      });
      tx.report({ details: { slug: upstream.slug, operationId: operation.id } });
      return operation;
    });
  }

  /** An operation that no job will ever answer must not look as if one would. */
  private async abandon(ctx: CallContext, id: string, error: unknown): Promise<void> {
    if (!(error instanceof DomainError)) throw error;
    const audited = { action: 'upstreamOperation.abandon', subjectType: 'UpstreamOperation', subjectId: id };
    await this.unitOfWork.write(ctx, audited, async (tx) => {
      const operation = await tx.upstreamOperations.find(id);
      if (!operation) return;
      const finishedAt = new Date(ctx.clock.now());
      Object.assign(operation, { state: 'FAILED', code: error.code, message: error.message, finishedAt });
      tx.report({ details: { code: error.code } });
    });
  }

  private async waitForAnswer(ctx: CallContext, id: string): Promise<OperationAnswer> {
    const deadline = performance.now() + this.config.graphql.operationWait;
    for (let next = firstPause; ; next = Math.min(next * 2, longestPause)) {
      const answer = await this.read(ctx, id);
      const left = deadline - performance.now();
      if (answer.operation.finishedAt !== null || left <= 0) return answer;
      await pause(Math.min(next, left));
    }
  }

  private read(ctx: CallContext, id: string): Promise<OperationAnswer> {
    return this.unitOfWork.read(ctx, async (tx) => {
      const operation = await tx.upstreamOperations.find(id);
      // Deleted while it was checked: the operation went with it.
      if (!operation) throw notFound('Upstream');
      return { operation, upstream: await findReadable(ctx, tx.upstreams, 'Upstream', operation.upstreamId) };
    });
  }
}
