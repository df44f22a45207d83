import { Migrator } from '@mikro-orm/migrations';
import { MikroORM, type Options } from '@mikro-orm/postgresql';
import { connectionOptions, type ConnectionSettings } from '#postgres';
import { entities } from './entities.js';
import { migrations } from './migrations.js';

/** Tables that migrations make by hand and the schema generator leaves alone. */
const handMadeTables = [
  'config_changes',
  'instance_settings',
  'rate_limit_buckets',
  'gateway_instances',
  /^audit_events/,
  'audit_chain_heads',
  'audit_checkpoints',
];

function ormOptions(connection: ConnectionSettings, poolMax: number): Options {
  const driverOptions = connectionOptions(connection);
  return {
    entities,
    dbName: driverOptions.database,
    driverOptions,
    pool: { min: 0, max: poolMax },
    extensions: [Migrator],
    migrations: { migrationsList: migrations, snapshot: false, disableForeignKeys: false },
    schemaGenerator: { skipTables: handMadeTables, ignoreTriggers: true, ignoreRoutines: true },
    // Every use case forks; the global manager is never used for rows.
    allowGlobalContext: false,
    logger: () => undefined,
  };
}

/** The ORM over one connection pool; nothing connects before the first query. */
export async function createOrm(connection: ConnectionSettings, poolMax: number): Promise<MikroORM> {
  return MikroORM.init(ormOptions(connection, poolMax));
}
