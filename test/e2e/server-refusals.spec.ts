import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { generateMasterKey } from '#crypto';
import { createTestDatabase, freePort, startGatehouse, type TestDatabase } from '#testing';
import { startTransactionPooler } from '../service/transaction-pooler.js';
import { connectionsTo, occupyPort, processesIn, run, sql, startLyingProxy, type Ended } from './server-support.js';

const base = mkdtempSync(path.join(tmpdir(), 'gatehouse-refusals-'));
let last = 0;
const newDataDir = (): string => path.join(base, `data-${++last}`);

let database: TestDatabase;
const masterKey = generateMasterKey();
const env = (more: Record<string, string> = {}): Record<string, string> => ({
  DATABASE_URL: database.url,
  GATEHOUSE_MASTER_KEY: masterKey,
  GATEHOUSE_DATA_DIR: newDataDir(),
  ...more,
});

beforeAll(async () => {
  database = await createTestDatabase(inject('pgUrl'));
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  rmSync(base, { recursive: true, force: true });
});

/** A refusal is an exit code and a text for people, without a stack. */
function expectRefused(ended: Ended, ...words: readonly string[]): void {
  expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
  for (const word of words) expect(ended.stderr).toContain(word);
  expect(ended.stderr).not.toMatch(/^\s+at /m);
}

describe('a port in use', () => {
  it.each(['CONTROL_PLANE', 'GATEWAY', 'WORKER', 'METRICS'])(
    '[SRV-2] names port and setting, and leaves nothing running: %s',
    async (service) => {
      await using taken = await occupyPort();
      const setting = `GATEHOUSE_${service}_PORT`;
      const ended = await run(['serve'], env({ [setting]: String(taken.port) }));
      expectRefused(ended, 'PORT_IN_USE', String(taken.port), setting);
      // What ran already was stopped before its connections were closed, so nothing complained.
      expect(ended.stdout).not.toMatch(/"level":"(warn|error|fatal)"/);
      expect(await connectionsTo(database.url)).toBe(0);
    },
  );

  it('[SRV-2] takes the embedded database down with it', async () => {
    await using taken = await occupyPort();
    const dataDir = newDataDir();
    const settings = { GATEHOUSE_DATA_DIR: dataDir, GATEHOUSE_GATEWAY_PORT: String(taken.port) };
    expectRefused(await run(['serve'], settings), 'GATEHOUSE_GATEWAY_PORT');
    expect(processesIn(dataDir)).toEqual([]);
  });

  it('an address that this machine does not have names host and setting', async () => {
    const ended = await run(['serve'], env({ GATEHOUSE_METRICS_HOST: '192.0.2.1' }));
    expectRefused(ended, 'CONFIGURATION_INVALID', '192.0.2.1', 'GATEHOUSE_METRICS_HOST');
  });
});

describe('the configuration', () => {
  it('[CFG-1] [CFG-2] is refused within three times 2 s, with every problem and no secret', async () => {
    const dataDir = newDataDir();
    const ended = await run(['serve'], {
      GATEHOUSE_DATA_DIR: dataDir,
      GATEHOUSE_GATEWAY_PORT: 'ninety',
      GATEHOUSE_GATEWAY_PROT: '1',
      GATEHOUSE_WORKER_CONCURRENCY: '0',
      GATEHOUSE_MASTER_KEY: 'hunter2',
    });
    const words = ['GATEHOUSE_GATEWAY_PORT', 'did you mean', 'GATEHOUSE_WORKER_CONCURRENCY', 'GATEHOUSE_MASTER_KEY'];
    expectRefused(ended, '4 problem(s)', ...words);
    expect(ended.stderr).not.toContain('hunter2');
    expect(ended.ms).toBeLessThan(6_000);
    expect(existsSync(dataDir)).toBe(false);
  });

  it.each([['fly'], ['serve', '--high'], ['doctor', 'extra'], ['migrate', '--jsn']])(
    'a wrong command line is exit code 2 with the usage: %s %s',
    async (...args) => {
      const ended = await run(args, {});
      expect(ended.code).toBe(2);
      expect(ended.stderr).toContain('Usage: gatehouse-server');
      expect(ended.stderr).not.toMatch(/^\s+at /m);
    },
  );
});

