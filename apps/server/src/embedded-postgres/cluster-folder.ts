import { closeSync, openSync } from 'node:fs';
import { dataDirUnusable } from './data-dir-error.js';
import { canEnter, type PostgresIdentity } from './postgres-identity.js';

/** How a PostgreSQL program is told where the cluster lies. */
export interface ClusterFolder {
  /** The value for `-D`. */
  readonly argument: string;
  /** Descriptors for the child, from number 3 on. */
  readonly descriptors: readonly number[];
  /** Frees this process's descriptor; a running child keeps its own. */
  close(): void;
}

/**
 * The cluster folder as the given user can reach it. Below a folder which that user cannot enter (`/root`, or our own
 * 0700 data directory) it is handed over as an open descriptor: `/proc/self/fd/3` leads PostgreSQL straight to the
 * folder that it owns, and the data stays in the data directory instead of moving to a place that the user could reach.
 */
export function clusterFolder(folder: string, identity: PostgresIdentity): ClusterFolder {
  if (identity.uid === undefined || canEnter(folder, identity)) {
    return { argument: folder, descriptors: [], close: () => undefined };
  }
  if (process.platform !== 'linux') {
    throw dataDirUnusable(folder, `user ${identity.uid}, which PostgreSQL runs as under root, cannot enter it`);
  }
  const descriptor = openSync(folder, 'r');
  return { argument: '/proc/self/fd/3', descriptors: [descriptor], close: () => closeSync(descriptor) };
}
