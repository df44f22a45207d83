import { mcpRouteOf } from '../pipeline/mcp-route.js';

const wellKnown = '/.well-known/oauth-protected-resource';

/** Metadata of a protected resource (RFC 9728 §2). */
export interface ProtectedResource {
  readonly resource: string;
  readonly authorization_servers: readonly string[];
  readonly bearer_methods_supported: readonly string[];
  readonly scopes_supported: readonly string[];
  readonly resource_name: string;
}

/**
 * The metadata that a well-known path asks for: the gateway itself at the root, or the endpoint whose path is inserted;
 * null for every other path. It is the same for every well-formed slug, so it does not say which servers exist.
 */
export function protectedResource(
  path: string,
  publicUrl: string,
  authorizationServer: string,
  httpSse = false,
): ProtectedResource | null {
  if (!path.startsWith(wellKnown)) return null;
  const inserted = path.slice(wellKnown.length);
  if (inserted !== '' && mcpRouteOf(inserted, httpSse) === null) return null;
  return {
    resource: publicUrl + inserted,
    authorization_servers: [authorizationServer],
    bearer_methods_supported: ['header'],
    scopes_supported: ['mcp'],
    resource_name: 'Gatehouse',
  };
}
