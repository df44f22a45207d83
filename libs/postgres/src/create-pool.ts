import type pg from 'pg';
import { DomainError } from '#kernel';
import { createDriverPool, type PoolSettings } from './create-driver-pool.js';
import { runQuery, serialExecutor, type SqlExecutor } from './sql-executor.js';
import { toDomainError } from './to-domain-error.js';

/** How a transaction sees the data. */
export interface TransactionOptions {
  readonly isolation?: 'read committed' | 'repeatable read' | 'serializable';
  readonly readOnly?: boolean;
}

/** A bounded set of connections that survives restarts of the database. */
export interface DatabasePool extends SqlExecutor {
  /** As in {@link SqlExecutor}; a statement with a `name` is planned once per connection, for those that cost more to plan than to run. */
  query<R>(sql: string, params?: readonly unknown[], name?: string): Promise<R[]>;
  /** Runs `fn` in one transaction: committed when it resolves, rolled back when it rejects. */
  transaction<T>(fn: (sql: SqlExecutor) => Promise<T>, options?: TransactionOptions): Promise<T>;
  /** Runs `fn` on one connection that nobody else uses meanwhile: session state such as locks stays with it. */
  withConnection<T>(fn: (sql: SqlExecutor) => Promise<T>): Promise<T>;
  /** How many connections are open, unused, and how many callers wait for one. */
  stats(): { readonly total: number; readonly idle: number; readonly waiting: number };
  /** Closes every connection after its work; safe to call twice. */
  end(): Promise<void>;
}

const begin = ({ isolation, readOnly }: TransactionOptions): string =>
  ['BEGIN', isolation && `ISOLATION LEVEL ${isolation.toUpperCase()}`, readOnly && 'READ ONLY']
    .filter(Boolean)
    .join(' ');

const isConnectionFailure = (error: unknown): boolean =>
  error instanceof DomainError && error.code === 'DATABASE_UNAVAILABLE';

async function borrow(pool: pg.Pool): Promise<pg.PoolClient> {
  try {
    return await pool.connect();
  } catch (error) {
    throw toDomainError(error);
  }
}

async function inTransaction<T>(
  client: pg.PoolClient,
  fn: (sql: SqlExecutor) => Promise<T>,
  options: TransactionOptions,
): Promise<T> {
  const sql = serialExecutor({
    query: async (text: string, params?: unknown[]) => {
      const result = await client.query(text, params);
      // A failed statement that `fn` swallowed turns COMMIT into ROLLBACK without an error.
      if (text === 'COMMIT' && result.command === 'ROLLBACK') {
        throw new DomainError('INTERNAL', 'The transaction was rolled back: one of its statements had failed.');
      }
      return result;
    },
  });
  await sql.query(begin(options));
  try {
    const result = await fn(sql);
    await sql.query('COMMIT');
    return result;
  } catch (error) {
    // A lost connection has nothing to roll back; the first error is the one to tell.
    await sql.query('ROLLBACK').catch(() => undefined);
    throw error;
  }
}

const named = (client: pg.PoolClient, name: string) => ({
  query: (text: string, values?: unknown[]) => client.query({ name, text, values }),
});

/** Opens connections on demand as `settings.role`; nothing is dialled before the first query. */
export function createPool(settings: PoolSettings): DatabasePool {
  const pool = createDriverPool(settings);
  let ended: Promise<void> | undefined;

  const withClient = async <T>(fn: (client: pg.PoolClient) => Promise<T>): Promise<T> => {
    const client = await borrow(pool);
    let broken = true;
    try {
      const result = await fn(client);
      broken = false;
      return result;
    } catch (error) {
      // After an orderly ROLLBACK the connection is as good as new. One that the server has just ended still looks so.
      broken = isConnectionFailure(error) || client.getTransactionStatus() !== 'I';
      throw error;
    } finally {
      client.release(broken);
    }
  };

  return {
    query: (sql, params, name) =>
      withClient((client) => runQuery(name === undefined ? client : named(client, name), sql, params)),
    transaction: (fn, options = {}) => withClient((client) => inTransaction(client, fn, options)),
    withConnection: (fn) => withClient((client) => fn(serialExecutor(client))),
    stats: () => ({ total: pool.totalCount, idle: pool.idleCount, waiting: pool.waitingCount }),
    end: () => (ended ??= pool.end()),
  };
}
