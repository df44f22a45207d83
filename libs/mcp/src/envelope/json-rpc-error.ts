import { errorCodes, type DomainError, type ErrorCode } from '#kernel';
import type { JsonRpcId } from './messages.js';
import type { SharedText } from './shared-text.js';

/** A JSON-RPC error answer as text; `id` null where the request's id could not be read. */
export const jsonRpcError = (id: JsonRpcId | null, code: number, message: string, data?: unknown): string =>
  JSON.stringify({ jsonrpc: '2.0', id, error: data === undefined ? { code, message } : { code, message, data } });

const resultHead = (id: JsonRpcId): string => `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":`;

/** A JSON-RPC result answer as text around a result that is already text. */
export const jsonRpcResult = (id: JsonRpcId, result: string): string => `${resultHead(id)}${result}}`;

/** The same around a result of which most is kept as bytes. */
export const sharedResult = (id: JsonRpcId, result: SharedText): SharedText => result.within(resultHead(id), '}');

/** The answer for a DomainError of ours: its JSON-RPC code, its text, its details as `data`. */
export const domainErrorAnswer = (id: JsonRpcId | null, error: DomainError): string =>
  jsonRpcError(
    id,
    error.answer.jsonRpc,
    error.message,
    Object.keys(error.details).length === 0 ? undefined : error.details,
  );

/** Failures that may be gone a moment later. */
const passing = new Set<ErrorCode>([
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_REFUSED',
  'UPSTREAM_TIMEOUT',
  'UPSTREAM_SERVER_ERROR',
]);
const RETRY_AFTER_MS = 1000;

/**
 * The answer for an upstream that failed: −31002 with `{ reason, upstream, retryAfterMs }` (docs/errors.md).
 * The text is the registry's, not the error's: addresses of upstreams are for administrators.
 */
export const upstreamFailureAnswer = (id: JsonRpcId, upstream: string, code: ErrorCode): string =>
  jsonRpcError(id, -31002, `Upstream "${upstream}": ${errorCodes[code].meaning}`, {
    reason: code,
    upstream,
    ...(passing.has(code) ? { retryAfterMs: RETRY_AFTER_MS } : {}),
  });
