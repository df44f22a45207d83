import { spawn, type ChildProcess, type SpawnOptions } from 'node:child_process';
import { createInterface } from 'node:readline';

/** A started program that ends with the test run, also when the run is interrupted or killed. */
export interface OwnedProcess {
  readonly pid: number;
  stop(signal?: NodeJS.Signals): Promise<void>;
}

/** Waits for its standard input to close, which happens when the test run is gone; then ends what is left. */
const reaper = `
IFS= read -r word && exit 0
alive() { kill -0 "$1" 2>/dev/null && { [ ! -d /proc/self ] || [ -e "/proc/$1/cwd" ]; }; }
kill -INT "$1" 2>/dev/null
tries=0
while alive "$1" && [ "$tries" -lt 100 ]; do
  tries=$((tries + 1))
  [ "$tries" -ge 50 ] && kill -KILL "$1" 2>/dev/null
  sleep 0.1
done
[ -z "$2" ] || rm -rf -- "$2"
`;

/**
 * Starts a program, waits for `ready` on its output or error output, and ties its life to this process. `folder`, when
 * given, is removed with it. Rejects with what it wrote when it ends before it is ready.
 */
export async function startOwnedProcess(
  command: string,
  args: readonly string[],
  options: { readonly ready: string; readonly folder?: string; readonly spawn?: SpawnOptions },
): Promise<OwnedProcess> {
  const child = spawn(command, [...args], { ...options.spawn, stdio: ['ignore', 'pipe', 'pipe'], detached: true });
  const lines: string[] = [];
  await new Promise<void>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => reject(new Error(`${command} ended with ${code}:\n${lines.join('\n')}`)));
    for (const input of [child.stdout, child.stderr]) {
      if (!input) continue;
      createInterface({ input }).on('line', (line) => {
        if (lines.length < 50) lines.push(line);
        if (line.includes(options.ready)) resolve();
      });
    }
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} has no process id`);
  const dismiss = startReaper(pid, options.folder ?? '');
  let stopping: Promise<void> | undefined;
  return {
    pid,
    stop: (signal = 'SIGINT') => (stopping ??= end(child, signal).then(dismiss)),
  };
}

function startReaper(pid: number, folder: string): () => void {
  const shell = spawn('/bin/sh', ['-c', reaper, 'gatehouse-test-reaper', String(pid), folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  shell.unref();
  return () => void shell.stdin?.end('done\n');
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise((resolve) => void child.once('close', resolve));
  child.kill(signal);
  await gone;
}
