import { InitializeResultSchema } from '@modelcontextprotocol/sdk/types.js';
import { forward } from '#outbound';
import { isObject, type JsonObject } from '../envelope/messages.js';
import { LATEST_LEGACY_VERSION, LEGACY_VERSIONS } from '../era/protocol-versions.js';
import { callUpstream, UpstreamRpcError } from './call-upstream.js';
import type { UpstreamPeer } from './upstream-peer.js';
import { requestHeaders } from './request-headers.js';
import { statusError } from './status-error.js';
import { upstreamError, type UpstreamConnection } from './upstream-connection.js';

/** What an upstream says about itself, and what was agreed with it. */
export interface UpstreamIdentity extends UpstreamPeer {
  /** Self-reported; never decides anything. */
  readonly serverInfo: JsonObject | null;
  readonly capabilities: JsonObject;
  readonly instructions: string | null;
}

const clean = (connection: UpstreamConnection, sessionId: string | null): string | null => {
  if (sessionId !== null && !/^[\x21-\x7e]{1,1024}$/.test(sessionId))
    throw upstreamError(
      'UPSTREAM_NOT_MCP',
      connection,
      'sent a session id that is not visible ASCII (2025-11-25, Session Management).',
    );
  return sessionId;
};

async function notifyInitialized(
  connection: UpstreamConnection,
  peer: UpstreamPeer,
  signal?: AbortSignal,
): Promise<void> {
  const reply = await forward(connection.pools.for(connection.origin), {
    path: connection.path,
    method: 'POST',
    headers: { ...connection.headers, ...requestHeaders(peer, 'notifications/initialized', null) },
    body: '{"jsonrpc":"2.0","method":"notifications/initialized"}',
    timeoutMs: connection.timeoutMs,
    maxBytes: connection.maxBytes,
    signal,
    onEvent: () => true,
  });
  const failed = statusError(connection, reply.status, reply.headers);
  if (failed) throw failed;
}

/**
 * Opens a legacy session: `initialize`, then `notifications/initialized`. `sessionId` is null for a stateless upstream.
 * Throws UpstreamRpcError when the upstream refuses, UPSTREAM_UNSUPPORTED_VERSION when it answers an unknown revision.
 */
export async function openLegacySession(
  connection: UpstreamConnection,
  signal?: AbortSignal,
): Promise<UpstreamIdentity> {
  const opening: UpstreamPeer = { era: 'LEGACY', protocolVersion: LATEST_LEGACY_VERSION, sessionId: null };
  const params = { protocolVersion: LATEST_LEGACY_VERSION, capabilities: {}, clientInfo: connection.clientInfo };
  const { value, sessionId } = await callUpstream(connection, opening, 'initialize', params, signal);
  if (!InitializeResultSchema.safeParse(value).success)
    throw upstreamError(
      'UPSTREAM_NOT_MCP',
      connection,
      'answered initialize with something that is no initialize result. Check that its address is an MCP endpoint.',
    );
  const protocolVersion = String(value['protocolVersion']);
  const identity: UpstreamIdentity = {
    era: 'LEGACY',
    protocolVersion,
    sessionId: clean(connection, sessionId),
    serverInfo: isObject(value['serverInfo']) ? value['serverInfo'] : null,
    capabilities: isObject(value['capabilities']) ? value['capabilities'] : {},
    instructions: typeof value['instructions'] === 'string' ? value['instructions'] : null,
  };
  if (!LEGACY_VERSIONS.includes(protocolVersion)) {
    await closeLegacySession(connection, identity);
    throw unsupportedVersion(connection, [protocolVersion]);
  }
  await notifyInitialized(connection, identity, signal);
  return identity;
}

/** Ends a legacy session with DELETE. Never fails: a session that cannot be ended will expire at the upstream. */
export async function closeLegacySession(connection: UpstreamConnection, peer: UpstreamPeer): Promise<void> {
  if (peer.era !== 'LEGACY' || peer.sessionId === null) return;
  const headers = {
    ...connection.headers,
    'mcp-session-id': peer.sessionId,
    'mcp-protocol-version': peer.protocolVersion,
  };
  const request = { path: connection.path, method: 'DELETE', headers, body: null } as const;
  await forward(connection.pools.for(connection.origin), {
    ...request,
    timeoutMs: connection.timeoutMs,
    maxBytes: connection.maxBytes,
    onEvent: () => true,
  }).catch(() => undefined);
}

/** The error for an upstream whose revisions are all unknown. */
export const unsupportedVersion = (connection: UpstreamConnection, versions: readonly string[]) =>
  upstreamError(
    'UPSTREAM_UNSUPPORTED_VERSION',
    connection,
    `speaks only MCP ${versions.map((version) => JSON.stringify(version.slice(0, 40))).join(', ')}. Upgrade it to one of 2026-07-28, ${LEGACY_VERSIONS.join(', ')}.`,
    { versions: versions.map((version) => version.slice(0, 40)) },
  );

/** A JSON-RPC error of the upstream as the DomainError of the error table. */
export function refusalError(connection: UpstreamConnection, error: UpstreamRpcError, doing: string) {
  const { code, data } = error.body;
  const supported = code === -32022 && isObject(data) && Array.isArray(data['supported']) ? data['supported'] : null;
  if (supported) return unsupportedVersion(connection, supported.map(String));
  return upstreamError(
    'UPSTREAM_NOT_MCP',
    connection,
    `refused ${doing} with error ${code}: ${error.body.message.slice(0, 200)}. Check that its address is an MCP endpoint and that it is set up.`,
    { jsonRpcCode: code, status: error.status },
  );
}
