import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { DomainError } from '#kernel';
import { dataDirError, dataDirUnusable } from './data-dir-error.js';

/** The exclusive right to a data directory, held until `release` or the end of this process. */
export interface DataDirLock {
  release(): void;
}

const sqliteBusy = 5;

/**
 * Takes the data directory for this process, or fails with DATA_DIR_IN_USE at once.
 *
 * The lock is the operating system's own record lock on `gatehouse.lock`, taken by an exclusive SQLite transaction
 * (Node has no other way to it). The kernel drops it with the process however that ends, so no stale file, reused
 * process id or second container on the same volume can fool it. Nothing else may open that file: POSIX drops the
 * locks of a process when it closes any descriptor of the file.
 */
export function lockDataDir(dataDir: string): DataDirLock {
  const ownerFile = path.join(dataDir, 'gatehouse.pid');
  let lock: DatabaseSync | undefined;
  try {
    lock = new DatabaseSync(path.join(dataDir, 'gatehouse.lock'), { timeout: 0 });
    // No journal file: nothing is ever written.
    lock.exec('PRAGMA journal_mode = MEMORY; BEGIN EXCLUSIVE');
    writeFileSync(ownerFile, `${process.pid}\n`);
  } catch (error) {
    lock?.close();
    throw lockError(error, dataDir, ownerFile);
  }
  const held = lock;
  return {
    release: () => {
      if (held.isOpen) held.close();
    },
  };
}

function lockError(error: unknown, dataDir: string, ownerFile: string): unknown {
  const { errcode } = error as { errcode?: number };
  if (errcode === undefined) return dataDirError(error, dataDir);
  if (errcode !== sqliteBusy) return dataDirUnusable(dataDir, 'the lock file gatehouse.lock cannot be locked', error);
  return new DomainError(
    'DATA_DIR_IN_USE',
    `Another Gatehouse${owner(ownerFile)} runs on the data directory ${dataDir}. Stop it, or set GATEHOUSE_DATA_DIR to another directory.`,
    { field: 'GATEHOUSE_DATA_DIR' },
  );
}

/** The process id only tells a person where to look; it decides nothing. */
function owner(ownerFile: string): string {
  try {
    return ` (process ${Number(readFileSync(ownerFile, 'utf8'))})`;
  } catch {
    return '';
  }
}
