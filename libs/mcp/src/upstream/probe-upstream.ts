import { openLink } from './open-link.js';
import type { UpstreamConnection } from './upstream-connection.js';
import type { UpstreamIdentity } from './upstream-identity.js';
import type { LinkOptions } from './upstream-link.js';

/** Gatehouse as its own client: nobody could answer an upstream that asks something. */
export const ownClient = ({ clientInfo }: UpstreamConnection, signal?: AbortSignal): LinkOptions => ({
  client: { info: clientInfo, capabilities: {} },
  signal,
});

/** Finds out what an upstream speaks, and over which transport. Nothing stays open. */
export async function probeUpstream(connection: UpstreamConnection, signal?: AbortSignal): Promise<UpstreamIdentity> {
  const link = await openLink(connection, null, ownClient(connection, signal));
  await link.close();
  return { ...link.identity, sessionId: null };
}
