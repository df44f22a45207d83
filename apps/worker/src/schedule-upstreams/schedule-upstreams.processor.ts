import { Inject, Injectable } from '@nestjs/common';
import type { JobPayload } from '#contracts';
import { newRequestId } from '#kernel';
import type { DatabasePool } from '#postgres';
import type { JobProducer } from '#queue';
import { PRODUCER, SYSTEM_POOL } from '../dependencies.js';

const queueOf = { CHECK: 'check-upstream-health', SYNC: 'sync-catalog' } as const;

/** Adds one job for every enabled upstream of every organization, unless one is waiting or running already. */
@Injectable()
export class ScheduleUpstreamsProcessor {
  constructor(
    @Inject(SYSTEM_POOL) private readonly pool: DatabasePool,
    @Inject(PRODUCER) private readonly producer: JobProducer,
  ) {}

  async process({ kind }: JobPayload<'schedule-upstreams'>): Promise<void> {
    const upstreams = await this.pool.query<{ id: string; organization_id: string }>(
      'select id, organization_id from upstreams where enabled order by id',
    );
    for (const { id, organization_id: organizationId } of upstreams) {
      const payload = { organizationId, upstreamId: id, operationId: null };
      await this.producer.enqueue(queueOf[kind], payload, { requestId: newRequestId(), once: id });
    }
  }
}
