import { openValue, sealValue, type Keyring } from '#crypto';
import type { McpRoute } from '../pipeline/mcp-route.js';

/** What a session id says to every process of the installation; clients cannot read it. */
export interface SessionClaim {
  readonly tokenId: string;
  readonly organizationId: string;
  /** The path of the endpoint. */
  readonly path: string;
  readonly protocolVersion: string;
  /** The process that keeps the session. */
  readonly ownerId: string;
}

const kind = 'session';

/** A new id: base64url, and no two are alike. */
export function sealSessionId(keyring: Keyring, claim: SessionClaim): string {
  const { tokenId, organizationId, path, protocolVersion, ownerId } = claim;
  return sealValue(keyring, 'sealed-ids', [kind, tokenId, organizationId, path, protocolVersion, ownerId]);
}

/** What an id of ours says; null for everything else that a client may send. */
export function openSessionId(keyring: Keyring, id: string): SessionClaim | null {
  const opened = openValue(keyring, 'sealed-ids', id);
  if (!Array.isArray(opened) || opened[0] !== kind) return null;
  const [, tokenId, organizationId, path, protocolVersion, ownerId] = opened as string[];
  if (ownerId === undefined || protocolVersion === undefined || path === undefined) return null;
  if (tokenId === undefined || organizationId === undefined) return null;
  return { tokenId, organizationId, path, protocolVersion, ownerId };
}

/** Whether a session id is for this caller at this endpoint. */
export const isFor = (claim: SessionClaim, tokenId: string, route: McpRoute): boolean =>
  claim.tokenId === tokenId && claim.path === route.path;
