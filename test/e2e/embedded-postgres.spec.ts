import { spawn, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { createPool } from '#postgres';
import { locatePostgresBinaries } from '../../apps/server/src/embedded-postgres/postgres-binaries.js';
import { canEnter } from '../../apps/server/src/embedded-postgres/postgres-identity.js';
import { reachableBinaries } from '../../apps/server/src/embedded-postgres/reachable-binaries.js';

const script = path.join(import.meta.dirname, 'embedded-postgres.child.mjs');
const isRoot = process.getuid?.() === 0;
const nobody = { uid: 65_534, gid: 65_534 };
/** The user that runs a server which is not root: another one only where we may choose. */
const ordinary = isRoot ? nobody : {};
/** That user must be able to read this project and run Node; not so in a clone below /root. */
const hasOrdinary =
  !isRoot || [import.meta.dirname, path.dirname(process.execPath)].every((each) => canEnter(each, nobody));

interface Started {
  readonly child: ChildProcess;
  readonly url: string;
  readonly ownerPid: number;
  readonly ms: number;
}
interface Refused {
  readonly code: string;
  readonly message: string;
}

const base = mkdtempSync(path.join(tmpdir(), 'gatehouse-embedded-'));
chmodSync(base, 0o755);
const children = new Set<ChildProcess>();

async function run(dataDir: string, user: { uid?: number; gid?: number } = {}): Promise<Started | Refused> {
  const child = spawn(process.execPath, [script, dataDir], { ...user, cwd: '/', stdio: ['pipe', 'pipe', 'inherit'] });
  children.add(child);
  child.once('exit', () => children.delete(child));
  for await (const line of createInterface({ input: child.stdout })) {
    return { child, ...(JSON.parse(line) as Omit<Started, 'child'>) };
  }
  throw new Error('The child ended without a word');
}

async function start(dataDir: string, user?: { uid?: number; gid?: number }): Promise<Started> {
  const result = await run(dataDir, user);
  if ('code' in result) throw new Error(`${result.code}: ${result.message}`);
  return result;
}

async function refusal(dataDir: string, user?: { uid?: number; gid?: number }): Promise<Refused> {
  const result = await run(dataDir, user);
  if (!('code' in result)) throw new Error('It started');
  return result;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const gone = new Promise((resolve) => void child.once('exit', resolve));
  child.kill(signal);
  await gone;
}

async function sql<R>(url: string, ...statements: string[]): Promise<R[]> {
  const pool = createPool({ url, max: 1 });
  try {
    let rows: R[] = [];
    for (const statement of statements) rows = await pool.query<R>(statement);
    return rows;
  } finally {
    await pool.end();
  }
}

/** True while the process runs; one that ended but was not reaped yet has no working folder. */
const alive = (pid: number): boolean => {
  try {
    readlinkSync(`/proc/${pid}/cwd`);
    return true;
  } catch {
    return false;
  }
};

/** Every PostgreSQL process, by number, that works in the data directory. */
const processesIn = (dataDir: string): string[] =>
  readdirSync('/proc').filter((name) => {
    try {
      return /^\d+$/.test(name) && readlinkSync(`/proc/${name}/cwd`).startsWith(`${dataDir}/`);
    } catch {
      return false;
    }
  });

const socketFolder = (url: string): string => decodeURIComponent(new URL(url).host.split(':')[0] ?? '');

function folder(name: string, mode = 0o755, owner: { uid?: number; gid?: number } = {}): string {
  const made = path.join(base, name);
  mkdirSync(made, { recursive: true });
  if (owner.uid !== undefined && owner.gid !== undefined) chownSync(made, owner.uid, owner.gid);
  chmodSync(made, mode);
  return made;
}

afterEach(async () => {
  await Promise.all([...children].map((child) => end(child, 'SIGTERM')));
});
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe('embedded PostgreSQL', () => {
  it('[EMB-1] [EMB-3] [EMB-6] starts durable, private and with scram, and stops in order', async () => {
    const dataDir = path.join(base, 'first');
    const server = await start(dataDir);
    const settings = await sql<{ name: string; setting: string }>(
      server.url,
      `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit', 'listen_addresses', 'data_checksums', 'password_encryption', 'server_encoding', 'max_connections')`,
    );
    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'on',
      full_page_writes: 'on',
      synchronous_commit: 'on',
      listen_addresses: '',
      data_checksums: 'on',
      password_encryption: 'scram-sha-256',
      server_encoding: 'UTF8',
      max_connections: '100',
    });
    const [locale] = await sql(server.url, 'SELECT datcollate FROM pg_database WHERE datname = current_database()');
    expect(locale).toEqual({ datcollate: 'C' });
    expect(statSync(path.join(dataDir, 'postgres.password')).mode & 0o777).toBe(0o600);
    expect(statSync(socketFolder(server.url)).mode & 0o777).toBe(0o700);

    const wrong = new URL(server.url);
    wrong.password = 'wrong';
    await expect(sql(wrong.href, 'SELECT 1')).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringContaining('DATABASE_URL'),
    });

    await end(server.child, 'SIGTERM');
    expect(server.child.exitCode).toBe(0);
    expect(processesIn(dataDir)).toEqual([]);
    expect(existsSync(socketFolder(server.url))).toBe(false);
    expect(existsSync(path.join(dataDir, 'postgres', 'postmaster.pid'))).toBe(false);
  });

  it('starts an existing cluster fast', async () => {
    const server = await start(path.join(base, 'first'));
    expect(server.ms).toBeLessThan(3_000);
  });

  it('[EMB-4] refuses a second server on the same data directory', async () => {
    const dataDir = path.join(base, 'first');
    const server = await start(dataDir);
    const began = performance.now();
    const refused = await refusal(dataDir);
    expect(performance.now() - began).toBeLessThan(5_000);
    expect(refused).toMatchObject({ code: 'DATA_DIR_IN_USE', message: expect.stringContaining('GATEHOUSE_DATA_DIR') });
    expect(refused.message).toContain(String(server.child.pid));
    expect(await sql(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it('[EMB-5] leaves no orphan after kill -9, and the next start has every committed row', async () => {
    const dataDir = path.join(base, 'killed');
    const first = await start(dataDir);
    await sql(first.url, 'CREATE TABLE kept (n int)', 'INSERT INTO kept SELECT generate_series(1, 1000)');
    await end(first.child, 'SIGKILL');
    await vi.waitFor(() => expect(processesIn(dataDir)).toEqual([]), { timeout: 10_000, interval: 50 });
    await vi.waitFor(() => expect(existsSync(socketFolder(first.url))).toBe(false), { timeout: 10_000, interval: 50 });
    const second = await start(dataDir);
    expect(await sql(second.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1000 }]);
  });

  it('[EMB-5] takes over at once when server and watchdog were killed together', async () => {
    const dataDir = path.join(base, 'killed');
    const first = await start(dataDir);
    const watchdog = readdirSync('/proc').find((name) => {
      try {
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8');
        return command.includes('gatehouse-watchdog') && command.includes(socketFolder(first.url));
      } catch {
        return false;
      }
    });
    process.kill(Number(watchdog), 'SIGKILL');
    await end(first.child, 'SIGKILL');
    expect(alive(first.ownerPid)).toBe(true);
    const second = await start(dataDir);
    expect(alive(first.ownerPid)).toBe(false);
    expect(existsSync(socketFolder(first.url))).toBe(false);
    expect(await sql(second.url, 'SELECT count(*)::int AS n FROM kept')).toEqual([{ n: 1000 }]);
  });

  it('[EMB-5] recovers after a crash of everything, with a stale process id that now belongs to somebody else', async () => {
    const dataDir = path.join(base, 'killed');
    const first = await start(dataDir);
    await sql(first.url, 'INSERT INTO kept VALUES (1001)');
    first.child.kill('SIGSTOP');
    process.kill(first.ownerPid, 'SIGKILL');
    await vi.waitFor(() => expect(processesIn(dataDir)).toEqual([]), { timeout: 10_000, interval: 50 });
    const pidFile = path.join(dataDir, 'postgres', 'postmaster.pid');
    const [, ...rest] = readFileSync(pidFile, 'utf8').split('\n');
    await end(first.child, 'SIGKILL');
    writeFileSync(pidFile, [process.pid, ...rest].join('\n'));
    const second = await start(dataDir);
    expect(await sql(second.url, 'SELECT max(n) AS n FROM kept')).toEqual([{ n: 1001 }]);
  });

  it.runIf(hasOrdinary)('[EMB-1] runs as an ordinary user', async () => {
    const dataDir = path.join(folder('ordinary', 0o755, ordinary), 'data');
    const server = await start(dataDir, ordinary);
    expect(statSync(path.join(dataDir, 'postgres')).uid).toBe(statSync(dataDir).uid);
    expect(await sql(server.url, 'SELECT current_user AS name')).toEqual([{ name: 'postgres' }]);
    await end(server.child, 'SIGTERM');
    expect(server.child.exitCode).toBe(0);
  });

  it('accepts a data directory whose path is longer than a socket path may be', async () => {
    const dataDir = path.join(base, 'long', ...Array.from({ length: 12 }, () => 'a-folder-with-a-long-name'));
    const server = await start(dataDir);
    expect(dataDir.length).toBeGreaterThan(300);
    expect(await sql(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
  });

  it.runIf(hasOrdinary)('[BAD-21] says what is wrong with a data directory that cannot be written', async () => {
    const readOnly = folder('read-only', 0o555, ordinary);
    expect(await refusal(readOnly, ordinary)).toMatchObject({
      code: 'DATA_DIR_UNUSABLE',
      message: expect.stringMatching(/permission denied.*GATEHOUSE_DATA_DIR/s),
    });
    writeFileSync(path.join(base, 'a-file'), '');
    expect(await refusal(path.join(base, 'a-file', 'data'))).toMatchObject({ code: 'DATA_DIR_UNUSABLE' });
  });

  it('passes on the last words of a PostgreSQL that does not start', async () => {
    const dataDir = path.join(base, 'broken');
    await end((await start(dataDir)).child, 'SIGTERM');
    writeFileSync(path.join(dataDir, 'postgres', 'postgresql.auto.conf'), 'no_such_setting = 1\n');
    expect(await refusal(dataDir)).toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringContaining('no_such_setting'),
    });
    expect(processesIn(dataDir)).toEqual([]);
  });

  it('names DATABASE_URL where npm has no PostgreSQL for the platform', () => {
    expect(() => locatePostgresBinaries('aix', 'ppc64')).toThrow(/aix-ppc64.*DATABASE_URL/s);
  });

  describe.runIf(isRoot)('as root', () => {
    it('[EMB-2] drops to nobody, owns nothing but the cluster, and works below a folder that nobody cannot enter', async () => {
      const dataDir = path.join(folder('like-root-home', 0o700), 'project', '.gatehouse');
      const server = await start(dataDir);
      expect(readFileSync(`/proc/${server.ownerPid}/status`, 'utf8')).toMatch(/^Uid:\t65534\t65534\t65534\t65534$/m);
      expect(readFileSync(`/proc/${server.ownerPid}/status`, 'utf8')).toMatch(/^Groups:\s*$/m);
      expect(readlinkSync(`/proc/${server.ownerPid}/cwd`)).toBe(path.join(dataDir, 'postgres'));
      expect(statSync(path.join(dataDir, 'postgres')).uid).toBe(65_534);
      expect([dataDir, path.join(dataDir, 'postgres.password')].map((file) => statSync(file).uid)).toEqual([0, 0]);
      await sql(server.url, 'CREATE TABLE kept (n int)', 'CREATE EXTENSION pgcrypto', 'CHECKPOINT');
      await end(server.child, 'SIGKILL');
      const second = await start(dataDir);
      expect(await sql(second.url, 'SELECT * FROM kept')).toEqual([]);
    });

    it('[EMB-2] runs as the owner of a cluster that an ordinary user made', async () => {
      const dataDir = path.join(folder('handed-over', 0o755, { uid: 1234, gid: 1234 }), 'data');
      mkdirSync(dataDir);
      await end((await start(dataDir)).child, 'SIGTERM');
      for (const name of readdirSync(path.join(dataDir, 'postgres'), { recursive: true, encoding: 'utf8' })) {
        chownSync(path.join(dataDir, 'postgres', name), 1234, 1234);
      }
      chownSync(path.join(dataDir, 'postgres'), 1234, 1234);
      const server = await start(dataDir);
      expect(readFileSync(`/proc/${server.ownerPid}/status`, 'utf8')).toMatch(/^Uid:\t1234\t/m);
    });

    it('[EMB-2] copies binaries that nobody cannot reach to a place of root, once', () => {
      const installed = locatePostgresBinaries();
      const hidden = folder('hidden', 0o700);
      const version = `test-${process.pid}`;
      cpSync(installed.folder, path.join(hidden, 'native'), { recursive: true, verbatimSymlinks: true });
      const source = { folder: path.join(hidden, 'native'), version };
      const copy = reachableBinaries(source, nobody);
      try {
        expect(copy.folder).not.toContain(hidden);
        expect(statSync(copy.folder)).toMatchObject({ uid: 0, mode: 0o40755 });
        const made = statSync(copy.folder).ino;
        expect(statSync(reachableBinaries(source, nobody).folder).ino).toBe(made);
      } finally {
        rmSync(copy.folder, { recursive: true, force: true });
      }
    });
  });
});
