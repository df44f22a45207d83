import type { IncomingMessage, ServerResponse } from 'node:http';
import { newRequestId } from '#kernel';
import { isSafeCorrelationId } from '#observability';

/** One HTTP request and where its answer goes. */
export interface Exchange {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  /** The correlation id: the client's `X-Request-Id` if it is safe. */
  readonly requestId: string;
  /** The path exactly as it was sent, without the query. */
  readonly path: string;
}

/** Reads what every answer needs; refuses nothing. */
export function openExchange(request: IncomingMessage, response: ServerResponse): Exchange {
  const given = request.headers['x-request-id'];
  const url = request.url ?? '';
  const query = url.indexOf('?');
  return {
    request,
    response,
    requestId: isSafeCorrelationId(given) ? given : newRequestId(),
    path: query === -1 ? url : url.slice(0, query),
  };
}
