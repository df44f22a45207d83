import { z } from 'zod';

/** What an API token may be narrowed to: reading and changing through GraphQL, and calling through the gateway. */
export const apiTokenScopes = ['control:read', 'control:write', 'mcp'] as const;

/** One scope of an API token. */
export type ApiTokenScope = (typeof apiTokenScopes)[number];

/** How often a token may call: tokens refill evenly up to `perMinute` a minute, and `burst` calls may come at once. */
export interface RateLimit {
  readonly perMinute: number;
  readonly burst: number;
}

/** The claims of a `gth_` token (ARCHITECTURE.md §4.4). Times are seconds since the epoch (RFC 7519 §2). */
export const apiTokenClaims = z.object({
  iss: z.string(),
  aud: z.string(),
  sub: z.uuid(),
  org: z.uuid(),
  jti: z.uuid(),
  iat: z.number().int(),
  exp: z.number().int(),
  scope: z.string(),
});

/** See {@link apiTokenClaims}. */
export type ApiTokenClaims = z.output<typeof apiTokenClaims>;
