import { META } from '../era/protocol-versions.js';
import type { JsonObject } from '../envelope/messages.js';
import { memberValue } from '../json/json-text.js';
import { UpstreamRpcError } from './refusals.js';
import { requestHeaders } from './request-headers.js';
import { upstreamError, type Implementation, type UpstreamConnection } from './upstream-connection.js';
import type { ServerMessages, UpstreamLink } from './upstream-link.js';

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

/** What a request of Gatehouse's own may come with. */
export interface OwnCall {
  readonly signal?: AbortSignal | undefined;
  /** What a modern upstream is told that the client can do; a legacy one was told when the link was opened. Default: nothing. */
  readonly capabilities?: JsonObject | undefined;
  /** Answers what the upstream asks before its answer; without it that is refused. */
  readonly messages?: ServerMessages | undefined;
}

/**
 * Sends a request of Gatehouse's own (probe, catalogue, health). Throws {@link UpstreamRpcError} for a JSON-RPC error,
 * DomainErrors for the rest.
 */
export async function callUpstream(
  connection: UpstreamConnection,
  link: UpstreamLink,
  method: string,
  params: JsonObject,
  { signal, capabilities = {}, messages }: OwnCall = {},
): Promise<UpstreamResult> {
  const { identity } = link;
  const id = link.nextId() ?? 1;
  const sent =
    identity.era === 'MODERN'
      ? { ...params, _meta: envelope(identity.protocolVersion, connection.clientInfo, capabilities) }
      : params;
  const reply = await link.call({
    id,
    method,
    headers: requestHeaders(identity, method, null),
    body: JSON.stringify({ jsonrpc: '2.0', id, method, params: sent }),
    signal,
    messages,
  });
  if (reply.kind === 'session-ended')
    throw upstreamError('UPSTREAM_SERVER_ERROR', connection, 'ended the session in the middle of it. Try again.');
  if (reply.message.error) throw new UpstreamRpcError(reply.status, reply.message.error);
  return { value: reply.message.result ?? {}, text: memberValue(reply.text, 'result') ?? '{}' };
}
