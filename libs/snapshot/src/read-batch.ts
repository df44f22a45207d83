import type { DatabasePool, SqlExecutor } from '#postgres';
import type { RowBatch, TableRows, TouchedRow } from './catalog-rows.js';
import { catalogTables, isCatalogTable, tableQueries } from './catalog-tables.js';

/** Beyond this many changes, reading every row is the shorter way. */
const mostChanges = 20_000;

interface ChangeRow {
  readonly organization_id: string;
  readonly kind: string;
  readonly entity_id: string;
}

/** The newest revision, 0 when no change is kept. The sweep's question: one index look-up. */
export async function readPosition(sql: SqlExecutor): Promise<number> {
  const [row] = await sql.query<{ newest: string | null }>('select max(revision) as newest from config_changes');
  return Number(row?.newest ?? 0);
}

/**
 * What has changed since a position, read at one moment (ARCHITECTURE.md §3a). Everything, when there is no position
 * yet or the changes since it are not all kept any more (also after a restore of the database to an earlier state).
 */
export function readBatch(pool: DatabasePool, since: number | null): Promise<RowBatch> {
  return pool.transaction(
    async (sql) => {
      const position = await readPosition(sql);
      const touched = since === null ? null : await readTouched(sql, since, position);
      return touched === null
        ? { position, tables: await readEverything(sql), touched: 'everything' }
        : { position, tables: await readRows(sql, touched), touched };
    },
    { isolation: 'repeatable read', readOnly: true },
  );
}

async function readTouched(sql: SqlExecutor, since: number, position: number): Promise<TouchedRow[] | null> {
  if (position < since) return null;
  // Rollbacks leave gaps, so only finding `since` itself (or its successor) proves that nothing between was purged.
  const [kept] = await sql.query('select 1 from config_changes where revision <= $1 + 1 limit 1', [since]);
  if (kept === undefined) return null;
  const changes = await sql.query<ChangeRow>(
    'select organization_id, kind, entity_id from config_changes where revision > $1 order by revision limit $2',
    [since, mostChanges + 1],
  );
  if (changes.length > mostChanges) return null;
  const touched = new Map<string, TouchedRow>();
  for (const { organization_id: organizationId, kind: table, entity_id: id } of changes) {
    if (isCatalogTable(table)) touched.set(`${table} ${organizationId} ${id}`, { organizationId, table, id });
  }
  return [...touched.values()];
}

async function readEverything(sql: SqlExecutor): Promise<TableRows[]> {
  const tables: TableRows[] = [];
  for (const table of catalogTables) tables.push({ table, rows: await sql.query(tableQueries[table]) });
  return tables;
}

async function readRows(sql: SqlExecutor, touched: readonly TouchedRow[]): Promise<TableRows[]> {
  const tables: TableRows[] = [];
  for (const table of new Set(touched.map((row) => row.table))) {
    const ids = touched.filter((row) => row.table === table).map(({ id }) => id);
    tables.push({ table, rows: await sql.query(`${tableQueries[table]} and id = any($1::uuid[])`, [ids]) });
  }
  return tables;
}
