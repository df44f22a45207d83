import type { Keyring } from '#crypto';
import type { DatabasePool, SqlExecutor } from '#postgres';
import type { ChainedRecord } from './audit-record.js';
import { isAuthentic } from './chain.js';
import type { PurgedRange } from './checkpoint.js';
import { fromRow, recordColumns, type RecordRow } from './event-rows.js';
import { addCheckpoint, lockCheckpoints } from './write-checkpoints.js';

const pageSize = 1000;

/**
 * Drops the monthly partitions of `audit_events` that ended before `olderThan` (milliseconds since the epoch). In the
 * same transaction each organization in it gets a signed checkpoint that names exactly the records of ours that leave, so
 * that `verifyAudit` excuses these and no others.
 * @param pool connections as `gatehouse_system`
 * @returns the names of the dropped partitions
 */
export async function dropExpiredPartitions(
  pool: DatabasePool,
  keyring: Keyring,
  olderThan: number,
): Promise<string[]> {
  const expired = await pool.query<{ partition_name: string; ends_at: string }>(
    `select partition_name, (extract(epoch from ends_at) * 1000)::bigint::text as ends_at
     from gatehouse_expired_audit_partitions($1)`,
    [new Date(olderThan).toISOString()],
  );
  for (const { partition_name: name, ends_at: endsAt } of expired) {
    await pool.transaction(async (sql) => {
      // Dropping waits for readers, and everyone else waits behind it; rather try again at the next run.
      await sql.query(`set local lock_timeout = '5s'`);
      const purged = await purgedRanges(sql, keyring, Number(endsAt));
      await lockCheckpoints(sql);
      for (const [organizationId, ranges] of purged) {
        await addCheckpoint(sql, keyring, organizationId, { before: Number(endsAt), ranges });
      }
      await sql.query('select gatehouse_drop_audit_partition($1)', [name]);
    });
  }
  return expired.map(({ partition_name: name }) => name);
}

/**
 * Which records of which chains the month before `endsAt` holds, by organization. Only those with our own hash count:
 * whoever may add rows could else have any record excused, by adding one with its place in the chain to an old month.
 */
async function purgedRanges(sql: SqlExecutor, keyring: Keyring, endsAt: number): Promise<Map<string, PurgedRange[]>> {
  const ranges = new Map<string, PurgedRange[]>();
  for await (const record of recordsBefore(sql, endsAt)) {
    if (!isAuthentic(keyring, record)) continue;
    const { organizationId, writer, epoch, sequence, previousHash, hash } = record;
    const known = ranges.get(organizationId) ?? [];
    const last = known.at(-1);
    if (last?.writer === writer && last.epoch === epoch && last.last === sequence - 1)
      known[known.length - 1] = { ...last, last: sequence, hash };
    else known.push({ writer, epoch, first: sequence, last: sequence, previousHash, hash });
    ranges.set(organizationId, known);
  }
  return ranges;
}

/** The records of that month, chain by chain, in the order of each. */
async function* recordsBefore(sql: SqlExecutor, endsAt: number): AsyncGenerator<ChainedRecord> {
  let after: ChainedRecord | undefined;
  do {
    const rows: RecordRow[] = await sql.query<RecordRow>(
      `select ${recordColumns} from audit_events e
       where occurred_at < $1::timestamptz
         and occurred_at >= ($1::timestamptz at time zone 'UTC' - interval '1 month') at time zone 'UTC'
         ${after ? 'and (organization_id, writer, epoch, sequence, id) > ($3::uuid, $4, $5::uuid, $6::bigint, $7::uuid)' : ''}
       order by e.organization_id, e.writer, e.epoch, e.sequence, e.id limit $2`,
      [
        new Date(endsAt).toISOString(),
        pageSize,
        ...(after ? [after.organizationId, after.writer, after.epoch, after.sequence, after.id] : []),
      ],
    );
    const page = rows.map(fromRow);
    yield* page;
    after = page.length < pageSize ? undefined : page.at(-1);
  } while (after);
}
