import { buildConnector, Pool } from 'undici';
import { portOf, type AddressGuard } from './create-address-guard.js';

/** Limits of the connections to one origin. */
export interface PoolLimits {
  /** Milliseconds to connect, name resolution and TLS included. */
  readonly connectTimeoutMs: number;
  /** Connections to one origin; null: as many as there are requests. */
  readonly connections: number | null;
}

/**
 * One undici pool to one origin behind the guard. HTTP/1.1 only: one request per connection at a time is what pairs an
 * answer with its request. Header and body timeouts are off, because every request carries its own limits.
 */
export function guardedPool(origin: string, guard: AddressGuard, limits: PoolLimits): Pool {
  const url = new URL(origin);
  guard.assertUrl(url);
  const dial = buildConnector({
    allowH2: false,
    timeout: limits.connectTimeoutMs,
    lookup: guard.lookupFor(portOf(url)),
  });
  return new Pool(url.origin, {
    allowH2: false,
    connections: limits.connections,
    pipelining: 1,
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: dial,
  });
}
