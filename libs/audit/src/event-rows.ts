import type { SqlExecutor } from '#postgres';
import type { ChainedRecord } from './audit-record.js';
import type { ChainHead, ChainName } from './chain.js';

const columns: readonly (readonly [name: string, type: string, field: keyof ChainedRecord])[] = [
  ['id', 'uuid', 'id'],
  ['organization_id', 'uuid', 'organizationId'],
  ['writer', 'text', 'writer'],
  ['epoch', 'uuid', 'epoch'],
  ['sequence', 'bigint', 'sequence'],
  ['occurred_at', 'timestamptz', 'occurredAt'],
  ['action', 'text', 'action'],
  ['outcome', 'text', 'outcome'],
  ['reason', 'text', 'reason'],
  ['actor_kind', 'text', 'actorKind'],
  ['actor_user_id', 'uuid', 'actorUserId'],
  ['actor_token_id', 'uuid', 'actorTokenId'],
  ['subject_type', 'text', 'subjectType'],
  ['subject_id', 'text', 'subjectId'],
  ['request_id', 'text', 'requestId'],
  ['ip', 'text', 'ip'],
  ['duration_ms', 'double precision', 'durationMs'],
  ['details', 'text', 'details'],
  ['body', 'text', 'body'],
  ['body_digest', 'text', 'bodyDigest'],
  ['previous_hash', 'text', 'previousHash'],
  ['hash', 'text', 'hash'],
];

const names = columns.map(([name]) => name).join(', ');
// The rows arrive as the records' own JSON: turning each into column names would cost more than hashing it.
const values = columns
  .map(([, , field]) =>
    field === 'occurredAt' ? `timestamptz 'epoch' + "occurredAt" * interval '1 millisecond'` : `"${field}"`,
  )
  .join(', ');
const shape = columns.map(([, type, field]) => `"${field}" ${field === 'occurredAt' ? 'bigint' : type}`).join(', ');

const insertEvents = `insert into audit_events (${names}) select ${values} from json_to_recordset($1::json) as r(${shape})
on conflict (occurred_at, id) do nothing`;

const moveHeads = `insert into audit_chain_heads (organization_id, writer, epoch, sequence, hash, updated_at)
select organization_id, writer, epoch, sequence, hash, now()
from json_to_recordset($1::json) as r(organization_id uuid, writer text, epoch uuid, sequence bigint, hash text)
order by 1, 2, 3
on conflict (organization_id, writer, epoch) do update
set sequence = excluded.sequence, hash = excluded.hash, updated_at = excluded.updated_at
where audit_chain_heads.sequence < excluded.sequence`;

/**
 * Inserts rows (a JSON array of `ChainedRecord`) and moves their chains' heads forward, inside the caller's transaction.
 * Storing the same records again changes nothing, so a write whose commit was never confirmed is simply repeated.
 */
export async function storeRows(
  sql: SqlExecutor,
  rows: Buffer | string,
  heads: Iterable<ChainHead & ChainName>,
): Promise<void> {
  await sql.query(insertEvents, [rows]);
  await sql.query(moveHeads, [JSON.stringify(Array.from(heads, toHeadRow))]);
}

/** The same for records that are at hand as objects. */
export async function storeRecords(sql: SqlExecutor, records: readonly ChainedRecord[]): Promise<void> {
  const heads = new Map<string, ChainHead & ChainName>();
  for (const record of records) {
    const key = `${record.organizationId} ${record.writer} ${record.epoch}`;
    if ((heads.get(key)?.sequence ?? 0) < record.sequence) heads.set(key, record);
  }
  await storeRows(sql, JSON.stringify(records), heads.values());
}

const toHeadRow = (head: ChainHead & ChainName): Record<string, unknown> => ({
  organization_id: head.organizationId,
  writer: head.writer,
  epoch: head.epoch,
  sequence: head.sequence,
  hash: head.hash,
});

/** A select list that reads a record without losing anything to a driver's type parsers; ends in {@link fromRow}. */
export const recordColumns = columns
  .map(([name, type]) => {
    if (name === 'occurred_at') return '(extract(epoch from occurred_at) * 1000)::bigint::text as occurred_at';
    return type === 'text' ? name : `${name}::text as ${name}`;
  })
  .join(', ');

/** One row of a select of {@link recordColumns}. */
export type RecordRow = Readonly<Record<string, string | null>>;

const numeric = new Set<keyof ChainedRecord>(['sequence', 'occurredAt', 'durationMs']);

/** The record that a row holds, edited or not. */
export function fromRow(row: RecordRow): ChainedRecord {
  const fields = columns.map(([name, , field]) => {
    const value = row[name] ?? null;
    return [field, value !== null && numeric.has(field) ? Number(value) : value] as const;
  });
  // The columns above are exactly the fields of a record; the table's constraints hold their types.
  return Object.fromEntries(fields) as unknown as ChainedRecord;
}
