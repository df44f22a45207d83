import type { Principal } from '#snapshot';
import type { Gateway } from '../gateway.js';
import type { Exchange } from '../http/exchange.js';
import { isFor, openSessionId } from '../sessions/session-id.js';
import type { Session } from '../sessions/session.js';
import { CallError } from './call-error.js';
import type { McpRoute } from './mcp-route.js';

/** The request was answered by the process that keeps its session. */
export const elsewhere = Symbol('elsewhere');

/** Who asks for a session, and where. */
export interface SessionSeeker extends Exchange {
  readonly route: McpRoute;
  readonly principal: Principal;
  readonly tokenHash: string;
}

const unknownSession = () =>
  new CallError('NOT_FOUND', 'This session does not exist (any more). Send initialize again to begin a new one.', {
    status: 404,
  });

/**
 * The id of the session that a request belongs to; null where it names none. HTTP+SSE (2024-11-05) has it in the query.
 * It never says who calls: that is the credential's.
 */
export function sessionIdOf({ request }: Exchange, { transport }: McpRoute): string | null {
  if (transport === 'http') {
    const id = request.headers['mcp-session-id'];
    return typeof id === 'string' ? id : null;
  }
  const url = request.url ?? '';
  const query = url.indexOf('?');
  return query === -1 ? null : new URLSearchParams(url.slice(query)).get('sessionId');
}

/**
 * The session of an id. NOT_FOUND (404) is the one answer for what does not exist, has ended, or belongs to another token
 * or endpoint. A request for a session of another process is handed over to that one.
 * @param body what was read of the request; null where nothing was
 */
export function findSession(
  gateway: Gateway,
  seeker: SessionSeeker,
  id: string,
  body: Buffer | null,
): Session | Promise<typeof elsewhere> {
  const { owners, keyring, sessions } = gateway;
  const { principal, route, tokenHash } = seeker;
  const session = sessions.find(id, tokenHash, route);
  if (session !== null) return session;
  const claim = openSessionId(keyring, id);
  if (claim === null || claim.ownerId === owners.selfId || !isFor(claim, principal.tokenId, route))
    throw unknownSession();
  if (seeker.handedOver !== null) throw unknownSession();
  return owners.forward(seeker, claim.ownerId, body).then((answered) => {
    if (!answered) throw unknownSession();
    return elsewhere;
  });
}
