import { setTimeout as delay } from 'node:timers/promises';
import type { Job } from 'bullmq';
import { jobPayloads, type JobPayload, type QueueName } from '#contracts';
import { jobOptions, type JobData, type RetryPolicy } from './job-producer.js';
import { openJobStore, type JobStore, type JobStoreSettings, type JobWorker } from './job-store.js';
import type { Schedule } from './schedules.js';
import { within } from './within.js';

/** What a processor learns beside its payload. */
export interface JobContext {
  readonly requestId: string;
  /** 1 for the first try. */
  readonly attempt: number;
  readonly lastAttempt: boolean;
  /** Aborted when the worker stops. */
  readonly signal: AbortSignal;
}

/** One function per queue; idempotent, since a job may run twice. */
export type Processors = { [Q in QueueName]?: (payload: JobPayload<Q>, context: JobContext) => Promise<void> };

/** How to run jobs. Times are in milliseconds. */
export interface JobRunnerOptions {
  readonly store: JobStoreSettings;
  readonly processors: Processors;
  readonly schedules: readonly Schedule[];
  readonly concurrency: number;
  readonly retry: RetryPolicy;
  /** Longest pause between tries to reach a lost store. */
  readonly reconnectMaxDelayMs: number;
  readonly onOutcome: (queue: QueueName, outcome: 'completed' | 'failed', durationMs: number) => void;
  /** Hears of a failing job and of a store that went away or came back; never more than once per event. */
  readonly onTrouble: (message: string, error: unknown) => void;
}

/** Runs jobs until it is stopped. */
export interface JobRunner {
  /** Whether the store answered last time and workers are taking jobs. */
  ready(): boolean;
  stop(deadlineMs: number): Promise<void>;
}

const firstReconnectDelayMs = 100;
/** How long connections may take to end. */
const partingMs = 2000;

/**
 * Runs the processors over the store and keeps the schedules.
 *
 * BullMQ's workers retry a lost PostgreSQL without a pause, so they are not left alone with it: the first error stops
 * them all at once, and new ones start only after the store has answered a ping, asked for with growing pauses.
 */
export function startJobRunner(options: JobRunnerOptions): JobRunner {
  const supervisor = new Supervisor(options);
  supervisor.start();
  return { ready: () => supervisor.running, stop: (deadlineMs) => supervisor.stop(deadlineMs) };
}

class Supervisor {
  running = false;
  private workers: JobWorker[] = [];
  private store: JobStore | null = null;
  private readonly stopping = new AbortController();
  /** Fires when the store is lost while the workers are stopping. */
  private readonly lostLate = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private wake: (() => void) | null = null;

  constructor(private readonly options: JobRunnerOptions) {}

  start(): void {
    this.loop = this.supervise();
  }

  async stop(deadlineMs: number): Promise<void> {
    this.stopping.abort();
    this.wake?.();
    await this.loop;
    await this.closeWorkers(deadlineMs);
  }

  private get stopped(): boolean {
    return this.stopping.signal.aborted;
  }

  private async supervise(): Promise<void> {
    let pause = firstReconnectDelayMs;
    while (!this.stopped) {
      try {
        await unless(this.stopping.signal, this.open());
        pause = firstReconnectDelayMs;
        await this.untilTrouble();
        if (!this.stopped) await this.closeWorkers(0);
      } catch (error) {
        if (this.stopped) break;
        if (pause === firstReconnectDelayMs)
          this.options.onTrouble('The job store does not answer; trying again with growing pauses.', error);
        await this.closeWorkers(0);
        // Jitter keeps several workers from knocking at the same moment.
        await delay(pause * (0.75 + Math.random() / 2), undefined, { signal: this.stopping.signal }).catch(
          () => undefined,
        );
        pause = Math.min(pause * 2, this.options.reconnectMaxDelayMs);
      }
    }
  }

