import { DiscoverResultSchema } from '@modelcontextprotocol/core';
import { DomainError } from '#kernel';
import { isObject } from '../envelope/messages.js';
import { isModernVersion, META, MODERN_VERSIONS } from '../era/protocol-versions.js';
import { callUpstream } from './call-upstream.js';
import { refusalError, unsupportedVersion, UpstreamRpcError } from './refusals.js';
import type { UpstreamConnection } from './upstream-connection.js';
import type { UpstreamIdentity } from './upstream-identity.js';
import type { UpstreamLink } from './upstream-link.js';

/** True when the upstream's answer to a modern request speaks for the legacy era (docs/protocol-support.md). */
function isLegacyEvidence(error: unknown): boolean {
  if (error instanceof UpstreamRpcError) {
    if (error.body.code !== -32022) return true;
    const { data } = error.body;
    const supported = isObject(data) && Array.isArray(data['supported']) ? data['supported'] : [];
    return !supported.some((version) => isModernVersion(String(version)));
  }
  return isClientError(error);
}

/** True when an upstream that refuses the revision of a request names one that is spoken here: it deserves another try. */
const namesOurRevision = (error: unknown): boolean => {
  if (!(error instanceof UpstreamRpcError) || error.body.code !== -32022 || !isObject(error.body.data)) return false;
  const { supported } = error.body.data;
  return Array.isArray(supported) && MODERN_VERSIONS.some((version) => supported.includes(version));
};

/** A 4xx without a JSON-RPC body; 401, 403, 429 and 5xx have other codes, timeouts and broken connections, too. */
export const isClientError = (error: unknown): boolean =>
  error instanceof DomainError && error.code === 'UPSTREAM_NOT_MCP' && Number(error.details['status']) >= 400;

/**
 * Asks `server/discover` over a link of the modern era; null when the answer says that the upstream is of the legacy
 * one. `isSilenceEvidence`: an old stdio server may not answer a request before `initialize` at all.
 */
export async function discover(
  connection: UpstreamConnection,
  link: UpstreamLink,
  signal: AbortSignal | undefined,
  isSilenceEvidence = false,
): Promise<UpstreamIdentity | null> {
  try {
    const ask = () => callUpstream(connection, link, 'server/discover', {}, { signal });
    const { value } = await ask().catch((error: unknown) => {
      if (namesOurRevision(error)) return ask();
      throw error;
    });
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
      era: 'MODERN',
      protocolVersion,
      sessionId: null,
      serverInfo: isObject(info) ? info : null,
      capabilities: isObject(value['capabilities']) ? value['capabilities'] : {},
      instructions: typeof value['instructions'] === 'string' ? value['instructions'] : null,
      transport: connection.transport,
    };
  } catch (error) {
    if (isLegacyEvidence(error)) return null;
    if (isSilenceEvidence && isEndOrSilence(error, signal)) return null;
    throw error instanceof UpstreamRpcError ? refusalError(connection, error, 'server/discover') : error;
  }
}

const isEndOrSilence = (error: unknown, signal: AbortSignal | undefined): boolean =>
  signal?.aborted !== true &&
  error instanceof DomainError &&
  (error.code === 'UPSTREAM_TIMEOUT' || error.code === 'UPSTREAM_PROCESS_EXITED');
