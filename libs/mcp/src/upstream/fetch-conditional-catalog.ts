import type { ClientCapability } from '#contracts';
import { widestCapabilities } from '../bridge/client-capabilities.js';
import { findConditional, type ConditionalCatalog } from './conditional-catalog.js';
import { declining } from './declining.js';
import { fetchCatalog, type CatalogLimits, type UpstreamCatalog } from './fetch-catalog.js';
import { openLink } from './open-link.js';
import { upstreamError, type UpstreamConnection } from './upstream-connection.js';
import type { UpstreamIdentity } from './upstream-identity.js';

/** What {@link fetchConditionalCatalog} starts from. */
export interface KnownCatalog {
  readonly identity: UpstreamIdentity;
  /** What the upstream offers to a client that declares nothing. */
  readonly base: UpstreamCatalog;
}

/**
 * Reads what an upstream offers only to clients that can be asked something (sampling, elicitation, roots). Each reading
 * has a conversation of its own; questions of the upstream meanwhile are declined. Errors as with `fetchCatalog`.
 */
export async function fetchConditionalCatalog(
  connection: UpstreamConnection,
  { identity, base }: KnownCatalog,
  limits: CatalogLimits,
  signal?: AbortSignal,
): Promise<ConditionalCatalog> {
  const { transport } = identity;
  // The transport of an address is what was found there just now.
  const at =
    connection.transport === 'STDIO' || transport === 'STDIO' || !transport ? connection : { ...connection, transport };
  const readAs = async (names: readonly ClientCapability[]): Promise<UpstreamCatalog> => {
    const { era, protocolVersion } = identity;
    const capabilities = widestCapabilities(names, era);
    const client = { info: connection.clientInfo, capabilities };
    const link = await openLink(at, { era, protocolVersion }, { client, unsolicited: declining, signal });
    try {
      // What it asks outside of an answer comes here; unheard, it might wait for it before it shows its lists.
      link.listen();
      const offered = era === 'MODERN' ? identity.capabilities : link.identity.capabilities;
      return await fetchCatalog(connection, link, limits, { offered, capabilities, messages: declining, signal });
    } finally {
      await link.close();
    }
  };
  const found = await findConditional(base, limits, readAs);
  if (found !== null) return found;
  throw upstreamError(
    'UPSTREAM_CATALOG_INVALID',
    connection,
    `offers more than ${limits.maxObjects} objects of a kind or ${limits.maxSize} bytes of definitions, with what only some clients are offered (GATEHOUSE_CATALOG_MAX_OBJECTS, GATEHOUSE_CATALOG_MAX_SIZE).`,
  );
}
