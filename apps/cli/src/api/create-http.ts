import { createAddressGuard, createGuardedFetch, type GuardedFetch } from '#outbound';

const connectTimeoutMs = 5_000;

/**
 * A `fetch` that reaches one host and no private one besides: the address was typed by the person at the terminal, so it
 * is meant, also when it is local.
 * @param timeoutMs for one whole exchange
 */
export function createHttp(url: string, timeoutMs: number): GuardedFetch {
  const guard = createAddressGuard([new URL(url).host]);
  return createGuardedFetch({ guard, timeoutMs, connectTimeoutMs, connections: 4 });
}
