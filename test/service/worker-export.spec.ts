import { existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { verifyExport } from '#audit';
import { newId } from '#kernel';
import { createWorkerBench, firstTry, type WorkerBench } from './worker-container.js';

const events = 300;
let bench: WorkerBench;
let worker: Awaited<ReturnType<WorkerBench['processors']>>;

beforeAll(async () => {
  // One record a page: an export of many pages leaves time to interrupt it.
  bench = await createWorkerBench(inject('pgUrl'), { GATEHOUSE_AUDIT_EXPORT_PAGE: '1' });
  worker = await bench.processors();
  const ctx = {
    actor: { kind: 'system', organizationId: bench.organizationId, name: 'test' },
    requestId: 'r',
    clock: { now: () => Date.now() - 1000 },
    ip: null,
    userAgent: null,
  } as const;
  for (let index = 0; index < events; index++) {
    const action = index % 3 === 0 ? 'tool.read' : 'tool.update';
    await bench.deps.unitOfWork.write(
      ctx,
      { action, subjectType: 'Tool', subjectId: String(index) },
      async () => undefined,
    );
  }
});
afterAll(() => bench[Symbol.asyncDispose]());

async function request(values: { by?: string | null; filter?: object } = {}): Promise<string> {
  const id = newId();
  await bench.sql.query(
    `insert into audit_exports (id, organization_id, state, filter, records, bytes, requested_by, created_at)
     values ($1, $2, 'PENDING', $3, 0, 0, $4, now())`,
    [id, bench.organizationId, JSON.stringify(values.filter ?? {}), values.by ?? null],
  );
  return id;
}
const run = (exportId: string, context = firstTry(), on = worker) =>
  on.run['export-audit']({ organizationId: bench.organizationId, exportId }, context);
const rowOf = (id: string) => bench.one('select * from audit_exports where id = $1', [id]);
const fileOf = (id: string) => path.join(bench.deps.dataDir, 'exports', `${id}.jsonl`);
const bind = (role: string) =>
  bench.sql.query(
    `insert into role_bindings (id, organization_id, user_id, role, created_at) values ($1, $2, $3, $4, now())`,
    [newId(), bench.organizationId, bench.userId, role],
  );

/** Runs an export and stops the worker when some pages are written. */
async function interrupt(id: string): Promise<void> {
  const stop = new AbortController();
  const interrupted = run(id, firstTry({ signal: stop.signal, lastAttempt: true })).catch((error: unknown) => error);
  await vi.waitFor(async () => expect(Number((await rowOf(id))['records'])).toBeGreaterThan(5), { interval: 5 });
  const reason = new Error('the worker stops');
  stop.abort(reason);
  expect(await interrupted).toBe(reason);
}

describe('an export of the audit log', () => {
  it('that was interrupted goes on where it was, to a complete file that verifies [WRK-4]', async () => {
    const id = await request();
    await interrupt(id);
    const half = await rowOf(id);
    expect(half).toMatchObject({ state: 'RUNNING', finished_at: null, file_name: null });
    expect(Number(half['records'])).toBeLessThan(events);
    expect(existsSync(fileOf(id))).toBe(false);
    // What a crash leaves behind the last page that was recorded.
    const partial = readFileSync(`${fileOf(id)}.partial`);
    writeFileSync(`${fileOf(id)}.partial`, Buffer.concat([partial, Buffer.from('{"type":"eve')]));

    await run(id);
    const done = await rowOf(id);
    expect(done).toMatchObject({
      state: 'SUCCEEDED',
      code: null,
      file_name: `${id}.jsonl`,
      finished_at: expect.any(Date),
    });
    expect(Number(done['records'])).toBe(events);
    const verified = await verifyExport(fileOf(id), bench.keyring);
    expect(verified).toMatchObject({ valid: true, bytes: Number(done['bytes']) });
    expect(verified.trailer).toMatchObject({ records: events, sha256: done['sha256'], bodies: false });
    const lines = readFileSync(fileOf(id), 'utf8')
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line));
    const subjects = lines.filter(({ type }) => type === 'event').map(({ subjectId }) => Number(subjectId));
    expect(subjects.toSorted((left, right) => left - right)).toEqual(
      Array.from({ length: events }, (_, index) => index),
    );

    await run(id);
    expect(await rowOf(id)).toEqual(done);
  });

  it('holds what its filter asks for', async () => {
    const id = await request({ filter: { action: 'tool.read' } });
    await run(id);
    expect(await rowOf(id)).toMatchObject({ state: 'SUCCEEDED', records: String(events / 3) });
  });

  it('is written by one worker only, also when two take it up', async () => {
    const other = await bench.processors();
    const id = await request();
    await Promise.all([run(id), run(id, firstTry(), other)]);
    expect(await rowOf(id)).toMatchObject({ state: 'SUCCEEDED', records: String(events) });
    expect(await verifyExport(fileOf(id), bench.keyring)).toMatchObject({ valid: true });
  });

  it('holds bodies only while its requester may read them, and nothing at all when they may not read the log', async () => {
    const filter = { action: 'tool.read' };
    const stranger = await request({ by: bench.userId, filter });
    await run(stranger);
    expect(await rowOf(stranger)).toMatchObject({ state: 'FAILED', code: 'FORBIDDEN' });
    expect(existsSync(fileOf(stranger))).toBe(false);

    await bind('organization-admin');
    const admin = await request({ by: bench.userId, filter });
    await interrupt(admin);
    await bind('organization-auditor');
    await run(admin);
    expect(await rowOf(admin)).toMatchObject({ state: 'SUCCEEDED', records: String(events / 3) });
    // Begun anew with the new right, so the file is of one kind.
    const { trailer, valid } = await verifyExport(fileOf(admin), bench.keyring);
    expect([valid, trailer?.bodies, trailer?.records]).toEqual([true, true, events / 3]);
  });

  it('is tried again while the folder cannot be written, then given up with the reason', async () => {
    const file = path.join(mkdtempSync(path.join(bench.deps.dataDir, 'x-')), 'not-a-folder');
    writeFileSync(file, '');
    await using blocked = await createWorkerBench(inject('pgUrl'), { GATEHOUSE_AUDIT_EXPORT_DIR: file });
    const { run: processors } = await blocked.processors();
    const exportId = newId();
    await blocked.sql.query(
      `insert into audit_exports (id, organization_id, state, filter, records, bytes, created_at) values ($1, $2, 'PENDING', '{}', 0, 0, now())`,
      [exportId, blocked.organizationId],
    );
    const payload = { organizationId: blocked.organizationId, exportId };
    const state = () => blocked.one('select state, code, message from audit_exports where id = $1', [exportId]);
    await expect(processors['export-audit'](payload, firstTry())).rejects.toMatchObject({ code: 'DATA_DIR_UNUSABLE' });
    expect(await state()).toMatchObject({ state: 'RUNNING' });
    await expect(processors['export-audit'](payload, firstTry({ lastAttempt: true }))).rejects.toThrow();
    expect(await state()).toMatchObject({
      state: 'FAILED',
      code: 'DATA_DIR_UNUSABLE',
      message: expect.stringContaining(file),
    });
  });

  it('is taken up by the housekeeping when its worker died, and not when it is finished', async () => {
    const id = await request();
    await interrupt(id);
    const finished = await request();
    await run(finished);
    worker.added.length = 0;
    await worker.run['purge-expired']({}, firstTry());
    expect(worker.added).toEqual([
      {
        queue: 'export-audit',
        payload: { organizationId: bench.organizationId, exportId: id },
        requestId: expect.any(String),
        once: id,
      },
    ]);
    await run(id);
    expect(await rowOf(id)).toMatchObject({ state: 'SUCCEEDED' });
  });

  it('of another organization is not touched', async () => {
    const id = await request();
    await worker.run['export-audit']({ organizationId: newId(), exportId: id }, firstTry());
    expect(await rowOf(id)).toMatchObject({ state: 'PENDING' });
  });
});
