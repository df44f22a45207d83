import type { SqlExecutor } from './sql-executor.js';

/** The version of the server as PostgreSQL numbers it: 180004 is 18.4. */
export async function serverVersion(sql: SqlExecutor): Promise<number> {
  const [row] = await sql.query<{ version: string }>(`SELECT current_setting('server_version_num') AS version`);
  return Number(row?.version ?? 0);
}
