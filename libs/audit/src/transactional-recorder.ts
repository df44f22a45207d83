import type { AuditEventDraft } from '#contracts';
import type { Keyring } from '#crypto';
import { newRequestId } from '#kernel';
import type { SqlExecutor } from '#postgres';
import { toAuditRecord, type ChainedRecord } from './audit-record.js';
import { emptyChain, link, type ChainHead } from './chain.js';
import { storeRecords } from './event-rows.js';

/** Who writes, and with which keys. */
export interface TransactionalRecorderOptions {
  readonly keyring: Keyring;
  /** The name of the chain's writer, for example `control-plane`. */
  readonly writer: string;
}

/**
 * Appends audit events inside the transaction of the change that they tell of: both are committed, or neither is.
 * The row of the chain's head is locked from the append to the end of that transaction, so a rollback leaves no gap.
 * Every recorder has chains of its own, so processes never wait for each other.
 */
export class TransactionalRecorder {
  readonly #epoch = newRequestId();

  constructor(private readonly options: TransactionalRecorderOptions) {}

  /** Appends in the given order; `sql` is one open transaction. Not to be called twice at once in one transaction. */
  async append(sql: SqlExecutor, events: readonly AuditEventDraft[]): Promise<void> {
    const records = events.map(toAuditRecord);
    // In a fixed order, so that two transactions over the same organizations cannot lock each other out.
    const organizations = [...new Set(records.map(({ organizationId }) => organizationId))].sort();
    for (const organizationId of organizations) {
      let head = await this.#lockHead(sql, organizationId);
      const chained: ChainedRecord[] = [];
      for (const record of records) {
        if (record.organizationId !== organizationId) continue;
        const next = link(this.options.keyring, { writer: this.options.writer, epoch: this.#epoch }, head, record);
        chained.push(next);
        head = next;
      }
      await storeRecords(sql, chained);
    }
  }

  async #lockHead(sql: SqlExecutor, organizationId: string): Promise<ChainHead> {
    const chain = [organizationId, this.options.writer, this.#epoch];
    const lock = () =>
      sql.query<{ sequence: string; hash: string }>(
        `select sequence::text as sequence, hash from audit_chain_heads
         where organization_id = $1 and writer = $2 and epoch = $3 for update`,
        chain,
      );
    let [head] = await lock();
    if (!head) {
      // Whoever inserts second waits for the first to commit, then finds its row.
      await sql.query(
        `insert into audit_chain_heads (organization_id, writer, epoch, sequence, hash)
         values ($1, $2, $3, $4, $5) on conflict do nothing`,
        [...chain, emptyChain.sequence, emptyChain.hash],
      );
      [head] = await lock();
    }
    if (!head) throw new Error('The head of the audit chain cannot be read back.');
    return { sequence: Number(head.sequence), hash: head.hash };
  }
}
