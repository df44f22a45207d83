import type { QueueName } from '#contracts';
import { systemClock, type CallContext } from '#kernel';

/** The context of a job that works for one organization: the program acts, in the request that asked for the job. */
export const jobCallContext = (queue: QueueName, organizationId: string, requestId: string): CallContext => ({
  actor: { kind: 'system', organizationId, name: `worker:${queue}` },
  requestId,
  clock: systemClock,
  ip: null,
  userAgent: null,
});
