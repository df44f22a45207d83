import { DiscoverResultSchema } from '@modelcontextprotocol/core';
import { DomainError } from '#kernel';
import { isObject } from '../envelope/messages.js';
import { isModernVersion, LATEST_MODERN_VERSION, META, MODERN_VERSIONS } from '../era/protocol-versions.js';
import { callUpstream, UpstreamRpcError } from './call-upstream.js';
import type { UpstreamPeer } from './upstream-peer.js';
import { openLegacySession, refusalError, unsupportedVersion, type UpstreamIdentity } from './legacy-session.js';
import type { UpstreamConnection } from './upstream-connection.js';

const modernPeer: UpstreamPeer = { era: 'MODERN', protocolVersion: LATEST_MODERN_VERSION, sessionId: null };

/** True when the upstream's answer to a modern request speaks for the legacy era (mcp.md §2.3). */
function isLegacyEvidence(error: unknown): boolean {
  if (error instanceof UpstreamRpcError) {
    if (error.body.code !== -32022) return true;
    const { data } = error.body;
    const supported = isObject(data) && Array.isArray(data['supported']) ? data['supported'] : [];
    return !supported.some((version) => isModernVersion(String(version)));
  }
  // A 4xx without a JSON-RPC body; 401, 403, 429 and 5xx have other codes, timeouts and broken connections, too.
  return error instanceof DomainError && error.code === 'UPSTREAM_NOT_MCP' && Number(error.details['status']) >= 400;
}

/** Asks `server/discover`; null when the answer says that the upstream is of the legacy era. */
async function discover(connection: UpstreamConnection, signal?: AbortSignal): Promise<UpstreamIdentity | null> {
  try {
    const { value } = await callUpstream(connection, modernPeer, 'server/discover', {}, signal);
    if (!DiscoverResultSchema.safeParse(value).success) return null;
    const versions = (value['supportedVersions'] as unknown[]).map(String);
    const protocolVersion = MODERN_VERSIONS.find((version) => versions.includes(version));
    if (protocolVersion === undefined) {
      if (versions.some((version) => !isModernVersion(version))) return null;
      throw unsupportedVersion(connection, versions);
    }
    const meta = isObject(value['_meta']) ? value['_meta'] : {};
    const info = meta[META.serverInfo];
    return {
      ...modernPeer,
      protocolVersion,
      serverInfo: isObject(info) ? info : null,
      capabilities: isObject(value['capabilities']) ? value['capabilities'] : {},
      instructions: typeof value['instructions'] === 'string' ? value['instructions'] : null,
    };
  } catch (error) {
    if (isLegacyEvidence(error)) return null;
    throw error instanceof UpstreamRpcError ? refusalError(connection, error, 'server/discover') : error;
  }
}

/**
 * Finds out what an upstream speaks: `server/discover` first; only an answer that is evidence for the legacy era leads
 * to `initialize`. In the legacy era a session is open afterwards: end it with `closeLegacySession`.
 */
export async function probeUpstream(connection: UpstreamConnection, signal?: AbortSignal): Promise<UpstreamIdentity> {
  const modern = await discover(connection, signal);
  if (modern) return modern;
  try {
    return await openLegacySession(connection, signal);
  } catch (error) {
    throw error instanceof UpstreamRpcError ? refusalError(connection, error, 'initialize') : error;
  }
}
