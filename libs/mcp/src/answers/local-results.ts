import type { CatalogKind, Era } from '#contracts';
import type { JsonObject } from '../envelope/messages.js';
import { META, MODERN_VERSIONS } from '../era/protocol-versions.js';
import { catalogLists } from '../upstream/catalog-object.js';
import type { Implementation } from '../upstream/upstream-connection.js';
import type { UpstreamIdentity } from '../upstream/upstream-identity.js';

/** How an endpoint introduces itself. */
export interface ServerIdentity {
  readonly serverInfo: Implementation;
  readonly capabilities: JsonObject;
  readonly instructions: string | null;
}

const metaOf = (serverInfo: Implementation) => ({ [META.serverInfo]: serverInfo });

const optional = (instructions: string | null) => (instructions === null ? {} : { instructions });

/** The result of `initialize`, as text. */
export const initializeResult = (protocolVersion: string, server: ServerIdentity): string =>
  JSON.stringify({
    protocolVersion,
    capabilities: server.capabilities,
    serverInfo: server.serverInfo,
    ...optional(server.instructions),
  });

/** The result of `initialize` of an upstream, as it gave it; put together where its text was not kept. */
export const initializeText = (identity: UpstreamIdentity, initializeResult: string | null): string =>
  initializeResult ??
  JSON.stringify({
    protocolVersion: identity.protocolVersion,
    capabilities: identity.capabilities,
    serverInfo: identity.serverInfo ?? { name: 'unknown', version: '0' },
    ...optional(identity.instructions),
  });

/**
 * The result of `server/discover`, as text. It names the modern revisions, as the SDK does; legacy clients never ask.
 * @param ttlMs how long the answer may be reused, by this caller only
 */
export const discoverResult = (server: ServerIdentity, ttlMs: number): string =>
  JSON.stringify({
    resultType: 'complete',
    supportedVersions: MODERN_VERSIONS,
    capabilities: server.capabilities,
    ...optional(server.instructions),
    ttlMs,
    cacheScope: 'private',
    _meta: metaOf(server.serverInfo),
  });

/** What ends a page of a list. */
export interface ListEnd {
  readonly era: Era;
  readonly nextCursor: string | null;
  readonly ttlMs: number;
  readonly serverInfo: Implementation;
  /** Further members of the result's `_meta`. */
  readonly meta?: JsonObject | null;
}

/**
 * The beginning of the result of a list method, as text, to be kept and sent many times.
 * @param items definitions as text, made by `exposeDefinition`
 */
export const listBeginning = (kind: CatalogKind, items: readonly string[]): string =>
  `{"${catalogLists[kind].member}":[${items.join(',')}]`;

/** What follows upon {@link listBeginning}. Private: who may see what differs. */
export function listEnd({ era, nextCursor, ttlMs, serverInfo, meta = null }: ListEnd): string {
  const cursor = nextCursor === null ? '' : `,"nextCursor":${JSON.stringify(nextCursor)}`;
  const modern = era === 'LEGACY' ? '' : `,"resultType":"complete","ttlMs":${ttlMs},"cacheScope":"private"`;
  const all = era === 'LEGACY' ? meta : { ...metaOf(serverInfo), ...meta };
  const metaText = all === null ? '' : `,"_meta":${JSON.stringify(all)}`;
  return `${cursor}${modern}${metaText}}`;
}

/** The result of `ping` (legacy only), as text. */
export const EMPTY_RESULT = '{}';

/** The catalogue kind that a list method lists, or null. */
export const listedKind = (method: string): CatalogKind | null => {
  switch (method) {
    case 'tools/list':
      return 'TOOL';
    case 'resources/list':
      return 'RESOURCE';
    case 'resources/templates/list':
      return 'RESOURCE_TEMPLATE';
    case 'prompts/list':
      return 'PROMPT';
    default:
      return null;
  }
};
