import { DomainError } from '#kernel';

const defaultTtl = 90 * 86_400_000;

const refuse = (text: string) => new DomainError('BAD_USER_INPUT', `expiresAt ${text}`, { field: 'expiresAt' });

/**
 * When a new token ends: as asked for, else in 90 days, in whole seconds as the token itself says it (RFC 7519 §2).
 * @param now milliseconds since the epoch
 * @param maxTtl the longest life in milliseconds (setting `auth.tokenMaxTtl`); shortens the default
 * @param parentEnds when the token ends that asks for this one, null for a session; shortens the default
 * @throws DomainError BAD_USER_INPUT for a time that is past or too far away, FORBIDDEN for one after the asking token's.
 */
export function tokenExpiry(
  wanted: Date | null | undefined,
  now: number,
  maxTtl: number,
  parentEnds: Date | null = null,
): Date {
  const latest = parentEnds?.getTime() ?? Infinity;
  const at = wanted?.getTime() ?? Math.min(now + Math.min(defaultTtl, maxTtl), latest);
  if (at > now + maxTtl) {
    const latest = new Date(now + maxTtl).toISOString();
    throw refuse(`may be ${latest} at the latest; GATEHOUSE_AUTH_TOKEN_MAX_TTL sets the longest life of a token.`);
  }
  if (at > latest) {
    const text = `A token cannot create one that outlives it: this one ends at ${new Date(latest).toISOString()}. Sign in.`;
    throw new DomainError('FORBIDDEN', text, { field: 'expiresAt' });
  }
  const seconds = Math.floor(at / 1000);
  if (seconds <= Math.floor(now / 1000)) throw refuse('must lie in the future.');
  return new Date(seconds * 1000);
}
