import type { AuditOutcome } from '#contracts';
import type { Page, PageRequest } from '#kernel';
import type { SqlExecutor } from '#postgres';
import { decodeAuditCursor, encodeAuditCursor, type AuditPlace } from './audit-cursor.js';
import type { AuditFilter } from './audit-event.types.js';

/** One event as lists show it; its body is read on its own. */
export interface ListedAuditEvent extends AuditPlace {
  readonly action: string;
  readonly outcome: AuditOutcome;
  readonly reason: string | null;
  readonly actorKind: string;
  readonly actorUserId: string | null;
  readonly actorTokenId: string | null;
  readonly subjectType: string | null;
  readonly subjectId: string | null;
  readonly requestId: string;
  readonly ip: string | null;
  readonly durationMs: number | null;
  /** JSON. */
  readonly details: string;
}

const columns = `id, (extract(epoch from occurred_at) * 1000)::float8 as "occurredAt", action, outcome, reason,
  actor_kind as "actorKind", actor_user_id as "actorUserId", actor_token_id as "actorTokenId",
  subject_type as "subjectType", subject_id as "subjectId", request_id as "requestId", ip, duration_ms as "durationMs", details`;

/**
 * One page of the log of an organization, newest first. The log is far larger than any other table, so pages go along
 * the index (organization, time, id), and times of the filter are its bounds.
 * @throws DomainError BAD_USER_INPUT for a cursor that is not ours.
 */
export async function readAuditPage(
  sql: SqlExecutor,
  organizationId: string,
  filter: AuditFilter,
  request: PageRequest,
): Promise<Page<ListedAuditEvent>> {
  const backward = request.last != null;
  const size = (backward ? request.last : request.first) ?? 0;
  const { text, params } = conditions(organizationId, filter, request);
  const direction = backward ? 'asc' : 'desc';
  const rows = await sql.query<ListedAuditEvent & { occurredAt: number }>(
    `select ${columns} from audit_events where ${text}
     order by occurred_at ${direction}, audit_events.id ${direction} limit ${size + 1}`,
    params,
  );
  const more = rows.length > size;
  const nodes = rows
    .slice(0, size)
    .map((row) => Object.assign(row, { occurredAt: new Date(Math.round(row.occurredAt)) }));
  if (backward) nodes.reverse();
  return {
    items: nodes.map((node) => ({ node, cursor: encodeAuditCursor(node) })),
    hasNextPage: backward ? Boolean(request.before) : more,
    hasPreviousPage: backward ? more : Boolean(request.after),
  };
}

function conditions(organizationId: string, filter: AuditFilter, { after, before }: PageRequest) {
  const params: unknown[] = [];
  const parts: string[] = [];
  const add = (part: (one: string, two: string) => string, ...values: unknown[]): void => {
    const [one = '', two = ''] = values.map((value) => `$${params.push(value)}`);
    parts.push(part(one, two));
  };
  const place = (cursor: string, field: string): unknown[] => {
    const { occurredAt, id } = decodeAuditCursor(cursor, field);
    return [occurredAt.toISOString(), id];
  };
  add((one) => `organization_id = ${one}`, organizationId);
  if (filter.action) add((one) => `action = ${one}`, filter.action);
  if (filter.outcome) add((one) => `outcome = ${one}`, filter.outcome);
  if (filter.actorUserId) add((one) => `actor_user_id = ${one}`, filter.actorUserId);
  if (filter.from) add((one) => `occurred_at >= ${one}::timestamptz`, filter.from.toISOString());
  if (filter.to) add((one) => `occurred_at < ${one}::timestamptz`, filter.to.toISOString());
  // The time alone says nothing new, but by it the planner leaves months out that cannot hold the page.
  const beyond = (sign: '<' | '>') => (at: string, id: string) =>
    `occurred_at ${sign}= ${at}::timestamptz and (occurred_at, id) ${sign} (${at}::timestamptz, ${id}::uuid)`;
  if (after) add(beyond('<'), ...place(after, 'after'));
  if (before) add(beyond('>'), ...place(before, 'before'));
  return { text: parts.join(' and '), params };
}
