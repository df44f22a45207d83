import { readFileSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, describe, expect, inject, it, vi } from 'vitest';
import { createJobProducer, migrateJobSchema, startJobRunner, type JobRunner, type JobStoreSettings } from '#queue';
import { freePort, startOwnedProcess, startTestCluster, type OwnedProcess, type TestCluster } from '#testing';
import { createWorkerDatabase } from './worker-database.js';
import { createPool } from '#postgres';

const retry = { attempts: 3, delayMs: 100 };
const soon = { timeout: 30_000, interval: 50 };
const reconnectMaxDelayMs = 500;
const observedMs = 4000;

const closers: (() => Promise<void>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** Runs checkpoint jobs, one every 200 ms, and remembers what it did. */
function startRunner(store: JobStoreSettings) {
  const troubles: string[] = [];
  const state = { done: 0 };
  const runner: JobRunner = startJobRunner({
    store,
    processors: {
      'checkpoint-audit': async () => void (state.done += 1),
      'sync-catalog': async () => undefined,
      'purge-expired': async () => undefined,
      'export-audit': async () => undefined,
    },
    schedules: [{ id: 'often', queue: 'checkpoint-audit', everyMs: 200, payload: {} }],
    concurrency: 5,
    retry,
    reconnectMaxDelayMs,
    onOutcome: () => undefined,
    onTrouble: (message) => troubles.push(message),
  });
  closers.push(() => runner.stop(0));
  return { runner, troubles, state };
}

/** The share of one core that this process used while `ms` passed: the time is what is measured, not waited for. */
async function processorShare(ms: number): Promise<number> {
  const before = process.cpuUsage();
  const startedAt = performance.now();
  await delay(ms);
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000 / (performance.now() - startedAt);
}

/** Kills the postmaster as an accident would; its children notice and leave. */
const killPostmaster = (cluster: TestCluster): void => {
  const [pid] = readFileSync(path.join(cluster.socketFolder, 'db', 'postmaster.pid'), 'utf8').split('\n');
  process.kill(Number(pid), 'SIGKILL');
};

async function restart(cluster: TestCluster): Promise<OwnedProcess> {
  const ids = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
  const start = () =>
    startOwnedProcess(path.join(inject('pgBinFolder'), 'postgres'), ['-D', path.join(cluster.socketFolder, 'db')], {
      ready: 'ready to accept connections',
      spawn: { ...ids, cwd: cluster.socketFolder },
    });
  // The children of the killed one hold its shared memory for a moment.
  return vi.waitFor(start, soon);
}

const freshCluster = async (): Promise<TestCluster> => {
  const cluster = await startTestCluster({ binFolder: inject('pgBinFolder') });
  closers.push(() => cluster.stop());
  return cluster;
};

const settingsOf = (url: string): JobStoreSettings => ({
  kind: 'postgres',
  connection: { url, connectTimeout: 1000 },
});

describe('the job runner without its store', () => {
  it('neither spins nor dies while PostgreSQL is away, and goes on when it is back [WRK-7]', async () => {
    const cluster = await freshCluster();
    const { url } = await createWorkerDatabase(cluster.url);
    const { runner, troubles, state } = startRunner(settingsOf(url));
    await vi.waitFor(() => expect(state.done).toBeGreaterThanOrEqual(2), soon);

    killPostmaster(cluster);
    await vi.waitFor(() => expect(runner.ready()).toBe(false), soon);
    const share = await processorShare(observedMs);
    const during = troubles.length;
    expect(share).toBeLessThan(0.3);
    expect(during).toBeLessThanOrEqual(4);
    expect(troubles).toContain('The job store was lost; workers wait until it answers again.');
    expect(runner.ready()).toBe(false);

    const postmaster = await restart(cluster);
    closers.push(() => postmaster.stop('SIGQUIT'));
    const doneBefore = state.done;
    await vi.waitFor(() => expect(runner.ready()).toBe(true), soon);
    await vi.waitFor(() => expect(state.done).toBeGreaterThanOrEqual(doneBefore + 3), soon);
    expect(troubles.length).toBeLessThanOrEqual(during + 3);
  });

  it('survives an outage after another', async () => {
    const cluster = await freshCluster();
    const { url } = await createWorkerDatabase(cluster.url);
    const admin = createPool({ url: cluster.url, max: 1, applicationName: 'outage-test' });
    closers.push(() => admin.end());
    const { runner, troubles, state } = startRunner(settingsOf(url));
    for (let outage = 0; outage < 3; outage++) {
      const before = state.done;
      await vi.waitFor(() => expect(state.done).toBeGreaterThan(before), soon);
      const cut = await admin.query(
        `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'gatehouse'`,
      );
      expect(cut.length).toBeGreaterThan(0);
    }
    const before = state.done;
    await vi.waitFor(() => expect(state.done).toBeGreaterThan(before + 2), soon);
    expect(runner.ready()).toBe(true);
    expect(troubles.length).toBeLessThanOrEqual(12);
    const open = await admin.query(`select 1 from pg_stat_activity where application_name = 'gatehouse'`);
    expect(open.length).toBeLessThanOrEqual(4 * 2 + 4);
  });

  it('waits with a bounded pause and bounded words for a schema that is missing [WRK-8]', async () => {
    const cluster = await freshCluster();
    const { url } = await createWorkerDatabase(cluster.url);
    const admin = createPool({ url, max: 1, applicationName: 'outage-test' });
    closers.push(() => admin.end());
    await admin.query('drop schema bullmq cascade');
    const { runner, troubles, state } = startRunner(settingsOf(url));
    await vi.waitFor(() => expect(troubles.length).toBeGreaterThan(0), soon);
    expect(await processorShare(observedMs)).toBeLessThan(0.3);
    expect(troubles).toEqual(['The job store does not answer; trying again with growing pauses.']);
    expect(runner.ready()).toBe(false);

    await migrateJobSchema(url);
    await vi.waitFor(() => expect(state.done).toBeGreaterThanOrEqual(2), soon);
    expect(runner.ready()).toBe(true);
  });

  it('does not spin either when the schema vanishes while it runs', async () => {
    const cluster = await freshCluster();
    const { url } = await createWorkerDatabase(cluster.url);
    const admin = createPool({ url, max: 1, applicationName: 'outage-test' });
    closers.push(() => admin.end());
    const { runner, troubles, state } = startRunner(settingsOf(url));
    await vi.waitFor(() => expect(state.done).toBeGreaterThanOrEqual(1), soon);
    await admin.query('drop schema bullmq cascade');
    await vi.waitFor(() => expect(runner.ready()).toBe(false), soon);
    expect(await processorShare(observedMs)).toBeLessThan(0.3);
    expect(troubles.length).toBeLessThanOrEqual(4);

    await migrateJobSchema(url);
    const before = state.done;
    await vi.waitFor(() => expect(state.done).toBeGreaterThanOrEqual(before + 2), soon);
  });

  it('stops while the store is away', async () => {
    const cluster = await freshCluster();
    const { url } = await createWorkerDatabase(cluster.url);
    const { runner, state } = startRunner(settingsOf(url));
    await vi.waitFor(() => expect(state.done).toBeGreaterThanOrEqual(1), soon);
    killPostmaster(cluster);
    await vi.waitFor(() => expect(runner.ready()).toBe(false), soon);
    const startedAt = performance.now();
    await runner.stop(1000);
    expect(performance.now() - startedAt).toBeLessThan(8000);
  });

  it('says that the store does not answer to whoever adds a job meanwhile', async () => {
    const producer = createJobProducer(settingsOf('postgres://postgres@127.0.0.1:9/none'), retry);
    closers.push(() => producer.close());
    await expect(producer.enqueue('purge-expired', {}, { requestId: 'r' })).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
    });
  });

  const redisUrl = inject('redisUrl');
  it.skipIf(redisUrl === null)('neither spins nor dies while Redis is away, and goes on when it is back', async () => {
    const port = await freePort();
    const startRedis = () =>
      startOwnedProcess('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
        ready: 'Ready to accept connections',
      });
    const first = await startRedis();
    const { runner, troubles, state } = startRunner({ kind: 'redis', url: `redis://127.0.0.1:${port}` });
    await vi.waitFor(() => expect(state.done).toBeGreaterThanOrEqual(2), soon);
    await first.stop('SIGKILL');
    await vi.waitFor(() => expect(runner.ready()).toBe(false), soon);
    expect(await processorShare(observedMs)).toBeLessThan(0.3);
    expect(troubles.length).toBeLessThanOrEqual(4);

    const second = await startRedis();
    closers.push(() => second.stop('SIGTERM'));
    const before = state.done;
    await vi.waitFor(() => expect(state.done).toBeGreaterThanOrEqual(before + 2), soon);
    await runner.stop(1000);
  });

  it.skipIf(redisUrl === null)('[RBS-1] stops at once when Redis is lost, before its stop and during it', async () => {
    const port = await freePort();
    const startRedis = () =>
      startOwnedProcess('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
        ready: 'Ready to accept connections',
      });
    const first = await startRedis();
    const { runner, troubles, state } = startRunner({ kind: 'redis', url: `redis://127.0.0.1:${port}` });
    await vi.waitFor(() => expect(state.done).toBeGreaterThanOrEqual(1), soon);
    await first.stop('SIGKILL');
    await vi.waitFor(() => expect(runner.ready()).toBe(false), soon);
    await vi.waitFor(() => expect(troubles).toHaveLength(2), soon);
    expect(troubles[1]).toBe('The job store does not answer; trying again with growing pauses.');
    expect(await timeOf(runner.stop(30_000))).toBeLessThan(5000);

    const second = await startRedis();
    const another = startRunner({ kind: 'redis', url: `redis://127.0.0.1:${port}` });
    await vi.waitFor(() => expect(another.state.done).toBeGreaterThanOrEqual(1), soon);
    const stopping = timeOf(another.runner.stop(30_000));
    await second.stop('SIGKILL');
    expect(await stopping).toBeLessThan(8000);
  });

  it.skipIf(redisUrl === null)(
    '[RBS-1] neither runner nor producer waits for a Redis that has fallen silent',
    async () => {
      const port = await freePort();
      const redis = await startOwnedProcess(
        'redis-server',
        ['--port', String(port), '--bind', '127.0.0.1', '--save', ''],
        {
          ready: 'Ready to accept connections',
        },
      );
      closers.push(() => redis.stop('SIGKILL'));
      const store: JobStoreSettings = { kind: 'redis', url: `redis://127.0.0.1:${port}` };
      const producer = createJobProducer(store, retry);
      await producer.enqueue('purge-expired', {}, { requestId: 'r' });
      const { runner, state } = startRunner(store);
      await vi.waitFor(() => expect(state.done).toBeGreaterThanOrEqual(1), soon);
      process.kill(redis.pid, 'SIGSTOP');
      expect(await timeOf(producer.close())).toBeLessThan(5000);
      expect(await timeOf(runner.stop(1000))).toBeLessThan(8000);
    },
  );
});

/** How many milliseconds something takes. */
async function timeOf(work: Promise<unknown>): Promise<number> {
  const began = performance.now();
  await work;
  return performance.now() - began;
}
