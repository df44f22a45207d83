import type { Era } from '#contracts';
import { DomainError } from '#kernel';
import { isClientError } from './discover.js';
import { openLink } from './open-link.js';
import { ownClient, probeUpstream } from './probe-upstream.js';
import { UpstreamRpcError } from './refusals.js';
import type { UpstreamConnection } from './upstream-connection.js';
import type { UpstreamIdentity } from './upstream-identity.js';

/**
 * One cheap sign of life: `initialize` for an upstream known as legacy, `server/discover` for every other. When the
 * known era proves wrong the upstream is probed anew, so the answer always says what it speaks now. Throws the
 * DomainError of the error table. A stdio upstream is started and stopped.
 */
export async function checkHealth(
  connection: UpstreamConnection,
  knownEra: Era | null,
  signal?: AbortSignal,
): Promise<UpstreamIdentity> {
  if (knownEra !== 'LEGACY') return probeUpstream(connection, signal);
  try {
    const link = await openLink(connection, { era: 'LEGACY', protocolVersion: null }, ownClient(connection, signal));
    await link.close();
    return { ...link.identity, sessionId: null };
  } catch (error) {
    if (isClientError(error) || (error instanceof DomainError && error.cause instanceof UpstreamRpcError))
      return probeUpstream(connection, signal);
    throw error;
  }
}
