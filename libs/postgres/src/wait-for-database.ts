import { setTimeout as delay } from 'node:timers/promises';
import { DomainError } from '#kernel';
import type { ConnectionSettings } from './connection-options.js';
import { createPool } from './create-pool.js';

/** SQLSTATEs that time does not heal: credentials, database name, role, rights. */
const lasting = new Set(['28P01', '28000', '3D000', '22023', '42501']);

const isLasting = (error: unknown): boolean => {
  if (!(error instanceof DomainError)) return true;
  const { code } = (error.cause ?? {}) as { code?: unknown };
  return error.code !== 'DATABASE_UNAVAILABLE' || (typeof code === 'string' && lasting.has(code));
};

/**
 * Resolves when the database answers; a database that is away or starting is asked again until `timeoutMs` has passed,
 * a refused credential or missing database fails at once. Errors are those of `toDomainError`.
 */
export async function waitForDatabase(
  connection: ConnectionSettings,
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<void> {
  const deadline = Date.now() + timeoutMs;
  const pool = createPool({ ...connection, max: 1 });
  try {
    for (let pause = 100; ; pause = Math.min(2_000, pause * 2)) {
      try {
        await pool.query('SELECT 1');
        return;
      } catch (error) {
        if (isLasting(error) || Date.now() + pause > deadline || signal?.aborted) throw error;
      }
      await delay(pause, undefined, { signal });
    }
  } finally {
    await pool.end();
  }
}