  private async open(): Promise<void> {
    const names = Object.keys(this.options.processors) as QueueName[];
    const store = openJobStore(this.options.store, names.length * 2 + 4, 'wait');
    this.store = store;
    await store.ping();
    await this.keepSchedules(store);
    // Whoever stopped meanwhile has closed the store already.
    this.stopping.signal.throwIfAborted();
    this.workers = names.map((name) => this.openWorker(store, name));
    this.running = true;
  }

  private openWorker(store: JobStore, name: QueueName): JobWorker {
    const worker = store.worker(name, (job) => this.process(name, job), {
      concurrency: this.options.concurrency,
      autorun: false,
    });
    worker.on('error', (error) => this.trouble(error));
    worker.on('failed', (job, error) => {
      if (job && job.attemptsMade >= (job.opts.attempts ?? 1))
        this.options.onTrouble(`A ${name} job was given up.`, error);
    });
    worker.run().catch((error: unknown) => this.trouble(error));
    return worker;
  }

  private async process(name: QueueName, job: Job<JobData>): Promise<void> {
    const startedAt = performance.now();
    const attempts = job.opts.attempts ?? 1;
    const context: JobContext = {
      requestId: job.data.requestId,
      attempt: job.attemptsMade + 1,
      lastAttempt: job.attemptsMade + 1 >= attempts,
      signal: this.stopping.signal,
    };
    try {
      // The queue's name selects both the schema and the processor, so the payload fits the processor.
      const processor = this.options.processors[name] as (payload: unknown, context: JobContext) => Promise<void>;
      await processor(jobPayloads[name].parse(job.data.payload), context);
      this.options.onOutcome(name, 'completed', performance.now() - startedAt);
    } catch (error) {
      this.options.onOutcome(name, 'failed', performance.now() - startedAt);
      throw error;
    }
  }

  private trouble(error: unknown): void {
    if (this.stopped) this.lostLate.abort();
    if (!this.running || this.stopped) return;
    this.running = false;
    // `paused` is set at once, which ends the fetch loops before they can spin.
    for (const worker of this.workers) worker.pause(true).catch(() => undefined);
    this.options.onTrouble('The job store was lost; workers wait until it answers again.', error);
    this.wake?.();
  }

  private async untilTrouble(): Promise<void> {
    if (!this.running || this.stopped) return;
    await new Promise<void>((resolve) => {
      this.wake = resolve;
    });
    this.wake = null;
  }

  private async closeWorkers(deadlineMs: number): Promise<void> {
    this.running = false;
    const { workers, store } = this;
    this.workers = [];
    this.store = null;
    // Without its store no job can be ended properly, so nobody waits for one then.
    const closed = deadlineMs > 0 ? Promise.all(workers.map((worker) => worker.close())) : null;
    if (closed) await within(closed, deadlineMs, this.lostLate.signal);
    // A second `close` would only wait for the first one.
    const cut = workers.map((worker) => (closed ? worker.disconnect() : worker.close(true)));
    await within(Promise.allSettled(cut), partingMs);
    if (store) await within(store.close(), partingMs);
  }

  private async keepSchedules(store: JobStore): Promise<void> {
    for (const schedule of this.options.schedules) {
      const queue = store.queue(schedule.queue, {});
      queue.on('error', () => undefined);
      try {
        await queue.upsertJobScheduler(
          schedule.id,
          { every: schedule.everyMs },
          {
            name: schedule.queue,
            data: { requestId: `schedule:${schedule.id}`, payload: schedule.payload },
            opts: jobOptions(this.options.retry),
          },
        );
      } finally {
        await queue.close();
      }
    }
  }
}

/** What `work` resolves with; rejects as soon as the signal fires: a store that is away may never answer. */
async function unless<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const heard = new AbortController();
  const stopped = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true, signal: heard.signal });
  });
  try {
    return await Promise.race([work, stopped]);
  } finally {
    heard.abort();
    // Nobody waits for it any more.
    work.catch(() => undefined);
  }
}
