import { loadConfig } from '#config';
import { createLogger } from '#observability';
import { openDatabase } from '../database/open-database.js';
import { prepareSchema } from '../database/prepare-schema.js';
import { prepareDataDir } from '../embedded-postgres/prepare-data-dir.js';

/** Brings the database to this release and ends; with `json` it prints `{"applied":["…"]}`. */
export async function migrate({ json }: { readonly json: boolean }): Promise<number> {
  const config = loadConfig();
  const logger = createLogger({ level: 'silent', service: 'gatehouse-migrate' });
  const database = await openDatabase(config, prepareDataDir(config.server.dataDir), logger);
  try {
    const applied = await prepareSchema(config, database, true);
    const text = applied.length > 0 ? `Migrated: ${applied.join(', ')}` : 'The database is up to date.';
    process.stdout.write(`${json ? JSON.stringify({ applied }) : text}\n`);
    return 0;
  } finally {
    await database.stop();
  }
}
