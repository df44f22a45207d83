import { setTimeout as delay } from 'node:timers/promises';

/** Waits for `work` to settle, at most `ms` and only until the signal fires; the work itself goes on. Never rejects. */
export async function within(work: Promise<unknown>, ms: number, unless?: AbortSignal): Promise<void> {
  const timer = new AbortController();
  const signal = unless === undefined ? timer.signal : AbortSignal.any([timer.signal, unless]);
  const over = delay(ms, undefined, { signal }).catch(() => undefined);
  await Promise.race([work.catch(() => undefined), over]);
  timer.abort();
}
