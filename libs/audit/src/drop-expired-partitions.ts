import type { Keyring } from '#crypto';
import type { DatabasePool, SqlExecutor } from '#postgres';
import type { ChainName } from './chain.js';
import type { PurgedRange } from './checkpoint.js';
import { addCheckpoint, lockCheckpoints } from './write-checkpoints.js';

interface Edge extends ChainName {
  readonly sequence: string;
  readonly previousHash: string;
  readonly hash: string;
  readonly starts: boolean;
  readonly ends: boolean;
}

/**
 * Drops the monthly partitions of `audit_events` that ended before `olderThan` (milliseconds since the epoch). In the
 * same transaction each organization in it gets a signed checkpoint that names exactly the records that leave, so that
 * `verifyAudit` excuses these and no others.
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
      await lockCheckpoints(sql);
      for (const [organizationId, ranges] of await purgedRanges(sql, Number(endsAt))) {
        await addCheckpoint(sql, keyring, organizationId, { before: Number(endsAt), ranges });
      }
      await sql.query('select gatehouse_drop_audit_partition($1)', [name]);
    });
  }
  return expired.map(({ partition_name: name }) => name);
}

/** Which records of which chains the month before `endsAt` holds, by organization. */
async function purgedRanges(sql: SqlExecutor, endsAt: number): Promise<Map<string, PurgedRange[]>> {
  const edges = await sql.query<Edge>(
    `select organization_id::text as "organizationId", writer, epoch::text as epoch, sequence::text as sequence,
       previous_hash as "previousHash", hash, starts, ends
     from (
       select organization_id, writer, epoch, sequence, previous_hash, hash,
         lag(sequence) over chain is distinct from sequence - 1 as starts,
         lead(sequence) over chain is distinct from sequence + 1 as ends
       from audit_events
       where occurred_at < $1::timestamptz
         and occurred_at >= ($1::timestamptz at time zone 'UTC' - interval '1 month') at time zone 'UTC'
       window chain as (partition by organization_id, writer, epoch order by sequence)
     ) r
     where starts or ends order by organization_id, writer, epoch, r.sequence`,
    [new Date(endsAt).toISOString()],
  );
  const ranges = new Map<string, PurgedRange[]>();
  let first: Edge | undefined;
  for (const edge of edges) {
    if (edge.starts) first = edge;
    if (!edge.ends || !first) continue;
    const range = {
      writer: edge.writer,
      epoch: edge.epoch,
      first: Number(first.sequence),
      last: Number(edge.sequence),
      previousHash: first.previousHash,
      hash: edge.hash,
    };
    ranges.set(edge.organizationId, [...(ranges.get(edge.organizationId) ?? []), range]);
  }
  return ranges;
}
