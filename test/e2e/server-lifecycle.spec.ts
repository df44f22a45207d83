import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { generateMasterKey } from '#crypto';
import {
  addUser,
  ControlPlaneClient,
  createTestDatabase,
  freePort,
  signUpAdmin,
  startGatehouse,
  until,
  type Gatehouse,
} from '#testing';
import { connectionsTo, launch, processesIn, run, sql, type Run } from './server-support.js';

const base = mkdtempSync(path.join(tmpdir(), 'gatehouse-lifecycle-'));
afterAll(() => rmSync(base, { recursive: true, force: true }));

/** The process that the embedded PostgreSQL consists of, and the folder of its socket. */
function postmaster(dataDir: string): { pid: number; socketFolder: string } {
  const [pid, , , , socketFolder = ''] = readFileSync(path.join(dataDir, 'postgres', 'postmaster.pid'), 'utf8').split(
    '\n',
  );
  return { pid: Number(pid), socketFolder };
}

const addTeam = (admin: ControlPlaneClient, slug: string) =>
  admin.mutate('createTeam', 'CreateTeamInput', { slug, name: slug }, 'team { id }');
const teams = async (server: Gatehouse, token: string): Promise<string[]> => {
  const client = new ControlPlaneClient(server.controlPlane).withToken(token);
  const { data } = await client.send('{ teams(first: 50) { edges { node { slug } } } }');
  return (data as unknown as { teams: { edges: { node: { slug: string } }[] } }).teams.edges.map(
    ({ node }) => node.slug,
  );
};

describe('a server with the embedded PostgreSQL', () => {
  const dataDir = path.join(base, 'kept');
  let token = '';

  it('[EMB-6] ends in order with exit code 0 on SIGTERM and on SIGINT, and keeps every row', async () => {
    for (const signal of ['SIGTERM', 'SIGINT'] as const) {
      await using server = await startGatehouse({ dataDir });
      if (token === '') ({ token } = await signUpAdmin(server));
      await addTeam(new ControlPlaneClient(server.controlPlane).withToken(token), signal.toLowerCase());
      const { socketFolder } = postmaster(dataDir);
      expect(await server.stop(signal)).toEqual({ code: 0, signal: null });
      expect(processesIn(dataDir)).toEqual([]);
      expect(existsSync(socketFolder)).toBe(false);
    }
  });

  it('[EMB-5] recovers after kill -9: no orphan remains, and the next start has every answered write', async () => {
    await using server = await startGatehouse({ dataDir });
    await addTeam(new ControlPlaneClient(server.controlPlane).withToken(token), 'before-the-kill');
    const { socketFolder } = postmaster(dataDir);
    await server.stop('SIGKILL');
    await until('PostgreSQL is gone', () => processesIn(dataDir).length === 0, 15_000);
    await until('its socket is gone', () => !existsSync(socketFolder), 15_000);
    await using again = await startGatehouse({ dataDir });
    expect((await teams(again, token)).sort()).toEqual(['before-the-kill', 'sigint', 'sigterm']);
  });

  it('[EMB-4] refuses a second server and leaves the first alone', async () => {
    await using server = await startGatehouse({ dataDir });
    const ended = await run(['serve'], { GATEHOUSE_DATA_DIR: dataDir });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain('DATA_DIR_IN_USE');
    expect(ended.stderr).toContain(String(server.child.pid));
    expect(await teams(server, token)).toHaveLength(3);
  });

  it('[EMB-1] [EMB-2] [EMB-3] runs a real PostgreSQL as an ordinary user, on a socket with a password', async () => {
    await using server = await startGatehouse({ dataDir });
    const { pid, socketFolder } = postmaster(server.dataDir);
    const [uid] = /^Uid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.slice(1) ?? [];
    expect(uid).not.toBe('0');
    expect(statSync(socketFolder).mode & 0o777).toBe(0o700);
    const url = `postgres://postgres:wrong@${encodeURIComponent(socketFolder)}:5432/gatehouse?sslmode=disable`;
    await expect(sql(url, 'select 1')).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
    const password = readFileSync(path.join(dataDir, 'postgres.password'), 'utf8').trim();
    expect(await sql(url.replace('wrong', encodeURIComponent(password)), 'show fsync')).toEqual([{ fsync: 'on' }]);
  });

  it('ends with exit code 1 when its database dies, and says so', async () => {
    await using server = await startGatehouse({ dataDir });
    const ended = new Promise((resolve) => server.child.once('exit', (code) => resolve(code)));
    process.kill(postmaster(dataDir).pid, 'SIGKILL');
    expect(await ended).toBe(1);
    expect(server.output.stdout).toContain('The embedded PostgreSQL ended');
    await until('nothing is left', () => processesIn(dataDir).length === 0, 15_000);
  });
});

