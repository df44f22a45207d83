import type { Pool } from 'undici';
import type { AddressGuard } from './create-address-guard.js';
import { guardedPool, type PoolLimits } from './guarded-pool.js';

/** The connections to one origin, as {@link forward} takes them. */
export interface UpstreamPool {
  readonly origin: string;
  readonly dispatcher: Pool;
}

/** Settings of {@link createUpstreamPools}. */
export interface UpstreamPoolsOptions extends PoolLimits {
  readonly guard: AddressGuard;
  /** A pool that nobody asked for during this many milliseconds is closed; default five minutes. */
  readonly idleMs?: number;
}

/** All connections of this process to upstreams. */
export interface UpstreamPools {
  /**
   * The pool of an origin, made at its first use; ask again for every request. Pools with different keys share nothing,
   * so the load of one never takes the connections of another: a key names an origin and the limits that go with it.
   * Refuses a blocked literal address.
   */
  for(origin: string, key?: string, limits?: Partial<PoolLimits>): UpstreamPool;
  /** How many pools there are. */
  readonly size: number;
  /** Closes the pools that were not asked for lately and have nothing in flight. */
  closeIdle(): void;
  /** Lets requests in flight end, then closes every connection. */
  close(): Promise<void>;
}

interface Entry extends UpstreamPool {
  lastUsed: number;
}

/** Opens the pools of this process; `close()` it at shutdown. */
export function createUpstreamPools(options: UpstreamPoolsOptions): UpstreamPools {
  const idleMs = options.idleMs ?? 300_000;
  const pools = new Map<string, Entry>();

  const closeIdle = () => {
    const limit = Date.now() - idleMs;
    for (const [key, { lastUsed, dispatcher }] of pools) {
      if (lastUsed > limit || dispatcher.stats.running + dispatcher.stats.pending + dispatcher.stats.queued > 0)
        continue;
      pools.delete(key);
      void dispatcher.close();
    }
  };
  const timer = setInterval(closeIdle, Math.max(1000, idleMs / 2));
  timer.unref();

  return {
    for(origin, key = origin, limits = {}) {
      let entry = pools.get(key);
      if (entry === undefined) {
        const { connectTimeoutMs = options.connectTimeoutMs, connections = options.connections } = limits;
        const dispatcher = guardedPool(origin, options.guard, { connectTimeoutMs, connections });
        entry = { origin, dispatcher, lastUsed: 0 };
        pools.set(key, entry);
      }
      entry.lastUsed = Date.now();
      return entry;
    },
    get size() {
      return pools.size;
    },
    closeIdle,
    async close() {
      clearInterval(timer);
      const all = [...pools.values()];
      pools.clear();
      await Promise.all(all.map(({ dispatcher }) => dispatcher.close()));
    },
  };
}
