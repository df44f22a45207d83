import type { LimitVerdict } from '#counters';
import type { JsonRpcResponse } from '#mcp';
import type { Principal } from '#snapshot';
import type { Gateway } from '../gateway.js';
import type { Exchange } from '../http/exchange.js';
import { CallError } from './call-error.js';
import type { IdentifiedCall, LimitedCall, PostedMessage } from './calls.js';

/** HTTP counts in whole seconds (RFC 9110, Retry-After); the exact time stands in the JSON-RPC error. */
const inSeconds = (ms: number): string => String(Math.max(1, Math.ceil(ms / 1000)));

/** An answer that is owed, because its session waits for it; any other is a message like every other. */
const isOwed = ({ session }: IdentifiedCall, { kind, received }: PostedMessage): boolean =>
  // The classifier has seen that it is one.
  kind === 'response' && session?.takeOwed((received.message as unknown as JsonRpcResponse).id) === true;

/**
 * Refuses a message beyond the limit of its token: its own one, else the one of the settings. Every message costs one,
 * also within a batch, except for the answer that a session waits for, and what another process has counted. Waits for
 * no store, except for the first message after a pause.
 */
export function limitCaller(
  gateway: Gateway,
  call: IdentifiedCall,
  message: PostedMessage,
): LimitedCall | Promise<LimitedCall> {
  if (call.posted.handedOver?.isCounted === true || isOwed(call, message)) return call as LimitedCall;
  const taken = takeOne(gateway, call.principal);
  return taken instanceof Promise ? taken.then(() => call as LimitedCall) : (call as LimitedCall);
}

/** Refuses a GET or DELETE beyond the limit of its token. It is counted where it comes in, before it is handed over. */
export function limitRequest(
  gateway: Gateway,
  { handedOver }: Pick<Exchange, 'handedOver'>,
  principal: Principal,
): void | Promise<void> {
  if (handedOver === null) return takeOne(gateway, principal);
}

function takeOne(gateway: Gateway, principal: Principal): void | Promise<void> {
  const limit = principal.rateLimit ?? gateway.tokenLimit;
  if (limit === null) return;
  const verdict = gateway.limits.take(principal.tokenId, principal.organizationId, limit, 1);
  if (verdict === true) return;
  if (verdict instanceof Promise) return verdict.then((late) => within(gateway, late));
  within(gateway, verdict);
}

function within({ metrics }: Gateway, verdict: LimitVerdict): void {
  if (verdict === true) return;
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
