import { spawn, type ChildProcess } from 'node:child_process';
import { projectRoot } from '../project-files.js';

/** How a program of the command line ended. */
export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running program of the command line. */
export interface Running {
  readonly child: ChildProcess;
  readonly output: { stdout: string; stderr: string };
  readonly ended: Promise<Ended>;
}

/** This run's environment without what could reach into the started program. */
const cleanEnvironment = (): NodeJS.ProcessEnv =>
  Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !/^(GATEHOUSE_|DATABASE_URL|REDIS_URL|NODE_|VITEST)/.test(name)),
  );

/** Starts a compiled program of `apps/cli` with a closed or given standard input. */
export function startCli(
  program: string,
  args: readonly string[],
  options: { readonly env?: Readonly<Record<string, string>>; readonly stdin?: string } = {},
): Running {
  const child = spawn(process.execPath, [`dist/apps/cli/src/${program}`, ...args], {
    cwd: projectRoot,
    env: { ...cleanEnvironment(), ...options.env },
  });
  const output = { stdout: '', stderr: '' };
  child.stdout.on('data', (chunk) => (output.stdout += String(chunk)));
  child.stderr.on('data', (chunk) => (output.stderr += String(chunk)));
  // A program that does not read its input may have ended before it comes.
  child.stdin.on('error', () => undefined);
  child.stdin.end(options.stdin ?? '');
  const ended = new Promise<Ended>((resolve) => child.once('close', (code) => resolve({ code, ...output })));
  return { child, output, ended };
}
