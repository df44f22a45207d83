import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { generateMasterKey } from '#crypto';
import { createTestDatabase, freePort, startGatehouse, type TestDatabase } from '#testing';
import { occupyPort, processesIn, run, sql, type Ended } from './server-support.js';

const base = mkdtempSync(path.join(tmpdir(), 'gatehouse-commands-'));
let database: TestDatabase;
let env: Record<string, string>;

beforeAll(async () => {
  database = await createTestDatabase(inject('pgUrl'));
  env = {
    DATABASE_URL: database.url,
    GATEHOUSE_MASTER_KEY: generateMasterKey(),
    GATEHOUSE_DATA_DIR: path.join(base, 'data'),
  };
  await (await startGatehouse({ env })).stop();
});
afterAll(async () => {
  await database[Symbol.asyncDispose]();
  rmSync(base, { recursive: true, force: true });
});

interface Line {
  readonly name: string;
  readonly status: string;
  readonly message: string;
}

const linesOf = ({ stdout }: Ended): Line[] => JSON.parse(stdout) as Line[];
const examine = (more: Record<string, string> = {}): Promise<Ended> => run(['doctor', '--json'], { ...env, ...more });
const everyLine = ['configuration', 'disk', 'ports', 'public URLs', 'database', 'version', 'key', 'clock'];

/** One line fails, with these words, and every other one does not. */
function expectFailed(ended: Ended, name: string, ...words: readonly string[]): void {
  expect(ended, ended.stderr).toMatchObject({ code: 1, stderr: '' });
  const failed = linesOf(ended).filter(({ status }) => status === 'failed');
  expect(failed.map((line) => line.name)).toEqual([name]);
  for (const word of words) expect(failed[0]?.message).toContain(word);
}

