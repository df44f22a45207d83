import type { IncomingMessage, ServerResponse } from 'node:http';
import { newRequestId } from '#kernel';
import { isSafeCorrelationId } from '#observability';

/** What another process of ours said about a request that it took from a client and handed over (owners/). */
export interface HandedOver {
  /** Address of the client. */
  readonly ip: string | null;
  /** The public URL that the client called. */
  readonly publicUrl: string;
  /** Whether the rate limit of its token was asked there already. */
  readonly isCounted: boolean;
  /** The whole body; nothing is left to read of the request. */
  readonly body: Buffer;
}

/** One HTTP request and where its answer goes. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The correlation id: the client's `X-Request-Id` if it is safe. */
  readonly requestId: string;
  /** The path exactly as it was sent, without the query. */
  readonly path: string;
  /** Address of the client. */
  readonly ip: string | null;
  /** Null for a request that the client sent to this process. One that was handed over is never handed on. */
  readonly handedOver: HandedOver | null;
}

/** Reads what every answer needs; refuses nothing. */
export function openExchange(
  request: IncomingMessage,
  response: ServerResponse,
  handedOver: HandedOver | null = null,
): Exchange {
  const given = request.headers['x-request-id'];
  const url = request.url ?? '';
  const query = url.indexOf('?');
  return {
    request,
    response,
    requestId: isSafeCorrelationId(given) ? given : newRequestId(),
    path: query === -1 ? url : url.slice(0, query),
    ip: handedOver === null ? (request.socket.remoteAddress ?? null) : handedOver.ip,
    handedOver,
  };
}
