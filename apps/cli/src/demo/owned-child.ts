import { spawn, type ChildProcess } from 'node:child_process';
import type { WriteStream } from 'node:fs';

/** A child process of the demo. */
export interface OwnedChild {
  readonly process: ChildProcess;
  /** Resolves when it has ended, with the exit code (null after a signal). */
  readonly ended: Promise<number | null>;
  /** The last lines that it wrote to stderr. */
  lastWords(): string;
  /** Asks it to stop, and ends it when it does not listen. */
  stop(): Promise<void>;
}

const patienceMs = 30_000;
const wordsKept = 4_000;

/** Starts a Node program that ends with the demo. Its stdout goes to `log`. */
export function startOwnedChild(
  program: string,
  args: readonly string[],
  options: { readonly env: NodeJS.ProcessEnv; readonly imports?: readonly string[]; readonly log: WriteStream | null },
): OwnedChild {
  const imports = [import.meta.resolve('./stop-with-parent.js'), ...(options.imports ?? [])];
  const child = spawn(process.execPath, [...imports.flatMap((url) => ['--import', url]), program, ...args], {
    env: options.env,
    // A group of its own: Control-C reaches the demo alone, which then stops its children one after the other.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  let words = '';
  child.stderr?.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-wordsKept)));
  if (options.log) child.stdout?.pipe(options.log, { end: false });
  else child.stdout?.resume();
  const ended = new Promise<number | null>((resolve) => {
    child.once('error', (error) => {
      words += error.message;
      resolve(null);
    });
    child.once('exit', (code) => resolve(code));
  });
  return {
    process: child,
    ended,
    lastWords: () => words.trim(),
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return;
      child.kill('SIGTERM');
      const impatience = setTimeout(() => child.kill('SIGKILL'), patienceMs);
      await ended;
      clearTimeout(impatience);
    },
  };
}
