import type { Gateway } from '../gateway.js';
import type { Exchange } from '../http/exchange.js';
import { CallError } from './call-error.js';
import type { ReceivedCall } from './calls.js';
import { tokenHashOf } from './credential-of.js';
import { received } from './http-call.js';
import { methodsOf, type McpRoute } from './mcp-route.js';

const jsonType = /^application\/json\s*(;|$)/i;

/** Refuses methods that a path does not have, and posts of anything but uncompressed JSON. */
function checkMethod({ path, request }: Exchange, route: McpRoute): void {
  const { headers } = request;
  // What nearly every request is.
  if (
    request.method === 'POST' &&
    route.transport === 'http' &&
    headers['content-type'] === 'application/json' &&
    headers['content-encoding'] === undefined
  )
    return;
  const methods = methodsOf(path, route);
  if (!methods.includes(request.method ?? ''))
    throw new CallError('MALFORMED_REQUEST', `This path has the methods ${methods.join(', ')} only.`, {
      status: 405,
      headers: { allow: [...methods, 'OPTIONS'].join(', ') },
    });
  if (request.method !== 'POST') return;
  const encoding = headers['content-encoding'];
  if (!jsonType.test(headers['content-type'] ?? '') || (encoding !== undefined && encoding !== 'identity'))
    throw new CallError('MALFORMED_REQUEST', 'Send the message as application/json, uncompressed.', { status: 415 });
}

/**
 * Takes a request to an MCP route as far as its headers go: a POST of messages, a GET of a session's stream, or a DELETE
 * of a session. What a POST accepts is asked only when there is something to stream.
 */
export function receive({ clock }: Gateway, exchange: Exchange, route: McpRoute): ReceivedCall {
  checkMethod(exchange, route);
  return received(exchange, route, clock.now(), tokenHashOf(exchange.request));
}
