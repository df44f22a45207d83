import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { startBrokenServer, startFixtureServer } from '#testing';
import { createWorkerBench, firstTry, type WorkerBench } from './worker-container.js';

let bench: WorkerBench;
let worker: Awaited<ReturnType<WorkerBench['processors']>>;

beforeAll(async () => {
  bench = await createWorkerBench(inject('pgUrl'));
  worker = await bench.processors();
});
afterAll(() => bench[Symbol.asyncDispose]());

const run = async (queue: 'sync-catalog' | 'check-upstream-health', upstreamId: string) => {
  await worker.run[queue]({ organizationId: bench.organizationId, upstreamId, operationId: null }, firstTry());
  return bench.one(
    `select protocol_era, era, protocol_version, transport, health, health_code,
       (select count(*)::int from tools t where t.upstream_id = u.id) as tools from upstreams u where id = $1`,
    [upstreamId],
  );
};
/** As the control plane writes it. */
const set = (id: string, era: string | null) =>
  bench.sql.query(
    `update upstreams set protocol_era = $2, era = null, protocol_version = null, server_info = null,
       capabilities = null, health = 'UNKNOWN', health_code = null where id = $1`,
    [id, era],
  );

describe('the worker', () => {
  it.each([
    ['LEGACY', '2025-11-25', 'server/discover', 'initialize'],
    ['MODERN', '2026-07-28', 'initialize', 'server/discover'],
  ])('[ERA-3] checks and syncs in the era that is set: %s', async (era, revision, never, ever) => {
    await using server = await startFixtureServer({ era: 'dual', sessions: true });
    const id = await bench.addUpstream({ url: server.url });
    await set(id, era);
    const found = { protocol_era: era, era, protocol_version: revision, health: 'HEALTHY' };
    expect(await run('sync-catalog', id)).toMatchObject({ ...found, tools: server.catalogue.tools.length });
    worker.added.splice(0);
    expect(await run('check-upstream-health', id)).toMatchObject(found);
    expect(await run('sync-catalog', id)).toMatchObject(found);
    expect(server.methods()).toContain(ever);
    expect(server.methods()).not.toContain(never);
    expect(worker.added).toEqual([]);
    expect(server.sessions.size).toBe(0);
  });

  it.each([
    ['legacy', 'MODERN', 'LEGACY'],
    ['modern', 'LEGACY', 'MODERN'],
  ] as const)(
    '[ERA-4] finds a %s upstream that is set to %s unhealthy, until that is taken back',
    async (speaks, era, other) => {
      await using server = await startFixtureServer({ era: speaks });
      const id = await bench.addUpstream({ url: server.url });
      const { tools } = await run('sync-catalog', id);
      await set(id, era);
      for (const queue of ['sync-catalog', 'check-upstream-health'] as const)
        expect(await run(queue, id)).toMatchObject({
          ...{ health: 'UNHEALTHY', health_code: 'UPSTREAM_ERA_NOT_SPOKEN', era: null, tools },
        });
      const { message } = await bench.one(
        'select message from health_checks where upstream_id = $1 order by id desc limit 1',
        [id],
      );
      expect(message).toContain(`Set its protocolEra to AUTO or ${other}`);
      await set(id, null);
      expect(await run('check-upstream-health', id)).toMatchObject({ health: 'HEALTHY', health_code: null });
      expect(worker.added).toMatchObject([{ queue: 'sync-catalog', once: id }]);
      worker.added.splice(0);
      expect(await run('sync-catalog', id)).toMatchObject({ health: 'HEALTHY', era: other, tools });
    },
  );

  it('[ERA-3] throws away what it found while the era was changed, and tries again', async () => {
    await using server = await startBrokenServer('timeout');
    const id = await bench.addUpstream({ url: server.url });
    const checked = run('check-upstream-health', id).catch((error: unknown) => error);
    await vi.waitFor(() => expect(server.requests.length).toBe(1), { interval: 5 });
    await set(id, 'LEGACY');
    expect(await checked).toMatchObject({ code: 'CONFLICT' });
    expect(await bench.one('select health from upstreams where id = $1', [id])).toEqual({ health: 'UNKNOWN' });
  });
});
