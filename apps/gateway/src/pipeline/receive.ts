import { parseBearer } from '#authn';
import { hashToken } from '#crypto';
import type { Gateway } from '../gateway.js';
import type { Exchange } from '../http/exchange.js';
import { sentOnce } from '../http/sent-once.js';
import { CallError } from './call-error.js';
import type { ReceivedCall } from './calls.js';
import type { McpRoute } from './mcp-route.js';

const jsonType = /^application\/json\s*(;|$)/i;

/**
 * Takes a request to an MCP route as far as its headers go: a POST (no other method has a meaning without sessions and
 * server streams) of uncompressed JSON. What the client accepts is not asked: every answer is JSON.
 */
export function receive({ clock }: Gateway, exchange: Exchange, route: McpRoute): ReceivedCall {
  const { request } = exchange;
  if (request.method !== 'POST')
    throw new CallError('MALFORMED_REQUEST', 'MCP messages are sent with POST.', {
      status: 405,
      headers: { allow: 'POST, OPTIONS' },
    });
  const encoding = request.headers['content-encoding'];
  if (!jsonType.test(request.headers['content-type'] ?? '') || (encoding !== undefined && encoding !== 'identity'))
    throw new CallError('MALFORMED_REQUEST', 'Send the message as application/json, uncompressed.', { status: 415 });
  // Two credentials are no credential.
  const token = parseBearer(sentOnce(request, 'authorization') ?? undefined);
  return {
    ...exchange,
    route,
    ip: request.socket.remoteAddress ?? null,
    occurredAt: clock.now(),
    startedAt: performance.now(),
    tokenHash: token === null ? null : hashToken(token),
    hasCredential: request.headers.authorization !== undefined,
  };
}
