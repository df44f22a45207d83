import { legacyVersionOf } from '#mcp';
import type { CatalogSnapshot } from '#snapshot';
import type { Gateway } from '../gateway.js';
import { CallError } from '../pipeline/call-error.js';
import { elsewhere, findSession, sessionIdOf, type SessionSeeker } from '../pipeline/find-session.js';
import type { Session } from './session.js';

/** A GET or DELETE of somebody who may call. */
export interface SessionRequest extends SessionSeeker {
  readonly snapshot: CatalogSnapshot;
}

const versionOf = ({ request }: SessionRequest): string | null => {
  const version = request.headers['mcp-protocol-version'];
  return typeof version === 'string' ? version.trim() : null;
};

/** Modern revisions have neither streams of sessions nor sessions to end (2026-07-28, Transports). */
export function refuseModern(request: SessionRequest): void {
  const version = versionOf(request);
  // Revisions are dates, so text order is time order.
  if (version !== null && /^\d{4}-\d\d-\d\d$/.test(version) && version >= '2026-07-28')
    throw new CallError('MALFORMED_REQUEST', 'Revisions from 2026-07-28 on know only POST.', {
      status: 405,
      headers: { allow: 'POST, OPTIONS' },
    });
}

/** The session that a GET or DELETE names; `elsewhere` when another process has answered. */
export async function namedSession(gateway: Gateway, request: SessionRequest): Promise<Session | typeof elsewhere> {
  const id = sessionIdOf(request, request.route);
  if (id === null)
    throw new CallError('MALFORMED_REQUEST', 'Send the session in the header Mcp-Session-Id.', { status: 400 });
  const session = await findSession(gateway, request, id, null);
  const version = versionOf(request);
  // Any known revision will do; what the session has agreed on decides.
  if (version !== null) legacyVersionOf(version);
  return session;
}
