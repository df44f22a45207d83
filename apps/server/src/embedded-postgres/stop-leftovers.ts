import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync, readlinkSync, realpathSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '#kernel';
import type { EmbeddedPostgresLog } from './embedded-postgres-log.js';
import { removeSocketFolder } from './socket-folder.js';

const pollEvery = 50;
const steps = [
  ['SIGINT', 5_000],
  ['SIGQUIT', 5_000],
  ['SIGKILL', 5_000],
] as const;

/**
 * Stops what a killed server process left behind in this cluster: a PostgreSQL that its watchdog has not stopped yet,
 * the socket folder, and a stale postmaster.pid (whose process id may by now belong to somebody else, on which
 * PostgreSQL would refuse to start). Only called while the data directory is locked, so nothing here is in use.
 */
export async function stopLeftovers(cluster: string, log: EmbeddedPostgresLog): Promise<void> {
  const pidFile = path.join(cluster, 'postmaster.pid');
  if (!existsSync(cluster)) return;
  const [leader, , , , socketFolder] = existsSync(pidFile) ? readFileSync(pidFile, 'utf8').split('\n') : [];
  let left = clusterProcesses(cluster, Number(leader));
  if (left.length > 0) log.warn('A PostgreSQL of a killed server still runs on this data directory; stopping it.');
  for (const [signal, patience] of steps) {
    // The postmaster ends its children in order; without it each one is asked by itself.
    const targets = left.includes(Number(leader)) && signal !== 'SIGKILL' ? [Number(leader)] : left;
    for (const pid of targets) send(pid, signal);
    for (let waited = 0; left.length > 0 && waited < patience; waited += pollEvery) {
      await delay(pollEvery);
      left = clusterProcesses(cluster, Number(leader));
    }
  }
  if (left.length > 0) {
    throw new DomainError(
      'DATA_DIR_IN_USE',
      `PostgreSQL processes ${left.join(', ')} run on ${cluster} and cannot be stopped. Stop them, then start again.`,
    );
  }
  if (socketFolder) removeSocketFolder(socketFolder);
  // Elsewhere than on Linux only the leader is known, so PostgreSQL's own check keeps its file.
  if (process.platform === 'linux') rmSync(pidFile, { force: true });
}

function send(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // It ended by itself in the meantime.
  }
}

/** Process ids of the PostgreSQL programs that work in the cluster: every one of them makes it its current folder. */
function clusterProcesses(cluster: string, leader: number): number[] {
  if (process.platform !== 'linux') return leader > 0 && commandOf(leader).includes(cluster) ? [leader] : [];
  const folder = realpathSync(cluster);
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && worksIn(name, folder))
    .map(Number);
}

function worksIn(pid: string, folder: string): boolean {
  try {
    return (
      readlinkSync(`/proc/${pid}/cwd`) === folder && readFileSync(`/proc/${pid}/comm`, 'utf8').startsWith('postgres')
    );
  } catch {
    // Gone meanwhile, or another user's.
    return false;
  }
}

function commandOf(pid: number): string {
  try {
    return execFileSync('ps', ['-p', String(pid), '-o', 'command='], { encoding: 'utf8' });
  } catch {
    return '';
  }
}
