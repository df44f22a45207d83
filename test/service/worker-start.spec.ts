import { createServer } from 'node:http';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { newId } from '#kernel';
import { createJobProducer, type JobStoreSettings } from '#queue';
import { freePort, startFixtureServer, textTool } from '#testing';
import { startWorker, type RunningWorker } from '../../apps/worker/src/bootstrap.js';
import { createWorkerBench, testConfig, type WorkerBench } from './worker-container.js';

const soon = { timeout: 20_000, interval: 50 };
const fast = {
  GATEHOUSE_WORKER_HEALTH_INTERVAL: '500ms',
  GATEHOUSE_WORKER_SYNC_INTERVAL: '1s',
  GATEHOUSE_WORKER_RETRY_DELAY: '100ms',
  GATEHOUSE_AUDIT_CHECKPOINT_INTERVAL: '1s',
};
const redisUrl = inject('redisUrl');

const statusOf = async ({ address }: RunningWorker, where: string, method = 'GET'): Promise<number> =>
  (await fetch(`http://${address.host}:${address.port}${where}`, { method })).status;

describe.each(['postgres', ...(redisUrl === null ? [] : ['redis'])])('the worker with its jobs on %s', (store) => {
  let bench: WorkerBench;
  let worker: RunningWorker;
  let jobStore: JobStoreSettings;

  beforeAll(async () => {
    bench = await createWorkerBench(inject('pgUrl'), fast);
    // A number of its own: other files use the same server.
    jobStore = store === 'redis' ? { kind: 'redis', url: `${redisUrl}/6` } : bench.deps.jobStore;
    worker = await startWorker({ ...bench.deps, jobStore });
  });
  afterAll(async () => {
    await worker.stop(1000);
    await bench[Symbol.asyncDispose]();
  });

  const toolsOf = async (id: string) =>
    (await bench.sql.query<{ name: string }>('select name from tools where upstream_id = $1', [id])).map(
      ({ name }) => name,
    );

  it('becomes ready and says so', async () => {
    expect(await statusOf(worker, '/healthz')).toBe(200);
    await vi.waitFor(async () => expect(await statusOf(worker, '/readyz')).toBe(200), soon);
    expect(worker.ready()).toBe(true);
    expect(await statusOf(worker, '/readyz?verbose', 'HEAD')).toBe(200);
    expect(await statusOf(worker, '/graphql')).toBe(404);
    expect(await statusOf(worker, '/healthz', 'POST')).toBe(405);
  });

  it('checks and syncs by its schedules, so that new tools appear and a dead upstream turns unhealthy [WRK-1][WRK-2][WRK-3]', async () => {
    const server = await startFixtureServer({ era: 'dual' });
    const id = await bench.addUpstream({ url: server.url });
    await vi.waitFor(async () => expect((await toolsOf(id)).length).toBe(8), soon);
    server.catalogue.tools.push(textTool('newcomer', 'Is new.', () => 'hello'));
    await vi.waitFor(async () => expect(await toolsOf(id)).toContain('newcomer'), soon);
    const health = () => bench.one('select health, health_code from upstreams where id = $1', [id]);
    expect(await health()).toEqual({ health: 'HEALTHY', health_code: null });
    await server.close();
    await vi.waitFor(
      async () => expect(await health()).toEqual({ health: 'UNHEALTHY', health_code: 'UPSTREAM_REFUSED' }),
      soon,
    );
    expect((await toolsOf(id)).length).toBe(9);
    await bench.sql.query('update upstreams set enabled = false where id = $1', [id]);
  });

  it('answers an operation that somebody asked for', async () => {
    await using server = await startFixtureServer({ era: 'legacy' });
    const upstreamId = await bench.addUpstream({ url: server.url });
    const operationId = await bench.addOperation(upstreamId, 'CHECK');
    const producer = createJobProducer(jobStore, { attempts: 3, delayMs: 100 });
    await producer.enqueue(
      'check-upstream-health',
      { organizationId: bench.organizationId, upstreamId, operationId },
      { requestId: 'asked-by-the-test' },
    );
    await producer.close();
    const state = () => bench.one('select state from upstream_operations where id = $1', [operationId]);
    await vi.waitFor(async () => expect(await state()).toEqual({ state: 'SUCCEEDED' }), soon);
    await vi.waitFor(
      () =>
        expect(bench.log).toContainEqual(
          expect.objectContaining({
            requestId: 'asked-by-the-test',
            queue: 'check-upstream-health',
            msg: 'A job is done.',
          }),
        ),
      soon,
    );
    await bench.sql.query('update upstreams set enabled = false where id = $1', [upstreamId]);
  });

  it('exports the audit log and writes checkpoints', async () => {
    const id = newId();
    await bench.sql.query(
      `insert into audit_exports (id, organization_id, state, filter, records, bytes, created_at) values ($1, $2, 'PENDING', '{}', 0, 0, now())`,
      [id, bench.organizationId],
    );
    const producer = createJobProducer(jobStore, { attempts: 3, delayMs: 100 });
    await producer.enqueue(
      'export-audit',
      { organizationId: bench.organizationId, exportId: id },
      { requestId: 'r', once: id },
    );
    await producer.close();
    const state = () => bench.one('select state, records > 0 as filled from audit_exports where id = $1', [id]);
    await vi.waitFor(async () => expect(await state()).toEqual({ state: 'SUCCEEDED', filled: true }), soon);
    const checkpoints = () => bench.one('select count(*)::int as n from audit_checkpoints');
    await vi.waitFor(async () => expect((await checkpoints())['n']).toBeGreaterThan(0), soon);
  });

  it('says that it is not ready while it drains, and stops', async () => {
    worker.setDraining();
    expect(worker.ready()).toBe(false);
    expect(await statusOf(worker, '/readyz')).toBe(503);
    expect(await statusOf(worker, '/healthz')).toBe(200);
    const { address } = worker;
    await worker.stop(5000);
    await expect(fetch(`http://${address.host}:${address.port}/healthz`)).rejects.toThrow();
  });
});

