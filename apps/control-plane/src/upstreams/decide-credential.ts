import { DomainError } from '#kernel';

/** What an input may say about the credential; absent means as before, null takes it away. */
export interface CredentialInput {
  readonly authHeader?: string | null | undefined;
  readonly authSecret?: string | null | undefined;
}

/** What is stored; the secret is sealed and only counts as there or not. */
export interface StoredCredential {
  readonly authHeader: string | null;
  readonly authSecret: string | null;
}

/** The credential after the change: `secret` is new plain text, null for none, undefined for the stored one. */
export interface CredentialDecision {
  readonly authHeader: string | null;
  readonly secret: string | null | undefined;
}

const refuse = (text: string) => new DomainError('BAD_USER_INPUT', `authSecret ${text}`, { field: 'authSecret' });

const none = { authHeader: null, secret: null };

/**
 * Puts an input over the stored credential. Another address never inherits it: whoever may change the address could
 * otherwise have the credential sent to a host of their choice.
 * @throws DomainError BAD_USER_INPUT naming `authSecret`.
 */
export function decideCredential(
  { authHeader, authSecret }: CredentialInput,
  before: StoredCredential = { authHeader: null, authSecret: null },
  addressChanges = false,
): CredentialDecision {
  if (typeof authSecret === 'string') {
    return { authHeader: authHeader ?? before.authHeader ?? 'Authorization', secret: authSecret };
  }
  if (authSecret === null || authHeader === null) {
    if (authHeader) throw refuse('must be given with authHeader.');
    return none;
  }
  if (before.authSecret === null) {
    if (authHeader !== undefined) throw refuse('must be given with authHeader.');
    return none;
  }
  if (addressChanges) throw refuse('must be given again with another url, or null: it never follows to a new address.');
  return { authHeader: authHeader ?? before.authHeader, secret: undefined };
}
