import type { RateLimit } from '#contracts';
import type { BucketStore } from './bucket-store.js';
import { KeyLease } from './key-lease.js';
import type { LimitVerdict, RateLimits } from './rate-limits.js';

/** How often leases are looked through. */
export const beatMs = 100;
/** A key that was not used for this long gives its leases back. */
const idleMs = 300;
/** Leases that end within this time are given back, so that they are not lost. */
const soonMs = 150;
/** The most keys in one exchange. */
const batchSize = 100;
/** How many old keys are looked at to make room for a new one. */
const evictionTries = 8;
/** Keys that were used within this time make room last. */
const recentMs = 1000;
const firstRetryMs = 100;
const slowestRetryMs = 2000;
/** What a refused caller is told while nobody knows the bucket. */
const storeDownRetryMs = 1000;

/** How limits are kept in this process. */
export interface LeaseOptions {
  readonly store: BucketStore;
  /** Milliseconds of a clock that never goes back. */
  readonly clock: () => number;
  /** While the store does not answer: each process applies the limit by itself, or refuses. */
  readonly onStoreDown: 'allow' | 'deny';
  /** Keys kept in memory; beyond, the least recently used give way. */
  readonly maxKeys: number;
  /** Hears when the store stops answering (with the reason) and when it answers again. */
  readonly onStore?: (available: boolean, error?: unknown) => void;
  /** Runs work a little later, together with whatever else comes in. Default: `setImmediate`. */
  readonly defer?: (work: () => void) => void;
}

/** Leases tokens ahead of need; at most one exchange with the store is under way at a time. Somebody calls `beat`. */
export class LeasedRateLimits implements RateLimits {
  readonly #keys = new Map<string, KeyLease>();
  /** Keys that hold or owe something. */
  readonly #active = new Set<KeyLease>();
  readonly #queue = new Set<KeyLease>();
  readonly #clock: () => number;
  readonly #defer: (work: () => void) => void;
  #exchange: Promise<void> | null = null;
  #pumping = false;
  #away = false;
  #retryAt = 0;
  #retryMs = firstRetryMs;
  #closing = false;

  constructor(private readonly options: LeaseOptions) {
    this.#clock = options.clock;
    this.#defer = options.defer ?? ((work) => void setImmediate(work));
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#keys.size;
  }

  take(key: string, organizationId: string, limit: RateLimit, cost: number): LimitVerdict | Promise<LimitVerdict> {
    const now = this.#clock();
    const lease = this.#keys.get(key) ?? this.#admit(key, organizationId, limit, now);
    if (lease.limit !== limit) lease.setLimit(limit);
    if (!lease.spend(cost, now)) return this.#takeWithoutLease(lease, cost, now);
    if (lease.left < lease.watermark && !lease.queued && !lease.flying) this.#askAhead(lease);
    return true;
  }

  /** Looks through all leases: gives back what is not used, asks ahead for what is. To be called every {@link beatMs}. */
  beat(): void {
    const now = this.#clock();
    for (const lease of this.#active) {
      if (lease.flying) continue;
      if (lease.beat(now, idleMs, soonMs)) this.#enqueue(lease);
      else if (lease.idle && !lease.queued) {
        // Worth remembering only for what the store would not know.
        if (!this.#away && lease.emptyFor(now) === 0) lease.leaving = true;
        this.#settled(lease);
      }
    }
    this.#pump();
  }

  async close(): Promise<void> {
    this.#closing = true;
    await this.#exchange;
    for (const lease of this.#active) {
      lease.release();
      this.#enqueue(lease);
    }
    while (this.#queue.size > 0 && !this.#away) {
      this.#pump();
      await this.#exchange;
    }
    this.#queue.clear();
    await this.options.store.close();
  }

  /** No lease, or not enough of it: the slow way. */
  #takeWithoutLease(lease: KeyLease, cost: number, now: number): LimitVerdict | Promise<LimitVerdict> {
    lease.leaving = false;
    const retryAfterMs = lease.emptyFor(now);
    if (retryAfterMs > 0) return { retryAfterMs, because: 'limit' };
    if (this.#away || this.#closing) {
      if (!this.#closing) this.#askAhead(lease);
      return this.#decideAlone(lease, cost, now);
    }
    return new Promise((settle) => {
      lease.waiting.push({ cost, settle });
      this.#enqueue(lease);
      this.#pumpSoon();
    });
  }

  #decideAlone(lease: KeyLease, cost: number, now: number): LimitVerdict {
    if (this.options.onStoreDown === 'deny') return { retryAfterMs: storeDownRetryMs, because: 'store-down' };
    const retryAfterMs = lease.takeLocally(cost, now);
    return retryAfterMs === 0 ? true : { retryAfterMs, because: 'limit' };
  }

