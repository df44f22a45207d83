import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  statfsSync,
  appendFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ControlPlaneClient, startFixtureServer, startGatehouse, until, type FixtureServer } from '#testing';
import { canEnter } from '../../apps/server/src/embedded-postgres/postgres-identity.js';
import { auditProblems, beginJourney, processesIn, run, serves } from './server-support.js';

const isRoot = process.getuid?.() === 0;
const nobody = { uid: 65_534, gid: 65_534 };
const ordinary = isRoot ? nobody : {};
/** That user must be able to read this project and run Node; not so in a clone below /root. */
const hasOrdinary =
  !isRoot || [import.meta.dirname, path.dirname(process.execPath)].every((each) => canEnter(each, nobody));

const base = mkdtempSync(path.join(tmpdir(), 'gatehouse-disk-'));
chmodSync(base, 0o755);
const mounts = new Set<string>();
const unmountAll = (): void => {
  for (const folder of mounts) execFileSync('umount', ['-l', folder]);
  mounts.clear();
};
process.once('exit', unmountAll);
afterAll(() => {
  unmountAll();
  rmSync(base, { recursive: true, force: true });
});

/** A small disk of its own in memory. */
function mountDisk(name: string, options: string): string {
  const folder = path.join(base, name);
  mkdirSync(folder);
  execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', folder]);
  mounts.add(folder);
  return folder;
}

const remount = (folder: string, options: string): void =>
  void execFileSync('mount', ['-o', `remount,${options}`, folder]);

const freeBytes = (folder: string): number => {
  const { bavail, bsize } = statfsSync(folder);
  return bavail * bsize;
};

/** Leaves not a byte free; returns the file that holds the rest. */
function fill(folder: string): string {
  const file = path.join(folder, 'filler');
  const chunk = Buffer.alloc(1024 * 1024);
  for (let free = freeBytes(folder); free > 0; free = freeBytes(folder))
    appendFileSync(file, chunk.subarray(0, Math.min(free, chunk.length)));
  return file;
}

describe.runIf(isRoot)('a full disk', () => {
  let upstream: FixtureServer;
  beforeAll(async () => {
    upstream = await startFixtureServer({ era: 'legacy' });
  });
  afterAll(() => upstream.close());

  it('[BAD-20] at the first start is named, and with room the same command works', async () => {
    const dataDir = path.join(mountDisk('first', 'size=24m'), 'data');
    const ended = await run(['serve'], { GATEHOUSE_DATA_DIR: dataDir });
    expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
    expect(ended.stderr).toMatch(/DATA_DIR_UNUSABLE.*no space.*GATEHOUSE_DATA_DIR/is);
    expect(processesIn(dataDir)).toEqual([]);
    expect(readdirSync(dataDir).filter((name) => name.startsWith('postgres.new'))).toEqual([]);
    remount(path.dirname(dataDir), 'size=256m');
    await using server = await startGatehouse({ dataDir });
    expect(server.setupLink).toContain('#');
  });

  it('[BAD-20] with not one page left is named before anything starts, and no key is damaged', async () => {
    const dataDir = mountDisk('page', 'size=1m');
    fill(dataDir);
    const ended = await run(['serve'], { GATEHOUSE_DATA_DIR: dataDir });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toMatch(/DATA_DIR_UNUSABLE.*no space/is);
    expect(existsSync(path.join(dataDir, 'master.key'))).toBe(false);
  });

  it('[BAD-20] in mid-flight refuses what it cannot keep, and loses nothing that it accepted', async () => {
    const dataDir = mountDisk('running', 'size=256m');
    const env = { GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1' };
    await using server = await startGatehouse({ dataDir, env });
    const journey = await beginJourney(server, upstream.url);
    const kept: string[] = [];
    const addTeam = async (slug: string) => {
      const answer = await journey.admin.send(
        'mutation ($input: CreateTeamInput!) { createTeam(input: $input) { team { slug } userErrors { code } } }',
        { input: { slug, name: slug, description: 'x'.repeat(500) } },
      );
      if (answer.errors.length === 0) kept.push(slug);
      return answer;
    };
    await addTeam('before');
    const filler = fill(dataDir);
    let refused = await addTeam('full-0');
    for (let n = 1; refused.errors.length === 0 && n < 2_000; n++) refused = await addTeam(`full-${n}`);
    expect(refused.errors[0]?.extensions.code).toBe('INTERNAL');
    expect(JSON.stringify(refused.errors)).not.toMatch(/postgres|\.js:|No space left/);
    expect(refused.errors[0]?.message).toContain('again');
    await until('calls whose record cannot be kept are refused', async () => {
      const { status } = await journey.call('echo', { text: 'x'.repeat(500) });
      return status === 503;
    });

    rmSync(filler);
    await until('it recovers', async () => (await addTeam(`after-${Date.now()}`)).errors.length === 0);
    await until('calls are served', async () => serves(await journey.call('echo', { text: 'x' })));
    expect(await server.stop()).toEqual({ code: 0, signal: null });
    await using again = await startGatehouse({ dataDir, env });
    const admin = new ControlPlaneClient(again.controlPlane).withToken(journey.token);
    const { data } = await admin.send('{ teams(last: 100) { edges { node { slug } } } }');
    const found = (data as unknown as { teams: { edges: { node: { slug: string } }[] } }).teams.edges;
    const slugs = new Set(found.map(({ node }) => node.slug));
    expect(kept.slice(-50).filter((slug) => !slugs.has(slug))).toEqual([]);
    expect(await auditProblems(admin)).toEqual({ valid: true, problems: [] });
  });
});

describe('a data folder that cannot be written', () => {
  it.runIf(hasOrdinary)('[BAD-21] is named, for an ordinary user', async () => {
    const dataDir = path.join(base, 'forbidden');
    mkdirSync(dataDir);
    if (isRoot) chownSync(dataDir, nobody.uid, nobody.gid);
    chmodSync(dataDir, 0o555);
    const ended = await run(['serve'], { GATEHOUSE_DATA_DIR: dataDir }, ordinary);
    expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
    expect(ended.stderr).toMatch(/DATA_DIR_UNUSABLE.*permission denied.*GATEHOUSE_DATA_DIR/is);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    expect(readdirSync(dataDir)).toEqual([]);
  });

  it.runIf(isRoot)('[BAD-21] is named when its file system became read-only, and nothing in it is lost', async () => {
    const dataDir = mountDisk('read-only', 'size=256m');
    await (await startGatehouse({ dataDir })).stop();
    remount(dataDir, 'ro');
    const ended = await run(['serve'], { GATEHOUSE_DATA_DIR: dataDir });
    expect(ended, ended.stderr).toMatchObject({ code: 1, signal: null });
    expect(ended.stderr).toMatch(/DATA_DIR_UNUSABLE.*read-only.*GATEHOUSE_DATA_DIR/is);
    expect(ended.stderr).not.toMatch(/^\s+at /m);
    remount(dataDir, 'rw');
    await using server = await startGatehouse({ dataDir });
    expect(server.setupLink).toContain('#');
  });
});
