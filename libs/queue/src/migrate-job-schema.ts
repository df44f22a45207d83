import { runMigrations } from 'bullmq';
import { createDriverPool, OWNER_ROLE, SYSTEM_ROLE } from '#postgres';
import { jobSchema } from './job-store.js';

/** Not "all sequences": those that BullMQ made at run time belong to the system role, and only it may grant them. */
const grantOwnSequences = `do $$ declare own record; begin
  for own in select oid::regclass as name from pg_class
    where relkind = 'S' and relnamespace = '${jobSchema}'::regnamespace and relowner = current_user::regrole
  loop execute format('grant usage, select on sequence %s to ${SYSTEM_ROLE}', own.name); end loop;
end $$`;

/**
 * Brings the tables of the job store in PostgreSQL to this release and lets producers and workers use them.
 * Safe to run again; runs after the catalogue's migrations, under the same lock (ARCHITECTURE.md §4.13).
 */
export async function migrateJobSchema(ownerUrl: string): Promise<void> {
  const pool = createDriverPool({ url: ownerUrl, role: OWNER_ROLE, max: 1, applicationName: 'gatehouse-migrate' });
  try {
    const client = await pool.connect();
    try {
      await runMigrations(client, jobSchema);
      // `create`: BullMQ makes a sequence per queue at its first job.
      await client.query(`grant usage, create on schema ${jobSchema} to ${SYSTEM_ROLE}`);
      await client.query(
        `grant select, insert, update, delete, truncate on all tables in schema ${jobSchema} to ${SYSTEM_ROLE}`,
      );
      await client.query(grantOwnSequences);
    } finally {
      client.release();
    }
  } finally {
    await pool.end();
  }
}
