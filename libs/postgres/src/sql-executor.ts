import type pg from 'pg';
import { toDomainError } from './to-domain-error.js';

/** Anything that runs one SQL statement: a pool, or the connection of one transaction. */
export interface SqlExecutor {
  /**
   * Runs one statement with `$1`-style parameters and returns its rows. `bigint` and `numeric` columns arrive as text,
   * timestamps as `Date`. A lost or refused connection is DATABASE_UNAVAILABLE; other errors keep their SQLSTATE in `code`.
   */
  query<R>(sql: string, params?: readonly unknown[]): Promise<R[]>;
}

interface CanQuery {
  query(sql: string, params?: unknown[]): Promise<pg.QueryResult | pg.QueryResult[]>;
}

/** Runs one statement and maps connection failures; text without parameters may hold several statements. */
export async function runQuery<R>(target: CanQuery, sql: string, params?: readonly unknown[]): Promise<R[]> {
  try {
    const result = await target.query(sql, params ? [...params] : undefined);
    const last = Array.isArray(result) ? result.at(-1) : result;
    return (last?.rows ?? []) as R[];
  } catch (error) {
    throw toDomainError(error);
  }
}

/** One connection as an executor; statements that are issued together run one after the other. */
export function serialExecutor(client: CanQuery): SqlExecutor {
  let tail: Promise<unknown> = Promise.resolve();
  return {
    query<R>(sql: string, params?: readonly unknown[]): Promise<R[]> {
      const run = tail.then(() => runQuery<R>(client, sql, params));
      tail = run.catch(() => undefined);
      return run;
    },
  };
}
