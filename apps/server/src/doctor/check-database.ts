import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '#config';
import { createKeyring } from '#crypto';
import { DomainError } from '#kernel';
import type { Logger } from '#observability';
import { masterKeyFingerprint, refuseNewer, schemaState, type SchemaState } from '#persistence';
import { assertSupportedServer, createPool, serverVersion, SYSTEM_ROLE, type DatabasePool } from '#postgres';
import { openDatabase, type Database } from '../database/open-database.js';
import { loadMasterKey } from '../startup/load-master-key.js';
import { check, failedCheck, type CheckResult } from './check.js';
import { checkClock } from './check-clock.js';

/** Everything that needs the database: reachable, new enough, migrated, the right key, clocks together. */
export async function checkDatabase(config: Config, logger: Logger): Promise<CheckResult[]> {
  const dataDir = path.resolve(config.server.dataDir);
  if (!config.database.url && !existsSync(path.join(dataDir, 'postgres', 'PG_VERSION')))
    return withRest({
      name: 'database',
      status: 'ok',
      message: 'the embedded PostgreSQL will be created at the first start',
    });
  let database: Database;
  try {
    database = await openDatabase(config, dataDir, logger);
  } catch (error) {
    if (!(error instanceof DomainError && error.code === 'DATA_DIR_IN_USE'))
      return withRest(failedCheck('database', error));
    const message = 'a running Gatehouse holds the embedded PostgreSQL; stop it to check further';
    return withRest({ name: 'database', status: 'skipped', message });
  }
  const connectTimeout = config.database.connectTimeout;
  const pool = createPool({ url: database.ownerUrl, max: 2, connectTimeout });
  const systemPool = createPool({ url: database.systemUrl, role: SYSTEM_ROLE, max: 1, connectTimeout });
  try {
    return await checkOpen(config, dataDir, pool, systemPool);
  } finally {
    await Promise.all([pool.end(), systemPool.end()]);
    await database.stop();
  }
}

/** The report when the database cannot be asked. */
const withRest = (database: CheckResult): CheckResult[] => [
  database,
  ...(['version', 'key', 'clock'] as const).map((name) => ({
    name,
    status: 'skipped' as const,
    message: 'the database was not asked',
  })),
];

async function checkOpen(
  config: Config,
  dataDir: string,
  pool: DatabasePool,
  systemPool: DatabasePool,
): Promise<CheckResult[]> {
  const database = await check('database', async () => {
    await assertSupportedServer(pool);
    return `PostgreSQL ${await serverVersion(pool)} answers`;
  });
  if (database.status !== 'ok') return withRest(database);
  const state = await schemaState(pool);
  return [
    database,
    await check('version', async () => describeSchema(state)),
    await check('key', () => checkKey(config, dataDir, state, systemPool)),
    await check('clock', () => checkClock(config, pool)),
  ];
}

function describeSchema(state: SchemaState): string {
  refuseNewer(state);
  if (state === 'behind')
    throw new DomainError('DATABASE_NOT_MIGRATED', 'The database is behind this release. Run `gatehouse migrate`.');
  return state === 'empty' ? 'the database is empty; the first start migrates it' : 'the database is at this release';
}

async function checkKey(
  config: Config,
  dataDir: string,
  state: SchemaState,
  systemPool: DatabasePool,
): Promise<string> {
  const stored = state === 'empty' ? null : await masterKeyFingerprint(systemPool);
  if (stored === null) return 'the database has no key yet; the first start stores its fingerprint';
  if (createKeyring(loadMasterKey(config.keys.masterKey, dataDir, false)).fingerprint() === stored)
    return 'the master key fits the database';
  throw new DomainError(
    'WRONG_MASTER_KEY',
    'The master key is not the one that this database was set up with. Set GATEHOUSE_MASTER_KEY (or _FILE) to the original key.',
  );
}
