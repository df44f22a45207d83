import path from 'node:path';
import { createPool } from '#postgres';
import { dataDirError } from './data-dir-error.js';
import type { EmbeddedPostgresLog } from './embedded-postgres-log.js';
import { giveTo } from './give-to.js';
import { assertSameMajor, clusterExists, initCluster } from './init-cluster.js';
import { lockDataDir } from './lock-data-dir.js';
import { locatePostgresBinaries } from './postgres-binaries.js';
import { postgresIdentity } from './postgres-identity.js';
import { startPostmaster } from './postmaster.js';
import { prepareDataDir } from './prepare-data-dir.js';
import { reachableBinaries } from './reachable-binaries.js';
import { createAddress, removeSocketFolder, type PostgresAddress } from './socket-folder.js';
import { stopLeftovers } from './stop-leftovers.js';
import { superuserPassword } from './superuser-password.js';

/** What {@link startEmbeddedPostgres} needs. */
export interface EmbeddedPostgresOptions {
  /** Created when it is missing; the cluster lies in its folder `postgres`. */
  readonly dataDir: string;
  readonly log: EmbeddedPostgresLog;
  /** Default 100. */
  readonly maxConnections?: number;
  /** How long to wait for the server, recovery after a crash included, in milliseconds. Default 120000. */
  readonly startTimeout?: number;
  /** Called when the server ends although nobody stopped it; the data directory stays locked until `stop`. */
  readonly onUnexpectedExit?: (reason: string) => void;
  /** Gives up a start that is under way and leaves nothing running. */
  readonly signal?: AbortSignal | undefined;
}

/** A running embedded server. */
export interface EmbeddedPostgres {
  /** The URL for `#postgres`, password included: a Unix socket, or a loopback port where no socket is possible. */
  readonly url: string;
  /** Process id of the PostgreSQL server that owns the cluster. */
  readonly ownerPid: number;
  /** Stops the server in order and frees the data directory. Safe to call twice. */
  stop(): Promise<void>;
}

const database = 'gatehouse';

/**
 * Runs the PostgreSQL that npm installed on a cluster of its own below the data directory: durable, reached over a
 * Unix socket with a generated password, as an ordinary user also when this process is root. Errors:
 * DATA_DIR_IN_USE, DATA_DIR_UNUSABLE, DATABASE_UNAVAILABLE (with the server's last log lines).
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions): Promise<EmbeddedPostgres> {
  const installed = locatePostgresBinaries();
  const dataDir = prepareDataDir(path.resolve(options.dataDir));
  const lock = lockDataDir(dataDir);
  let address: PostgresAddress | undefined;
  const release = (): void => {
    if (address) removeSocketFolder(address.folder);
    lock.release();
  };
  try {
    const cluster = path.join(dataDir, 'postgres');
    await stopLeftovers(cluster, options.log);
    const identity = postgresIdentity(cluster);
    const binaries = reachableBinaries(installed, identity);
    address = await createAddress(identity);
    const password = superuserPassword(dataDir, clusterExists(cluster));
    if (clusterExists(cluster)) {
      assertSameMajor(cluster, binaries, dataDir);
      // A backup that root put back belongs to root.
      giveTo(cluster, identity);
    } else await initCluster({ dataDir, cluster, binaries, identity, password, privateFolder: address.folder });
    options.signal?.throwIfAborted();
    const postmaster = await startPostmaster({
      dataDir,
      cluster,
      binaries,
      identity,
      address,
      maxConnections: options.maxConnections ?? 100,
      startTimeout: options.startTimeout ?? 120_000,
      log: options.log,
      onUnexpectedExit: options.onUnexpectedExit ?? (() => undefined),
      signal: options.signal,
    });
    let stopped: Promise<void> | undefined;
    const stop = (): Promise<void> => (stopped ??= postmaster.stop().finally(release));
    try {
      await ensureDatabase(databaseUrl(address, password, 'postgres'));
    } catch (error) {
      await stop();
      throw error;
    }
    return { url: databaseUrl(address, password, database), ownerPid: postmaster.pid, stop };
  } catch (error) {
    release();
    throw dataDirError(error, dataDir);
  }
}

/** A socket folder stands percent-encoded in the place of the host, which libpq and WHATWG URL parsers both read. */
function databaseUrl(address: PostgresAddress, password: string, name: string): string {
  const host = encodeURIComponent(address.host);
  return `postgres://postgres:${encodeURIComponent(password)}@${host}:${address.port}/${name}?sslmode=disable`;
}

/** A first start that was interrupted may have left a cluster without the database. */
async function ensureDatabase(adminUrl: string): Promise<void> {
  const pool = createPool({ url: adminUrl, max: 1, applicationName: 'gatehouse-start' });
  try {
    const found = await pool.query('SELECT 1 FROM pg_database WHERE datname = $1', [database]);
    if (found.length === 0) await pool.query(`CREATE DATABASE ${database}`);
  } finally {
    await pool.end();
  }
}
