import type { CatalogSnapshot, Endpoint, Principal, Target, UpstreamTarget } from '#snapshot';
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

/** What a name means on an endpoint; null when it means nothing there. */
export function foundTarget(endpoint: Endpoint, { kind }: MethodRule, name: string): Target | null {
  if (kind === 'TOOL') return endpoint.tools.get(name) ?? null;
  if (kind === 'PROMPT') return endpoint.prompts.get(name) ?? null;
  const template =
    kind === 'RESOURCE_TEMPLATE'
      ? endpoint.resourceTemplates.find(({ exposedName }) => exposedName === name)
      : undefined;
  return template ?? endpoint.resolveResource(name);
}

/** What a name means on an endpoint; the tables hold what the principal may execute and nothing else. */
export function targetOf(endpoint: Endpoint, rule: MethodRule, name: string): Target {
  const target = foundTarget(endpoint, rule, name);
  if (target?.upstream.enabled) return target;
  if (rule.kind === 'TOOL') throw unknownObject('tool', name);
  if (rule.kind === 'PROMPT') throw unknownObject('prompt', name);
  throw unknownObject('resource', name, { uri: name.slice(0, 2048) });
}

const toolsById = new WeakMap<Endpoint, ReadonlyMap<string, Target>>();

/** The tool of an id, for a principal that may use it through this endpoint; null otherwise. */
export function toolOfId(endpoint: Endpoint, toolId: string): Target | null {
  let byId = toolsById.get(endpoint);
  if (byId === undefined) {
    byId = new Map([...endpoint.tools.values()].map((tool) => [tool.objectId, tool]));
    toolsById.set(endpoint, byId);
  }
  const tool = byId.get(toolId);
  return tool?.upstream.enabled === true ? tool : null;
}

/** An upstream as the target of what names none of its objects. */
export const wholeUpstream = (upstream: UpstreamTarget, exposedName = '', originalName = exposedName): Target => ({
  objectId: upstream.id,
  exposedName,
  originalName,
  upstream,
  definition: '{}',
  requires: [],
});
