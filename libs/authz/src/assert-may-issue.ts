import { DomainError, type Actor, type TokenScope } from '#kernel';

/**
 * Refuses a new API token that reaches further than the token it is asked for with: else any token that may create
 * tokens would be as good as a session.
 * @throws DomainError FORBIDDEN, naming the scopes that are missing.
 */
export function assertMayIssue(actor: Actor, wanted: TokenScope): void {
  const own = actor.kind === 'user' ? actor.scope : null;
  if (own === null) return;
  const beyond = wanted.scopes.filter((scope) => !own.scopes.includes(scope));
  const sameServer = own.virtualServerId === null || own.virtualServerId === wanted.virtualServerId;
  if (beyond.length === 0 && sameServer) return;
  const lacking = beyond.length > 0 ? `has no scope ${beyond.join(', ')}` : 'is bound to one virtual server';
  throw new DomainError('FORBIDDEN', `A token cannot create one that reaches further: this one ${lacking}. Sign in.`, {
    field: beyond.length > 0 ? 'scopes' : 'virtualServerId',
  });
}
