import type { Gateway } from '../gateway.js';
import { EventStream } from '../http/event-stream.js';
import { ClientGone } from '../pipeline/call-error.js';
import { messagesPathOf } from '../pipeline/mcp-route.js';
import { timeSession } from '../telemetry/session-times.js';
import type { SessionRequest } from './session-request.js';

/** What is spoken until `initialize` has agreed on something. */
const version = '2024-11-05';

/**
 * Opens the stream of HTTP+SSE (2024-11-05, Transports): its first event tells where to post messages, their answers and
 * everything else come on it, and the session ends with it. The address says which session is meant, not who posts.
 */
export function openSseSession(gateway: Gateway, request: SessionRequest): void {
  const { principal, route, tokenHash } = request;
  const session = gateway.sessions.create(principal, tokenHash, route, version);
  gateway.sessions.add(session);
  if (gateway.telemetry !== null) timeSession(gateway.telemetry, session);
  const stream = new EventStream(gateway, request, [], () => gateway.sessions.end(session, new ClientGone()));
  void stream.write(`event: endpoint\ndata: ${messagesPathOf(route)}?sessionId=${session.id}\n\n`);
  session.useStream(stream);
}
