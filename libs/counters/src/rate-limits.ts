import type { RateLimit } from '#contracts';

/** Why a call may not go on now. */
export interface LimitRefusal {
  /** Whole milliseconds, at least 1. */
  readonly retryAfterMs: number;
  /** `store-down`: nobody knows, and the settings say to refuse then. */
  readonly because: 'limit' | 'store-down';
}

/** `true`: go on. */
export type LimitVerdict = true | LimitRefusal;

/** Limits that hold for all processes on one store together. */
export interface RateLimits {
  /**
   * Takes `cost` tokens of the bucket `key`. Answers at once while this process holds a lease, and when it knows that
   * the bucket is empty; a promise only for a key without a lease, settled within the timeout of the store.
   */
  take(key: string, organizationId: string, limit: RateLimit, cost: number): LimitVerdict | Promise<LimitVerdict>;
  /** Returns every lease and lets go of the store; later calls are decided by this process alone. */
  close(): Promise<void>;
}
