import { spawn, type ChildProcess } from 'node:child_process';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { clusterFolder } from './cluster-folder.js';
import type { EmbeddedPostgresLog } from './embedded-postgres-log.js';
import { spawnError } from './init-cluster.js';
import type { PostgresBinaries } from './postgres-binaries.js';
import type { PostgresIdentity } from './postgres-identity.js';
import { postgresStartError } from './postgres-start-error.js';
import type { PostgresAddress } from './socket-folder.js';
import { startWatchdog, type Watchdog } from './watchdog.js';

/** What one run of the server needs to know. Times in milliseconds. */
export interface PostmasterOptions {
  readonly dataDir: string;
  readonly cluster: string;
  readonly binaries: PostgresBinaries;
  readonly identity: PostgresIdentity;
  readonly address: PostgresAddress;
  readonly maxConnections: number;
  /** How long recovery after a crash may take. */
  readonly startTimeout: number;
  readonly log: EmbeddedPostgresLog;
  /** Called when the server ends without having been stopped. */
  readonly onUnexpectedExit: (reason: string) => void;
  /** Gives up the start. */
  readonly signal?: AbortSignal | undefined;
}

/** The running server. */
export interface Postmaster {
  readonly pid: number;
  /** Fast shutdown, then harder ones; resolves when the process is gone. Safe to call twice. */
  stop(): Promise<void>;
}

const keptLines = 40;
const fastShutdown = 10_000;
const immediateShutdown = 5_000;

function serverArguments(options: PostmasterOptions, folder: string): string[] {
  const { address } = options;
  const socket = address.host === address.folder;
  const settings: Record<string, string> = {
    listen_addresses: socket ? '' : address.host,
    unix_socket_directories: socket ? address.folder : '',
    port: String(address.port),
    max_connections: String(options.maxConnections),
    password_encryption: 'scram-sha-256',
    cluster_name: 'gatehouse',
    lc_messages: 'C',
    timezone: 'UTC',
    log_timezone: 'UTC',
    logging_collector: 'off',
    log_destination: 'stderr',
    log_checkpoints: 'off',
    // Given here, not in postgresql.conf, so that no edit there makes a committed change vanish in a power cut.
    fsync: 'on',
    full_page_writes: 'on',
    synchronous_commit: 'on',
  };
  return ['-D', folder, ...Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

/** The server's process under its watchdog; throws what `spawn` throws. */
function spawnServer(options: PostmasterOptions): { child: ChildProcess; watchdog: Watchdog } {
  const { address, binaries, cluster, identity } = options;
  const folder = clusterFolder(cluster, identity);
  const watchdog = startWatchdog(address.folder);
  try {
    const child = spawn(path.join(binaries.folder, 'bin', 'postgres'), serverArguments(options, folder.argument), {
      ...identity,
      cwd: '/',
      env: {},
      // Its own session: Ctrl-C in a terminal reaches this process only, which stops PostgreSQL last.
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe', ...folder.descriptors],
    });
    if (child.pid !== undefined) watchdog.guard(child.pid);
    return { child, watchdog };
  } catch (error) {
    watchdog.dismiss();
    throw spawnError(error, identity);
  } finally {
    folder.close();
  }
}

/** Passes the server's log on, keeps its last lines, and tells when it accepts connections. */
function readLog(child: ChildProcess, log: EmbeddedPostgresLog, lines: string[]): Promise<'ready'> {
  return new Promise((resolve) => {
    if (!child.stderr) return;
    createInterface({ input: child.stderr }).on('line', (line) => {
      lines.push(line);
      if (lines.length > keptLines) lines.shift();
      if (/PANIC|was terminated by signal/.test(line)) log.warn(`postgres: ${line}`);
      else log.debug(`postgres: ${line}`);
      if (line.includes('database system is ready to accept connections')) resolve('ready');
    });
  });
}

/** Starts the server and resolves when it accepts connections; on failure nothing is left running. */
export async function startPostmaster(options: PostmasterOptions): Promise<Postmaster> {
  const { child, watchdog } = spawnServer(options);
  const lines: string[] = [];
  const accepts = readLog(child, options.log, lines);
  const exited = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('close', (code, signal) => resolve(signal ? `signal ${signal}` : `exit code ${code}`));
  });
  const running = { wanted: false };
  void exited.then((reason) => {
    watchdog.dismiss();
    if (running.wanted) options.onUnexpectedExit(reason);
  });
  const stop = async (): Promise<void> => {
    running.wanted = false;
    await stopChild(child, exited);
  };
  const outcome = await Promise.race([accepts, exited, startLimit(options)]);
  if (outcome !== 'ready' || child.pid === undefined) {
    await stop();
    options.signal?.throwIfAborted();
    throw postgresStartError(outcome, lines, options.dataDir);
  }
  running.wanted = true;
  return { pid: child.pid, stop };
}

/** Resolves with the reason when the start takes too long or is given up. */
const startLimit = ({ startTimeout, signal }: PostmasterOptions): Promise<string> =>
  delay(startTimeout, `not ready after ${startTimeout} ms`, { signal, ref: false }).catch(() => 'given up');

async function stopChild(child: ChildProcess, exited: Promise<string>): Promise<void> {
  const steps = [
    ['SIGINT', fastShutdown],
    ['SIGQUIT', immediateShutdown],
    ['SIGKILL', immediateShutdown],
  ] as const;
  for (const [signal, patience] of steps) {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) break;
    child.kill(signal);
    const timer = new AbortController();
    const waited = delay(patience, undefined, { signal: timer.signal }).catch(() => undefined);
    await Promise.race([exited, waited]);
    timer.abort();
  }
  await exited;
}
