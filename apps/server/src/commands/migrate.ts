import { loadConfig } from '#config';
import { createLogger } from '#observability';
import { openDatabase } from '../database/open-database.js';
import { prepareSchema } from '../database/prepare-schema.js';
import { prepareDataDir } from '../embedded-postgres/prepare-data-dir.js';

/** Brings the database to this release and ends. */
export async function migrate(): Promise<number> {
  const config = loadConfig();
  const logger = createLogger({ level: config.log.level, service: 'gatehouse-migrate' });
  const database = await openDatabase(config, prepareDataDir(config.server.dataDir), logger, () => undefined);
  try {
    const applied = await prepareSchema(config, database, true);
    process.stdout.write(applied.length > 0 ? `Migrated: ${applied.join(', ')}\n` : 'The database is up to date.\n');
    return 0;
  } finally {
    await database.stop();
  }
}
