import { newRequestId } from '#kernel';
import type { SqlExecutor } from '#postgres';
import type { JobProducer } from '#queue';

/**
 * Adds a job for every export that is not finished; where one waits or runs already, that one takes its place. So an
 * export goes on whose worker died, or whose attempts were used up while the database was away.
 */
export async function resumeExports(sql: SqlExecutor, producer: JobProducer): Promise<void> {
  const rows = await sql.query<{ id: string; organization_id: string }>(
    `select id, organization_id from audit_exports where state in ('PENDING', 'RUNNING') order by id`,
  );
  for (const { id: exportId, organization_id: organizationId } of rows) {
    await producer.enqueue('export-audit', { organizationId, exportId }, { requestId: newRequestId(), once: exportId });
  }
}
