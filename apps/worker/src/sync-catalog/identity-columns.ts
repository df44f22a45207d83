import type { UpstreamIdentity } from '#mcp';
import type { Upstream } from '#persistence';

type IdentityColumns = Pick<Upstream, 'era' | 'protocolVersion' | 'serverInfo' | 'capabilities' | 'instructions'> &
  Partial<Pick<Upstream, 'transport'>>;

/** What a probe found out, as the row of an upstream takes it. */
export const identityColumns = (identity: UpstreamIdentity): IdentityColumns => ({
  // Of the two over HTTP, an address speaks the one that a probe found there.
  ...(identity.transport === undefined ? {} : { transport: identity.transport }),
  era: identity.era,
  protocolVersion: identity.protocolVersion,
  serverInfo: identity.serverInfo && JSON.stringify(identity.serverInfo),
  capabilities: JSON.stringify(identity.capabilities),
  // PostgreSQL keeps no NUL.
  instructions: identity.instructions?.replaceAll('\0', '\ufffd') ?? null,
});

/** Whether a row says something else than the columns. */
export const differs = (row: Upstream, columns: IdentityColumns): boolean =>
  (columns.transport !== undefined && row.transport !== columns.transport) ||
  row.era !== columns.era ||
  row.protocolVersion !== columns.protocolVersion ||
  row.serverInfo !== columns.serverInfo ||
  row.capabilities !== columns.capabilities ||
  row.instructions !== columns.instructions;
