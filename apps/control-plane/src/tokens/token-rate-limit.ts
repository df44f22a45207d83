import type { RateLimit } from '#contracts';
import { DomainError } from '#kernel';

/** The columns of a token's own limit: both or neither; null is the default of the settings. */
export interface RateLimitColumns {
  readonly rateLimitPerMinute: number | null;
  readonly rateLimitBurst: number | null;
}

const names = { perMinute: 'rateLimitPerMinute', burst: 'rateLimitBurst' } as const;

/**
 * The limit of a new token: as asked for, else that of the token which asks for it, else the default.
 * @param most setting `auth.tokenMaxRate`, the bound for both numbers
 * @param parent the token that asks, null for a session
 * @throws DomainError BAD_USER_INPUT above the bound, FORBIDDEN above the asking token's own limit
 */
export function tokenRateLimit(
  wanted: RateLimit | null | undefined,
  most: number,
  parent: RateLimitColumns | null = null,
): RateLimitColumns {
  if (!wanted) {
    return { rateLimitPerMinute: parent?.rateLimitPerMinute ?? null, rateLimitBurst: parent?.rateLimitBurst ?? null };
  }
  for (const part of ['perMinute', 'burst'] as const) {
    const field = `rateLimit.${part}`;
    if (wanted[part] > most) {
      const text = `${field} may be ${most} at most; GATEHOUSE_AUTH_TOKEN_MAX_RATE sets the highest limit of a token.`;
      throw new DomainError('BAD_USER_INPUT', text, { field });
    }
    const own = parent?.[names[part]] ?? null;
    if (own !== null && wanted[part] > own) {
      const text = `A token cannot create one that may call more often: ${field} of this one is ${own}. Sign in.`;
      throw new DomainError('FORBIDDEN', text, { field });
    }
  }
  return { rateLimitPerMinute: wanted.perMinute, rateLimitBurst: wanted.burst };
}
