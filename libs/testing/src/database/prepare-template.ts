import { migrateDatabase } from '#persistence';
import { migrateJobSchema } from '#queue';

/** Makes an empty database what every test file starts from: migrated, without rows. */
export async function prepareTemplate(url: string): Promise<void> {
  await migrateDatabase({ ownerUrl: url, also: migrateJobSchema });
}
