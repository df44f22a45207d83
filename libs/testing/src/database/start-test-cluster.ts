import { spawnSync } from 'node:child_process';
import { appendFileSync, chownSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { freePort } from './free-port.js';
import { startOwnedProcess } from './owned-process.js';

/** What kind of throw-away server to start. */
export interface TestClusterOptions {
  /** The folder that holds `initdb` and `postgres`. */
  readonly binFolder: string;
  /** Server settings, for example `{ ssl: 'on' }`. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Files of the data folder by name, for example certificates; written with mode 0600. */
  readonly files?: Readonly<Record<string, string>>;
  /** A whole `pg_hba.conf`; default: everybody on this machine is trusted. */
  readonly hba?: string;
}

/** A running throw-away server. */
export interface TestCluster {
  /** The URL of the superuser `postgres` on the database `postgres`, by TCP on 127.0.0.1. */
  readonly url: string;
  readonly port: number;
  /** The folder of its Unix socket. */
  readonly socketFolder: string;
  stop(): Promise<void>;
}

const nobody = 65_534;

/** PostgreSQL does not run as root; tests often do. */
const identity = (): { uid?: number; gid?: number } => (process.getuid?.() === 0 ? { uid: nobody, gid: nobody } : {});

/** Starts a PostgreSQL on a fresh cluster in a temporary folder: fast instead of durable, gone with the test run. */
export async function startTestCluster(options: TestClusterOptions): Promise<TestCluster> {
  const ids = identity();
  const base = mkdtempSync(path.join(tmpdir(), 'gatehouse-test-pg-'));
  const data = path.join(base, 'db');
  const own = (file: string): void => {
    if (ids.uid !== undefined && ids.gid !== undefined) chownSync(file, ids.uid, ids.gid);
  };
  try {
    own(base);
    const init = spawnSync(
      path.join(options.binFolder, 'initdb'),
      ['-D', data, '-U', 'postgres', '--auth=trust', '--no-sync', '--encoding=UTF8', '--locale=C'],
      { ...ids, cwd: base, encoding: 'utf8' },
    );
    if (init.status !== 0) throw new Error(`initdb failed: ${init.stderr || String(init.error)}`);
    for (const [name, content] of Object.entries(options.files ?? {})) {
      const file = path.join(data, name);
      writeFileSync(file, content, { mode: 0o600 });
      own(file);
    }
    if (options.hba !== undefined) writeFileSync(path.join(data, 'pg_hba.conf'), options.hba);
    const port = await freePort();
    const settings = {
      port: String(port),
      listen_addresses: '127.0.0.1',
      unix_socket_directories: base,
      fsync: 'off',
      synchronous_commit: 'off',
      full_page_writes: 'off',
      max_connections: '200',
      ...options.settings,
    };
    const lines = Object.entries(settings).map(([name, value]) => `${name} = '${value}'`);
    appendFileSync(path.join(data, 'postgresql.conf'), `\n${lines.join('\n')}\n`);
    const server = await startOwnedProcess(path.join(options.binFolder, 'postgres'), ['-D', data], {
      ready: 'ready to accept connections',
      folder: base,
      spawn: { ...ids, cwd: base },
    });
    return {
      url: `postgres://postgres@127.0.0.1:${port}/postgres`,
      port,
      socketFolder: base,
      stop: async () => {
        await server.stop('SIGQUIT');
        rmSync(base, { recursive: true, force: true });
      },
    };
  } catch (error) {
    rmSync(base, { recursive: true, force: true });
    throw error;
  }
}
