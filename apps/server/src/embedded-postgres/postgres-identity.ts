import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';

/** The user that PostgreSQL runs as; empty: the user of this process. */
export interface PostgresIdentity {
  readonly uid?: number;
  readonly gid?: number;
}

/** `nobody` on every Linux distribution. */
const nobody = 65_534;

/**
 * PostgreSQL refuses to run as root. Under root it runs as the owner of an existing cluster, else as `nobody`; an
 * ordinary user runs it as himself.
 */
export function postgresIdentity(cluster: string): PostgresIdentity {
  if (process.getuid?.() !== 0) return {};
  const existing = statSync(cluster, { throwIfNoEntry: false });
  return existing && existing.uid !== 0 ? { uid: existing.uid, gid: existing.gid } : { uid: nobody, gid: nobody };
}

/** True when that user can enter the folder by its path; asked of the system, since access lists count as well. */
export function canEnter(folder: string, identity: PostgresIdentity): boolean {
  const shell = spawnSync('/bin/sh', ['-c', 'cd -- "$1"', 'sh', folder], {
    ...identity,
    cwd: '/',
    stdio: 'ignore',
    env: {},
  });
  return shell.status === 0;
}
