import type { Gateway } from '../gateway.js';
import { send } from '../http/send.js';
import { CallCancelled } from '../pipeline/call-error.js';
import { elsewhere } from '../pipeline/find-session.js';
import { namedSession, refuseModern, type SessionRequest } from './session-request.js';

/** A DELETE: the client needs its session no more. Requests that it still has under way get no answer. */
export async function endSession(gateway: Gateway, request: SessionRequest): Promise<void> {
  refuseModern(request);
  const session = await namedSession(gateway, request);
  if (session === elsewhere) return;
  gateway.sessions.end(session, new CallCancelled('The client ended its session.'));
  send(gateway, request, { status: 204, body: null });
}
