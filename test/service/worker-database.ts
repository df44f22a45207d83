import { migrateDatabase } from '#persistence';
import { migrateJobSchema } from '#queue';
import { createTestDatabase, type TestDatabase } from '#testing';

/** A database with the catalogue's tables and those of the job store, migrated as the server does it. */
export async function createWorkerDatabase(clusterUrl: string): Promise<TestDatabase> {
  const database = await createTestDatabase(clusterUrl, { empty: true });
  await migrateDatabase({ ownerUrl: database.url, also: migrateJobSchema });
  return database;
}
