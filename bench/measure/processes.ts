import { fork, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import path from 'node:path';

/** A started program of the benchmark. */
export interface Program {
  readonly child: ChildProcess;
  readonly pid: number;
  /** 0 where it does not listen. */
  readonly port: number;
  stop(): Promise<void>;
}

const loader = path.resolve('bench/run-typescript.mjs');
const probe = path.resolve('bench/programs/probe.mjs');
/** Of util-linux; without it nothing is pinned. */
const taskset = 'taskset';
const canPin = availableParallelism() > 1 && spawnSync(taskset, ['-V']).status === 0;

/** The measured processes have one core for themselves; client, upstream and database share the others. */
export const cores = { measured: '0', rest: availableParallelism() > 1 ? `1-${availableParallelism() - 1}` : '0' };

/** Binds a process with all its threads to some cores; nothing happens where that cannot be done. */
export function pin(pid: number, to: string): void {
  if (canPin) spawnSync(taskset, ['-a', '-c', '-p', to, String(pid)], { stdio: 'ignore' });
}

/** A command line that binds itself; for programs that somebody else starts, who may be bound elsewhere. */
export const pinnedCommand = (to: string, ...command: readonly string[]): string[] =>
  canPin ? [taskset, '-c', to, ...command] : [...command];

const started = new Set<ChildProcess>();
process.once('exit', () => {
  for (const child of started) child.kill('SIGKILL');
});
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => process.exit(1));

/** Ties a child to this process: however this one ends, by a fault or Ctrl-C, the child does not outlive it. */
export function own(child: ChildProcess): ChildProcess {
  started.add(child);
  child.once('exit', () => started.delete(child));
  return child;
}

/** Ends a child and waits for its end. */
export async function endChild(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => void child.once('exit', resolve));
  child.kill('SIGTERM');
  const impatient = setTimeout(() => child.kill('SIGKILL'), 5000);
  await gone;
  clearTimeout(impatient);
}

/** Starts one of bench/programs and waits until it is ready. */
export async function startProgram(name: string, args: readonly string[] = [], core = cores.rest): Promise<Program> {
  const child = fork(path.resolve(`bench/programs/${name}.ts`), [...args], {
    execArgv: ['--import', loader, ...(name === 'forwarder' ? ['--import', probe] : [])],
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  own(child);
  const port = await new Promise<number>((resolve, reject) => {
    child.once('message', (message) => resolve((message as { port: number }).port));
    child.once('exit', (code) => reject(new Error(`${name} ended with ${code}`)));
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${name} has no process id`);
  pin(pid, core);
  return { child, pid, port, stop: () => endChild(child) };
}

/** Starts any command and waits until `ready` resolves; its output is shown when it fails. */
export async function startCommand(
  command: string,
  args: readonly string[],
  ready: (child: ChildProcess) => Promise<void>,
): Promise<Omit<Program, 'port'>> {
  // What it keeps between runs goes to a folder of its own, not into somebody's home.
  const home = mkdtempSync(path.join(tmpdir(), 'gatehouse-bench-home-'));
  const env = { PATH: process.env['PATH'], HOME: home };
  const child = spawn(command, [...args], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  own(child);
  const lines: string[] = [];
  for (const output of [child.stdout, child.stderr]) output.on('data', (chunk) => lines.push(String(chunk)));
  const ended = new Promise<never>((_, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${lines.join('').slice(-2000)}`)));
  });
  // After the start an end is no surprise.
  ended.catch(() => undefined);
  await Promise.race([ready(child), ended]);
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} has no process id`);
  pin(pid, cores.measured);
  const stop = async (): Promise<void> => {
    await endChild(child);
    rmSync(home, { recursive: true, force: true });
  };
  return { child, pid, stop };
}
