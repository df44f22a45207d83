/**
 * Leases are counted in epochs of this length, by the clock of the store: a lease of epoch `e` is good until `e + 2`
 * begins. So what a killed process held is free again after one second at most.
 */
export const epochMs = 500;

/** What became of tokens that were leased in one epoch: `done` are no longer out, `unused` of them were not spent. */
export interface Settlement {
  epoch: number;
  done: number;
  unused: number;
}

/** What a process tells of one bucket and wants of it; at most one ask per key in one exchange. */
export interface BucketAsk {
  readonly key: string;
  readonly organizationId: string;
  /** Tokens that flow in per millisecond. */
  readonly rate: number;
  readonly burst: number;
  /** Tokens for calls that wait; given as far as there are any. */
  readonly need: number;
  /** Tokens to hold for calls to come; fewer are given the emptier the bucket is, and never over 1/40 of the burst. */
  readonly ahead: number;
  readonly settled: readonly [Settlement, Settlement];
}

/** What a process got. */
export interface BucketAnswer {
  readonly granted: number;
  readonly epoch: number;
  /** How long from the moment of asking the granted tokens may be spent. */
  readonly validForMs: number;
  /** Until the bucket holds one token; 0 when all that was needed was granted. */
  readonly retryAfterMs: number;
}

/**
 * Keeps the buckets. One exchange, in this order, for each ask:
 * 1. refill: `tokens` grow by the rate, and with the leases that are still out never pass the burst;
 * 2. leases whose time is over are forgotten;
 * 3. settle: spent tokens are gone, unused ones go back, as far as the burst (which may have become smaller) has room;
 * 4. grant: first `need`, then `ahead`.
 */
export interface BucketStore {
  /**
   * Answers in the order of the asks. Rejects when the store does not answer; whether it did its work is then unknown.
   * @param at the time in milliseconds since the epoch; absent: the store's own clock, which all processes share
   */
  exchange(asks: readonly BucketAsk[], at?: number): Promise<readonly BucketAnswer[]>;
  /** Deletes buckets that are full again, where the store does not do so itself. */
  sweep(): Promise<void>;
  close(): Promise<void>;
}

/** What the row of a bucket says after an exchange, as an answer. */
export function answerOf(
  ask: BucketAsk,
  after: { readonly tokens: number; readonly epoch: number; readonly granted: number; readonly updatedMs: number },
): BucketAnswer {
  const { epoch, granted, tokens, updatedMs } = after;
  return {
    granted,
    epoch,
    validForMs: (epoch + 2) * epochMs - updatedMs,
    retryAfterMs: granted >= ask.need ? 0 : Math.max(1, Math.ceil((1 - tokens) / ask.rate)),
  };
}
