import { DomainError } from '#kernel';
import type { DatabasePool } from './create-pool.js';
import { serverVersion } from './server-version.js';
import type { SqlExecutor } from './sql-executor.js';

const oldest = 15;
const rounds = 3;

const pooler = (evidence: string): DomainError =>
  new DomainError(
    'DATABASE_POOLER_UNSUPPORTED',
    `A pooler in transaction mode stands before the database (${evidence}). LISTEN, locks and roles need a session: point DATABASE_URL at PostgreSQL itself or at a pooler in session mode.`,
  );

const backendPid = async (sql: SqlExecutor): Promise<number | undefined> =>
  (await sql.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]?.pid;

/**
 * A session keeps one backend to itself. Under transaction pooling the second connection's transaction is given the
 * backend that the first has just left, or the first finds itself on another one afterwards.
 */
async function assertOwnBackend(pool: DatabasePool): Promise<void> {
  await pool.withConnection(async (first) => {
    const before = await backendPid(first);
    await pool.transaction(async (second) => {
      // In this order: behind a pooler with one backend the question to `first` would wait for this transaction.
      if ((await backendPid(second)) === before) throw pooler('two connections shared one backend');
      if ((await backendPid(first)) !== before) throw pooler('one connection moved between two backends');
    });
  });
}

/**
 * Refuses a server that Gatehouse cannot work with: DATABASE_TOO_OLD before PostgreSQL 15, DATABASE_UNAVAILABLE for a
 * standby,
 * DATABASE_POOLER_UNSUPPORTED behind transaction pooling or when `role` was asked for at the start of the connection
 * and is not the current one. Needs a pool of two connections or more.
 */
export async function assertSupportedServer(pool: DatabasePool, role?: string): Promise<void> {
  const version = await serverVersion(pool);
  if (version < oldest * 10_000) {
    const shown = `${Math.floor(version / 10_000)}.${version % 10_000}`;
    throw new DomainError(
      'DATABASE_TOO_OLD',
      `PostgreSQL ${shown} is too old. Upgrade to PostgreSQL ${oldest} or newer.`,
    );
  }
  const [standby] = await pool.query<{ yes: boolean }>('SELECT pg_is_in_recovery() AS yes');
  if (standby?.yes) {
    throw new DomainError(
      'DATABASE_UNAVAILABLE',
      'The database is a read-only standby. Point DATABASE_URL at the primary server.',
    );
  }
  for (let round = 0; round < rounds; round++) await assertOwnBackend(pool);
  if (role === undefined) return;
  const [row] = await pool.query<{ role: string }>('SELECT current_user AS role');
  if (row?.role !== role) throw pooler('the start-up option that enters a role was dropped');
}
