import { Inject, Injectable } from '@nestjs/common';
import type { CallContext } from '#kernel';
import type { Logger } from '#observability';
import { organizationOf } from '../access/organization-of.js';
import { JobQueue, LOGGER } from '../dependencies.js';

/** Asks the worker to read a catalogue that may be new, without anybody waiting for it. */
@Injectable()
export class SyncRequests {
  constructor(
    private readonly jobs: JobQueue,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /**
   * The change is committed already, so a job store that is away only delays: the schedule syncs it later. A sync that
   * runs already may have begun with the old address, so it does not stand in for this one.
   */
  async request(ctx: CallContext, upstreamId: string): Promise<void> {
    const payload = { organizationId: organizationOf(ctx), upstreamId, operationId: null };
    try {
      await this.jobs.enqueue('sync-catalog', payload, { requestId: ctx.requestId });
    } catch (error) {
      this.logger.warn({ err: error, upstreamId }, 'The sync of a changed upstream waits for the schedule');
    }
  }
}
