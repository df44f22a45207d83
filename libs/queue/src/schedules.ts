import type { JobPayload, QueueName } from '#contracts';

/** One repeated job. */
export type Schedule = {
  [Q in QueueName]: {
    readonly id: string;
    readonly queue: Q;
    readonly everyMs: number;
    readonly payload: JobPayload<Q>;
  };
}[QueueName];

/** Times that the schedules depend on, in milliseconds. */
export interface ScheduleTimes {
  readonly healthInterval: number;
  readonly syncInterval: number;
  readonly checkpointInterval: number;
}

const purgeEveryMs = 10 * 60_000;

/** The one table of schedules (ARCHITECTURE.md §3c). */
export const schedules = (times: ScheduleTimes): Schedule[] => [
  { id: 'check-upstreams', queue: 'schedule-upstreams', everyMs: times.healthInterval, payload: { kind: 'CHECK' } },
  { id: 'sync-upstreams', queue: 'schedule-upstreams', everyMs: times.syncInterval, payload: { kind: 'SYNC' } },
  { id: 'checkpoint-audit', queue: 'checkpoint-audit', everyMs: times.checkpointInterval, payload: {} },
  { id: 'purge-expired', queue: 'purge-expired', everyMs: purgeEveryMs, payload: {} },
];
