import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  copyFileSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { DomainError } from '#kernel';
import type { PostgresBinaries } from './postgres-binaries.js';
import type { PostgresIdentity } from './postgres-identity.js';

/** Where root keeps copies, best place first. */
const cacheRoots = ['/var/cache', '/var/lib', '/opt', tmpdir()];

const runs = (binaries: PostgresBinaries, identity: PostgresIdentity): boolean =>
  spawnSync(path.join(binaries.folder, 'bin', 'postgres'), ['-V'], { ...identity, cwd: '/', stdio: 'ignore', env: {} })
    .status === 0;

/**
 * The binaries where the given user can run them. When root drops to another user and the project lies below a folder
 * that this user cannot enter (`/root/x`), they are copied once per version to `<cache>/gatehouse-postgres-<version>`,
 * owned by root. The copy holds no data and may be deleted at any time.
 */
export function reachableBinaries(binaries: PostgresBinaries, identity: PostgresIdentity): PostgresBinaries {
  if (identity.uid === undefined || runs(binaries, identity)) return binaries;
  for (const root of cacheRoots) {
    const copy = { folder: path.join(root, `gatehouse-postgres-${binaries.version}`), version: binaries.version };
    if (isOnlyRoots(copy.folder) && runs(copy, identity)) return copy;
    if (replaceCopy(binaries.folder, copy.folder) && runs(copy, identity)) return copy;
  }
  throw new DomainError(
    'DATABASE_UNAVAILABLE',
    `PostgreSQL cannot be run as user ${identity.uid}: neither ${binaries.folder} nor a copy below ${cacheRoots.join(', ')} can be run by that user. Start Gatehouse as an ordinary user, or set DATABASE_URL.`,
  );
}

/** A folder that somebody else prepared or can write to is not ours: its binaries would run for us. */
function isOnlyRoots(folder: string): boolean {
  const found = lstatSync(folder, { throwIfNoEntry: false });
  return found !== undefined && found.isDirectory() && found.uid === 0 && (found.mode & 0o022) === 0;
}

/** Copies beside the goal and renames, so that a copy is whole or absent; false where root may not write. */
function replaceCopy(from: string, to: string): boolean {
  let draft: string | undefined;
  try {
    if (lstatSync(to, { throwIfNoEntry: false }) && !isOnlyRoots(to)) return false;
    draft = mkdtempSync(`${to}-`);
    copyTree(from, draft);
    rmSync(to, { recursive: true, force: true });
    renameSync(draft, to);
    return true;
  } catch {
    if (draft !== undefined) rmSync(draft, { recursive: true, force: true });
    // Another server that started in the same moment may have put the same copy there.
    return isOnlyRoots(to);
  }
}

function copyTree(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  chmodSync(to, 0o755);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = path.join(from, entry.name);
    const target = path.join(to, entry.name);
    if (entry.isDirectory()) copyTree(source, target);
    else if (entry.isSymbolicLink()) symlinkSync(readlinkSync(source), target);
    else if (!entry.name.endsWith('.a')) {
      copyFileSync(source, target);
      chmodSync(target, statSync(source).mode & 0o111 ? 0o755 : 0o644);
    }
  }
}
