import { fork } from 'node:child_process';
import { mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { askProbe, type Probe } from '../measure/ask-probe.js';
import { withChildren } from '../measure/cpu-time.js';
import { cores, endChild, own, pin } from '../measure/processes.js';

/** A started server process. */
export interface Server {
  /** All processes of it. */
  readonly pids: readonly number[];
  readonly controlPlane: string;
  readonly gateway: string;
  readonly setupLink: string | null;
  /** Asks the probe (bench/programs/probe.mjs) of a process that was started with it. */
  ask(probe: Probe, file?: string): Promise<unknown>;
  stop(): Promise<void>;
}

interface Ready {
  readonly type: string;
  readonly addresses: Partial<Record<'controlPlane' | 'gateway', { host: string; port: number }>>;
  readonly setupLink: string | null;
}

/** How a server is started. */
export interface ServerOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Modules of bench/programs that are loaded before the program. */
  readonly preload?: readonly string[];
  /** On the core of the measured processes. */
  readonly measured?: boolean;
}

/** Nothing of this shell's environment may reach the server. */
const cleanEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(GATEHOUSE_|OTEL_|DATABASE_URL|REDIS_URL|NODE_OPTIONS)/.test(name),
    ),
  );

/** Starts dist/apps/server as in production, its log in a file of its own data directory, and waits until it serves. */
export async function startServer({ env, preload = [], measured = false }: ServerOptions): Promise<Server> {
  const dataDir = mkdtempSync(path.join(tmpdir(), 'gatehouse-bench-'));
  const log = openSync(path.join(dataDir, 'server.log'), 'w');
  const imports = preload.map((name) => `--import=${new URL(`../programs/${name}`, import.meta.url).href}`);
  const child = fork(path.resolve('dist/apps/server/src/main.js'), ['serve'], {
    execArgv: [],
    env: {
      ...cleanEnvironment(),
      GATEHOUSE_CONTROL_PLANE_PORT: '0',
      GATEHOUSE_GATEWAY_PORT: '0',
      GATEHOUSE_WORKER_PORT: '0',
      GATEHOUSE_METRICS_PORT: '0',
      GATEHOUSE_DATA_DIR: dataDir,
      ...(imports.length === 0 ? {} : { NODE_OPTIONS: imports.join(' ') }),
      ...env,
    },
    stdio: ['ignore', log, log, 'ipc'],
  });
  own(child);
  const ready = await new Promise<Ready>((resolve, reject) => {
    child.on('message', (message) => {
      if ((message as Ready).type === 'ready') resolve(message as Ready);
    });
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}; see ${dataDir}/server.log`)));
  });
  const pids = withChildren(child.pid ?? 0);
  for (const pid of pids) pin(pid, measured ? cores.measured : cores.rest);
  const url = (address: { host: string; port: number } | undefined) =>
    address ? `http://${address.host}:${address.port}` : '';
  return {
    pids,
    controlPlane: url(ready.addresses.controlPlane),
    gateway: url(ready.addresses.gateway),
    setupLink: ready.setupLink,
    ask: (probe, file) => askProbe(child, probe, file),
    stop: async () => {
      await endChild(child);
      rmSync(dataDir, { recursive: true, force: true });
    },
  };
}
