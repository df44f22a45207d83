import { encodeHeaderValue } from '../era/header-value.js';
import type { UpstreamPeer } from './upstream-peer.js';

/**
 * The headers of one POST to an upstream: content negotiation, revision, session (legacy) or `Mcp-Method` and
 * `Mcp-Name` (modern). 2025-03-26 knows no version header, and a first `initialize` has agreed on none.
 */
export function requestHeaders(peer: UpstreamPeer, method: string, name: string | null): Record<string, string> {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
  };
  if (peer.era === 'MODERN') {
    headers['mcp-protocol-version'] = peer.protocolVersion;
    headers['mcp-method'] = method;
    if (name !== null) headers['mcp-name'] = encodeHeaderValue(name);
    return headers;
  }
  if (method !== 'initialize' && peer.protocolVersion > '2025-03-26')
    headers['mcp-protocol-version'] = peer.protocolVersion;
  if (peer.sessionId !== null) headers['mcp-session-id'] = peer.sessionId;
  return headers;
}
