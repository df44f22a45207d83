import { domainErrorAnswer } from '#mcp';
import { DomainError, notFound } from '#kernel';
import type { Gateway } from '../gateway.js';
import { answerHealth, isHealthPath } from '../health/answer-health.js';
import { CallError } from '../pipeline/call-error.js';
import { mcpRouteOf, methodsOf } from '../pipeline/mcp-route.js';
import { serveCall } from '../pipeline/serve-call.js';
import { answerWellKnown } from '../well-known/answer-well-known.js';
import { answerPreflight } from './answer-preflight.js';
import type { Exchange } from './exchange.js';
import { send } from './send.js';

/** Everything that is no MCP call: preflights, health, well-known documents, and 404 for the rest. */
function answerPlainly(gateway: Gateway, exchange: Exchange): void {
  const { path, request } = exchange;
  const route = mcpRouteOf(path, gateway.config.mcp.httpSse);
  if (request.method === 'OPTIONS' && (route !== null || path.startsWith('/.well-known/'))) {
    answerPreflight(gateway, exchange, route === null ? 'GET, HEAD' : methodsOf(path, route).join(', '));
    return;
  }
  if (isHealthPath(path)) {
    answerHealth(gateway, exchange);
    return;
  }
  if (!answerWellKnown(gateway, exchange)) throw notFound('Page');
}

/** Answers one HTTP request, whatever it is. A promise, which never rejects, where the answer takes time. */
export function handleRequest(gateway: Gateway, exchange: Exchange): Promise<void> | null {
  const route = exchange.request.method === 'OPTIONS' ? null : mcpRouteOf(exchange.path, gateway.config.mcp.httpSse);
  if (route !== null) return serveCall(gateway, exchange, route);
  try {
    answerPlainly(gateway, exchange);
  } catch (thrown) {
    if (!(thrown instanceof DomainError))
      gateway.logger.error({ err: thrown, requestId: exchange.requestId }, 'a fault');
    const error = thrown instanceof DomainError ? thrown : new DomainError('INTERNAL', 'Internal error.');
    const status = error instanceof CallError ? error.status : error.answer.http;
    send(gateway, exchange, { status, body: domainErrorAnswer(null, error) });
  }
  return null;
}
