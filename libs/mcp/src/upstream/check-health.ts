import type { Era } from '#contracts';
import { UpstreamRpcError } from './call-upstream.js';
import { closeLegacySession, openLegacySession, type UpstreamIdentity } from './legacy-session.js';
import { probeUpstream } from './probe-upstream.js';
import type { UpstreamConnection } from './upstream-connection.js';

/**
 * One cheap sign of life: `initialize` for an upstream known as legacy, `server/discover` for every other. When the
 * known era proves wrong the upstream is probed anew, so the answer always says what it speaks now. Throws the
 * DomainError of the error table.
 */
export async function checkHealth(
  connection: UpstreamConnection,
  knownEra: Era | null,
  signal?: AbortSignal,
): Promise<UpstreamIdentity> {
  const identity = await identify(connection, knownEra, signal);
  await closeLegacySession(connection, identity);
  return { ...identity, sessionId: null };
}

async function identify(
  connection: UpstreamConnection,
  knownEra: Era | null,
  signal?: AbortSignal,
): Promise<UpstreamIdentity> {
  if (knownEra !== 'LEGACY') return probeUpstream(connection, signal);
  try {
    return await openLegacySession(connection, signal);
  } catch (error) {
    if (error instanceof UpstreamRpcError) return probeUpstream(connection, signal);
    throw error;
  }
}
