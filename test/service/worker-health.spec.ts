import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { newId } from '#kernel';
import { startBrokenServer, startFixtureServer } from '#testing';
import { createWorkerBench, firstTry, type WorkerBench } from './worker-container.js';

let bench: WorkerBench;
let worker: Awaited<ReturnType<WorkerBench['processors']>>;

beforeAll(async () => {
  bench = await createWorkerBench(inject('pgUrl'));
  worker = await bench.processors();
});
afterAll(() => bench[Symbol.asyncDispose]());

const check = (upstreamId: string, operationId: string | null = null, context = firstTry()) =>
  worker.run['check-upstream-health']({ organizationId: bench.organizationId, upstreamId, operationId }, context);
const rowOf = (id: string) =>
  bench.one('select health, health_code, health_changed_at, updated_at from upstreams where id = $1', [id]);
const historyOf = (id: string) =>
  bench.sql.query<{ status: string; code: string | null; message: string | null; latency_ms: number }>(
    'select status, code, message, latency_ms from health_checks where upstream_id = $1 order by id',
    [id],
  );
const operationOf = (id: string) => bench.one('select * from upstream_operations where id = $1', [id]);
const auditCount = async () => Number((await bench.one('select count(*) as n from audit_events'))['n']);

describe('a check of an upstream', () => {
  it('turns the state of the row only when it is news, and keeps every result [WRK-2]', async () => {
    await using server = await startFixtureServer({ era: 'dual' });
    const id = await bench.addUpstream({ url: server.url });
    const begin = await bench.revision();

    await check(id);
    expect(await rowOf(id)).toMatchObject({
      health: 'HEALTHY',
      health_code: null,
      health_changed_at: expect.any(Date),
    });
    expect(await bench.revision()).toBe(begin + 1);

    const [turned, audited] = [await rowOf(id), await auditCount()];
    await check(id);
    expect(await rowOf(id)).toEqual(turned);
    expect(await bench.revision()).toBe(begin + 1);
    expect(await auditCount()).toBe(audited);

    await server.close();
    await check(id);
    await check(id);
    expect(await rowOf(id)).toMatchObject({ health: 'UNHEALTHY', health_code: 'UPSTREAM_REFUSED' });
    expect(await bench.revision()).toBe(begin + 2);
    const change = await bench.one(
      'select kind, entity_id, organization_id from config_changes order by revision desc limit 1',
    );
    expect(change).toEqual({ kind: 'upstreams', entity_id: id, organization_id: bench.organizationId });

    const history = await historyOf(id);
    expect(history.map(({ status, code }) => [status, code])).toEqual([
      ['HEALTHY', null],
      ['HEALTHY', null],
      ['UNHEALTHY', 'UPSTREAM_REFUSED'],
      ['UNHEALTHY', 'UPSTREAM_REFUSED'],
    ]);
    expect(history.every(({ latency_ms }) => latency_ms >= 0)).toBe(true);
    expect(await auditCount()).toBe(audited + 1);
    const event = await bench.one(
      'select action, actor_kind, subject_id, request_id, details from audit_events order by occurred_at desc, id desc limit 1',
    );
    expect(event).toMatchObject({
      action: 'upstream.health-change',
      actor_kind: 'system',
      subject_id: id,
      request_id: 'request-of-the-test',
    });
    expect(JSON.parse(String(event['details']))).toMatchObject({ health: 'UNHEALTHY', healthCode: 'UPSTREAM_REFUSED' });
  });

  it('asks for a sync when the upstream came back or speaks another era than is stored, and for none else', async () => {
    await using server = await startFixtureServer({ era: 'modern' });
    const id = await bench.addUpstream({ url: server.url });
    worker.added.length = 0;
    await check(id);
    const sync = {
      queue: 'sync-catalog',
      payload: { organizationId: bench.organizationId, upstreamId: id, operationId: null },
    };
    expect(worker.added).toEqual([{ ...sync, requestId: 'request-of-the-test', once: id }]);
    await worker.run['sync-catalog'](
      { organizationId: bench.organizationId, upstreamId: id, operationId: null },
      firstTry(),
    );
    await check(id);
    expect(worker.added.length).toBe(1);
    await bench.sql.query(`update upstreams set era = 'LEGACY' where id = $1`, [id]);
    await check(id);
    expect(worker.added.length).toBe(2);
  });

  it('dials with the stored credential and the id of the request [CAT-4]', async () => {
    await using server = await startFixtureServer({ era: 'legacy', sessions: true, token: 'sesame' });
    const right = await bench.addUpstream({ url: server.url, secret: 'Bearer sesame' });
    const wrong = await bench.addUpstream({ url: server.url, secret: 'Bearer simsim' });
    await check(right);
    await check(wrong);
    expect(await rowOf(right)).toMatchObject({ health: 'HEALTHY' });
    expect(await rowOf(wrong)).toMatchObject({ health: 'UNHEALTHY', health_code: 'UPSTREAM_UNAUTHORIZED' });
    expect(server.requests.every(({ headers }) => headers['x-request-id'] === 'request-of-the-test')).toBe(true);
    expect(server.sessions.size).toBe(0);
    expect(JSON.stringify([bench.log, await historyOf(wrong)])).not.toMatch(/sesame|simsim/);
  });

  it('reports a credential that cannot be opened as a finding', async () => {
    await using server = await startFixtureServer({ era: 'dual' });
    const id = await bench.addUpstream({ url: server.url, secret: 'Bearer x' });
    await bench.sql.query(`update upstreams set auth_secret = 'v1.0000000000000000.a.b' where id = $1`, [id]);
    await check(id);
    expect(await rowOf(id)).toMatchObject({ health: 'UNHEALTHY', health_code: 'WRONG_MASTER_KEY' });
    expect(server.requests).toEqual([]);
  });

  it('answers the operation that asked for it', async () => {
    await using server = await startFixtureServer({ era: 'dual' });
    const id = await bench.addUpstream({ url: server.url });
    const worked = await bench.addOperation(id, 'CHECK');
    await check(id, worked);
    const operation = await operationOf(worked);
    expect(operation).toMatchObject({ state: 'SUCCEEDED', code: null, message: null, finished_at: expect.any(Date) });
    expect(JSON.parse(String(operation['result']))).toMatchObject({ era: 'MODERN', protocolVersion: '2026-07-28' });

    await server.close();
    const broken = await bench.addOperation(id, 'CHECK');
    await check(id, broken);
    expect(await operationOf(broken)).toMatchObject({
      state: 'FAILED',
      code: 'UPSTREAM_REFUSED',
      message: expect.stringContaining('refused'),
    });
    await check(id, worked);
    expect(await operationOf(worked)).toEqual(operation);
  });

  // PostgreSQL refuses U+0000, and an upstream chooses a part of the text: the job failed and told nobody why.
  it('answers the operation also when the upstream puts a NUL into its refusal', async () => {
    const server = createServer((request, response) => {
      request.resume().on('end', () => {
        const error = { code: -32603, message: 'no\0way' };
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id: 1, error }));
      });
    });
    await new Promise<void>((done) => void server.listen(0, '127.0.0.1', done));
    try {
      const { port } = server.address() as AddressInfo;
      const id = await bench.addUpstream({ url: `http://127.0.0.1:${port}/mcp` });
      const operation = await bench.addOperation(id, 'CHECK');
      await check(id, operation);
      expect(await operationOf(operation)).toMatchObject({
        state: 'FAILED',
        code: 'UPSTREAM_NOT_MCP',
        message: expect.stringContaining('no\ufffdway'),
      });
    } finally {
      server.close();
    }
  });

  it('skips a disabled upstream, and says so to whoever asked', async () => {
    await using server = await startFixtureServer({ era: 'dual' });
    const id = await bench.addUpstream({ url: server.url, enabled: false });
    const operation = await bench.addOperation(id, 'CHECK');
    await check(id);
    await check(id, operation);
    expect(await operationOf(operation)).toMatchObject({ state: 'FAILED', code: 'CONFLICT' });
    expect(server.requests).toEqual([]);
    expect(await historyOf(id)).toEqual([]);
  });

  it('does nothing for an upstream of another organization, or one that is gone', async () => {
    await using server = await startFixtureServer({ era: 'dual' });
    const id = await bench.addUpstream({ url: server.url });
    const foreign = { organizationId: newId(), upstreamId: id, operationId: null };
    await worker.run['check-upstream-health'](foreign, firstTry());
    await check(newId());
    expect(server.requests).toEqual([]);
    expect(await rowOf(id)).toMatchObject({ health: 'UNKNOWN' });
  });

  it('throws away what it found about an address that was changed meanwhile, and is tried again', async () => {
    await using server = await startBrokenServer('timeout');
    const id = await bench.addUpstream({ url: server.url });
    const operation = await bench.addOperation(id, 'CHECK');
    const checked = check(id, operation, firstTry({ lastAttempt: true })).catch((error: unknown) => error);
    await vi.waitFor(() => expect(server.requests.length).toBe(1), { interval: 5 });
    await bench.sql.query('update upstreams set url = $2 where id = $1', [id, 'http://127.0.0.1:9/elsewhere']);
    expect(await checked).toMatchObject({ code: 'CONFLICT' });
    expect(await rowOf(id)).toMatchObject({ health: 'UNKNOWN' });
    expect(await operationOf(operation)).toMatchObject({ state: 'FAILED', code: 'CONFLICT' });
  });

  it('leaves everything as it is when the worker stops in the middle', async () => {
    await using server = await startFixtureServer({ era: 'dual' });
    const id = await bench.addUpstream({ url: server.url });
    const operation = await bench.addOperation(id, 'CHECK');
    const signal = AbortSignal.abort(new Error('the worker stops'));
    await expect(check(id, operation, firstTry({ signal }))).rejects.toThrow('the worker stops');
    expect(await rowOf(id)).toMatchObject({ health: 'UNKNOWN' });
    expect(await operationOf(operation)).toMatchObject({ state: 'RUNNING' });
    await check(id, operation);
    expect(await operationOf(operation)).toMatchObject({ state: 'SUCCEEDED' });
  });

  it('carries the id of the request into the log, and counts its runs', async () => {
    const lines = bench.log.filter(({ msg }) => msg === 'A job is done.');
    expect(lines.length).toBeGreaterThan(0);
    expect(lines[0]).toMatchObject({ requestId: 'request-of-the-test', queue: 'check-upstream-health' });
    const { body } = await bench.deps.metrics.render();
    expect(body).toMatch(/gatehouse_jobs_total\{queue="check-upstream-health",outcome="succeeded"\} \d+/);
    expect(body).toMatch(/gatehouse_jobs_total\{queue="check-upstream-health",outcome="retried"\} 1/);
  });
});
