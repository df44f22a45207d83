import type { UpstreamPool } from './create-upstream-pools.js';
import type { ForwardReply, ForwardRequest } from './forward-request.js';
import { HttpExchange } from './http-exchange.js';

/**
 * Sends one request to an upstream and reads its answer: redirects are not followed, time and size are bounded. Every
 * failure is a DomainError of the UPSTREAM_* family, except a cancellation, which rejects with the signal's reason.
 */
export const forward = (pool: UpstreamPool, request: ForwardRequest): Promise<ForwardReply> =>
  new Promise((resolve, reject) => {
    if (request.signal?.aborted) {
      reject(request.signal.reason);
      return;
    }
    const exchange = new HttpExchange(pool.origin, request, resolve, reject);
    try {
      pool.dispatcher.dispatch(
        { path: request.path, method: request.method, headers: request.headers, body: request.body },
        exchange,
      );
    } catch (error) {
      exchange.onResponseError(null, error as Error);
    }
  });
