import type { Keyring } from '#crypto';
import type { SqlExecutor } from '#postgres';
import type { AuditProblem } from './audit-problem.js';
import type { ChainedRecord } from './audit-record.js';
import { chainKey, type ChainHead, type ChainName } from './chain.js';
import { collectCheckpoints, type CollectedCheckpoints } from './collect-checkpoints.js';
import { fromRow, recordColumns, type RecordRow } from './event-rows.js';
import { ChainWalk } from './walk-chain.js';

/** What verification found. */
export interface AuditVerification {
  readonly valid: boolean;
  readonly checkedEvents: number;
  /** The first thousand findings. */
  readonly problems: readonly AuditProblem[];
}

/** How to go through the log. */
export interface VerifyAuditOptions {
  readonly signal?: AbortSignal;
  /** Records read at a time. Default 1000. */
  readonly pageSize?: number;
}

const mostProblems = 1000;

/**
 * Checks every chain of an organization against its records, its head and the signed checkpoints; see
 * {@link AuditProblem} for what it finds. Records that left with a dropped partition are excused if, and only if, a
 * checkpoint with our signature names their range: nothing else makes up for a missing record. Writers may go on
 * meanwhile. What it cannot see: records that were cut off the end together with the head's row and every checkpoint
 * that named them; an export or a copied checkpoint kept elsewhere shows those.
 */
export async function verifyAudit(
  sql: SqlExecutor,
  keyring: Keyring,
  organizationId: string,
  options: VerifyAuditOptions = {},
): Promise<AuditVerification> {
  for (;;) {
    const run = new Verification(sql, keyring, organizationId, options);
    const { verification, purges } = await run.run();
    // A partition that was dropped while we read leaves gaps that only the checkpoint written then can explain.
    if (verification.valid || (await countPurges(sql, organizationId)) === purges) return verification;
  }
}

async function countPurges(sql: SqlExecutor, organizationId: string): Promise<number> {
  const [row] = await sql.query<{ count: number }>(
    'select count(*)::int as count from audit_checkpoints where organization_id = $1 and purged_before is not null',
    [organizationId],
  );
  return row?.count ?? 0;
}

class Verification {
  readonly #problems: AuditProblem[] = [];
  #problemCount = 0;
  readonly #report = (problem: AuditProblem): void => {
    this.#problemCount += 1;
    if (this.#problems.length < mostProblems) this.#problems.push(problem);
  };

  constructor(
    private readonly sql: SqlExecutor,
    private readonly keyring: Keyring,
    private readonly organizationId: string,
    private readonly options: VerifyAuditOptions,
  ) {}

  async run(): Promise<{ verification: AuditVerification; purges: number }> {
    const { sql, organizationId } = this;
    const paging = { pageSize: this.options.pageSize ?? 1000, signal: this.options.signal };
    // In this order nothing that a writer adds meanwhile looks like damage: claims first, records next, heads again.
    const purges = await countPurges(sql, organizationId);
    const checkpoints = await collectCheckpoints(sql, this.keyring, organizationId, paging, this.#report);
    const heads = await this.#heads();
    const { walks, checkedEvents } = await this.#walkRecords(heads, checkpoints, paging);
    this.#compareHeads(walks, await this.#heads());
    return {
      verification: { valid: this.#problemCount === 0, checkedEvents, problems: this.#problems },
      purges,
    };
  }

  async #walkRecords(
    heads: ReadonlyMap<string, Head>,
    checkpoints: CollectedCheckpoints,
    paging: { readonly pageSize: number; readonly signal: AbortSignal | undefined },
  ): Promise<{ walks: Map<string, Walk>; checkedEvents: number }> {
    const walks = new Map<string, Walk>();
    const open = (chain: Chain): Walk => {
      const key = chainKey(chain);
      const claims = {
        head: heads.get(key) ?? null,
        checkpoint: checkpoints.heads.get(key) ?? null,
        purged: checkpoints.purged.get(key) ?? [],
      };
      const walk = { chain, along: new ChainWalk(chain, claims, this.keyring, this.#report) };
      walks.set(key, walk);
      return walk;
    };
    let checkedEvents = 0;
    let current: Walk | undefined;
    for await (const record of this.#records(paging)) {
      checkedEvents += 1;
      if (!current || chainKey(current.chain) !== chainKey(record)) {
        current?.along.finish();
        current = open({ writer: record.writer, epoch: record.epoch });
      }
      current.along.visit(record);
    }
    current?.along.finish();
    for (const key of new Set([...heads.keys(), ...checkpoints.heads.keys(), ...checkpoints.purged.keys()])) {
      if (walks.has(key)) continue;
      const [epoch = '', ...writer] = key.split(' ');
      open({ writer: writer.join(' '), epoch }).along.finish();
    }
    return { walks, checkedEvents };
  }

  /** Once all records are read, each head must name the last of its chain, or a later one. */
  #compareHeads(walks: ReadonlyMap<string, Walk>, heads: ReadonlyMap<string, Head>): void {
    for (const [key, { chain, along }] of walks) {
      const head = heads.get(key);
      const { sequence, hash } = along.end;
      if (!head) {
        this.#report({
          kind: 'MISSING_HEAD',
          ...chain,
          sequence,
          message: 'The row of the head of the chain is gone.',
        });
      } else if (head.sequence < sequence) {
        const message = `The head names record ${head.sequence}, and the chain goes on to ${sequence}.`;
        this.#report({ kind: 'HEAD_MISMATCH', ...chain, sequence: head.sequence, message });
      } else if (head.sequence === sequence && hash !== null && head.hash !== hash && !along.headDiffered) {
        const message = `The head names another hash for record ${sequence}.`;
        this.#report({ kind: 'HEAD_MISMATCH', ...chain, sequence, message });
      }
    }
  }

  async #heads(): Promise<Map<string, Head>> {
    const rows = await this.sql.query<Chain & { sequence: string; hash: string }>(
      `select writer, epoch::text as epoch, sequence::text as sequence, hash from audit_chain_heads where organization_id = $1`,
      [this.organizationId],
    );
    return new Map(rows.map((row) => [chainKey(row), { ...row, sequence: Number(row.sequence) }]));
  }

  async *#records({
    pageSize,
    signal,
  }: {
    pageSize: number;
    signal: AbortSignal | undefined;
  }): AsyncGenerator<ChainedRecord> {
    let after: ChainedRecord | undefined;
    for (;;) {
      signal?.throwIfAborted();
      const rows: RecordRow[] = await this.sql.query<RecordRow>(
        `select ${recordColumns} from audit_events e
         where organization_id = $1 ${after ? 'and (writer, epoch, sequence, id) > ($3, $4::uuid, $5::bigint, $6::uuid)' : ''}
         order by e.writer, e.epoch, e.sequence, e.id limit $2`,
        [this.organizationId, pageSize, ...(after ? [after.writer, after.epoch, after.sequence, after.id] : [])],
      );
      const page = rows.map(fromRow);
      yield* page;
      after = page.at(-1);
      if (!after || page.length < pageSize) return;
    }
  }
}

type Chain = Omit<ChainName, 'organizationId'>;
type Head = Chain & ChainHead;

interface Walk {
  readonly chain: Chain;
  readonly along: ChainWalk;
}
