import { DomainError } from '#kernel';
import { upstreamFailureAnswer } from '#mcp';
import type { Gateway } from '../gateway.js';
import { CallError } from '../pipeline/call-error.js';
import type { Answer, UpstreamCall } from '../pipeline/calls.js';

const isUpstreamFailure = (error: unknown): error is DomainError =>
  error instanceof DomainError && error.code.startsWith('UPSTREAM_');

/** No fault of the upstream: the caller has to wait for somebody else to end. */
const busy = ({ code, details, message }: DomainError) =>
  new CallError(code, message, {
    status: 429,
    headers: { 'retry-after': '1' },
    details: { ...details, retryAfterMs: 1000 },
  });

/** A failing upstream is told in-band (HTTP 200, −31002; docs/errors.md); every other error is thrown on. */
export function upstreamFailed(gateway: Gateway, call: UpstreamCall, error: unknown): Answer {
  if (!isUpstreamFailure(error)) throw error;
  if (error.code === 'UPSTREAM_TOO_MANY_PROCESSES') throw busy(error);
  const { slug } = call.target.upstream;
  gateway.metrics.upstreamRequest({ upstream: slug, outcome: error.code });
  const body = upstreamFailureAnswer(call.message.received.message.id, slug, error.code);
  gateway.logger.warn({ err: error, requestId: call.posted.requestId, upstream: slug }, 'an upstream failed');
  return { status: 200, body, outcome: 'FAILED', reason: error.code };
}
