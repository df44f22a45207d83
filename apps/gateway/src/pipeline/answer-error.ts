import type { AuditOutcome } from '#contracts';
import { DomainError, type ErrorCode } from '#kernel';
import { domainErrorAnswer, type JsonRpcId } from '#mcp';
import type { Gateway } from '../gateway.js';
import type { Exchange } from '../http/exchange.js';
import { CallError, ClientGone, CredentialError } from './call-error.js';
import type { Answer } from './calls.js';
import type { McpRoute } from './mcp-route.js';

/** Answers in which a rule said no; every other error is a call that went wrong. */
const denials = new Set<ErrorCode>(['UNAUTHENTICATED', 'FORBIDDEN', 'NOT_FOUND', 'HEADER_MISMATCH', 'RATE_LIMITED']);

const outcomeOf = (code: ErrorCode): AuditOutcome => (denials.has(code) ? 'DENIED' : 'FAILED');

/**
 * The challenge of a refused credential (RFC 6750 §3, RFC 9728 §5.1). It names the metadata of the very resource that
 * was asked for, and is the same whether that exists or not.
 */
function challengeOf({ urls }: Gateway, exchange: Exchange, route: McpRoute, error: CredentialError): string {
  const origin = exchange.handedOver?.publicUrl ?? urls.byHost(exchange.request.headers.host) ?? urls.all[0] ?? '';
  const metadata = `${origin}/.well-known/oauth-protected-resource${route.path}`;
  const parts = [`resource_metadata="${metadata}"`, 'scope="mcp"'];
  if (error.problem === 'insufficient-scope') parts.push('error="insufficient_scope"');
  else if (error.problem !== 'no-credential') parts.push('error="invalid_token"');
  return `Bearer ${parts.join(', ')}`;
}

/** Faults of ours are told by their correlation id only. */
function tellable(gateway: Gateway, { requestId }: Exchange, error: unknown): DomainError {
  if (error instanceof DomainError && error.answer.http !== 500) return error;
  gateway.logger.error({ err: error, requestId }, 'a call failed in an unforeseen way');
  const code = error instanceof DomainError ? error.code : 'INTERNAL';
  return new CallError(code, `Internal error. Report it with the correlation id ${requestId}.`, { status: 500 });
}

/** What an error is answered with, over HTTP and as JSON-RPC. */
export function answerError(
  gateway: Gateway,
  exchange: Exchange,
  route: McpRoute,
  id: JsonRpcId | null,
  thrown: unknown,
): Answer {
  if (thrown instanceof ClientGone)
    return { status: 499, body: null, outcome: 'FAILED', reason: null, details: { cancelled: true } };
  const error = tellable(gateway, exchange, thrown);
  const answer = {
    body: domainErrorAnswer(id, error),
    outcome: outcomeOf(error.code),
    reason: error.code,
  };
  if (error instanceof CredentialError) {
    const headers = { 'www-authenticate': challengeOf(gateway, exchange, route, error) };
    return { ...answer, status: error.answer.http, headers };
  }
  if (error instanceof CallError) return { ...answer, status: error.status, headers: error.headers };
  return { ...answer, status: error.answer.http };
}
