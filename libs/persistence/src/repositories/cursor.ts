import { DomainError, isUuid } from '#kernel';

/** The opaque cursor of a row in a connection. */
export const encodeCursor = (id: string): string => Buffer.from(`c1:${id}`, 'utf8').toString('base64url');

/**
 * The row id inside a cursor.
 * @throws DomainError BAD_USER_INPUT for anything that {@link encodeCursor} did not make.
 */
export function decodeCursor(cursor: string, field: string): string {
  const [version, id] = Buffer.from(cursor.slice(0, 200), 'base64url').toString('utf8').split(':');
  if (version !== 'c1' || !id || !isUuid(id)) {
    throw new DomainError(
      'BAD_USER_INPUT',
      `${field} is not a cursor of this connection; use a value of pageInfo or edges.cursor.`,
      {
        field,
      },
    );
  }
  return id;
}
