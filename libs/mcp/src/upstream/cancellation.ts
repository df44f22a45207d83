import { DomainError, type CancelSignal, type ErrorCode } from '#kernel';
import type { JsonRpcId } from '../envelope/messages.js';

/** Failures that are a decision of ours: the upstream may still be at work. */
const decisions = new Set<ErrorCode>(['UPSTREAM_TIMEOUT', 'UPSTREAM_TOO_LARGE']);

/** Whether a call failed because we gave it up, so that the upstream should be told. */
export const isOurs = (error: unknown, { signal }: { readonly signal?: CancelSignal | undefined }): boolean =>
  signal?.aborted === true || (error instanceof DomainError && decisions.has(error.code));

/** `notifications/cancelled` for a request of ours. The reason names no address and no person. */
export const cancelledNotification = (requestId: JsonRpcId, error: unknown): string =>
  JSON.stringify({
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: {
      requestId,
      reason: error instanceof DomainError && error.code === 'UPSTREAM_TIMEOUT' ? 'timed out' : 'cancelled',
    },
  });
