import { setTimeout as delay } from 'node:timers/promises';

/** What `work` resolves with; rejects when it takes longer than `ms` (the work itself goes on). */
export async function within<T>(work: Promise<T>, ms: number): Promise<T> {
  const timer = new AbortController();
  const late = delay(ms, undefined, { signal: timer.signal }).then(() => {
    throw new Error(`not done after ${ms} ms`);
  });
  // Once the work is done nobody waits for the timer, whose end by `abort` would count as unhandled.
  late.catch(() => undefined);
  try {
    return await Promise.race([work, late]);
  } finally {
    timer.abort();
  }
}
