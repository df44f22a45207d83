import { checkpointSigningKey, type Keyring } from '#crypto';
import type { SqlExecutor } from '#postgres';
import type { AuditProblem, AuditProblemKind } from './audit-problem.js';
import { chainKey, type ChainHead } from './chain.js';
import { readCheckpoint, type PurgedRange } from './checkpoint.js';

/** What all checkpoints of an organization say together, by chain. */
export interface CollectedCheckpoints {
  readonly heads: ReadonlyMap<string, ChainHead>;
  readonly purged: ReadonlyMap<string, readonly PurgedRange[]>;
  /** How many of them announced a purge. */
  readonly purges: number;
}

interface Row {
  readonly id: string;
  readonly createdAt: string;
  readonly heads: string;
  readonly purgedBefore: string | null;
  readonly keyId: string;
  readonly signature: string;
}

/** Reads and checks every checkpoint of an organization, a page at a time. */
export async function collectCheckpoints(
  sql: SqlExecutor,
  keyring: Keyring,
  organizationId: string,
  paging: { readonly pageSize: number; readonly signal?: AbortSignal | undefined },
  report: (problem: AuditProblem) => void,
): Promise<CollectedCheckpoints> {
  const key = checkpointSigningKey(keyring).publicKey;
  const heads = new Map<string, ChainHead>();
  const purged = new Map<string, PurgedRange[]>();
  let purges = 0;
  let previous: string | null = null;
  for await (const row of checkpointRows(sql, organizationId, paging)) {
    const at = new Date(Number(row.createdAt)).toISOString();
    const problem = (kind: AuditProblemKind, message: string) =>
      report({ kind, writer: null, epoch: null, sequence: null, message });
    const claims = readCheckpoint(key, {
      ...row,
      organizationId,
      createdAt: Number(row.createdAt),
      purgedBefore: row.purgedBefore === null ? null : Number(row.purgedBefore),
    });
    if (!claims) {
      problem('CHECKPOINT_FORGED', `The checkpoint of ${at} does not carry a signature of this instance.`);
    } else {
      if (claims.previous !== previous) {
        problem('CHECKPOINT_MISSING', `The checkpoint of ${at} does not follow the one before it.`);
      }
      for (const head of claims.heads) {
        const known = heads.get(chainKey(head));
        if (!known || known.sequence < head.sequence) heads.set(chainKey(head), head);
      }
      for (const range of claims.purged) {
        purged.set(chainKey(range), [...(purged.get(chainKey(range)) ?? []), range]);
      }
      if (row.purgedBefore !== null) purges += 1;
    }
    previous = row.signature;
  }
  for (const ranges of purged.values()) ranges.sort((left, right) => left.first - right.first);
  return { heads, purged, purges };
}

async function* checkpointRows(
  sql: SqlExecutor,
  organizationId: string,
  { pageSize, signal }: { readonly pageSize: number; readonly signal?: AbortSignal | undefined },
): AsyncGenerator<Row> {
  let after: { readonly createdAt: string; readonly id: string } | undefined;
  for (;;) {
    signal?.throwIfAborted();
    const rows: Row[] = await sql.query<Row>(
      `select id::text as id, (extract(epoch from created_at) * 1000)::bigint::text as "createdAt", heads,
         (extract(epoch from purged_before) * 1000)::bigint::text as "purgedBefore", key_id as "keyId", signature
       from audit_checkpoints
       where organization_id = $1 and ($2::timestamptz is null or (created_at, id) > ($2::timestamptz, $3::uuid))
       order by created_at, audit_checkpoints.id limit $4`,
      [organizationId, after ? new Date(Number(after.createdAt)).toISOString() : null, after?.id ?? null, pageSize],
    );
    yield* rows;
    after = rows.at(-1);
    if (!after || rows.length < pageSize) return;
  }
}
