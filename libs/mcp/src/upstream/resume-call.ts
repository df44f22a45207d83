import { DomainError, type CancelSignal } from '#kernel';
import { forward, type ForwardReply, type StreamPosition } from '#outbound';
import type { HttpCall } from './http-call.js';
import { sidePoolOf, upstreamError, type HttpConnection } from './upstream-connection.js';
import type { UpstreamIdentity } from './upstream-identity.js';
import type { LinkRequest } from './upstream-link.js';

/** How long to wait where the upstream has not said (`retry:`). */
export const DEFAULT_RETRY_MS = 1000;
const MAX_FRUITLESS = 5;

/** What a call needs to be asked for again. */
export interface CutOffCall {
  readonly connection: HttpConnection;
  readonly identity: UpstreamIdentity;
  readonly request: LinkRequest;
  readonly call: HttpCall;
  readonly position: StreamPosition;
  /** `performance.now()` when the call began. */
  readonly startedAt: number;
}

/** Whether the upstream said where a stream could go on. */
export const isResumable = (position: StreamPosition): boolean => position.lastEventId !== null;

/** The headers of a GET for a legacy upstream's stream. */
export function streamHeaders(
  connection: HttpConnection,
  { sessionId, protocolVersion }: UpstreamIdentity,
  lastEventId: string | null,
): Record<string, string> {
  const headers: Record<string, string> = { ...connection.headers, accept: 'text/event-stream' };
  if (protocolVersion > '2025-03-26') headers['mcp-protocol-version'] = protocolVersion;
  if (sessionId !== null) headers['mcp-session-id'] = sessionId;
  if (lastEventId !== null) headers['last-event-id'] = lastEventId;
  return headers;
}

/**
 * Goes on with a call whose stream ended before its answer: a GET with the id of the last event, after the time that the
 * upstream asked for, as often as it takes (2025-11-25, SEP-1699). A call that brings nothing new five times is given up.
 */
export async function resumeCall(cut: CutOffCall): Promise<ForwardReply> {
  const { call, connection, identity, position, request } = cut;
  const maxMs = connection.maxRequestMs ?? Infinity;
  for (let fruitless = 0; fruitless < MAX_FRUITLESS; fruitless++) {
    const retryMs = position.retryMs ?? DEFAULT_RETRY_MS;
    const leftMs = cut.startedAt + maxMs - performance.now();
    if (leftMs <= retryMs) throw tooLate(connection, maxMs);
    request.messages?.suspended?.(retryMs);
    await pause(retryMs, request.signal);
    const before = position.lastEventId;
    call.method = 'GET';
    call.body = null;
    call.headers = streamHeaders(connection, identity, before);
    call.maxMs = maxMs === Infinity ? undefined : leftMs - retryMs;
    const reply = await attempt(connection, call);
    if (reply !== null && (call.answer !== null || reply.status >= 400)) return checked(connection, reply, call);
    if (position.lastEventId !== before) fruitless = -1;
  }
  throw upstreamError(
    'UPSTREAM_REFUSED',
    connection,
    'closes the stream of a call before its answer, again and again. Look at its log.',
  );
}

/** A 4xx here says nothing about MCP: the upstream offered to go on and does not. */
function checked(connection: HttpConnection, reply: ForwardReply, call: HttpCall): ForwardReply {
  if (call.answer !== null || reply.status === 404 || reply.status === 401 || reply.status >= 500) return reply;
  throw upstreamError(
    'UPSTREAM_REFUSED',
    connection,
    `broke off the stream of a call and refused to go on with it (status ${reply.status}). Look at its log.`,
    { status: reply.status },
  );
}

async function attempt(connection: HttpConnection, call: HttpCall): Promise<ForwardReply | null> {
  try {
    return await forward(sidePoolOf(connection), call);
  } catch (error) {
    if (error instanceof DomainError && (error.code === 'UPSTREAM_REFUSED' || error.code === 'UPSTREAM_UNREACHABLE'))
      return null;
    throw error;
  }
}

const pause = (ms: number, signal: CancelSignal | undefined): Promise<void> =>
  new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort);
      resolve();
    }, ms);
    if (signal?.aborted === true) onAbort();
    else signal?.addEventListener('abort', onAbort);
  });

const tooLate = (connection: HttpConnection, ms: number) =>
  upstreamError(
    'UPSTREAM_TIMEOUT',
    connection,
    `did not answer within ${ms} ms. Check the upstream, or raise GATEHOUSE_OUTBOUND_MAX_REQUEST.`,
  );
