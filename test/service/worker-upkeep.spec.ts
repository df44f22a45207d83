import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { verifyAudit } from '#audit';
import { newId } from '#kernel';
import { createWorkerBench, firstTry, type WorkerBench } from './worker-container.js';

let bench: WorkerBench;
let worker: Awaited<ReturnType<WorkerBench['processors']>>;
let upstreamId: string;

beforeAll(async () => {
  bench = await createWorkerBench(inject('pgUrl'), { GATEHOUSE_AUDIT_RETENTION: '30d' });
  worker = await bench.processors();
  upstreamId = await bench.addUpstream({ url: 'http://127.0.0.1:9/mcp' });
});
afterAll(() => bench[Symbol.asyncDispose]());

const writeAudited = (subjectId: string, occurredAt = Date.now()) =>
  bench.deps.unitOfWork.write(
    {
      actor: { kind: 'system', organizationId: bench.organizationId, name: 'test' },
      requestId: 'r',
      clock: { now: () => occurredAt },
      ip: null,
      userAgent: null,
    },
    { action: 'tool.update', subjectType: 'Tool', subjectId },
    async () => undefined,
  );
const column = async (text: string, params: readonly unknown[] = []) =>
  (await bench.sql.query<{ v: unknown }>(text, params)).map(({ v }) => v);
const ids = (count: number) => Array.from({ length: count }, () => newId());

describe('the fan-out', () => {
  it('adds a job for each enabled upstream of every organization, one at a time', async () => {
    await bench.addUpstream({ url: 'http://127.0.0.1:9/mcp', enabled: false });
    const [other = '', user, foreign] = ids(3);
    await bench.sql.query(
      `with o as (insert into organizations (id, organization_id, slug, name, created_at, updated_at) values ($1, $1, 'other', 'Other', now(), now()))
       insert into users (id, organization_id, email, display_name, status, created_at, updated_at)
       values ($2, $1, 'b@example.org', 'B', 'ACTIVE', now(), now())`,
      [other, user],
    );
    await bench.sql.query(
      `insert into upstreams (id, organization_id, slug, name, description, url, visibility, owner_id, enabled, health, created_at, updated_at)
       values ($1, $2, 'far', 'Far', '', 'http://127.0.0.1:9/', 'ORGANIZATION', $3, true, 'UNKNOWN', now(), now())`,
      [foreign, other, user],
    );
    const added = async (kind: 'CHECK' | 'SYNC') => {
      worker.added.length = 0;
      await worker.run['schedule-upstreams']({ kind }, firstTry());
      return worker.added.map(({ queue, payload, once }) => ({ queue, payload, once }));
    };
    const job = (queue: string, organizationId: string, id: unknown) => ({
      queue,
      payload: { organizationId, upstreamId: id, operationId: null },
      once: id,
    });
    expect(await added('CHECK')).toEqual([
      job('check-upstream-health', bench.organizationId, upstreamId),
      job('check-upstream-health', other, foreign),
    ]);
    expect(await added('SYNC')).toEqual([
      job('sync-catalog', bench.organizationId, upstreamId),
      job('sync-catalog', other, foreign),
    ]);
    expect(new Set(worker.added.map(({ requestId }) => requestId)).size).toBe(2);
  });
});

describe('checkpoints', () => {
  it('sign the heads of all chains, and only when they moved [WRK-5]', async () => {
    await writeAudited('first');
    await writeAudited('second');
    await worker.run['checkpoint-audit']({}, firstTry());
    const checkpoints = () => column('select heads as v from audit_checkpoints order by created_at');
    const [first, ...none] = await checkpoints();
    expect(none).toEqual([]);
    expect(JSON.parse(String(first)).heads).toMatchObject([{ writer: 'worker', sequence: 2 }]);
    await worker.run['checkpoint-audit']({}, firstTry());
    expect((await checkpoints()).length).toBe(1);
    await writeAudited('third');
    await worker.run['checkpoint-audit']({}, firstTry());
    expect((await checkpoints()).length).toBe(2);
    const verification = await verifyAudit(bench.deps.systemPool, bench.keyring, bench.organizationId);
    expect(verification).toMatchObject({ valid: true, checkedEvents: 3 });
    await bench.sql.query(`delete from audit_events where subject_id = 'third'`);
    const { valid } = await verifyAudit(bench.deps.systemPool, bench.keyring, bench.organizationId);
    expect(valid).toBe(false);
    await bench.sql.query('truncate audit_events, audit_chain_heads, audit_checkpoints');
  });
});

