import { lchownSync, lstatSync, readdirSync } from 'node:fs';
import path from 'node:path';
import type { PostgresIdentity } from './postgres-identity.js';

/** Gives a file or folder, with all it holds, to the user that PostgreSQL runs as; nothing to do when it is theirs. */
export function giveTo(target: string, identity: PostgresIdentity): void {
  const { uid, gid } = identity;
  if (uid === undefined || gid === undefined) return;
  const found = lstatSync(target);
  if (found.uid === uid) return;
  if (found.isDirectory()) for (const name of readdirSync(target)) giveTo(path.join(target, name), identity);
  // The folder last: an interrupted run starts again, since its owner says that it is not done.
  lchownSync(target, uid, gid);
}