describe('a stop signal during the start', () => {
  /** Waits for a moment of the start; the start must not end before it. */
  async function at(what: string, started: Run, condition: () => boolean): Promise<void> {
    await until(what, () => condition() || started.child.exitCode !== null);
    expect(started.child.exitCode, started.output.stderr).toBeNull();
  }

  const dataDir = path.join(base, 'interrupted');
  const isCreated = (name: RegExp): boolean =>
    existsSync(dataDir) && readdirSync(dataDir).some((entry) => name.test(entry));

  it.each([
    ['while the database is created', () => isCreated(/^postgres\.new-/)],
    ['while the database runs', () => existsSync(path.join(dataDir, 'postgres', 'postmaster.pid'))],
    ['after the keys were made', () => isCreated(/^master\.key$/)],
  ])('%s leaves nothing behind', async (moment, condition) => {
    const started = launch(['serve'], { GATEHOUSE_DATA_DIR: dataDir });
    await at(moment, started, condition);
    started.child.kill('SIGTERM');
    const ended = await started.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null });
    expect(ended.stderr).not.toContain('Gatehouse is running');
    expect(processesIn(dataDir)).toEqual([]);
  });

  it('leaves a data directory that the next start can use', async () => {
    await using server = await startGatehouse({ dataDir });
    expect(server.setupLink).toContain('#');
  });

  it('ends the wait for a database that does not answer', async () => {
    const started = launch(['serve'], {
      GATEHOUSE_DATA_DIR: path.join(base, 'waiting'),
      DATABASE_URL: `postgres://postgres@127.0.0.1:${await freePort()}/x`,
      GATEHOUSE_MASTER_KEY: generateMasterKey(),
    });
    await at('it waits', started, () => existsSync(path.join(base, 'waiting')));
    started.child.kill('SIGTERM');
    const ended = await started.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null });
    expect(ended.ms).toBeLessThan(10_000);
  });

  it('ends the wait for another process that migrates', async () => {
    await using empty = await createTestDatabase(inject('pgUrl'), { empty: true });
    const started = launch(['serve'], {
      GATEHOUSE_DATA_DIR: path.join(base, 'waiting'),
      DATABASE_URL: empty.url,
      GATEHOUSE_MASTER_KEY: generateMasterKey(),
      GATEHOUSE_SERVICES: 'gateway',
    });
    const asked = async () => (await connectionsTo(empty.url)) > 0;
    await until('it asks the database', asked);
    started.child.kill('SIGTERM');
    const ended = await started.ended;
    expect(ended, ended.stderr).toMatchObject({ code: 0, signal: null });
    expect(ended.ms).toBeLessThan(15_000);
  });
});

describe('a fault that nobody handles', () => {
  const faulty = (statement: string): string =>
    `--import=data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2', () => { ${statement} })`)}`;

  it.each([
    ['a rejection', "void Promise.reject(new Error('planted fault'))"],
    ['an exception', "throw new Error('planted fault')"],
  ])('%s is told, stops the server in order, and exit code is 1', async (_what, statement) => {
    await using database = await createTestDatabase(inject('pgUrl'));
    await using server = await startGatehouse({
      env: {
        DATABASE_URL: database.url,
        GATEHOUSE_MASTER_KEY: generateMasterKey(),
        NODE_OPTIONS: faulty(statement),
      },
    });
    const { admin } = await signUpAdmin(server);
    await addUser(admin, server.controlPlane, 'bob');
    expect(await server.stop('SIGUSR2')).toEqual({ code: 1, signal: null });
    expect(server.output.stdout).toMatch(/"level":"fatal".*planted fault/);
    expect(server.output.stdout).toContain('"msg":"Stopped."');
    expect(await connectionsTo(database.url)).toBe(0);
  });
});
