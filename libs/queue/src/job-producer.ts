import { jobPayloads, type JobPayload, type QueueName } from '#contracts';
import { DomainError } from '#kernel';
import { openJobStore, type JobQueue, type JobStoreSettings } from './job-store.js';
import { within } from './within.js';

/** How a job is tried again: `attempts` in all, the pause before the second in milliseconds, doubled for each further one. */
export interface RetryPolicy {
  readonly attempts: number;
  readonly delayMs: number;
}

/** What the data of a job holds beside its payload. */
export interface JobData<Q extends QueueName = QueueName> {
  readonly requestId: string;
  readonly payload: JobPayload<Q>;
}

/** Adds jobs. */
export interface JobProducer {
  /**
   * Adds a job. With `once`, a job of the same queue and key that has not ended yet takes its place.
   * @throws DomainError DATABASE_UNAVAILABLE when the store does not answer
   */
  enqueue<Q extends QueueName>(
    queue: Q,
    payload: JobPayload<Q>,
    options: { requestId: string; once?: string },
  ): Promise<void>;
  close(): Promise<void>;
}

/** Connections that producers need (ARCHITECTURE.md §4.15). */
const producerPool = 4;
/** A store that has fallen silent must not keep its clients from ending. */
const partingMs = 2000;

/** Opens a producer over the store; queues are opened at their first job. */
export function createJobProducer(settings: JobStoreSettings, retry: RetryPolicy): JobProducer {
  const store = openJobStore(settings, producerPool, 'fail-fast');
  const queues = new Map<QueueName, JobQueue>();
  const queueFor = (name: QueueName): JobQueue => {
    const known = queues.get(name);
    if (known) return known;
    const queue = store.queue(name, { defaultJobOptions: jobOptions(retry) });
    // Without a listener an idle connection's error would end the process; enqueue reports its own failures.
    queue.on('error', () => undefined);
    queues.set(name, queue);
    return queue;
  };
  return {
    async enqueue(name, payload, { requestId, once }) {
      const data: JobData = { requestId, payload: jobPayloads[name].parse(payload) };
      try {
        await queueFor(name).add(name, data, once ? { deduplication: { id: once } } : {});
      } catch (error) {
        throw new DomainError('DATABASE_UNAVAILABLE', 'The job store does not answer; try again when it is back.', {
          cause: error,
        });
      }
    },
    async close() {
      await within(Promise.allSettled([...queues.values()].map((queue) => queue.close())), partingMs);
      await within(store.close(), partingMs);
    },
  };
}

/** Options of every job: tried again with growing pauses; finished ones are kept for a while, not for ever. */
export const jobOptions = (retry: RetryPolicy) => ({
  attempts: retry.attempts,
  backoff: { type: 'exponential', delay: retry.delayMs },
  removeOnComplete: { age: 3600, count: 1000 },
  removeOnFail: { age: 7 * 24 * 3600, count: 1000 },
});
