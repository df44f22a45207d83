import type { Keyring } from '#crypto';
import { newId } from '#kernel';
import type { DatabasePool, SqlExecutor } from '#postgres';
import type { ChainName } from './chain.js';
import { signCheckpoint, type CheckpointClaims, type HeadClaim, type PurgedRange } from './checkpoint.js';

/** A head counts as moved if it did so after the last checkpoint or less than this before it: a transaction's time is that of its start. */
const overlap = `interval '15 minutes'`;

/**
 * Signs the heads of every organization whose chains moved since its last checkpoint.
 * @param pool connections as `gatehouse_system`
 * @returns how many checkpoints were written; an organization at rest gets none
 */
export async function writeCheckpoints(pool: DatabasePool, keyring: Keyring): Promise<number> {
  const moved = await pool.query<{ organization_id: string }>(
    `select h.organization_id::text as organization_id from audit_chain_heads h
     left join lateral (
       select created_at from audit_checkpoints c where c.organization_id = h.organization_id order by created_at desc limit 1
     ) c on true
     where c.created_at is null or h.updated_at > c.created_at - ${overlap}
     group by 1 order by 1`,
  );
  let written = 0;
  for (const { organization_id: organizationId } of moved) {
    const done = await pool.transaction(async (sql) => {
      await lockCheckpoints(sql);
      return addCheckpoint(sql, keyring, organizationId);
    });
    if (done) written += 1;
  }
  return written;
}

/** One writer of checkpoints at a time, till the end of the transaction: each names the one before it. */
export async function lockCheckpoints(sql: SqlExecutor): Promise<void> {
  await sql.query('select pg_advisory_xact_lock(1195463936, 2)');
}

/** What the checkpoint before a partition is dropped says about it. */
export interface Purge {
  readonly before: number;
  readonly ranges: readonly PurgedRange[];
}

/**
 * Adds a checkpoint to an organization's row of them. The caller holds {@link lockCheckpoints}.
 * @returns false if nothing moved and nothing is purged, so that there was nothing to say
 */
export async function addCheckpoint(
  sql: SqlExecutor,
  keyring: Keyring,
  organizationId: string,
  purge: Purge | null = null,
): Promise<boolean> {
  const [previous] = await sql.query<{ heads: string; signature: string; created_at: string }>(
    `select heads, signature, (extract(epoch from created_at) * 1000)::bigint::text as created_at
     from audit_checkpoints where organization_id = $1 order by created_at desc limit 1`,
    [organizationId],
  );
  const heads = await movedHeads(sql, organizationId, previous !== undefined);
  if (!purge && (heads.length === 0 || (previous && sameHeads(previous.heads, heads)))) return false;
  const [clock] = await sql.query<{ now: string }>(
    'select floor(extract(epoch from clock_timestamp()) * 1000)::bigint::text as now',
  );
  const claims: CheckpointClaims = { previous: previous?.signature ?? null, heads, purged: purge?.ranges ?? [] };
  const checkpoint = signCheckpoint(keyring, {
    id: newId(),
    organizationId,
    // Their order is that of their times, also after a step back of the clock.
    createdAt: Math.max(Number(clock?.now), Number(previous?.created_at ?? 0) + 1),
    heads: JSON.stringify(claims),
    purgedBefore: purge?.before ?? null,
  });
  await sql.query(
    `insert into audit_checkpoints (id, organization_id, created_at, heads, purged_before, key_id, signature)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      checkpoint.id,
      organizationId,
      new Date(checkpoint.createdAt).toISOString(),
      checkpoint.heads,
      checkpoint.purgedBefore === null ? null : new Date(checkpoint.purgedBefore).toISOString(),
      checkpoint.keyId,
      checkpoint.signature,
    ],
  );
  return true;
}

async function movedHeads(sql: SqlExecutor, organizationId: string, onlyNew: boolean): Promise<HeadClaim[]> {
  const since = onlyNew
    ? `and updated_at > (select max(created_at) from audit_checkpoints where organization_id = $1) - ${overlap}`
    : '';
  const rows = await sql.query<Omit<ChainName, 'organizationId'> & { sequence: string; hash: string }>(
    `select writer, epoch::text as epoch, sequence::text as sequence, hash from audit_chain_heads
     where organization_id = $1 ${since} order by writer, epoch`,
    [organizationId],
  );
  return rows.map(({ writer, epoch, sequence, hash }) => ({ writer, epoch, sequence: Number(sequence), hash }));
}

/** An unreadable checkpoint differs from everything, so the next one is written behind it. */
function sameHeads(claims: string, heads: readonly HeadClaim[]): boolean {
  try {
    const before = new Set((JSON.parse(claims) as CheckpointClaims).heads.map((head) => JSON.stringify(head)));
    return heads.every((head) => before.has(JSON.stringify(head)));
  } catch {
    return false;
  }
}
