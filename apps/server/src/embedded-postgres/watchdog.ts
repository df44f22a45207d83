import { spawn } from 'node:child_process';
import type { Writable } from 'node:stream';

/** Sees to it that PostgreSQL does not outlive this process, however that ends. */
export interface Watchdog {
  /** Says which process to stop. */
  guard(postmasterPid: number): void;
  /** Tells that PostgreSQL has ended in order: nothing is left to do. */
  dismiss(): void;
}

/**
 * Reads the process id, then waits: the pipe closes when the server process is gone, `kill -9` included. Then a fast
 * shutdown, an immediate one after 5 s, SIGKILL after 10 s. It has its own session, so signals to the terminal or to
 * the server's process group pass it by. An ended process that nobody has reaped (no init in a container) still takes
 * signals, but has no working folder any more.
 */
const script = `
IFS= read -r pid || exit 0
IFS= read -r word && { rm -rf -- "$1"; exit 0; }
alive() { kill -0 "$pid" 2>/dev/null && { [ ! -d /proc/self ] || [ -e "/proc/$pid/cwd" ]; }; }
kill -INT "$pid" 2>/dev/null
tries=0
while alive && [ "$tries" -lt 150 ]; do
  tries=$((tries + 1))
  [ "$tries" -eq 50 ] && kill -QUIT "$pid" 2>/dev/null
  [ "$tries" -ge 100 ] && kill -KILL "$pid" 2>/dev/null
  sleep 0.1 2>/dev/null || sleep 1
done
rm -rf -- "$1"
`;

/** Starts the watchdog: one sleeping shell. `socketFolder` is removed with PostgreSQL. */
export function startWatchdog(socketFolder: string): Watchdog {
  const shell = spawn('/bin/sh', ['-c', script, 'gatehouse-watchdog', socketFolder], {
    cwd: '/',
    env: { PATH: '/usr/bin:/bin' },
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // Without a shell the next start still stops what is left; that is no reason to refuse this one.
  shell.on('error', () => undefined);
  const pipe: Writable | null = shell.stdin;
  pipe?.on('error', () => undefined);
  shell.unref();
  return {
    guard: (postmasterPid) => void pipe?.write(`${postmasterPid}\n`),
    dismiss: () => void pipe?.end('done\n'),
  };
}