describe('the housekeeping', () => {
  it('deletes what has had its time and nothing else', async () => {
    const [old, fresh] = ids(2);
    const session = (id: string, expires: string) =>
      bench.sql.query(
        `insert into sessions (id, organization_id, user_id, data, created_at, last_seen_at, expires_at)
         values ($1, $2, $3, '{}', now(), now(), now() + $4::interval)`,
        [id, bench.organizationId, bench.userId, expires],
      );
    await session('old', '-1 second');
    await session('fresh', '1 minute');
    for (const [id, expires] of [
      [old, '-1 second'],
      [fresh, '1 minute'],
    ]) {
      await bench.sql.query(
        `insert into setup_links (id, organization_id, token_hash, expires_at, created_at) values ($1, $2, $3, now() + $4::interval, now())`,
        [id, bench.organizationId, id, expires],
      );
    }
    for (const age of ['8 days', '6 days']) {
      await bench.sql.query(
        `insert into health_checks (id, organization_id, upstream_id, status, message, latency_ms, checked_at)
         values ($1, $2, $3, 'HEALTHY', $4::text, 1, now() - $4::interval)`,
        [newId(), bench.organizationId, upstreamId, age],
      );
    }
    for (const age of ['25 hours', '23 hours']) {
      await bench.sql.query(
        `insert into upstream_operations (id, organization_id, upstream_id, kind, state, request_id, created_at)
         values ($1, $2, $3, 'CHECK', 'PENDING', $4::text, now() - $4::interval)`,
        [newId(), bench.organizationId, upstreamId, age],
      );
    }
    await worker.run['purge-expired']({}, firstTry());
    expect(await column('select id as v from sessions')).toEqual(['fresh']);
    expect(await column('select id as v from setup_links')).toEqual([fresh]);
    expect(await column('select message as v from health_checks')).toEqual(['6 days']);
    expect(await column('select request_id as v from upstream_operations')).toEqual(['23 hours']);
  });

  it('deletes old revisions and always keeps the newest', async () => {
    const newest = await bench.revision();
    expect(newest).toBeGreaterThan(1);
    await bench.sql.query(`update config_changes set created_at = now() - interval '61 minutes'`);
    await worker.run['purge-expired']({}, firstTry());
    expect(await column('select revision::int as v from config_changes')).toEqual([newest]);
    await bench.sql.query(`update upstreams set name = 'New' where id = $1`, [upstreamId]);
    await worker.run['purge-expired']({}, firstTry());
    expect(await column('select revision::int as v from config_changes order by 1')).toEqual([newest + 1]);
  });

  it('deletes more rows than one statement takes', async () => {
    await bench.sql.query(
      `insert into health_checks (id, organization_id, upstream_id, status, latency_ms, checked_at)
       select gen_random_uuid(), $1, $2, 'HEALTHY', 1, now() - interval '9 days' from generate_series(1, 10001)`,
      [bench.organizationId, upstreamId],
    );
    await worker.run['purge-expired']({}, firstTry());
    expect(await column('select count(*)::int as v from health_checks')).toEqual([1]);
  });

  it('drops audit months past their retention, each covered by a signed checkpoint [WRK-6]', async () => {
    const longAgo = new Date(Date.now() - 120 * 86_400_000);
    const month = `${longAgo.getUTCFullYear()}-${String(longAgo.getUTCMonth() + 1).padStart(2, '0')}-01`;
    const name = `audit_events_${month.replaceAll('-', '').slice(0, 6)}`;
    const next = new Date(Date.UTC(longAgo.getUTCFullYear(), longAgo.getUTCMonth() + 1, 1)).toISOString().slice(0, 10);
    await bench.sql.query(
      `create table ${name} partition of audit_events for values from ('${month} 00:00:00+00') to ('${next} 00:00:00+00')`,
    );
    await bench.sql.query(`alter table ${name} owner to gatehouse_owner`);
    await writeAudited('long ago', longAgo.getTime());
    await writeAudited('now');
    expect(await column(`select subject_id as v from ${name}`)).toEqual(['long ago']);

    await worker.run['purge-expired']({}, firstTry());
    expect(await column('select to_regclass($1)::text as v', [name])).toEqual([null]);
    expect(await column('select subject_id as v from audit_events')).toEqual(['now']);
    expect(await column('select count(*)::int as v from audit_checkpoints where purged_before is not null')).toEqual([
      1,
    ]);
    const verification = await verifyAudit(bench.deps.systemPool, bench.keyring, bench.organizationId);
    expect(verification).toMatchObject({ valid: true, checkedEvents: 1 });
    expect(
      await column(
        `select to_regclass('audit_events_' || to_char(now() + interval '1 month', 'YYYYMM')) is not null as v`,
      ),
    ).toEqual([true]);
  });

  it('goes on behind a step that fails, and is tried again', async () => {
    await bench.sql.query('revoke delete on sessions from gatehouse_system');
    await bench.sql.query(
      `insert into health_checks (id, organization_id, upstream_id, status, latency_ms, checked_at)
       values (gen_random_uuid(), $1, $2, 'HEALTHY', 1, now() - interval '9 days')`,
      [bench.organizationId, upstreamId],
    );
    await expect(worker.run['purge-expired']({}, firstTry())).rejects.toThrow(/permission denied/);
    expect(
      await column(`select count(*)::int as v from health_checks where checked_at < now() - interval '8 days'`),
    ).toEqual([0]);
    expect(bench.log).toContainEqual(expect.objectContaining({ step: 'sessions', level: 'warn' }));
    await bench.sql.query('grant delete on sessions to gatehouse_system');
  });
});
