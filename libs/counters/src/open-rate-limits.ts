import { createPool, SYSTEM_ROLE, type ConnectionSettings } from '#postgres';
import type { BucketStore } from './bucket-store.js';
import { beatMs, LeasedRateLimits } from './leased-rate-limits.js';
import { postgresBuckets } from './postgres-buckets.js';
import type { RateLimits } from './rate-limits.js';
import { redisBuckets, type RedisSettings } from './redis-buckets.js';

const sweepEveryMs = 60_000;
/** One for the exchange under way, one for the sweep. */
const poolMax = 2;

/** Where the buckets of all processes lie. */
export type LimitStoreSettings =
  | { readonly kind: 'postgres'; readonly connection: ConnectionSettings }
  | ({ readonly kind: 'redis' } & Omit<RedisSettings, 'connectTimeoutMs'>);

/** How limits are kept. Times are in milliseconds. */
export interface RateLimitsOptions {
  readonly store: LimitStoreSettings;
  /** The longest that a call waits for the store. */
  readonly storeTimeout: number;
  /** While the store does not answer: each process applies every limit by itself, or refuses. */
  readonly onStoreDown: 'allow' | 'deny';
  /** Keys kept in memory; beyond, the least recently used give way. */
  readonly maxKeys: number;
  /** Hears when the store stops answering (with the reason) and when it answers again. */
  readonly onStore?: (available: boolean, error?: unknown) => void;
}

/** Opens limits over a store; one that does not answer yet is no reason not to start. */
export async function openRateLimits(options: RateLimitsOptions): Promise<RateLimits> {
  const store = bounded(await openStore(options), options.storeTimeout);
  const sweep = (): Promise<void> => store.sweep().catch(() => undefined);
  // The first caller does not wait for a connection to be dialled.
  await sweep();
  const { maxKeys, onStore, onStoreDown } = options;
  const limits = new LeasedRateLimits({ store, clock: () => performance.now(), maxKeys, onStore, onStoreDown });
  const timers = [
    setInterval(() => limits.beat(), beatMs),
    // What a failed sweep leaves, the next one takes.
    setInterval(() => void sweep(), sweepEveryMs),
  ];
  for (const timer of timers) timer.unref();
  return {
    take: (key, organizationId, limit, cost) => limits.take(key, organizationId, limit, cost),
    close: () => {
      for (const timer of timers) clearInterval(timer);
      return limits.close();
    },
  };
}

async function openStore({ store, storeTimeout }: RateLimitsOptions): Promise<BucketStore> {
  if (store.kind === 'postgres')
    return postgresBuckets(createPool({ ...store.connection, role: SYSTEM_ROLE, max: poolMax, idleTimeout: 0 }));
  return redisBuckets({ ...store, connectTimeoutMs: Math.max(storeTimeout, 1000) });
}

/** A store that fails when it takes too long. What it grants after that is lost until the leases end. */
const bounded = (store: BucketStore, timeoutMs: number): BucketStore => ({
  ...store,
  exchange: (asks) => {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_, reject) => {
      timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    });
    return Promise.race([store.exchange(asks), late]).finally(() => clearTimeout(timer));
  },
});
