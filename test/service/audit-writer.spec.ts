import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { BufferedAuditWriter, RefusalAggregator, verifyAudit } from '#audit';
import { loadConfig } from '#config';
import { newId } from '#kernel';
import { createPool, SYSTEM_ROLE, type DatabasePool } from '#postgres';
import { countEvents, draft, keyring, openAuditDatabase, startLink, type AuditDatabase } from './audit-fixtures.js';

let db: AuditDatabase;
let link: Awaited<ReturnType<typeof startLink>>;
let pool: DatabasePool;
let dataDir: string;
let writers: BufferedAuditWriter[] = [];

beforeAll(async () => {
  db = await openAuditDatabase();
  link = await startLink(db.url);
  pool = createPool({ url: link.url, role: SYSTEM_ROLE, max: 2, connectTimeout: 1000 });
});
afterAll(async () => {
  await pool.end();
  await link.close();
  await db.close();
});
beforeEach(() => {
  dataDir = mkdtempSync(path.join(tmpdir(), 'gatehouse-audit-'));
});
afterEach(async () => {
  link.set('up');
  await Promise.all(writers.map((writer) => writer.close()));
  writers = [];
  rmSync(dataDir, { recursive: true, force: true });
});

const spoolFiles = () => {
  const folder = path.join(dataDir, 'audit-spool');
  return existsSync(folder) ? readdirSync(folder).map((name) => path.join(folder, name)) : [];
};
const spoolText = () =>
  spoolFiles()
    .map((file) => readFileSync(file, 'utf8'))
    .join('');

function openWriter(settings: Record<string, string> = {}) {
  const config = loadConfig({
    GATEHOUSE_DATA_DIR: dataDir,
    GATEHOUSE_AUDIT_FLUSH_INTERVAL: '20ms',
    ...settings,
  });
  const seen = { written: 0, spooled: 0, dropped: 0, rejected: 0, states: [] as boolean[] };
  const writer = new BufferedAuditWriter({
    pool,
    keyring,
    config,
    writer: 'gateway',
    observer: {
      written: (count) => (seen.written += count),
      spooled: (count) => (seen.spooled += count),
      dropped: (count) => (seen.dropped += count),
      rejected: (count) => (seen.rejected += count),
      storeAvailable: (available) => seen.states.push(available),
    },
  });
  writers.push(writer);
  return { writer, seen };
}

const record = (writer: BufferedAuditWriter, organizationId: string, count: number) => {
  for (let index = 0; index < count; index += 1) {
    writer.record(draft(organizationId, { action: 'tools/call', details: { index } }));
  }
};
const stored = (organizationId: string) => countEvents(db.owner, organizationId);
const expectWhole = async (organizationId: string, count: number) => {
  expect(await verifyAudit(db.system, keyring, organizationId)).toEqual({
    valid: true,
    checkedEvents: count,
    problems: [],
  });
  const rows = await db.owner.query<{ details: string }>(
    'select details from audit_events where organization_id = $1',
    [organizationId],
  );
  expect(rows).toHaveLength(count);
};