describe('doctor', () => {
  it('[CLI-3] finds nothing on a sound installation and exits with 0', async () => {
    const ended = await examine();
    expect(ended, ended.stdout).toMatchObject({ code: 0, stderr: '' });
    expect(linesOf(ended).map(({ name, status }) => `${name} ${status}`)).toEqual(
      everyLine.map((name) => `${name} ok`),
    );
    const text = await run(['doctor'], env);
    expect(text.code).toBe(0);
    expect(text.stdout.split('\n').filter((line) => line.startsWith('ok'))).toHaveLength(everyLine.length);
  });

  it('[CLI-3] database: away, without its password', async () => {
    const url = `postgres://gatehouse:sesame@127.0.0.1:${await freePort()}/x`;
    const ended = await examine({ DATABASE_URL: url, GATEHOUSE_DATABASE_START_TIMEOUT: '200ms' });
    expectFailed(ended, 'database', 'DATABASE_UNAVAILABLE', 'DATABASE_URL');
    expect(ended.stdout).not.toContain('sesame');
    expect(linesOf(ended).filter(({ status }) => status === 'skipped')).toHaveLength(3);
  });

  it('[CLI-3] version: behind, and newer', async () => {
    await using other = await createTestDatabase(inject('pgUrl'));
    await sql(other.url, "insert into mikro_orm_migrations (name, executed_at) values ('m9999-later', now())");
    expectFailed(await examine({ DATABASE_URL: other.url }), 'version', 'DATABASE_NEWER_THAN_PROGRAM');
    await sql(
      other.url,
      "delete from mikro_orm_migrations where name in ('m9999-later', (select max(name) from mikro_orm_migrations where name <> 'm9999-later'))",
    );
    expectFailed(await examine({ DATABASE_URL: other.url }), 'version', 'gatehouse migrate');
  });

  it('[CLI-3] key: another one', async () => {
    expectFailed(await examine({ GATEHOUSE_MASTER_KEY: generateMasterKey() }), 'key', 'WRONG_MASTER_KEY');
  });

  it('[CLI-3] ports: each taken one with its setting', async () => {
    await using first = await occupyPort();
    await using second = await occupyPort();
    const ended = await examine({
      GATEHOUSE_GATEWAY_PORT: String(first.port),
      GATEHOUSE_METRICS_PORT: String(second.port),
    });
    const words = ['GATEHOUSE_GATEWAY_PORT', 'GATEHOUSE_METRICS_PORT', String(first.port), String(second.port)];
    expectFailed(ended, 'ports', ...words);
    const internal = await examine({
      GATEHOUSE_GATEWAY_PROCESSES: '2',
      GATEHOUSE_GATEWAY_INTERNAL_PORT: String(first.port - 1),
    });
    expectFailed(internal, 'ports', 'GATEHOUSE_GATEWAY_INTERNAL_PORT', String(first.port));
    expect(linesOf(internal)[0]?.message).toContain('2 gateway processes');
  });

  it('[CLI-3] public URL: missing beyond this machine, or without TLS', async () => {
    expectFailed(await examine({ GATEHOUSE_GATEWAY_HOST: '0.0.0.0' }), 'public URLs', 'GATEHOUSE_GATEWAY_PUBLIC_URLS');
    const plain = { GATEHOUSE_CONTROL_PLANE_PUBLIC_URL: 'http://gatehouse.example.com' };
    expectFailed(await examine(plain), 'public URLs', 'not https');
    const good = await examine({
      GATEHOUSE_GATEWAY_HOST: '0.0.0.0',
      GATEHOUSE_GATEWAY_PUBLIC_URLS: 'https://mcp.example.com',
    });
    expect(good.code, good.stdout).toBe(0);
  });

  it('[CLI-3] disk: less free than asked for', async () => {
    expectFailed(await examine({ GATEHOUSE_SERVER_MIN_FREE_DISK: '900000GiB' }), 'disk', 'GATEHOUSE_DATA_DIR');
  });

  it('[CLI-3] clock: an hour ahead of the database', async () => {
    const ahead = 'const now = Date.now; Date.now = () => now() + 3_600_000';
    const ended = await examine({ NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(ahead)}` });
    expectFailed(ended, 'clock', 'GATEHOUSE_SERVER_MAX_CLOCK_SKEW');
  });

  it('reports a faulty configuration as its only line', async () => {
    const ended = await examine({ GATEHOUSE_LOG_LEVEL: 'loud' });
    expectFailed(ended, 'configuration', 'GATEHOUSE_LOG_LEVEL');
    expect(linesOf(ended)).toHaveLength(1);
  });

  it('looks at the embedded database without changing anything, and leaves a running one alone', async () => {
    const dataDir = path.join(base, 'embedded');
    const settings = { GATEHOUSE_DATA_DIR: dataDir };
    expect((await run(['doctor'], settings)).code).toBe(0);
    expect(readdirSync(dataDir)).toEqual([]);
    await using server = await startGatehouse({ dataDir });
    const held = await run(['doctor', '--json'], settings);
    expect(held.code).toBe(0);
    expect(
      linesOf(held)
        .filter(({ status }) => status === 'skipped')
        .map(({ name }) => name),
    ).toEqual(['ports', 'database', 'version', 'key', 'clock']);
    await server.stop();
    rmSync(path.join(dataDir, 'master.key'));
    expectFailed(await run(['doctor', '--json'], settings), 'key', 'master.key');
    expect(readdirSync(dataDir)).not.toContain('master.key');
    expect(processesIn(dataDir)).toEqual([]);
  });
});

describe('migrate', () => {
  it('[CLI-2] brings an empty database up to date, says what ran, and does nothing the second time', async () => {
    await using empty = await createTestDatabase(inject('pgUrl'), { empty: true });
    const settings = { ...env, DATABASE_URL: empty.url };
    const first = await run(['migrate', '--json'], settings);
    expect(first, first.stderr).toMatchObject({ code: 0, stderr: '' });
    const { applied } = JSON.parse(first.stdout) as { applied: string[] };
    expect(applied.length).toBeGreaterThan(3);
    expect(await run(['migrate', '--json'], settings)).toMatchObject({ code: 0, stdout: '{"applied":[]}\n' });
    expect(await run(['migrate'], settings)).toMatchObject({ code: 0, stdout: 'The database is up to date.\n' });
    // And [CLI-2] serve runs on it, a process that may not migrate itself included.
    await using server = await startGatehouse({ env: { ...settings, GATEHOUSE_SERVICES: 'gateway' } });
    expect(server.output.stderr).toContain('Gatehouse is running.');
  });

  it('fails like a start: wrong database, wrong settings', async () => {
    const url = `postgres://gatehouse:sesame@127.0.0.1:${await freePort()}/x`;
    const away = await run(['migrate'], { ...env, DATABASE_URL: url, GATEHOUSE_DATABASE_START_TIMEOUT: '200ms' });
    expect(away.code).toBe(1);
    expect(away.stderr).toContain('DATABASE_UNAVAILABLE');
    expect(away.stderr).not.toContain('sesame');
    expect((await run(['migrate'], { ...env, GATEHOUSE_LOG_LEVEL: 'loud' })).code).toBe(1);
  });
});
