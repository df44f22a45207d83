import { AsyncLocalStorage } from 'node:async_hooks';

/** What every log line of one request or job repeats. Business code takes its `CallContext`, never this. */
export type LogContext = Readonly<Record<string, string | number | boolean | null>> & { readonly requestId?: string };

const storage = new AsyncLocalStorage<LogContext>();

/** Runs `fn`; every log line that it writes, also after an `await`, carries these fields beside those around it. */
export const runWithLogContext = <T>(context: LogContext, fn: () => T): T =>
  storage.run({ ...storage.getStore(), ...context }, fn);

/** The fields of the request or job that runs now; none outside of one. */
export const currentLogContext = (): LogContext => storage.getStore() ?? {};
