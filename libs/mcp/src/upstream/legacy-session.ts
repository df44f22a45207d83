import { forward } from '#outbound';
import { INITIALIZED } from './initialize.js';
import { requestHeaders } from './request-headers.js';
import { statusError } from './status-error.js';
import { poolOf, sidePoolOf, type HttpConnection } from './upstream-connection.js';
import type { UpstreamPeer } from './upstream-peer.js';

/** Ends the handshake of a legacy session. */
export async function notifyInitialized(
  connection: HttpConnection,
  peer: UpstreamPeer,
  signal?: AbortSignal,
): Promise<void> {
  const reply = await forward(poolOf(connection), {
    path: connection.path,
    method: 'POST',
    headers: { ...connection.headers, ...requestHeaders(peer, 'notifications/initialized', null) },
    body: INITIALIZED,
    timeoutMs: connection.timeoutMs,
    maxBytes: connection.maxBytes,
    signal,
    onEvent: () => true,
  });
  const failed = statusError(connection, reply.status, reply.headers);
  if (failed) throw failed;
}

/** Ends a legacy session with DELETE. Never fails: a session that cannot be ended will expire at the upstream. */
export async function closeLegacySession(connection: HttpConnection, peer: UpstreamPeer): Promise<void> {
  if (peer.era !== 'LEGACY' || peer.sessionId === null) return;
  const headers = {
    ...connection.headers,
    'mcp-session-id': peer.sessionId,
    'mcp-protocol-version': peer.protocolVersion,
  };
  const request = { path: connection.path, method: 'DELETE', headers, body: null } as const;
  try {
    await forward(sidePoolOf(connection), {
      ...request,
      timeoutMs: connection.timeoutMs,
      maxBytes: connection.maxBytes,
      onEvent: () => true,
    });
  } catch {
    // It will expire.
  }
}
