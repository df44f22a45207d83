import { decodeProtectedHeader, errors, jwtVerify, type JWTPayload } from 'jose';
import { apiTokenClaims, type ApiTokenClaims } from '#contracts';
import type { VerificationKey } from '#crypto';
import type { Clock } from '#kernel';
import { apiTokenPrefix, looksLikeApiToken } from './parse-bearer.js';

/** What a genuine token must agree with. */
export interface ApiTokenExpectation {
  readonly publicKey: VerificationKey;
  readonly kid: string;
  readonly issuer: string;
  readonly audience: string;
  readonly clock: Clock;
}

/** Why a token was refused: for metrics and logs, never for the client, who hears UNAUTHENTICATED. */
export type ApiTokenRefusal =
  | 'malformed'
  | 'unknown-key'
  | 'wrong-algorithm'
  | 'bad-signature'
  | 'wrong-issuer'
  | 'wrong-audience'
  | 'expired'
  | 'not-yet-valid'
  | 'invalid-claims';

/** The claims of a genuine token, or the reason of the refusal. */
export type ApiTokenCheck =
  { readonly ok: true; readonly claims: ApiTokenClaims } | { readonly ok: false; readonly reason: ApiTokenRefusal };

/** How far the issuer's clock may run ahead of ours, in milliseconds; expiry has no such grace. */
const issuerClockLead = 60_000;

/**
 * Checks form, algorithm, key id, signature, issuer, audience and times of an API token (RFC 8725). Never throws for a
 * hostile token. Whether the token is still live (not revoked) is the look-up's business, not this function's.
 */
export async function verifyApiToken(token: string, expected: ApiTokenExpectation): Promise<ApiTokenCheck> {
  if (!looksLikeApiToken(token)) return refused('malformed');
  try {
    return await verifyJwt(token.slice(apiTokenPrefix.length), expected);
  } catch (error) {
    return refused(reasonOf(error));
  }
}

async function verifyJwt(jwt: string, expected: ApiTokenExpectation): Promise<ApiTokenCheck> {
  const header = decodeProtectedHeader(jwt);
  if (header.alg !== 'EdDSA') return refused('wrong-algorithm');
  if (header.kid !== expected.kid) return refused('unknown-key');
  const { payload } = await jwtVerify(jwt, expected.publicKey, {
    algorithms: ['EdDSA'],
    typ: 'JWT',
    issuer: expected.issuer,
    audience: expected.audience,
    currentDate: new Date(expected.clock.now()),
    clockTolerance: 0,
    requiredClaims: ['exp', 'iat', 'sub', 'org', 'jti', 'scope'],
  });
  return checkClaims(payload, expected);
}

function checkClaims(payload: JWTPayload, expected: ApiTokenExpectation): ApiTokenCheck {
  const parsed = apiTokenClaims.safeParse(payload);
  if (!parsed.success) return refused('invalid-claims');
  if (parsed.data.iat * 1000 > expected.clock.now() + issuerClockLead) return refused('not-yet-valid');
  return { ok: true, claims: parsed.data };
}

const refused = (reason: ApiTokenRefusal): ApiTokenCheck => ({ ok: false, reason });

const claimReasons: Readonly<Record<string, ApiTokenRefusal>> = {
  iss: 'wrong-issuer',
  aud: 'wrong-audience',
  nbf: 'not-yet-valid',
};

function reasonOf(error: unknown): ApiTokenRefusal {
  if (error instanceof errors.JWTExpired) return 'expired';
  if (error instanceof errors.JWTClaimValidationFailed) return claimReasons[error.claim] ?? 'invalid-claims';
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'bad-signature';
  return 'malformed';
}
