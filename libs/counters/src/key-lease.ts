import type { RateLimit } from '#contracts';
import type { BucketAnswer, BucketAsk, Settlement } from './bucket-store.js';
import type { LimitVerdict } from './rate-limits.js';

/** Fewest tokens to ask for ahead; the store gives fewer where a bucket is small. */
const leastAhead = 8;
/** The clocks of two machines need not run at the very same speed. */
const safetyMs = 20;
/** A bucket that was empty is asked again after this time at the latest: other processes may have returned something. */
const longestHoldMs = 250;

/** A call that waits for a lease. */
export interface Waiter {
  readonly cost: number;
  readonly settle: (verdict: LimitVerdict) => void;
}

/** Tokens leased in one epoch. */
interface Slot {
  epoch: number;
  left: number;
  spent: number;
  unused: number;
  /** Of the process's clock. */
  deadline: number;
}

const emptySlot = (): Slot => ({ epoch: 0, left: 0, spent: 0, unused: 0, deadline: 0 });

const reset = (slot: Slot, epoch: number): void => {
  slot.epoch = epoch;
  slot.left = slot.spent = slot.unused = slot.deadline = 0;
};

const settlementOf = (slot: Slot): Settlement => {
  const settlement = { epoch: slot.epoch, done: slot.spent + slot.unused, unused: slot.unused };
  slot.spent = slot.unused = 0;
  return settlement;
};

/** What one process holds of one bucket. Times are milliseconds of the process's clock. */
export class KeyLease {
  readonly waiting: Waiter[] = [];
  /** In the queue for the next exchange. */
  queued = false;
  /** In the exchange under way. */
  flying = false;
  wantsAhead = false;
  /** Others need its room: forgotten as soon as nothing is held. */
  leaving = false;
  usedAt = 0;
  /** Below this many tokens more are asked for. */
  watermark = 0;
  #newer = emptySlot();
  #older = emptySlot();
  #used = 0;
  #usedBefore = 0;
  #heldUntil = 0;
  #refilledAt = 0;
  #localTokens = 0;
  #localAt = -Infinity;

  constructor(
    readonly key: string,
    readonly organizationId: string,
    public limit: RateLimit,
  ) {}

  /** Tokens in hand, good or not. */
  get left(): number {
    return this.#older.left + this.#newer.left;
  }

  /** Tokens per millisecond. */
  get rate(): number {
    return Math.max(1, this.limit.perMinute) / 60_000;
  }

  /** Whether nothing is held, told or waited for: such a key can be forgotten. */
  get idle(): boolean {
    if (this.flying || this.waiting.length > 0) return false;
    const [a, b] = [this.#older, this.#newer];
    return a.left + a.spent + a.unused + b.left + b.spent + b.unused === 0;
  }

  /** Spends tokens in hand, oldest first; false when there are too few. */
  spend(cost: number, now: number): boolean {
    const older = this.#older;
    const slot = older.left >= cost && now < older.deadline ? older : this.#newer;
    if (slot.left < cost || now >= slot.deadline) return false;
    slot.left -= cost;
    slot.spent += cost;
    this.#used += cost;
    this.usedAt = now;
    return true;
  }

  /** A changed limit makes a new guess of what the bucket holds. */
  setLimit(limit: RateLimit): void {
    this.limit = limit;
    this.#heldUntil = 0;
  }

  /** Milliseconds until the bucket is worth another question, told as the time to its next token; 0: ask. */
  emptyFor(now: number): number {
    return now < this.#heldUntil ? Math.max(1, Math.ceil(this.#refilledAt - now)) : 0;
  }

  /** Decides without the store, by a bucket of this process. */
  takeLocally(cost: number, now: number): number {
    const { rate } = this;
    const { burst } = this.limit;
    this.#localTokens = Math.min(burst, this.#localTokens + (now - this.#localAt) * rate);
    this.#localAt = now;
    this.usedAt = now;
    if (this.#localTokens < cost) return Math.max(1, Math.ceil((cost - this.#localTokens) / rate));
    this.#localTokens -= cost;
    return 0;
  }

  /**
   * Gives up what is not going to be spent: leases that end within `soonMs`, and all of them when the key was not used
   * for `idleMs`. True when there is something to tell the store.
   */
  beat(now: number, idleMs: number, soonMs: number): boolean {
    const hot = now - this.usedAt < idleMs;
    let lasting = 0;
    let open = 0;
    for (const slot of [this.#older, this.#newer]) {
      if (now >= slot.deadline) reset(slot, slot.epoch);
      if (!hot || slot.deadline - now < soonMs) this.#giveUp(slot);
      else if (slot.deadline - now >= 2 * soonMs) lasting += slot.left;
      open += slot.spent + slot.unused;
    }
    this.wantsAhead = hot && lasting <= this.watermark / 2 && this.emptyFor(now) === 0;
    this.#usedBefore = this.#used;
    this.#used = 0;
    return open > 0 || this.wantsAhead;
  }

  /** Gives up everything in hand. */
  release(): void {
    this.#giveUp(this.#older);
    this.#giveUp(this.#newer);
  }

  /** What to tell and ask the store now. What is told is told once: if it gets lost, the store's epochs end it. */
  collect(): BucketAsk {
    let need = 0;
    for (const { cost } of this.waiting) need += cost;
    const ahead = need > 0 || this.wantsAhead ? Math.max(leastAhead, 2 * Math.max(this.#used, this.#usedBefore)) : 0;
    this.wantsAhead = false;
    return {
      key: this.key,
      organizationId: this.organizationId,
      rate: this.rate,
      burst: this.limit.burst,
      need,
      ahead,
      settled: [settlementOf(this.#older), settlementOf(this.#newer)],
    };
  }

  /** Takes over what an exchange brought, and lets waiting calls go as far as it reaches. */
  apply(answer: BucketAnswer, askedAt: number, now: number): void {
    const { epoch, granted, retryAfterMs, validForMs } = answer;
    if (granted > 0) {
      if (this.#newer.epoch !== epoch) {
        [this.#older, this.#newer] = [this.#newer, this.#older];
        reset(this.#newer, epoch);
      }
      this.#newer.left += granted;
      this.#newer.deadline = Math.max(this.#newer.deadline, askedAt + validForMs - safetyMs);
    }
    while (this.waiting[0] && this.spend(this.waiting[0].cost, now)) this.waiting.shift()?.settle(true);
    this.watermark = Math.ceil(this.left / 2);
    if (retryAfterMs === 0) return;
    this.#refilledAt = now + retryAfterMs;
    this.#heldUntil = now + Math.min(retryAfterMs, longestHoldMs);
    for (const { settle } of this.waiting.splice(0)) settle({ retryAfterMs, because: 'limit' });
  }

  #giveUp(slot: Slot): void {
    slot.unused += slot.left;
    slot.left = 0;
  }
}
