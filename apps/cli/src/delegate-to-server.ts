import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';
import { failed } from './command-failure.js';

/** The compiled server, beside this program in dist/. */
export const serverProgram = fileURLToPath(new URL('../../server/src/main.js', import.meta.url));

/**
 * Runs `apps/server` with these arguments in the foreground, on the same terminal, and answers its exit code.
 * @throws CommandFailure when the server is not built
 */
export function delegateToServer(args: readonly string[]): Promise<number> {
  if (!existsSync(serverProgram)) throw failed(`${serverProgram} does not exist.`, 'Build it first: npm run build');
  const child = spawn(process.execPath, [serverProgram, ...args], { stdio: 'inherit' });
  // Control-C reaches the child from the terminal itself, and a second signal would cut its orderly stop short.
  const signals = ['SIGTERM', 'SIGHUP', 'SIGINT'] as const;
  const relay = (signal: NodeJS.Signals) => {
    if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
  };
  for (const signal of signals) process.on(signal, relay);
  return new Promise<number>((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  }).finally(() => {
    for (const signal of signals) process.off(signal, relay);
  });
}
