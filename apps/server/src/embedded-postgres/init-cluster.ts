import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { DomainError } from '#kernel';
import { clusterFolder } from './cluster-folder.js';
import { dataDirUnusable } from './data-dir-error.js';
import { giveTo } from './give-to.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import type { PostgresIdentity } from './postgres-identity.js';
import { postgresStartError } from './postgres-start-error.js';

/** True when the folder holds a database. */
export const clusterExists = (cluster: string): boolean => existsSync(path.join(cluster, 'PG_VERSION'));

/** Refuses a cluster of another major release, which these binaries cannot read. */
export function assertSameMajor(cluster: string, binaries: PostgresBinaries, dataDir: string): void {
  const found = readFileSync(path.join(cluster, 'PG_VERSION'), 'utf8').trim();
  const own = binaries.version.split('.')[0];
  if (found !== own) {
    throw dataDirUnusable(
      dataDir,
      `its database was written by PostgreSQL ${found}, this release brings ${own}; move the data with pg_dump`,
    );
  }
}

/**
 * Creates a durable cluster (UTF8, locale C, checksums, scram) with `password` for `postgres`. It grows beside its
 * goal and is renamed when it is complete, so an interrupted first start leaves nothing half made.
 */
export async function initCluster(options: {
  readonly dataDir: string;
  readonly cluster: string;
  readonly binaries: PostgresBinaries;
  readonly identity: PostgresIdentity;
  readonly password: string;
  /** A folder that PostgreSQL's user can enter. */
  readonly privateFolder: string;
}): Promise<void> {
  const { cluster, identity } = options;
  removeDrafts(cluster);
  const draft = mkdtempSync(`${cluster}.new-`);
  const passwordFile = path.join(options.privateFolder, 'password');
  writeFileSync(passwordFile, options.password, { mode: 0o600 });
  for (const target of [draft, passwordFile]) giveTo(target, identity);
  const folder = clusterFolder(draft, identity);
  try {
    const child = spawn(
      path.join(options.binaries.folder, 'bin', 'initdb'),
      [
        '-D',
        folder.argument,
        '-U',
        'postgres',
        '--auth=scram-sha-256',
        `--pwfile=${passwordFile}`,
        '--encoding=UTF8',
        '--locale=C',
        '--data-checksums',
      ],
      { ...identity, cwd: '/', env: {}, stdio: ['ignore', 'ignore', 'pipe', ...folder.descriptors] },
    );
    const exit = new Promise<number | null>((resolve, reject) => {
      child.once('error', reject);
      child.once('close', resolve);
    });
    const stderr = child.stderr;
    const [code, log] = await Promise.all([exit, stderr ? text(stderr) : '']);
    if (code !== 0) throw postgresStartError('initdb failed', log.trim().split('\n'), options.dataDir);
    renameSync(draft, cluster);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    throw spawnError(error, identity);
  } finally {
    folder.close();
    rmSync(passwordFile, { force: true });
  }
}

/** What interrupted first starts left; an initdb that still runs in one of them fails and ends. */
function removeDrafts(cluster: string): void {
  const parent = path.dirname(cluster);
  for (const name of readdirSync(parent).filter((entry) => entry.startsWith(`${path.basename(cluster)}.new-`))) {
    rmSync(path.join(parent, name), { recursive: true, force: true });
  }
}

/** A program that could not even be started: most often root without the right to become another user. */
export function spawnError(error: unknown, identity: PostgresIdentity): unknown {
  if (!(error instanceof Error && 'syscall' in error && String(error.syscall).startsWith('spawn'))) return error;
  const user = identity.uid === undefined ? '' : ` as user ${identity.uid}`;
  return new DomainError(
    'DATABASE_UNAVAILABLE',
    `The embedded PostgreSQL cannot be started${user}: ${error.message}. Start Gatehouse as an ordinary user, or set DATABASE_URL.`,
    { cause: error },
  );
}
