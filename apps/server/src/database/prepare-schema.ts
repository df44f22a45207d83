import type { Config } from '#config';
import { migrateDatabase, waitForSchema } from '#persistence';
import { createPool } from '#postgres';
import { migrateJobSchema } from '#queue';
import type { Database } from './open-database.js';

/**
 * Migrates, when this process may (it runs the control plane, or was asked to); else waits for another one to do it.
 * @param signal ends the wait for other processes
 * @returns the names of the migrations that ran
 * @throws DomainError DATABASE_TOO_OLD, DATABASE_NEWER_THAN_PROGRAM, DATABASE_NOT_MIGRATED
 */
export async function prepareSchema(
  config: Config,
  database: Database,
  mayMigrate: boolean,
  signal?: AbortSignal,
): Promise<string[]> {
  const { ownerUrl, appUrl, systemUrl } = database;
  const connectTimeout = config.database.connectTimeout;
  if (mayMigrate)
    return migrateDatabase({ ownerUrl, appUrl, systemUrl, connectTimeout, signal, also: migrateJobSchema });
  const pool = createPool({ url: systemUrl, max: 1, connectTimeout, applicationName: 'gatehouse-start' });
  try {
    await waitForSchema(pool, config.database.migrationWait, signal);
    return [];
  } finally {
    await pool.end();
  }
}
