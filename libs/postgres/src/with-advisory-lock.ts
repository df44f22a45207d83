import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '#kernel';
import type { DatabasePool } from './create-pool.js';
import type { SqlExecutor } from './sql-executor.js';

const retryEvery = 100;

/**
 * Runs `fn` while no other holder of the same key, in any process on this database, runs. The lock belongs to the
 * connection that `fn` receives and dies with it. DATABASE_UNAVAILABLE when it is not free within `timeoutMs`; `signal`
 * ends the wait, not `fn`.
 */
export function withAdvisoryLock<T>(
  pool: DatabasePool,
  key: string,
  options: { readonly timeoutMs: number; readonly signal?: AbortSignal | undefined },
  fn: (sql: SqlExecutor) => Promise<T>,
): Promise<T> {
  return pool.withConnection(async (sql) => {
    const deadline = Date.now() + options.timeoutMs;
    // Asking again and again, not pg_advisory_lock: a waiting statement would fall to statement_timeout.
    while (!(await tryLock(sql, key))) {
      if (Date.now() >= deadline) {
        throw new DomainError(
          'DATABASE_UNAVAILABLE',
          `Another process has held the lock "${key}" for more than ${options.timeoutMs} ms. Wait for it, or stop it.`,
        );
      }
      await delay(Math.min(retryEvery, Math.max(1, deadline - Date.now())), undefined, { signal: options.signal });
    }
    try {
      return await fn(sql);
    } finally {
      await sql.query('SELECT pg_advisory_unlock(hashtextextended($1, 0))', [key]).catch(() => undefined);
    }
  });
}

async function tryLock(sql: SqlExecutor, key: string): Promise<boolean> {
  const [row] = await sql.query<{ locked: boolean }>('SELECT pg_try_advisory_lock(hashtextextended($1, 0)) AS locked', [
    key,
  ]);
  return row?.locked === true;
}
