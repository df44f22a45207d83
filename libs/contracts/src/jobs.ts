import { z } from 'zod';

/** Every queue with the shape of its payload. A payload names rows and decides nothing (ARCHITECTURE.md §3c). */
export const jobPayloads = {
  'check-upstream-health': z.object({
    organizationId: z.uuid(),
    upstreamId: z.uuid(),
    operationId: z.uuid().nullable(),
  }),
  'sync-catalog': z.object({ organizationId: z.uuid(), upstreamId: z.uuid(), operationId: z.uuid().nullable() }),
  'export-audit': z.object({ organizationId: z.uuid(), exportId: z.uuid() }),
  /** Fans out one job per enabled upstream. */
  'schedule-upstreams': z.object({ kind: z.enum(['CHECK', 'SYNC']) }),
  'checkpoint-audit': z.object({}),
  'purge-expired': z.object({}),
} as const;

/** The name of a queue. */
export type QueueName = keyof typeof jobPayloads;

/** The payload of one queue's jobs. */
export type JobPayload<Q extends QueueName> = z.output<(typeof jobPayloads)[Q]>;
