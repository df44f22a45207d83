import { chownSync, mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { canEnter, type PostgresIdentity } from './postgres-identity.js';

/** Where clients find the server: in a private folder by Unix socket, or on a loopback port. */
export interface PostgresAddress {
  /** A short folder with mode 0700 that belongs to PostgreSQL's user; removed at the end. */
  readonly folder: string;
  readonly host: string;
  readonly port: number;
}

/** Folder names of ours, by which a leftover is recognized. */
export const socketFolderPrefix = 'gatehouse-pg-';

/** The kernel's limit of a socket path, without its closing zero byte (`sun_path`). */
const longestSocketPath = process.platform === 'linux' ? 107 : 103;
const socketPort = 5432;

/**
 * Makes the private folder. Data directories can be longer than a socket path may be, so it lies in a temporary
 * folder; where no such folder is short enough, the address is a free port on 127.0.0.1.
 */
export async function createAddress(identity: PostgresIdentity): Promise<PostgresAddress> {
  const folder = createPrivateFolder(identity);
  const short = path.join(folder, `.s.PGSQL.${socketPort}`).length <= longestSocketPath;
  return short ? { folder, host: folder, port: socketPort } : { folder, host: '127.0.0.1', port: await freePort() };
}

function createPrivateFolder(identity: PostgresIdentity): string {
  let failure: unknown;
  for (const parent of new Set(['/tmp', tmpdir(), '/var/tmp', '/run'])) {
    try {
      if (identity.uid !== undefined && !canEnter(parent, identity)) continue;
      const folder = mkdtempSync(path.join(parent, socketFolderPrefix));
      if (identity.uid !== undefined && identity.gid !== undefined) chownSync(folder, identity.uid, identity.gid);
      return folder;
    } catch (error) {
      failure = error;
    }
  }
  throw new Error('No temporary folder can be written for the socket of PostgreSQL.', { cause: failure });
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      probe.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });

/** Removes a folder that `createAddress` made; anything else is left alone. */
export function removeSocketFolder(folder: string): void {
  if (path.basename(folder).startsWith(socketFolderPrefix)) rmSync(folder, { recursive: true, force: true });
}
