import type { Keyring } from '#crypto';
import type { AuditProblem, AuditProblemKind } from './audit-problem.js';
import type { ChainedRecord } from './audit-record.js';
import { GENESIS, isAuthentic, type ChainHead } from './chain.js';
import type { PurgedRange } from './checkpoint.js';

/** What others say about a chain. */
export interface ChainClaims {
  /** The head's row, as it was before the records were read. */
  readonly head: ChainHead | null;
  /** The furthest point that a checkpoint names. */
  readonly checkpoint: ChainHead | null;
  /** What left with dropped partitions, in order. */
  readonly purged: readonly PurgedRange[];
}

/** Walks along one chain, record by record in the order of their sequence, and reports what does not fit. */
export class ChainWalk {
  #expected = 1;
  /** Hash of the record before; null where a gap hides it. */
  #previousHash: string | null = GENESIS;
  #records = 0;
  #headDiffered = false;

  constructor(
    private readonly chain: { readonly writer: string; readonly epoch: string },
    private readonly claims: ChainClaims,
    private readonly keyring: Keyring,
    private readonly report: (problem: AuditProblem) => void,
  ) {}

  /** The last place that is accounted for, by a record or by a purge, and its hash where it is known. */
  get end(): { readonly sequence: number; readonly hash: string | null } {
    return { sequence: this.#expected - 1, hash: this.#previousHash };
  }

  /** True once a wrong hash in the head's row was reported. */
  get headDiffered(): boolean {
    return this.#headDiffered;
  }

  /** The next record of the chain. */
  visit(record: ChainedRecord): void {
    this.#records += 1;
    if (!isAuthentic(this.keyring, record)) {
      this.#problem('EDITED', record.sequence, `Record ${record.sequence} is not what was written.`);
    }
    if (record.sequence < this.#expected) {
      this.#problem('DUPLICATE', record.sequence, `There is more than one record ${record.sequence}.`);
      return;
    }
    this.#skipTo(record.sequence);
    if (this.#previousHash !== null && record.previousHash !== this.#previousHash) {
      this.#problem('BROKEN_LINK', record.sequence, `Record ${record.sequence} does not follow the one before it.`);
    }
    this.#pass(record.sequence, record.hash);
  }

  /** Says that there are no more records. */
  finish(): void {
    this.#skipPurged(Infinity);
    const { head, checkpoint } = this.claims;
    const claimed = Math.max(head?.sequence ?? 0, checkpoint?.sequence ?? 0);
    const { sequence: last } = this.end;
    if (claimed <= last) return;
    const source = claimed === head?.sequence ? 'its head' : 'a checkpoint';
    if (this.#records === 0) {
      this.#problem('MISSING_CHAIN', claimed, `The chain is gone; ${source} names record ${claimed}.`);
    } else {
      this.#problem('TRUNCATED', claimed, `The chain ends at record ${last}; ${source} names record ${claimed}.`);
    }
  }

  /** Accounts for the places before `sequence`: purged, or missing. */
  #skipTo(sequence: number): void {
    this.#skipPurged(sequence);
    while (this.#expected < sequence) {
      const first = this.#expected;
      const next = this.claims.purged.find((range) => range.first > first);
      this.#expected = Math.min(next?.first ?? sequence, sequence);
      this.#previousHash = null;
      const last = this.#expected - 1;
      const message = first === last ? `Record ${first} is missing.` : `Records ${first} to ${last} are missing.`;
      this.#problem('MISSING_RECORDS', first, message);
      this.#skipPurged(sequence);
    }
  }

  #skipPurged(before: number): void {
    const covering = () =>
      this.claims.purged.find(({ first, last }) => first <= this.#expected && last >= this.#expected);
    for (let range = covering(); range && this.#expected < before; range = covering()) {
      if (range.first === this.#expected && this.#previousHash !== null && range.previousHash !== this.#previousHash) {
        this.#problem(
          'BROKEN_LINK',
          range.first,
          `The purged records from ${range.first} do not follow the one before them.`,
        );
      }
      if (range.last >= before) {
        // A record came late, after its neighbours had been purged.
        this.#expected = before;
        this.#previousHash = null;
      } else {
        this.#pass(range.last, range.hash);
      }
    }
  }

  #pass(sequence: number, hash: string): void {
    this.#expected = sequence + 1;
    this.#previousHash = hash;
    const { head, checkpoint } = this.claims;
    if (head?.sequence === sequence && head.hash !== hash) {
      this.#headDiffered = true;
      this.#problem('HEAD_MISMATCH', sequence, `The head names another hash for record ${sequence}.`);
    }
    if (checkpoint?.sequence === sequence && checkpoint.hash !== hash) {
      this.#problem('CHECKPOINT_MISMATCH', sequence, `A checkpoint names another hash for record ${sequence}.`);
    }
  }

  #problem(kind: AuditProblemKind, sequence: number, message: string): void {
    this.report({ kind, writer: this.chain.writer, epoch: this.chain.epoch, sequence, message });
  }
}
