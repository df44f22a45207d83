import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { newId } from '#kernel';
import type { JobProducer } from '#queue';
import { startFixtureServer, textTool } from '#testing';
import { startWorker, type RunningWorker } from '../../apps/worker/src/bootstrap.js';
import { beginSync, takeUpSyncRequests } from '../../apps/worker/src/sync-catalog/sync-requests.js';
import { createWorkerBench, type AddedJob, type WorkerBench } from './worker-container.js';

const soon = { timeout: 20_000, interval: 25 };
const minSyncIntervalMs = 1000;

describe('an upstream that says that its catalogue changed', () => {
  let bench: WorkerBench;
  let worker: RunningWorker;

  beforeAll(async () => {
    bench = await createWorkerBench(inject('pgUrl'), {
      GATEHOUSE_CATALOG_MIN_SYNC_INTERVAL: `${minSyncIntervalMs}ms`,
      GATEHOUSE_WORKER_HEALTH_INTERVAL: '1h',
      GATEHOUSE_WORKER_SYNC_INTERVAL: '1h',
    });
    worker = await startWorker(bench.deps);
    await vi.waitUntil(() => worker.ready(), soon);
  });
  afterAll(async () => {
    await worker.stop(1000);
    await bench[Symbol.asyncDispose]();
  });

  /** As a gateway asks. */
  const ask = (id: string) =>
    bench.deps.systemPool.query(
      'insert into catalog_sync_requests (upstream_id, organization_id) values ($1, $2) on conflict (upstream_id) do nothing',
      [id, bench.organizationId],
    );
  const waiting = async (id: string) =>
    (await bench.sql.query('select 1 from catalog_sync_requests where upstream_id = $1', [id])).length;
  const startOf = async (id: string): Promise<number | null> => {
    const [row] = await bench.sql.query<{ at: number }>(
      'select (extract(epoch from started_at) * 1000)::float8 as at from catalog_sync_starts where upstream_id = $1',
      [id],
    );
    return row?.at ?? null;
  };
  const toolsOf = async (id: string) =>
    (await bench.sql.query<{ name: string }>('select name from tools where upstream_id = $1', [id])).map(
      ({ name }) => name,
    );

  it('[UPT-10] is read within a second, and the request is gone', async () => {
    await using server = await startFixtureServer({ era: 'dual' });
    const waits: number[] = [];
    for (const name of ['one', 'two', 'three']) {
      const id = await bench.addUpstream({ url: server.url });
      server.catalogue.tools.push(textTool(name, 'Is new.', () => 'hello'));
      const askedAt = Date.now();
      await ask(id);
      await vi.waitFor(async () => expect(await toolsOf(id)).toContain(name), soon);
      waits.push(((await startOf(id)) ?? Infinity) - askedAt);
      expect(await waiting(id)).toBe(0);
    }
    // The best of three: the machine that runs the tests may be busy.
    expect(Math.min(...waits)).toBeLessThan(1000);
  });

  it('[UPT-10] again and again is read at its distance, and what it said last is not missed', async () => {
    await using server = await startFixtureServer({ era: 'dual' });
    const id = await bench.addUpstream({ url: server.url });
    const starts = new Set<number>();
    for (let n = 0; starts.size < 3; n++) {
      server.catalogue.tools.push(textTool(`flood-${n}`, 'Is new.', () => 'hello'));
      await ask(id);
      const start = await startOf(id);
      if (start !== null) starts.add(start);
      await delay(20);
    }
    const last = server.catalogue.tools.at(-1)?.definition['name'];
    await vi.waitFor(async () => expect(await toolsOf(id)).toContain(last), soon);
    await vi.waitFor(async () => expect(await waiting(id)).toBe(0), soon);
    const [first = 0, second = 0, third = 0] = starts;
    for (const distance of [second - first, third - second]) {
      expect(distance).toBeGreaterThanOrEqual(minSyncIntervalMs - 2);
    }
  });

  it('[UPT-10] while it is being read is read once more', async () => {
    const id = await bench.addUpstream({ url: 'http://127.0.0.1:9/mcp', enabled: false });
    const added: AddedJob[] = [];
    const producer: JobProducer = {
      enqueue: async (queue, payload, { requestId, once }) => void added.push({ queue, payload, requestId, once }),
      close: async () => undefined,
    };
    const { systemPool } = bench.deps;
    // A sync began long ago and runs still; its own worker must not see what follows.
    await worker.stop(1000);
    await beginSync(systemPool, id);
    await ask(id);
    expect(await takeUpSyncRequests(systemPool, producer, 60_000)).toBe(0);
    expect(await takeUpSyncRequests(systemPool, producer, 0)).toBe(1);
    // The job that it added may be dropped for the running one, so the request stays until one begins.
    expect(await takeUpSyncRequests(systemPool, producer, 0)).toBe(1);
    expect(added).toHaveLength(2);
    expect(added[0]).toMatchObject({
      ...{ queue: 'sync-catalog', once: id },
      payload: { organizationId: bench.organizationId, upstreamId: id, operationId: null },
    });
    await beginSync(systemPool, id);
    expect(await takeUpSyncRequests(systemPool, producer, 0)).toBe(0);
  });

  it('goes with its requests', async () => {
    const { systemPool } = bench.deps;
    const id = await bench.addUpstream({ url: 'http://127.0.0.1:9/mcp', enabled: false });
    await ask(id);
    await bench.sql.query('delete from upstreams where id = $1', [id]);
    expect(await waiting(id)).toBe(0);
    await beginSync(systemPool, id);
    await beginSync(systemPool, newId());
    expect(await startOf(id)).toBeNull();
    const revision = await bench.revision();
    const other = await bench.addUpstream({ url: 'http://127.0.0.1:9/mcp', enabled: false });
    await ask(other);
    expect(await bench.revision()).toBe(revision + 1);
  });
});
