import {
  createPostgresBackend,
  type Job,
  Queue,
  Worker,
  type Processor,
  type QueueOptions,
  type WorkerOptions,
} from 'bullmq';
import { createDriverPool, SYSTEM_ROLE, type ConnectionSettings } from '#postgres';
import { within } from './within.js';

/** The schema that BullMQ keeps its tables in. */
export const jobSchema = 'bullmq';

/** Where jobs live: in PostgreSQL by default, in Redis when REDIS_URL is set. */
export type JobStoreSettings =
  | { readonly kind: 'postgres'; readonly connection: ConnectionSettings }
  | { readonly kind: 'redis'; readonly url: string };

type ErrorListener = (error: Error) => void;

/** What is used of BullMQ's queues, whatever store is behind them. */
export interface JobQueue extends Pick<Queue, 'add' | 'upsertJobScheduler' | 'close'> {
  on(event: 'error', listener: ErrorListener): unknown;
}

/** What is used of BullMQ's workers. */
export interface JobWorker extends Pick<Worker, 'run' | 'pause' | 'close' | 'disconnect'> {
  on(event: 'error', listener: ErrorListener): unknown;
  on(event: 'failed', listener: (job: Job | undefined, error: Error) => void): unknown;
}

/** Makes BullMQ objects over one store, and tells whether the store answers. */
export interface JobStore {
  queue(name: string, options: Omit<QueueOptions, 'connection'>): JobQueue;
  worker(name: string, processor: Processor, options: Omit<WorkerOptions, 'connection'>): JobWorker;
  /** Resolves when the store answers, rejects otherwise. */
  ping(): Promise<void>;
  close(): Promise<void>;
}

/**
 * Opens a store.
 * @param poolMax connections to PostgreSQL: producers need 2 at least; workers one each for LISTEN, plus 4
 * @param patience whether commands wait for a lost Redis to come back (workers) or fail at once (producers)
 */
export function openJobStore(settings: JobStoreSettings, poolMax: number, patience: 'wait' | 'fail-fast'): JobStore {
  return settings.kind === 'postgres'
    ? postgresStore(settings.connection, poolMax)
    : redisStore(settings.url, patience);
}

function postgresStore(connection: ConnectionSettings, poolMax: number): JobStore {
  const pool = createDriverPool({
    ...connection,
    role: SYSTEM_ROLE,
    max: poolMax,
    parameters: { search_path: `${jobSchema},public` },
  });
  // Every queue and worker listens on the one pool; more than ten of them is no leak.
  pool.setMaxListeners(0);
  return {
    queue: (name, options) => new Queue(name, { ...options, connection: pool }, createPostgresBackend),
    worker: (name, processor, options) =>
      new Worker(name, processor, { ...options, connection: pool }, createPostgresBackend),
    ping: async () => {
      await pool.query(`select 1 from ${jobSchema}.migration limit 1`);
    },
    close: () => pool.end(),
  };
}

function redisStore(url: string, patience: 'wait' | 'fail-fast'): JobStore {
  const connection = {
    url,
    maxRetriesPerRequest: patience === 'wait' ? null : 1,
    retryStrategy: (times: number) => Math.min(times * 200, 5000),
  };
  const queues = new Set<Queue>();
  const open = (name: string, options: QueueOptions): Queue => {
    const queue = new Queue(name, options);
    queues.add(queue);
    return queue;
  };
  return {
    queue: (name, options) => open(name, { ...options, connection, skipWaitingForReady: patience === 'fail-fast' }),
    worker: (name, processor, options) => new Worker(name, processor, { ...options, connection }),
    ping: async () => {
      const impatient = { connection: { ...connection, maxRetriesPerRequest: 1 }, skipWaitingForReady: true };
      const probe = open('gatehouse-ping', impatient);
      probe.on('error', () => undefined);
      await probe.getWaitingCount();
    },
    close: async () => {
      await Promise.allSettled([...queues].map(closeQueue));
    },
  };
}

/** Says goodbye to Redis; one that does not answer would keep `close` waiting until it is back. */
async function closeQueue(queue: Queue): Promise<void> {
  const state = { closed: false };
  await within(
    queue.close().finally(() => (state.closed = true)),
    1000,
  );
  if (!state.closed) await queue.disconnect();
}
