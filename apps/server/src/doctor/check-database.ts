import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Config } from '#config';
import { createKeyring } from '#crypto';
import { DomainError } from '#kernel';
import type { Logger } from '#observability';
import { refuseNewer, schemaState } from '#persistence';
import { assertSupportedServer, createPool, serverVersion, type DatabasePool } from '#postgres';
import { openDatabase } from '../database/open-database.js';
import { loadMasterKey } from '../startup/load-master-key.js';
import { check, type CheckResult } from './check.js';

/** Everything that needs the database: reachable, new enough, migrated, the right key, clocks together. */
export async function checkDatabase(config: Config, logger: Logger): Promise<CheckResult[]> {
  const dataDir = path.resolve(config.server.dataDir);
  if (!config.database.url && !existsSync(path.join(dataDir, 'postgres', 'PG_VERSION')))
    return [{ name: 'database', status: 'ok', message: 'the embedded PostgreSQL will be created at the first start' }];
  try {
    const database = await openDatabase(config, dataDir, logger, () => undefined);
    const pool = createPool({ url: database.ownerUrl, max: 2, connectTimeout: config.database.connectTimeout });
    try {
      return await checkOpen(config, dataDir, pool);
    } finally {
      await pool.end();
      await database.stop();
    }
  } catch (error) {
    if (!(error instanceof DomainError)) throw error;
    if (error.code === 'DATA_DIR_IN_USE')
      return [
        {
          name: 'database',
          status: 'skipped',
          message: 'a running Gatehouse holds the embedded PostgreSQL; stop it to check further',
        },
      ];
    return [{ name: 'database', status: 'failed', message: `${error.code}: ${error.message}` }];
  }
}

async function checkOpen(config: Config, dataDir: string, pool: DatabasePool): Promise<CheckResult[]> {
  const results = [
    await check('database', async () => {
      await assertSupportedServer(pool);
      return `PostgreSQL ${await serverVersion(pool)} answers`;
    }),
  ];
  if (results[0]?.status !== 'ok') return results;
  results.push(await check('version', () => describeSchema(pool)));
  results.push(await check('key', () => checkKey(config, dataDir, pool)));
  results.push(await check('clock', () => checkClock(config, pool)));
  return results;
}

async function describeSchema(pool: DatabasePool): Promise<string> {
  const state = await schemaState(pool);
  refuseNewer(state);
  if (state === 'behind')
    throw new DomainError('DATABASE_NOT_MIGRATED', 'The database is behind this release. Run `gatehouse migrate`.');
  return state === 'empty' ? 'the database is empty; the first start migrates it' : 'the database is at this release';
}

async function checkKey(config: Config, dataDir: string, pool: DatabasePool): Promise<string> {
  const fingerprint = createKeyring(loadMasterKey(config.keys.masterKey, dataDir)).fingerprint();
  if ((await schemaState(pool)) === 'empty') return 'a master key is there';
  const [row] = await pool.query<{ value: string }>(
    "select value from instance_settings where key = 'master_key_fingerprint'",
  );
  if (row && row.value !== fingerprint)
    throw new DomainError(
      'WRONG_MASTER_KEY',
      'The master key is not the one that this database was set up with. Set GATEHOUSE_MASTER_KEY (or _FILE) to the original key.',
    );
  return 'the master key fits the database';
}

async function checkClock(config: Config, pool: DatabasePool): Promise<string> {
  const before = Date.now();
  const [row] = await pool.query<{ now: Date }>('select clock_timestamp() as now');
  const after = Date.now();
  const theirs = row?.now.getTime() ?? 0;
  // Their clock was read between our two readings; only what lies outside counts.
  const skew = Math.max(0, theirs - after, before - theirs);
  const exact = Math.abs(theirs - (before + after) / 2);
  if (skew > config.server.maxClockSkew || (config.server.maxClockSkew === 0 && exact > 0))
    throw new DomainError(
      'CONFIGURATION_INVALID',
      `The clocks of this machine and of the database differ by ${Math.round(exact * 10) / 10} ms, more than GATEHOUSE_SERVER_MAX_CLOCK_SKEW allows. Expiries are compared on both: set the clocks by NTP.`,
    );
  return `differs from the database by less than ${Math.max(1, Math.ceil(exact))} ms`;
}
