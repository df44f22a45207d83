import type { Gateway } from '../gateway.js';
import { acceptsEventStream } from '../http/accepts-event-stream.js';
import { EventStream } from '../http/event-stream.js';
import { CallError } from '../pipeline/call-error.js';
import { elsewhere } from '../pipeline/find-session.js';
import { endpointOf } from '../pipeline/rights.js';
import { parseEventId, type EventLog } from './event-log.js';
import { openSseSession } from './open-sse-session.js';
import { namedSession, refuseModern, type SessionRequest } from './session-request.js';
import type { Session } from './session.js';

const malformed = (status: number, message: string) => new CallError('MALFORMED_REQUEST', message, { status });

/** The stream that a client comes back to, and the event that it had last. */
function resumed(session: Session, lastEventId: string): { log: EventLog; sequence: number } {
  const place = parseEventId(lastEventId);
  const log = place === null ? undefined : session.logOf(place.stream);
  if (place === null || log === undefined)
    throw malformed(
      400,
      'Last-Event-ID names no event of this session that is still kept. Leave it out to begin anew.',
    );
  if (!log.canResume(place.sequence))
    throw malformed(400, 'What followed the event in Last-Event-ID is no longer kept. Leave it out to begin anew.');
  return { log, sequence: place.sequence };
}

/**
 * A GET: the stream of a session for what belongs to no request, or, with `Last-Event-ID`, the rest of a stream that
 * broke off, whichever it was. Of the first kind there is one at a time (409), so that each message has one place to go.
 */
export async function serveStream(gateway: Gateway, request: SessionRequest): Promise<void> {
  refuseModern(request);
  const { headers } = request.request;
  if (!acceptsEventStream(headers.accept))
    throw malformed(406, 'This path answers GET with an event stream; accept text/event-stream.');
  if (gateway.state.draining)
    throw new CallError('SERVICE_UNAVAILABLE', 'The gateway is stopping; send the request again.', {
      status: 503,
      headers: { 'retry-after': '1' },
    });
  endpointOf(request.snapshot, request.principal, request.route);
  if (request.route.transport === 'sse') {
    openSseSession(gateway, request);
    return;
  }
  const session = await namedSession(gateway, request);
  if (session === elsewhere) return;
  // An empty one is what a browser has that saw no id.
  const lastEventId = headers['last-event-id'] || null;
  if (lastEventId === null && session.hasStream)
    throw malformed(409, 'The session has its stream already. Close that one first.');
  const { log, sequence } =
    typeof lastEventId === 'string' ? resumed(session, lastEventId) : { log: session.openStream(), sequence: 0 };
  const stream = new EventStream(gateway, request, ['mcp-session-id', session.id], () =>
    log.detach(stream, gateway.clock.now()),
  );
  log.attach(stream, sequence);
  session.listening(log);
}
