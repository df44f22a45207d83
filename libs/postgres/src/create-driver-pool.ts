import { Pool } from 'pg';
import { connectionOptions, type ConnectionSettings } from './connection-options.js';

/** A pool's size beside how to connect. */
export interface PoolSettings extends ConnectionSettings {
  /** The most connections that it opens. */
  readonly max: number;
  /** How long an unused connection stays open, in milliseconds. Default 30000. */
  readonly idleTimeout?: number;
  /** Hears of connections that were lost while nobody used them; the pool replaces them by itself. */
  readonly onConnectionLost?: (error: Error) => void;
}

/** The bare driver pool, for libraries that take one (BullMQ); own code uses `createPool`. */
export function createDriverPool(settings: PoolSettings): Pool {
  const pool = new Pool({
    ...connectionOptions(settings),
    max: settings.max,
    idleTimeoutMillis: settings.idleTimeout ?? 30_000,
  });
  // Without a listener Node ends the process; borrowed clients have their own (steadyClient).
  pool.on('error', (error) => settings.onConnectionLost?.(error));
  return pool;
}
