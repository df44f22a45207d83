import type { CatalogSnapshot, Endpoint, Principal, Target } from '#snapshot';
import { notFound } from '#kernel';
import { CredentialError, unknownObject } from './call-error.js';
import type { McpRoute } from './mcp-route.js';
import type { MethodRule } from './method-rules.js';

// What a snapshot says about one caller. Pure, because it is asked twice: when a call comes, and again for every call
// under way when the configuration has changed.

const mcpScope = 'mcp';

/** Who holds a token; CredentialError when nobody does, it has expired, or it is not for MCP. */
export function principalOf(snapshot: CatalogSnapshot, tokenHash: string, now: number): Principal {
  const principal = snapshot.principalByTokenHash(tokenHash);
  if (principal === null)
    throw new CredentialError('invalid-token', 'UNAUTHENTICATED', 'The token is unknown or has been revoked.');
  if (now >= principal.expiresAt)
    throw new CredentialError('expired-token', 'UNAUTHENTICATED', 'The token has expired.');
  if (!principal.scopes.has(mcpScope))
    throw new CredentialError('insufficient-scope', 'FORBIDDEN', 'The token was not issued for MCP (scope "mcp").');
  return principal;
}

/** The endpoint of a route; NOT_FOUND, the same for hidden, missing and disabled. */
export function endpointOf(snapshot: CatalogSnapshot, principal: Principal, route: McpRoute): Endpoint {
  const { kind, name } = route;
  if (kind === 'aggregate' || name === null) return snapshot.aggregate(principal);
  const endpoint =
    kind === 'virtual-server' ? snapshot.virtualServer(principal, name) : snapshot.upstream(principal, name);
  if (!endpoint?.enabled) throw notFound('Server');
  return endpoint;
}

/** What a name means on an endpoint; the tables hold what the principal may execute and nothing else. */
export function targetOf(endpoint: Endpoint, { kind }: MethodRule, name: string): Target {
  if (kind === 'TOOL') return known(endpoint.tools.get(name), 'tool', name);
  if (kind === 'PROMPT') return known(endpoint.prompts.get(name), 'prompt', name);
  return known(endpoint.resolveResource(name), 'resource', name, { uri: name.slice(0, 2048) });
}

function known(target: Target | null | undefined, what: string, name: string, details = {}): Target {
  if (!target?.upstream.enabled) throw unknownObject(what, name, details);
  return target;
}
