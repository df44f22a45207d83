import { readdirSync, renameSync, statSync } from 'node:fs';
import { uptime } from 'node:os';
import path from 'node:path';
import { newRequestId } from '#kernel';

/** Spool files of writers that live in this process. */
const live = new Set<string>();

/** The folder of spool files inside a data directory. */
export const spoolFolder = (dataDir: string): string => path.join(path.resolve(dataDir), 'audit-spool');

/** The spool file of one writer of this process. It counts as in use until {@link releaseSpool}. */
export function claimSpool(folder: string, writer: string, epoch: string): string {
  const file = path.join(folder, `${writer}-${process.pid}-${epoch}.jsonl`);
  live.add(file);
  return file;
}

/** Says that the writer of a spool file is done with it. */
export const releaseSpool = (file: string): boolean => live.delete(file);

/**
 * Takes over the spool files that dead processes left behind: each is renamed, so of several processes one gets it.
 * Taking one from a process that lives after all does no harm: it begins a new file, and no record is stored twice.
 * @returns the new names
 */
export function adoptSpools(folder: string): string[] {
  return spoolFiles(folder).flatMap((name) => {
    const file = path.join(folder, name);
    if (live.has(file) || ownerLives(file)) return [];
    const taken = path.join(folder, `adopted-${process.pid}-${newRequestId()}.jsonl`);
    try {
      renameSync(file, taken);
    } catch {
      return [];
    }
    live.add(taken);
    return [taken];
  });
}

function spoolFiles(folder: string): string[] {
  try {
    return readdirSync(folder).filter((name) => /-\d+-[0-9a-f-]{36}\.jsonl$/.test(name));
  } catch {
    return [];
  }
}

/** Process ids are used again: our own means the process before us, and one from before the last boot means nobody. */
function ownerLives(file: string): boolean {
  const pid = Number(/-(\d+)-[0-9a-f-]{36}\.jsonl$/.exec(file)?.[1]);
  if (pid === process.pid) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
  const touched = statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0;
  return touched > Date.now() - uptime() * 1000;
}
