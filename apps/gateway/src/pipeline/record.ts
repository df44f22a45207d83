import type { AuditEventDraft } from '#contracts';
import type { Gateway } from '../gateway.js';
import { askedName } from './asked-object.js';
import { callDetails, nameLength } from './call-details.js';
import { handedOver, type Answer, AuthorizedCall, IdentifiedCall, PostedMessage, RoutedCall } from './calls.js';
import { endpointSubjects } from './endpoint-subjects.js';
import { ruleOf } from './method-rules.js';

const outcomeLabels = { ALLOWED: 'allowed', DENIED: 'denied', FAILED: 'failed' } as const;

/** What became of one message; filled as its steps succeed. */
export interface Evidence {
  readonly identified: IdentifiedCall;
  readonly message: PostedMessage;
  routed: RoutedCall | null;
  authorized: AuthorizedCall | null;
  answer: Answer | null;
}

/** Opens the evidence of one message. */
export const openEvidence = (identified: IdentifiedCall, message: PostedMessage): Evidence => ({
  identified,
  message,
  routed: null,
  authorized: null,
  answer: null,
});

type Subject = Pick<AuditEventDraft, 'subjectType' | 'subjectId'>;

/** What the call was about: the row, or the name that was asked for where nothing was found. */
function subjectOf({ authorized, identified, message, routed }: Evidence): Subject {
  if (routed === null) {
    const { kind, name } = identified.posted.route;
    return { subjectType: endpointSubjects[kind], subjectId: name };
  }
  const { endpoint } = routed;
  const rule = authorized?.rule ?? ruleOf(message.method);
  if (rule?.action !== 'execute')
    return { subjectType: endpointSubjects[endpoint.kind], subjectId: endpoint.subjectId };
  const target = authorized?.target ?? null;
  if (target !== null && target.objectId === target.upstream.id)
    return { subjectType: 'Upstream', subjectId: target.objectId };
  const asked = askedName(message);
  const subjectId = target?.objectId ?? asked?.slice(0, nameLength) ?? null;
  if (rule.kind === 'TOOL') return { subjectType: 'Tool', subjectId };
  if (rule.kind === 'PROMPT') return { subjectType: 'Prompt', subjectId };
  if (target === null || endpoint.resources.has(target.exposedName)) return { subjectType: 'Resource', subjectId };
  return { subjectType: 'ResourceTemplate', subjectId };
}

/**
 * Records what became of one message: metrics for every request, an audit record for all but pings, one line of log.
 * Notifications leave no trace (ARCHITECTURE.md §4.10).
 */
export function record({ audit, logger, metrics, usage }: Gateway, evidence: Evidence): void {
  const { answer, identified, message } = evidence;
  if (message.kind !== 'request' || answer === null || answer === handedOver) return;
  const { posted, principal } = identified;
  const durationMs = performance.now() - posted.startedAt;
  const { outcome, reason } = answer;
  metrics.mcpRequest(
    { service: 'gateway', method: message.method, outcome: outcomeLabels[outcome] },
    durationMs / 1000,
  );
  usage.count(principal, posted.occurredAt);
  if (ruleOf(message.method)?.audited === false) return;
  const draft: AuditEventDraft = {
    organizationId: principal.organizationId,
    occurredAt: posted.occurredAt,
    action: message.method.slice(0, 100) || '(empty)',
    outcome,
    reason,
    actorKind: 'user',
    actorUserId: principal.userId,
    actorTokenId: principal.tokenId,
    ...subjectOf(evidence),
    requestId: posted.requestId,
    ip: posted.ip,
    durationMs,
    details: callDetails(evidence, answer),
    body: null,
  };
  audit.record(draft);
  const { action, details, requestId } = draft;
  if (outcome !== 'ALLOWED') logger.info({ requestId, action, outcome, reason, ...details }, 'call refused or failed');
  else if (logger.isEnabled('debug')) logger.debug({ requestId, action, ...details }, 'call answered');
}
