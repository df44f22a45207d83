import { Agent, fetch as undiciFetch } from 'undici';
import { DomainError } from '#kernel';
import { classifyNetworkError } from './classify-network-error.js';
import type { AddressGuard } from './create-address-guard.js';
import { guardedPool, type PoolLimits } from './guarded-pool.js';

/** Settings of {@link createGuardedFetch}. */
export interface GuardedFetchOptions extends PoolLimits {
  readonly guard: AddressGuard;
  /** Milliseconds for one whole exchange. */
  readonly timeoutMs: number;
}

/** A `fetch` with its connections. */
export interface GuardedFetch {
  readonly fetch: typeof globalThis.fetch;
  readonly close: () => Promise<void>;
}

/**
 * A `fetch` to hand to libraries that dial by themselves. Same guard as the pools; a redirect is an error, because its
 * target was never approved. Failures reject with the DomainErrors of {@link classifyNetworkError}.
 */
export function createGuardedFetch(options: GuardedFetchOptions): GuardedFetch {
  const agent = new Agent({ factory: (origin) => guardedPool(String(origin), options.guard, options) });
  const guarded = async (input: Parameters<typeof undiciFetch>[0], init: Parameters<typeof undiciFetch>[1] = {}) => {
    const url = new URL(typeof input === 'object' && 'url' in input ? input.url : input);
    options.guard.assertUrl(url);
    const deadline = AbortSignal.timeout(options.timeoutMs);
    const signal = init.signal ? AbortSignal.any([init.signal, deadline]) : deadline;
    const redirect = init.redirect === 'manual' ? 'manual' : 'error';
    try {
      return await undiciFetch(input, { ...init, signal, redirect, dispatcher: agent });
    } catch (error) {
      if (init.signal?.aborted) throw error;
      if (deadline.aborted)
        throw new DomainError('UPSTREAM_TIMEOUT', `${url.origin} did not answer within ${options.timeoutMs} ms.`, {
          cause: error,
        });
      if (error instanceof Error && error.cause instanceof Error && error.cause.message.includes('redirect'))
        throw new DomainError(
          'UPSTREAM_REDIRECT',
          `${url.origin} answered with a redirect, which is not followed. Use the final address.`,
          { cause: error },
        );
      throw classifyNetworkError(error, url);
    }
  };
  return { fetch: guarded as unknown as typeof globalThis.fetch, close: () => agent.close() };
}
