import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exportAudit, TransactionalRecorder, verifyExport, type ExportAuditOptions } from '#audit';
import { checkpointSigningKey, createKeyring } from '#crypto';
import { newId } from '#kernel';
import { draft, inOrganization, keyring, openAuditDatabase, type AuditDatabase } from './audit-fixtures.js';

let db: AuditDatabase;
let root: string;
let dir: string;
const organizationId = newId();
const actor = newId();
const until = Date.UTC(2026, 10, 2);
const total = 57;

beforeAll(async () => {
  db = await openAuditDatabase();
  root = mkdtempSync(path.join(tmpdir(), 'gatehouse-export-'));
  for (const writer of ['control-plane', 'worker']) {
    const log = new TransactionalRecorder({ keyring, writer });
    const events = Array.from({ length: writer === 'worker' ? 20 : 37 }, (_, index) =>
      draft(organizationId, {
        // Several events share a millisecond.
        occurredAt: until - 60_000 + Math.floor(index / 4),
        action: writer === 'worker' ? 'catalog.sync' : 'upstream.create',
        actorUserId: index % 2 === 0 ? actor : newId(),
        body: index % 5 === 0 ? `{"argument":"line\u2028break ${index}"}` : null,
      }),
    );
    await inOrganization(db.app, organizationId, (sql) => log.append(sql, events));
  }
  const foreign = newId();
  await inOrganization(db.app, foreign, (sql) =>
    new TransactionalRecorder({ keyring, writer: 'control-plane' }).append(sql, [
      draft(foreign, { occurredAt: until - 1 }),
    ]),
  );
});
afterAll(async () => {
  await db.close();
  rmSync(root, { recursive: true, force: true });
});
beforeEach(() => {
  dir = mkdtempSync(path.join(root, 'run-'));
});

