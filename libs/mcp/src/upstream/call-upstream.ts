import type { JsonObject, JsonRpcErrorBody } from '../envelope/messages.js';
import { memberValue } from '../json/json-text.js';
import { META } from '../era/protocol-versions.js';
import { requestHeaders } from './request-headers.js';
import { exchange } from './exchange.js';
import { upstreamError, type Implementation, type UpstreamConnection } from './upstream-connection.js';
import type { UpstreamPeer } from './upstream-peer.js';

/** The upstream answered a request of ours with a JSON-RPC error. */
export class UpstreamRpcError extends Error {
  constructor(
    readonly status: number,
    readonly body: JsonRpcErrorBody,
  ) {
    super(body.message);
    this.name = 'UpstreamRpcError';
  }
}

/** A result, parsed and as text. */
export interface UpstreamResult {
  readonly value: JsonObject;
  readonly text: string;
  readonly sessionId: string | null;
}

/** The per-request envelope of the modern era. */
export const envelope = (
  protocolVersion: string,
  clientInfo: Implementation,
  capabilities: JsonObject,
): JsonObject => ({
  [META.protocolVersion]: protocolVersion,
  [META.clientInfo]: clientInfo,
  [META.clientCapabilities]: capabilities,
});

/**
 * Sends a request of Gatehouse's own (probe, catalogue, health). Throws {@link UpstreamRpcError} for a JSON-RPC error,
 * DomainErrors for the rest. Gatehouse declares no client capability here, so no upstream may ask it anything.
 */
export async function callUpstream(
  connection: UpstreamConnection,
  peer: UpstreamPeer,
  method: string,
  params: JsonObject,
  signal?: AbortSignal,
): Promise<UpstreamResult> {
  const id = 1;
  const sent =
    peer.era === 'MODERN' ? { ...params, _meta: envelope(peer.protocolVersion, connection.clientInfo, {}) } : params;
  const reply = await exchange(connection, {
    id,
    headers: requestHeaders(peer, method, null),
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: sent }),
    signal,
  });
  if (reply.kind === 'session-ended')
    throw upstreamError('UPSTREAM_SERVER_ERROR', connection, 'ended the session in the middle of it. Try again.');
  if (reply.message.error) throw new UpstreamRpcError(reply.status, reply.message.error);
  return {
    value: reply.message.result ?? {},
    text: memberValue(reply.text, 'result') ?? '{}',
    sessionId: reply.sessionId,
  };
}
