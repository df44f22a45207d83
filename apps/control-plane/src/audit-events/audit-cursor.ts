import { DomainError, isUuid } from '#kernel';

/** A place in the log: by time, then by id. */
export interface AuditPlace {
  readonly occurredAt: Date;
  readonly id: string;
}

/** The opaque cursor of an event. */
export const encodeAuditCursor = ({ occurredAt, id }: AuditPlace): string =>
  Buffer.from(`a1:${occurredAt.getTime()}:${id}`, 'utf8').toString('base64url');

/**
 * The place that a cursor stands for.
 * @throws DomainError BAD_USER_INPUT for anything that {@link encodeAuditCursor} did not make.
 */
export function decodeAuditCursor(cursor: string, field: string): AuditPlace {
  const [version, time = '', id = ''] = Buffer.from(cursor.slice(0, 200), 'base64url').toString('utf8').split(':');
  if (version === 'a1' && /^\d{1,15}$/.test(time) && isUuid(id)) return { occurredAt: new Date(Number(time)), id };
  const text = `${field} is not a cursor of this connection; use a value of pageInfo or edges.cursor.`;
  throw new DomainError('BAD_USER_INPUT', text, { field });
}