  #askAhead(lease: KeyLease): void {
    lease.wantsAhead = true;
    this.#enqueue(lease);
    this.#pumpSoon();
  }

  #enqueue(lease: KeyLease): void {
    this.#active.add(lease);
    if (lease.flying) return;
    lease.queued = true;
    this.#queue.add(lease);
  }

  #pumpSoon(): void {
    if (this.#pumping || this.#exchange) return;
    this.#pumping = true;
    this.#defer(() => {
      this.#pumping = false;
      this.#pump();
    });
  }

  #pump(): void {
    if (this.#exchange || this.#queue.size === 0) return;
    const now = this.#clock();
    if (this.#away && now < this.#retryAt) return;
    const leases: KeyLease[] = [];
    for (const lease of this.#queue) {
      if (leases.length === batchSize) break;
      this.#queue.delete(lease);
      lease.queued = false;
      lease.flying = true;
      leases.push(lease);
    }
    this.#exchange = this.#exchangeFor(leases, now);
  }

  async #exchangeFor(leases: readonly KeyLease[], askedAt: number): Promise<void> {
    try {
      const answers = await this.options.store.exchange(leases.map((lease) => lease.collect()));
      this.#storeBack();
      const now = this.#clock();
      for (const [index, lease] of leases.entries()) {
        lease.flying = false;
        const answer = answers[index];
        if (answer) lease.apply(answer, askedAt, now);
        // Calls that came while the exchange was under way.
        if (lease.waiting.length > 0) this.#enqueue(lease);
        else if (lease.leaving && lease.idle) this.#settled(lease);
      }
    } catch (error) {
      for (const lease of leases) lease.flying = false;
      this.#storeAway(error);
    }
    this.#exchange = null;
    if (!this.#closing) this.#pump();
  }

  #storeBack(): void {
    if (this.#away) this.options.onStore?.(true);
    this.#away = false;
    this.#retryMs = firstRetryMs;
  }

  #storeAway(error: unknown): void {
    if (!this.#away) this.options.onStore?.(false, error);
    this.#away = true;
    const now = this.#clock();
    this.#retryAt = now + this.#retryMs;
    this.#retryMs = Math.min(slowestRetryMs, this.#retryMs * 2);
    for (const lease of this.#active)
      for (const { cost, settle } of lease.waiting.splice(0)) settle(this.#decideAlone(lease, cost, now));
  }

  #admit(key: string, organizationId: string, limit: RateLimit, now: number): KeyLease {
    if (this.#keys.size >= this.options.maxKeys) this.#makeRoom(now);
    const lease = new KeyLease(key, organizationId, limit);
    this.#keys.set(key, lease);
    return lease;
  }

  /** Forgets the oldest key that nobody uses, or else takes from the oldest what it holds. */
  #makeRoom(now: number): void {
    let tries = 0;
    for (const lease of this.#keys.values()) {
      const recent = now - lease.usedAt < recentMs;
      if (!recent || tries === evictionTries) {
        this.#evict(lease);
        return;
      }
      // A second chance: it goes to the end of the line.
      this.#keys.delete(lease.key);
      this.#keys.set(lease.key, lease);
      tries += 1;
    }
  }

  /** Forgets a key once it has returned what it holds. */
  #evict(lease: KeyLease): void {
    lease.leaving = true;
    lease.release();
    if (lease.idle) {
      this.#settled(lease);
      return;
    }
    // Out of the way of the next one who looks for room.
    this.#keys.delete(lease.key);
    this.#keys.set(lease.key, lease);
    this.#enqueue(lease);
    this.#pumpSoon();
  }

  /** A key that holds and owes nothing needs no care, and no memory if others want it. */
  #settled(lease: KeyLease): void {
    this.#active.delete(lease);
    this.#queue.delete(lease);
    if (lease.leaving) this.#keys.delete(lease.key);
  }
}
