import type { SqlExecutor } from '#postgres';

const batch = 5000;

/**
 * Deletes the rows of a table that meet a condition, some at a time, so that no statement runs long.
 * @param condition SQL with `$1…` for `params`
 * @returns how many rows are gone
 */
export async function deleteInBatches(
  sql: SqlExecutor,
  table: string,
  condition: string,
  params: readonly unknown[],
): Promise<number> {
  let gone = 0;
  for (;;) {
    const rows = await sql.query(
      `delete from ${table} where ctid = any(array(select ctid from ${table} where ${condition} limit ${batch})) returning 1`,
      params,
    );
    gone += rows.length;
    if (rows.length < batch) return gone;
  }
}