const exportId = newId();
const options = (more: Partial<ExportAuditOptions> = {}): ExportAuditOptions => ({
  sql: db.system,
  keyring,
  exportId,
  organizationId,
  until,
  filter: {},
  bodies: false,
  dir,
  pageSize: 10,
  cursor: null,
  onProgress: () => Promise.resolve(),
  ...more,
});
const linesOf = (fileName: string) =>
  readFileSync(path.join(dir, fileName), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

/** Runs until `pages` pages are on the disk, then is cut off. */
async function interrupted(pages: number, more: Partial<ExportAuditOptions> = {}): Promise<string> {
  let cursor = '';
  let seen = 0;
  const run = exportAudit(
    options({
      ...more,
      onProgress: (progress) => {
        cursor = progress.cursor;
        seen += 1;
        return seen === pages ? Promise.reject(new Error('the process died')) : Promise.resolve();
      },
    }),
  );
  await expect(run).rejects.toThrow('the process died');
  return cursor;
}

describe('exportAudit', () => {
  it('writes every event of the organization and a trailer that verifies [WRK-4]', async () => {
    const progress: number[] = [];
    const result = await exportAudit(options({ onProgress: async ({ records }) => void progress.push(records) }));
    expect(progress).toEqual([10, 20, 30, 40, 50, 57]);
    const file = path.join(dir, result.fileName);
    expect(result).toMatchObject({ fileName: `${exportId}.jsonl`, records: total, bytes: statSync(file).size });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const lines = linesOf(result.fileName);
    expect(lines).toHaveLength(total + 1);
    expect(new Set(lines.slice(0, -1).map(({ organizationId: id }) => id))).toEqual(new Set([organizationId]));
    expect(lines.at(-1)).toMatchObject({ type: 'trailer', records: total, sha256: result.sha256, heads: [{}, {}] });
    expect(await verifyExport(file, keyring)).toMatchObject({
      valid: true,
      records: total,
      bytes: result.bytes,
      problems: [],
    });
    const { publicKey } = checkpointSigningKey(keyring);
    expect(await verifyExport(file, publicKey)).toMatchObject({ valid: true, problems: [] });
    expect((await verifyExport(file, createKeyring(Buffer.alloc(32, 9)))).valid).toBe(false);
  });

  it('leaves bodies out unless they are allowed', async () => {
    const without = linesOf((await exportAudit(options())).fileName).slice(0, -1);
    expect(without.every(({ body }) => body === null)).toBe(true);
    expect(without.filter(({ bodyRedacted }) => bodyRedacted === true)).toHaveLength(12);
    const { fileName } = await exportAudit(options({ exportId: newId(), bodies: true }));
    expect(linesOf(fileName).filter(({ body }) => typeof body === 'string')).toHaveLength(12);
    expect((await verifyExport(path.join(dir, fileName), keyring)).problems).toEqual([]);
  });

  it('filters', async () => {
    const filter = {
      action: 'catalog.sync',
      actorUserId: actor,
      outcome: 'ALLOWED',
      from: new Date(until - 60_000).toISOString(),
      to: new Date(until - 59_998).toISOString(),
    };
    const { fileName, records } = await exportAudit(options({ filter }));
    expect(records).toBe(4);
    expect(linesOf(fileName).at(-1)).toMatchObject({ filter, records: 4 });
    const { records: none } = await exportAudit(options({ exportId: newId(), filter: { outcome: 'DENIED' } }));
    expect(none).toBe(0);
  });

  it('resumes after an interruption and ends as the same file, byte for byte [WRK-4]', async () => {
    const straight = readFileSync(path.join(dir, (await exportAudit(options())).fileName));
    for (const pages of [1, 3, 5, 6]) {
      dir = mkdtempSync(path.join(root, 'resumed-'));
      const cursor = await interrupted(pages);
      const partial = path.join(dir, `${exportId}.jsonl.partial`);
      expect(readdirSync(dir)).toEqual([`${exportId}.jsonl.partial`]);
      // What was written after the last confirmed page does not count.
      writeFileSync(partial, '{"type":"event","half', { flag: 'a' });
      const { fileName, records } = await exportAudit(options({ cursor }));
      expect(records).toBe(total);
      expect(readdirSync(dir)).toEqual([fileName]);
      expect(readFileSync(path.join(dir, fileName)).equals(straight)).toBe(true);
    }
  });

  it('begins anew when the partial file is gone or was changed', async () => {
    const straight = readFileSync(path.join(dir, (await exportAudit(options())).fileName));
    for (const damage of ['', 'x\n'.repeat(100_000)]) {
      dir = mkdtempSync(path.join(root, 'damaged-'));
      const cursor = await interrupted(2);
      writeFileSync(path.join(dir, `${exportId}.jsonl.partial`), damage);
      const { fileName } = await exportAudit(options({ cursor }));
      expect(readFileSync(path.join(dir, fileName)).equals(straight)).toBe(true);
    }
  });

  it('answers again for a file that is already complete', async () => {
    const first = await exportAudit(options());
    expect(await exportAudit(options())).toEqual(first);
    expect(await exportAudit(options({ cursor: '{"offset":1,"records":1,"occurredAt":1,"id":"x"}' }))).toEqual(first);
  });

  it('stops when it is told to and can go on', async () => {
    const controller = new AbortController();
    let cursor = '';
    const run = exportAudit(
      options({
        signal: controller.signal,
        onProgress: async (progress) => {
          cursor = progress.cursor;
          controller.abort(new Error('shutting down'));
        },
      }),
    );
    await expect(run).rejects.toThrow('shutting down');
    expect((await exportAudit(options({ cursor }))).records).toBe(total);
  });

  it('says that the disk is full, and that the folder cannot be written', async () => {
    symlinkSync('/dev/full', path.join(dir, `${exportId}.jsonl.partial`));
    await expect(exportAudit(options())).rejects.toMatchObject({
      code: 'DATA_DIR_UNUSABLE',
      message: expect.stringContaining('the disk is full') as string,
    });
    writeFileSync(path.join(dir, 'file'), '');
    await expect(exportAudit(options({ dir: path.join(dir, 'file') }))).rejects.toMatchObject({
      code: 'DATA_DIR_UNUSABLE',
    });
  });
});

describe('verifyExport', () => {
  const edit = (change: (lines: string[]) => string[], original: string) => {
    const file = path.join(dir, 'edited.jsonl');
    const lines = readFileSync(path.join(dir, original), 'utf8').trimEnd().split('\n');
    writeFileSync(file, `${change(lines).join('\n')}\n`);
    return verifyExport(file, keyring);
  };
  it.each<[string, (lines: string[]) => string[], RegExp]>([
    ['an edited line', (lines) => lines.with(3, lines[3]!.replace('ALLOWED', 'DENIED')), /Line 4: the record is not/],
    ['a removed line', (lines) => lines.toSpliced(3, 1), /holds 56 records; its trailer says 57/],
    ['exchanged lines', (lines) => lines.with(3, lines[4]!).with(4, lines[3]!), /content was changed/],
    ['a missing trailer', (lines) => lines.slice(0, -1), /incomplete/],
    ['an edited trailer', (lines) => lines.map((line) => line.replace('"records":57', '"records":56')), /no trailer/],
    ['an added line', (lines) => [...lines, lines[0]!], /no trailer/],
    ['an empty file', () => [], /no trailer/],
  ])('finds %s', async (_, change, problem) => {
    const { fileName } = await exportAudit(options());
    const { valid, problems } = await edit(change, fileName);
    expect(valid).toBe(false);
    expect(problems.join('\n')).toMatch(problem);
  });
});
