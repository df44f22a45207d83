import { DomainError } from '#kernel';
import { assertModernVersion, checkModernHeaders } from '#mcp';
import type { ClientSession } from '../sessions/client-session.js';
import { conforming } from './message-call.js';
import type { ConformingCall, PostedMessage, RoutedCall } from './calls.js';

/** The only revision with batches (2025-03-26, Messages). */
const batchVersion = '2025-03-26';

/**
 * The revision of a session's message: what `initialize` agreed on. The header may name any known one: clients are out
 * there that repeat the oldest in every request, and what was agreed decides anyway.
 */
function sessionVersion(session: ClientSession, message: PostedMessage): string {
  const { inBatch, method, version } = message;
  if (method === 'initialize' && version !== null) return version;
  const { protocolVersion } = session;
  if (inBatch && protocolVersion !== batchVersion)
    throw new DomainError('MALFORMED_REQUEST', `Only revision ${batchVersion} has batches; send each message alone.`);
  return protocolVersion;
}

/**
 * Refuses a message of a revision that is not spoken here (−32022), or whose headers do not say what its body says, or
 * are not all there (−32020; 2026-07-28, Standard Request Headers, Server Validation).
 */
export function checkProtocol(call: RoutedCall): ConformingCall {
  const { kind, era, method, version, problem, received, inBatch } = call.message;
  if (problem !== null || version === null)
    throw problem ?? new DomainError('MALFORMED_REQUEST', 'The message names no revision.');
  if (era === 'MODERN') {
    if (call.posted.route.transport === 'sse')
      throw new DomainError('MALFORMED_REQUEST', 'Revision 2026-07-28 is not spoken over HTTP+SSE; use the path /mcp.');
    assertModernVersion(version);
    // Which headers a notification must have is "not defined by this revision" (2026-07-28, Sending Messages), and SDK
    // clients send theirs without Mcp-Method. Those that it has must agree with it: classifyInbound has seen to that.
    if (kind === 'request') checkModernHeaders(received.headers, received.message);
  }
  if (inBatch && method === 'initialize')
    throw new DomainError('MALFORMED_REQUEST', 'initialize must not be part of a batch.');
  const { session } = call;
  return conforming(call, session === null ? version : sessionVersion(session, call.message));
}
