import { fork, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** The compiled server, as it runs in production. */
export const serverProgram = path.resolve('dist/apps/server/src/main.js');

interface ReadyMessage {
  readonly addresses: Partial<Record<'controlPlane' | 'gateway' | 'worker', { host: string; port: number }>>;
  readonly setupLink: string | null;
  readonly demo: unknown;
}

/** What a test may set for one process. */
export interface GatehouseOptions {
  /** Environment of the process, besides ports (free ones) and a data directory (a new one). */
  readonly env?: Readonly<Record<string, string>>;
  readonly dataDir?: string;
  readonly args?: readonly string[];
}

/** A started process of the server. */
export interface Gatehouse extends AsyncDisposable {
  readonly child: ChildProcess;
  readonly dataDir: string;
  readonly controlPlane: string;
  readonly gateway: string;
  readonly worker: string;
  readonly setupLink: string | null;
  readonly demo: unknown;
  /** Everything that was written so far. */
  readonly output: { stdout: string; stderr: string };
  /** Sends a signal and waits for the end. */
  stop(signal?: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
}

const freePorts = {
  GATEHOUSE_CONTROL_PLANE_PORT: '0',
  GATEHOUSE_GATEWAY_PORT: '0',
  GATEHOUSE_WORKER_PORT: '0',
  GATEHOUSE_METRICS_PORT: '0',
};

/** The environment of this run without anything that could reach into the started process. */
const cleanEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(
      ([name]) => !/^(GATEHOUSE_|DATABASE_URL|REDIS_URL|NODE_OPTIONS|VITEST)/.test(name),
    ),
  );

/** Forks the server; its message channel tells the ports that it took. */
function launch(options: GatehouseOptions) {
  const dataDir = options.dataDir ?? mkdtempSync(path.join(tmpdir(), 'gatehouse-e2e-'));
  const child = fork(serverProgram, ['serve', ...(options.args ?? [])], {
    // Not the conditions of the test runner, under which the libs would be sources.
    execArgv: [],
    env: { ...cleanEnvironment(), ...freePorts, GATEHOUSE_DATA_DIR: dataDir, ...options.env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const output = { stdout: '', stderr: '' };
  child.stdout?.on('data', (chunk) => (output.stdout += String(chunk)));
  child.stderr?.on('data', (chunk) => (output.stderr += String(chunk)));
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) =>
    child.once('close', (code, signal) => resolve({ code, signal })),
  );
  return { child, dataDir, output, ended };
}

const urlOf = (address: { host: string; port: number } | undefined): string =>
  address ? `http://${address.host}:${address.port}` : 'http://service-is-not-running.invalid';

/** Starts the server and waits until it is ready; fails with what it printed when it ends first. */
export async function startGatehouse(options: GatehouseOptions = {}): Promise<Gatehouse> {
  const { child, dataDir, output, ended } = launch(options);
  const ready = await Promise.race([
    new Promise<ReadyMessage>((resolve) => child.once('message', (message) => resolve(message as ReadyMessage))),
    ended.then(({ code }) => {
      throw new Error(`the server ended with ${code}:\n${output.stderr}\n${output.stdout}`);
    }),
  ]);
  const stop = async (signal: NodeJS.Signals = 'SIGTERM') => {
    if (child.exitCode === null && child.signalCode === null) child.kill(signal);
    return ended;
  };
  return {
    child,
    dataDir,
    output,
    controlPlane: urlOf(ready.addresses.controlPlane),
    gateway: urlOf(ready.addresses.gateway),
    worker: urlOf(ready.addresses.worker),
    setupLink: ready.setupLink,
    demo: ready.demo,
    stop,
    [Symbol.asyncDispose]: async () => {
      const late = new AbortController();
      await Promise.race([
        stop(),
        delay(15_000, undefined, { signal: late.signal }).then(
          () => stop('SIGKILL'),
          () => undefined,
        ),
      ]);
      late.abort();
      if (!options.dataDir) rmSync(dataDir, { recursive: true, force: true });
    },
  };
}

/** Waits until a condition holds; fails with `what` after `timeoutMs`. */
export async function until(
  what: string,
  condition: () => Promise<boolean> | boolean,
  timeoutMs = 30_000,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    if (await condition()) return;
    if (Date.now() > deadline) throw new Error(`waited ${timeoutMs} ms in vain until ${what}`);
    await delay(20);
  }
}
