import { DomainError, type CallContext } from '#kernel';

/** The organization that the caller works in. */
export function organizationOf({ actor }: CallContext): string {
  if (actor.organizationId === null) throw new DomainError('UNAUTHENTICATED', 'Sign in first, or send an API token.');
  return actor.organizationId;
}

/** The signed-in user's id. */
export function userIdOf({ actor }: CallContext): string {
  if (actor.kind !== 'user') throw new DomainError('UNAUTHENTICATED', 'Sign in first, or send an API token.');
  return actor.userId;
}
