import { SignJWT } from 'jose';
import { apiTokenClaims, type ApiTokenClaims, type ApiTokenScope } from '#contracts';
import type { SigningKey } from '#crypto';
import { DomainError } from '#kernel';
import { apiTokenPrefix } from './parse-bearer.js';

/** What a new API token says. Expiry is not optional: a token without one is refused everywhere. */
export interface ApiTokenGrant {
  /** Public URL of the control plane. */
  readonly issuer: string;
  /** First public URL of the gateway. */
  readonly audience: string;
  readonly userId: string;
  readonly organizationId: string;
  readonly tokenId: string;
  readonly scopes: readonly ApiTokenScope[];
  readonly issuedAt: Date;
  readonly expiresAt: Date;
}

const toSeconds = (date: Date): number => Math.floor(date.getTime() / 1000);

/**
 * Signs an API token: `gth_` + JWT (RFC 7519) by EdDSA with `kid` and `typ: JWT`. The caller shows it once and stores
 * only `hashToken(token)`. BAD_USER_INPUT if it would expire in the second in which it is issued, or earlier.
 */
export async function issueApiToken(grant: ApiTokenGrant, signingKey: SigningKey): Promise<string> {
  const claims: ApiTokenClaims = {
    iss: grant.issuer,
    aud: grant.audience,
    sub: grant.userId,
    org: grant.organizationId,
    jti: grant.tokenId,
    iat: toSeconds(grant.issuedAt),
    exp: toSeconds(grant.expiresAt),
    scope: grant.scopes.join(' '),
  };
  if (!(claims.exp > claims.iat)) {
    throw new DomainError('BAD_USER_INPUT', 'expiresAt must lie in the future.', { field: 'expiresAt' });
  }
  const jwt = await new SignJWT(apiTokenClaims.parse(claims))
    .setProtectedHeader({ alg: 'EdDSA', typ: 'JWT', kid: signingKey.kid })
    .sign(signingKey.privateKey);
  return `${apiTokenPrefix}${jwt}`;
}
