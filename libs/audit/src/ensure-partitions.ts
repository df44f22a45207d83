import type { SqlExecutor } from '#postgres';

/** Makes the monthly partitions of `audit_events` for this month and `monthsAhead` more; existing ones stay. */
export async function ensurePartitions(sql: SqlExecutor, monthsAhead = 2): Promise<void> {
  await sql.query('select gatehouse_ensure_audit_partitions($1)', [monthsAhead]);
}
