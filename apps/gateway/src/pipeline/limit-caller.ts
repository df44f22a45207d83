import type { LimitVerdict } from '#counters';
import type { Gateway } from '../gateway.js';
import { CallError } from './call-error.js';
import type { IdentifiedCall, LimitedCall, PostedMessage } from './calls.js';

/** HTTP counts in whole seconds (RFC 9110, Retry-After); the exact time stands in the JSON-RPC error. */
const inSeconds = (ms: number): string => String(Math.max(1, Math.ceil(ms / 1000)));

/**
 * Refuses a message beyond the limit of its token: its own one, else the one of the settings. Requests and notifications
 * cost one each, also within a batch. Answers to requests of ours are owed and cost nothing; so does
 * what another process has counted. Waits for no store, except
 * for the first message after a pause.
 */
export function limitCaller(
  gateway: Gateway,
  call: IdentifiedCall,
  message: PostedMessage,
): LimitedCall | Promise<LimitedCall> {
  const { principal } = call;
  const limit = principal.rateLimit ?? gateway.tokenLimit;
  if (limit === null || message.kind === 'response' || call.posted.handedOver?.isCounted === true)
    return call as LimitedCall;
  const verdict = gateway.limits.take(principal.tokenId, principal.organizationId, limit, 1);
  if (verdict === true) return call as LimitedCall;
  return verdict instanceof Promise
    ? verdict.then((late) => within(gateway, call, late))
    : within(gateway, call, verdict);
}

function within({ metrics }: Gateway, call: IdentifiedCall, verdict: LimitVerdict): LimitedCall {
  if (verdict === true) return call as LimitedCall;
  const { because, retryAfterMs } = verdict;
  metrics.rateLimited(because);
  const told = { headers: { 'retry-after': inSeconds(retryAfterMs) }, details: { retryAfterMs } };
  if (because === 'limit')
    throw new CallError('RATE_LIMITED', 'Too many messages with this token; wait before the next one.', {
      status: 429,
      ...told,
    });
  throw new CallError('LIMITS_UNAVAILABLE', 'The rate limits cannot be checked at the moment; calls are refused.', {
    status: 503,
    ...told,
  });
}
