import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { newId } from '#kernel';
import {
  createJobProducer,
  startJobRunner,
  type JobContext,
  type JobRunner,
  type JobRunnerOptions,
  type JobStoreSettings,
} from '#queue';
import type { TestDatabase } from '#testing';
import { createWorkerDatabase } from './worker-database.js';

const retry = { attempts: 3, delayMs: 200 };
const soon = { timeout: 20_000, interval: 25 };
const payload = { organizationId: newId(), upstreamId: newId(), operationId: null };
const names = ['postgres', ...(inject('redisUrl') === null ? [] : ['redis'])] as const;

describe.each(names)('the job runner on %s', (name) => {
  let database: TestDatabase;
  let store: JobStoreSettings;
  const running: JobRunner[] = [];

  beforeAll(async () => {
    database = await createWorkerDatabase(inject('pgUrl'));
    const redisUrl = inject('redisUrl');
    store =
      name === 'redis' && redisUrl !== null
        ? // A number of its own: other files use the same server.
          { kind: 'redis', url: `${redisUrl}/5` }
        : { kind: 'postgres', connection: { url: database.url } };
  });
  afterAll(async () => {
    await Promise.all(running.map((runner) => runner.stop(0)));
    await database[Symbol.asyncDispose]();
  });

  const run = (options: Partial<JobRunnerOptions>): JobRunner => {
    const runner = startJobRunner({
      store,
      processors: {},
      schedules: [],
      concurrency: 2,
      retry,
      reconnectMaxDelayMs: 1000,
      onOutcome: () => undefined,
      onTrouble: () => undefined,
      ...options,
    });
    running.push(runner);
    return runner;
  };
  const stop = async (runner: JobRunner, deadlineMs = 5000): Promise<void> => {
    running.splice(running.indexOf(runner), 1);
    await runner.stop(deadlineMs);
  };

  it('tries a failing job again with growing pauses, and gives it up after the last try [WRK-1]', async () => {
    const tries: { at: number; context: JobContext }[] = [];
    const outcomes: string[] = [];
    const troubles: string[] = [];
    const runner = run({
      processors: {
        'sync-catalog': async (_payload, context) => {
          tries.push({ at: performance.now(), context });
          throw new Error('as the test wants it');
        },
      },
      onOutcome: (_queue, outcome) => outcomes.push(outcome),
      onTrouble: (message) => troubles.push(message),
    });
    await using producer = disposable(store);
    await producer.enqueue('sync-catalog', payload, { requestId: 'request-1' });
    await vi.waitFor(() => expect(troubles).toEqual(['A sync-catalog job was given up.']), soon);
    expect(tries.map(({ context }) => [context.attempt, context.lastAttempt, context.requestId])).toEqual([
      [1, false, 'request-1'],
      [2, false, 'request-1'],
      [3, true, 'request-1'],
    ]);
    const [first = 0, second = 0, third = 0] = tries.map(({ at }) => at);
    expect(second - first).toBeGreaterThanOrEqual(retry.delayMs * 0.9);
    expect(third - second).toBeGreaterThanOrEqual(retry.delayMs * 2 * 0.9);
    expect(outcomes).toEqual(['failed', 'failed', 'failed']);
    await stop(runner);
  });

  it('keeps one job per key until it has ended, then takes the next', async () => {
    const gate = Promise.withResolvers<void>();
    const seen: string[] = [];
    await using producer = disposable(store);
    const enqueue = (requestId: string) => producer.enqueue('sync-catalog', payload, { requestId, once: 'one' });
    await enqueue('waiting');
    await enqueue('refused: one is waiting');
    const runner = run({
      processors: {
        'sync-catalog': async (_payload, { requestId }) => {
          seen.push(requestId);
          await gate.promise;
        },
      },
    });
    await vi.waitFor(() => expect(seen).toEqual(['waiting']), soon);
    await enqueue('refused: one is running');
    gate.resolve();
    await vi.waitFor(async () => {
      await enqueue('the next');
      expect(seen).toContain('the next');
    }, soon);
    expect(new Set(seen)).toEqual(new Set(['waiting', 'the next']));
    await stop(runner);
  });

  it('refuses a payload that is not of its queue, when it is added', async () => {
    await using producer = disposable(store);
    const wrong = { organizationId: 'none', upstreamId: newId(), operationId: null };
    await expect(producer.enqueue('sync-catalog', wrong, { requestId: 'r' })).rejects.toThrow(/organizationId/);
  });

  it('keeps a schedule, and two runners keep it once', async () => {
    const times: number[] = [];
    const options: Partial<JobRunnerOptions> = {
      processors: { 'checkpoint-audit': async () => void times.push(performance.now()) },
      schedules: [{ id: 'often', queue: 'checkpoint-audit', everyMs: 400, payload: {} }],
    };
    const runners = [run(options), run(options)];
    await vi.waitFor(() => expect(times.length).toBeGreaterThanOrEqual(8), soon);
    // The first run comes at once, the others at multiples of the interval; kept twice, they would be twice as dense.
    const [, second = 0, ...later] = times;
    expect(((later.at(-1) ?? 0) - second) / later.length).toBeGreaterThan(300);
    await Promise.all(runners.map((runner) => stop(runner)));
  });

  it('stops when running jobs have ended, tells them to hurry, and takes no new ones', async () => {
    const gate = Promise.withResolvers<void>();
    const begun = Promise.withResolvers<AbortSignal>();
    const ended: string[] = [];
    const runner = run({
      processors: {
        'sync-catalog': async (_payload, { signal, requestId }) => {
          begun.resolve(signal);
          await gate.promise;
          ended.push(requestId);
        },
      },
      concurrency: 1,
    });
    await using producer = disposable(store);
    await producer.enqueue('sync-catalog', payload, { requestId: 'running' });
    const signal = await begun.promise;
    await producer.enqueue('sync-catalog', payload, { requestId: 'later' });
    const stopped = stop(runner, 10_000);
    await vi.waitFor(() => expect(signal.aborted).toBe(true), soon);
    await vi.waitFor(() => expect(runner.ready()).toBe(false), soon);
    gate.resolve();
    await stopped;
    expect(ended).toEqual(['running']);
    const next = run({ processors: { 'sync-catalog': async (_payload, { requestId }) => void ended.push(requestId) } });
    await vi.waitFor(() => expect(ended).toEqual(['running', 'later']), soon);
    await stop(next);
  });

  it('stops at the deadline although a job does not end', async () => {
    const begun = Promise.withResolvers<void>();
    const gate = Promise.withResolvers<void>();
    const runner = run({
      processors: {
        'sync-catalog': async () => {
          begun.resolve();
          await gate.promise;
        },
      },
    });
    await using producer = disposable(store);
    await producer.enqueue('sync-catalog', payload, { requestId: 'endless' });
    await begun.promise;
    const startedAt = performance.now();
    await stop(runner, 300);
    expect(performance.now() - startedAt).toBeLessThan(6000);
    gate.resolve();
  });
});

function disposable(store: JobStoreSettings) {
  const producer = createJobProducer(store, retry);
  return { enqueue: producer.enqueue.bind(producer), [Symbol.asyncDispose]: () => producer.close() };
}