describe('the buffered writer', () => {
  it('writes within a flush interval, each organization in a chain of its own', async () => {
    const { writer } = openWriter();
    writer.start();
    const [one, two] = [newId(), newId()];
    record(writer, one, 1200);
    record(writer, two, 3);
    await vi.waitFor(async () => expect([await stored(one), await stored(two)]).toEqual([1200, 3]), 10_000);
    await expectWhole(one, 1200);
    await expectWhole(two, 3);
    expect(spoolFiles()).toEqual([]);
  });

  it('loses nothing at shutdown, whatever the interval', async () => {
    const { writer } = openWriter({ GATEHOUSE_AUDIT_FLUSH_INTERVAL: '1m' });
    writer.start();
    const organizationId = newId();
    record(writer, organizationId, 777);
    await writer.close();
    await expectWhole(organizationId, 777);
    expect(spoolFiles()).toEqual([]);
  });

  it('refuses what is no event, and goes on', async () => {
    const { writer } = openWriter();
    const organizationId = newId();
    expect(() => writer.record(draft('nowhere'))).toThrow(TypeError);
    record(writer, organizationId, 1);
    await writer.flush();
    await expectWhole(organizationId, 1);
  });

  it('spools while the database is away and drains in order when it is back [TRL-4]', async () => {
    const { writer, seen } = openWriter();
    writer.start();
    const organizationId = newId();
    record(writer, organizationId, 5);
    await vi.waitFor(async () => expect(await stored(organizationId)).toBe(5), 10_000);
    link.set('cut');
    record(writer, organizationId, 10);
    await vi.waitFor(() => expect(spoolText().split('\n').length - 1).toBe(10), 10_000);
    expect(writer.stats()).toMatchObject({ buffered: 0, storeAway: true });
    record(writer, organizationId, 10);
    await vi.waitFor(() => expect(spoolText().split('\n').length - 1).toBe(20), 10_000);
    expect(spoolFiles().map((file) => statSync(file).mode & 0o777)).toEqual([0o600]);
    expect(writer.canAccept()).toBe(true);
    link.set('up');
    record(writer, organizationId, 10);
    await vi.waitFor(async () => expect(await stored(organizationId)).toBe(35), 10_000);
    await vi.waitFor(() => expect(writer.stats()).toEqual({ buffered: 0, spoolBytes: 0, storeAway: false }), 10_000);
    await expectWhole(organizationId, 35);
    expect(seen).toMatchObject({ dropped: 0, rejected: 0, states: [false, true] });
  });

  it('adds nothing twice when a commit went through and its answer was lost', async () => {
    const { writer, seen } = openWriter();
    const organizationId = newId();
    link.set('deaf');
    record(writer, organizationId, 4);
    await writer.flush();
    // The database has them, the writer does not know.
    await vi.waitFor(async () => expect(await stored(organizationId)).toBe(4), 10_000);
    expect(seen).toMatchObject({ written: 0, spooled: 4, states: [false] });
    link.set('up');
    record(writer, organizationId, 2);
    await writer.flush();
    await vi.waitFor(async () => expect(await stored(organizationId)).toBe(6), 10_000);
    await expectWhole(organizationId, 6);
  });

  it('spools also when the database is silent, and stores everything once', async () => {
    const { writer } = openWriter();
    writer.start();
    const organizationId = newId();
    link.set('silent');
    record(writer, organizationId, 3);
    await vi.waitFor(() => expect(spoolText().split('\n').length - 1).toBe(3), 10_000);
    link.set('cut');
    link.set('up');
    record(writer, organizationId, 1);
    await vi.waitFor(async () => expect(await stored(organizationId)).toBe(4), 10_000);
    await expectWhole(organizationId, 4);
  });

  it('hands its spool to the next process, which continues the chain of the dead one', async () => {
    const organizationId = newId();
    const first = openWriter();
    record(first.writer, organizationId, 3);
    await first.writer.flush();
    link.set('cut');
    record(first.writer, organizationId, 4);
    await first.writer.close();
    const [file] = spoolFiles();
    expect(spoolFiles()).toHaveLength(1);
    // The death of the process cut a line, and someone wrote one that we did not.
    const [line = ''] = spoolText().split('\n');
    appendFileSync(file!, `${line.replace('tools/call', 'tools/list')}\n${line.slice(0, 40)}`);
    link.set('up');
    const second = openWriter();
    const third = openWriter();
    second.writer.start();
    third.writer.start();
    record(second.writer, organizationId, 2);
    await vi.waitFor(async () => expect(await stored(organizationId)).toBe(9), 10_000);
    await expectWhole(organizationId, 9);
    await vi.waitFor(() => expect(second.seen.rejected + third.seen.rejected).toBe(2), 10_000);
    await vi.waitFor(() => expect(spoolFiles().map((left) => path.basename(left))).toEqual(['rejected.txt']), 10_000);
  });

  it('denies calls when the spool is full, and accepts them when it was drained [TRL-4]', async () => {
    const { writer, seen } = openWriter({ GATEHOUSE_AUDIT_SPOOL_MAX: '64KiB', GATEHOUSE_AUDIT_BUFFER_MAX: '100' });
    writer.start();
    const organizationId = newId();
    link.set('cut');
    let accepted = 0;
    await vi.waitFor(
      () => {
        for (; writer.canAccept() && accepted < 1000; accepted += 1) record(writer, organizationId, 1);
        expect(writer.canAccept()).toBe(false);
        expect(writer.stats().spoolBytes).toBeGreaterThan(0.9 * 64 * 1024);
      },
      { timeout: 10_000, interval: 10 },
    );
    // Calls that were under way still get their record.
    record(writer, organizationId, 10);
    expect(seen.dropped).toBe(0);
    expect(writer.stats().spoolBytes).toBeLessThanOrEqual(64 * 1024);
    link.set('up');
    await vi.waitFor(async () => expect(await stored(organizationId)).toBe(accepted + 10), 20_000);
    await vi.waitFor(() => expect(writer.canAccept()).toBe(true), 10_000);
    await expectWhole(organizationId, accepted + 10);
  });

  it('drops and counts beyond every bound, and the chain stays whole [TRL-4]', async () => {
    const { writer, seen } = openWriter({
      GATEHOUSE_AUDIT_SPOOL_MAX: '64KiB',
      GATEHOUSE_AUDIT_BUFFER_MAX: '100',
      GATEHOUSE_AUDIT_ON_STORE_DOWN: 'drop-and-count',
    });
    const organizationId = newId();
    link.set('cut');
    await writer.flush();
    record(writer, organizationId, 500);
    expect(writer.canAccept()).toBe(true);
    expect(writer.stats().buffered).toBe(100);
    expect(writer.stats().spoolBytes).toBeLessThanOrEqual(64 * 1024);
    expect(seen.dropped).toBeGreaterThan(100);
    await writer.close();
    // The end of the process keeps what memory held, spool bound or not.
    const next = openWriter();
    link.set('up');
    next.writer.start();
    await vi.waitFor(async () => expect(await stored(organizationId)).toBe(500 - seen.dropped), 20_000);
    await expectWhole(organizationId, 500 - seen.dropped);
  });

  it('denies calls when the spool cannot be written', async () => {
    writeFileSync(path.join(dataDir, 'audit-spool'), 'a file where the folder should be');
    const { writer, seen } = openWriter();
    writer.start();
    const organizationId = newId();
    link.set('cut');
    record(writer, organizationId, 2);
    await vi.waitFor(() => expect(writer.canAccept()).toBe(false), 10_000);
    link.set('up');
    await vi.waitFor(async () => expect(await stored(organizationId)).toBe(2), 10_000);
    await vi.waitFor(() => expect(writer.canAccept()).toBe(true), 10_000);
    await expectWhole(organizationId, 2);
    expect(seen.dropped).toBe(0);
  });
});

describe('refused credentials', () => {
  it('become one event per address, reason and minute', async () => {
    const { writer } = openWriter();
    const organizationId = newId();
    const clock = { time: Date.UTC(2026, 10, 1, 12, 0, 5), now: () => clock.time };
    const refusals = new RefusalAggregator({
      record: (event) => writer.record(event),
      organizationId: () => organizationId,
      clock,
    });
    for (let index = 0; index < 50; index += 1) refusals.refused({ ip: '10.0.0.1', reason: 'UNAUTHENTICATED' });
    refusals.refused({ ip: '10.0.0.2', reason: 'UNAUTHENTICATED' });
    clock.time += 60_000;
    refusals.refused({ ip: '10.0.0.1', reason: 'UNAUTHENTICATED' });
    refusals.close();
    await writer.flush();
    const rows = await db.owner.query<{ ip: string; count: number }>(
      `select ip, (details::json->>'count')::int as count from audit_events where organization_id = $1 order by sequence`,
      [organizationId],
    );
    expect(rows).toEqual([
      { ip: '10.0.0.1', count: 50 },
      { ip: '10.0.0.2', count: 1 },
      { ip: '10.0.0.1', count: 1 },
    ]);
    await expectWhole(organizationId, 3);
  });
});
