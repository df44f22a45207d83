import type { AuditEventDraft } from '#contracts';
import { newRequestId, type Clock, type DomainError } from '#kernel';
import { endpointSubjects } from '../pipeline/endpoint-subjects.js';
import type { Session, SessionPlace } from './session.js';

interface SessionEndParts {
  readonly audit: { record(draft: AuditEventDraft): void };
  readonly clock: Clock;
}

/** Records that a session was ended because its token has lost the right to the endpoint. */
export function recordEnd(
  { audit, clock }: SessionEndParts,
  session: Session,
  { subjectId }: SessionPlace,
  why: DomainError,
) {
  const { holder, protocolVersion, route } = session;
  const { organizationId, tokenId, userId } = holder.principal;
  audit.record({
    organizationId,
    occurredAt: clock.now(),
    action: 'session/end',
    outcome: 'DENIED',
    reason: why.code,
    actorKind: 'user',
    actorUserId: userId,
    actorTokenId: tokenId,
    subjectType: endpointSubjects[route.kind],
    subjectId,
    requestId: newRequestId(),
    ip: null,
    durationMs: null,
    details: { server: route.name, protocolVersion, hadStream: session.hasStream },
    body: null,
  });
}
