import { setTimeout as delay } from 'node:timers/promises';

const POLL_MS = 25;

/** Sends a signal to a process group. @returns false when nobody is left in it */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    // EPERM: somebody is there who is not ours to kill.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/**
 * Ends a process and everything that it started: SIGTERM to its group, SIGKILL to whoever is left after `graceMs`. Only
 * a process that has made itself the leader of another session escapes.
 */
export async function killTree(leader: number, graceMs: number): Promise<void> {
  const deadline = performance.now() + graceMs;
  if (!signalGroup(leader, 'SIGTERM')) return;
  while (performance.now() < deadline) {
    await delay(POLL_MS);
    if (!signalGroup(leader, 0)) return;
  }
  signalGroup(leader, 'SIGKILL');
}
