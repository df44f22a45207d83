import { META } from '../era/protocol-versions.js';
import type { JsonObject } from '../envelope/messages.js';
import { memberValue } from '../json/json-text.js';
import { UpstreamRpcError } from './refusals.js';
import { requestHeaders } from './request-headers.js';
import { upstreamError, type Implementation, type UpstreamConnection } from './upstream-connection.js';
import type { UpstreamLink } from './upstream-link.js';

/** A result, parsed and as text. */
export interface UpstreamResult {
  readonly value: JsonObject;
  readonly text: string;
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
  link: UpstreamLink,
  method: string,
  params: JsonObject,
  signal?: AbortSignal,
): Promise<UpstreamResult> {
  const { identity } = link;
  const id = link.nextId() ?? 1;
  const sent =
    identity.era === 'MODERN'
      ? { ...params, _meta: envelope(identity.protocolVersion, connection.clientInfo, {}) }
      : params;
  const reply = await link.call({
    id,
    method,
    headers: requestHeaders(identity, method, null),
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: sent }),
    signal,
  });
  if (reply.kind === 'session-ended')
    throw upstreamError('UPSTREAM_SERVER_ERROR', connection, 'ended the session in the middle of it. Try again.');
  if (reply.message.error) throw new UpstreamRpcError(reply.status, reply.message.error);
  return { value: reply.message.result ?? {}, text: memberValue(reply.text, 'result') ?? '{}' };
}
