import { newId } from '#kernel';
import type { SqlExecutor } from '#postgres';
import type { CatalogTable } from './catalog-lists.js';
import type { ListDiff, StoredObject } from './diff-list.js';
import type { CatalogRow } from './to-catalog-row.js';

/** The objects of one list that are stored for an upstream. */
export const readList = (sql: SqlExecutor, { table, key }: CatalogTable, upstreamId: string): Promise<StoredObject[]> =>
  sql.query<StoredObject>(
    `select id, ${key} as key, fingerprint, required_client_capabilities as requires from ${table} where upstream_id = $1`,
    [upstreamId],
  );

/** Whose list is written, and when. */
export interface ListOwner {
  readonly organizationId: string;
  readonly upstreamId: string;
  readonly now: Date;
}

/** Writes a diff; rows that did not change are not touched, so no gateway hears of them. */
export async function writeList(
  sql: SqlExecutor,
  catalogTable: CatalogTable,
  { organizationId, upstreamId, now }: ListOwner,
  diff: ListDiff,
): Promise<void> {
  const { table } = catalogTable;
  const columns = columnsOf(catalogTable);
  const names = columns.map(({ name }) => name);
  const record = `json_to_recordset($1::json) as r(id uuid, ${columns.map(({ name, type }) => `${name} ${type}`).join(', ')})`;
  if (diff.removed.length > 0)
    await sql.query(`delete from ${table} where upstream_id = $1 and id = any($2::uuid[])`, [upstreamId, diff.removed]);
  for (const batch of batches(diff.changed)) {
    await sql.query(
      `update ${table} t set ${names.map((name) => `${name} = r.${name}`).join(', ')}, updated_at = $3
       from ${record} where t.id = r.id and t.upstream_id = $2`,
      [toJson(columns, batch, ({ id }) => id), upstreamId, now],
    );
  }
  for (const batch of batches(diff.added)) {
    await sql.query(
      `insert into ${table} (id, organization_id, upstream_id, ${names.join(', ')}, created_at, updated_at)
       select r.id, $2, $3, ${names.map((name) => `r.${name}`).join(', ')}, $4, $4 from ${record}`,
      [toJson(columns, batch, newId), organizationId, upstreamId, now],
    );
  }
}

interface Column {
  readonly name: string;
  readonly type: string;
  readonly of: (row: CatalogRow) => string | null;
}

const text = (name: string, of: Column['of']): Column => ({ name, type: 'text', of });

function columnsOf({ key, more }: CatalogTable): Column[] {
  const extra = { name: text('name', (row) => row.name), mime_type: text('mime_type', (row) => row.mimeType) };
  return [
    text(key, (row) => row.key),
    ...more.map((name) => extra[name]),
    text('title', (row) => row.title),
    text('description', (row) => row.description),
    text('definition', (row) => row.definition),
    text('fingerprint', (row) => row.fingerprint),
    text('required_client_capabilities', (row) => row.requires),
  ];
}

const toJson = <T extends CatalogRow>(
  columns: readonly Column[],
  rows: readonly T[],
  idOf: (row: T) => string,
): string =>
  JSON.stringify(
    rows.map((row) => Object.fromEntries([['id', idOf(row)], ...columns.map(({ name, of }) => [name, of(row)])])),
  );

const batchRows = 500;
const batchCharacters = 4 * 1024 * 1024;

/** Bounds what one statement carries: definitions may be large. */
function* batches<T extends CatalogRow>(rows: readonly T[]): Generator<T[]> {
  let batch: T[] = [];
  let size = 0;
  for (const row of rows) {
    if (batch.length > 0 && (batch.length >= batchRows || size + row.definition.length > batchCharacters)) {
      yield batch;
      batch = [];
      size = 0;
    }
    batch.push(row);
    size += row.definition.length;
  }
  if (batch.length > 0) yield batch;
}