describe('the master key', () => {
  it('[SRV-5] [BAD-17] of another installation is refused, and the right one still works', async () => {
    const good = env();
    expect(await (await startGatehouse({ env: good })).stop()).toMatchObject({ code: 0 });
    const ended = await run(['serve'], env({ GATEHOUSE_MASTER_KEY: generateMasterKey() }));
    expectRefused(ended, 'WRONG_MASTER_KEY', 'GATEHOUSE_MASTER_KEY');
    expect(await connectionsTo(database.url)).toBe(0);
    await using again = await startGatehouse({ env: good });
    expect(again.output.stderr).toContain('Gatehouse is running.');
  });

  it('[BAD-17] whose file is gone is not replaced by a new one', async () => {
    const dataDir = newDataDir();
    await (await startGatehouse({ dataDir })).stop();
    const file = path.join(dataDir, 'master.key');
    renameSync(file, `${file}.saved`);
    expectRefused(await run(['serve'], { GATEHOUSE_DATA_DIR: dataDir }), 'WRONG_MASTER_KEY', file);
    expect(existsSync(file)).toBe(false);
    renameSync(`${file}.saved`, file);
    await using again = await startGatehouse({ dataDir });
    expect(again.output.stderr).toContain('Gatehouse is running.');
  });
});

describe('the database', () => {
  it('[BAD-18] that nobody runs is reported within the start timeout, without its password', async () => {
    const url = `postgres://gatehouse:sesame@127.0.0.1:${await freePort()}/gatehouse`;
    const ended = await run(['serve'], env({ DATABASE_URL: url, GATEHOUSE_DATABASE_START_TIMEOUT: '1s' }));
    expectRefused(ended, 'DATABASE_UNAVAILABLE', 'ECONNREFUSED', 'DATABASE_URL');
    expect(ended.stderr + ended.stdout).not.toContain('sesame');
    expect(ended.ms).toBeLessThan(9_000);
  });

  it('[BAD-18] that accepts connections but never speaks is reported, too', async () => {
    await using silent = await occupyPort();
    const url = `postgres://gatehouse:sesame@127.0.0.1:${silent.port}/gatehouse`;
    const times = { GATEHOUSE_DATABASE_START_TIMEOUT: '1s', GATEHOUSE_DATABASE_CONNECT_TIMEOUT: '500ms' };
    const ended = await run(['serve'], env({ DATABASE_URL: url, ...times }));
    expectRefused(ended, 'DATABASE_UNAVAILABLE');
    expect(ended.stderr + ended.stdout).not.toContain('sesame');
    expect(ended.ms).toBeLessThan(9_000);
  });

  it('[DB-2] older than PostgreSQL 15 is refused with the remedy', async () => {
    const [row] = await sql<{ server_version_num: string }>(database.url, 'show server_version_num');
    const own = row?.server_version_num ?? '';
    await using old = await startLyingProxy(database.url, own, `14${own.slice(2)}`);
    const ended = await run(['serve'], env({ DATABASE_URL: old.url }));
    expectRefused(ended, 'DATABASE_TOO_OLD', 'PostgreSQL 14', 'Upgrade to PostgreSQL 15');
  });

  it('[DB-4] of a newer release is refused with the remedy, and not touched', async () => {
    await using newer = await createTestDatabase(inject('pgUrl'));
    await sql(newer.url, "insert into mikro_orm_migrations (name, executed_at) values ('m9999-later', now())");
    const ended = await run(['serve'], env({ DATABASE_URL: newer.url }));
    expectRefused(ended, 'DATABASE_NEWER_THAN_PROGRAM', 'backup');
    expect(await sql(newer.url, 'select * from instance_settings')).toEqual([]);
  });

  it('[DB-5] behind a pooler in transaction mode is refused with the remedy', async () => {
    const pooler = await startTransactionPooler({ port: Number(new URL(inject('pgUrl')).port), backends: 2 });
    try {
      const url = `postgres://postgres@127.0.0.1:${pooler.port}/postgres?sslmode=disable`;
      expectRefused(await run(['serve'], env({ DATABASE_URL: url })), 'DATABASE_POOLER_UNSUPPORTED', 'DATABASE_URL');
    } finally {
      pooler.close();
    }
  });

  it('[DB-6] that nobody migrates is waited for, then refused with the command that migrates', async () => {
    await using empty = await createTestDatabase(inject('pgUrl'), { empty: true });
    const more = { GATEHOUSE_SERVICES: 'gateway,worker', GATEHOUSE_DATABASE_MIGRATION_WAIT: '1s' };
    const ended = await run(['serve'], env({ DATABASE_URL: empty.url, ...more }));
    expectRefused(ended, 'DATABASE_NOT_MIGRATED', 'gatehouse migrate');
    expect(ended.ms).toBeGreaterThan(1_000);
  });
});