describe('a worker', () => {
  let bench: WorkerBench;
  beforeAll(async () => {
    bench = await createWorkerBench(inject('pgUrl'));
  });
  afterAll(() => bench[Symbol.asyncDispose]());

  it('whose port is taken says which, and by which setting it is moved [SRV-2]', async () => {
    const other = createServer();
    await new Promise<void>((resolve) => void other.listen(0, '127.0.0.1', resolve));
    const address = other.address();
    const port = typeof address === 'object' && address ? address.port : 0;
    const config = testConfig({ GATEHOUSE_WORKER_PORT: String(port) });
    const started = startWorker({ ...bench.deps, config });
    await expect(started).rejects.toMatchObject({ code: 'PORT_IN_USE', field: 'GATEHOUSE_WORKER_PORT' });
    await expect(started).rejects.toThrow(new RegExp(`${port}.*GATEHOUSE_WORKER_PORT`));
    await new Promise((resolve) => void other.close(resolve));
  });

  it('with a faulty allow list does not start, and leaves its port free', async () => {
    const port = String(await freePort());
    const faulty = testConfig({ GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: 'host:0', GATEHOUSE_WORKER_PORT: port });
    await expect(startWorker({ ...bench.deps, config: faulty })).rejects.toMatchObject({
      code: 'CONFIGURATION_INVALID',
    });
    const worker = await startWorker({ ...bench.deps, config: testConfig({ GATEHOUSE_WORKER_PORT: port }) });
    expect(worker.address).toEqual({ host: '127.0.0.1', port: Number(port) });
    await worker.stop(1000);
  });

  it('starts while its job store is away, is not ready, and stops all the same', async () => {
    const jobStore: JobStoreSettings = {
      kind: 'postgres',
      connection: { url: 'postgres://postgres@127.0.0.1:9/none' },
    };
    const worker = await startWorker({ ...bench.deps, jobStore });
    expect(await statusOf(worker, '/healthz')).toBe(200);
    expect(await statusOf(worker, '/readyz')).toBe(503);
    await worker.stop(1000);
  });
});
