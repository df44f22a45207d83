import type { IncomingHttpHeaders } from 'node:http';
import type { Era } from '#contracts';
import { isObject, type JsonObject, type JsonRpcRequest } from '../envelope/messages.js';
import { nameSource } from '../era/check-modern-headers.js';
import { paramHeadersOf, type ParamHeader } from '../era/param-headers.js';
import { META } from '../era/protocol-versions.js';
import { memberValue, rewriteObject } from '../json/json-text.js';
import { envelope } from '../upstream/call-upstream.js';
import { requestHeaders } from '../upstream/request-headers.js';
import type { Implementation } from '../upstream/upstream-connection.js';
import type { UpstreamPeer } from '../upstream/upstream-peer.js';

/** A request of a client, as received. */
export interface ReceivedRequest {
  readonly bytes: Buffer;
  readonly text: string;
  readonly message: JsonRpcRequest;
  readonly headers: Readonly<IncomingHttpHeaders>;
}

/** What {@link buildUpstreamRequest} takes. */
export interface UpstreamRequestInput {
  readonly clientEra: Era;
  readonly peer: UpstreamPeer;
  readonly received: ReceivedRequest;
  /** The upstream's own tool or prompt name or resource URI; null when the client sent exactly that. */
  readonly originalName: string | null;
  /**
   * A JSON-RPC id of ours, needed where requests share an upstream session, since ids must be unique within it; null
   * keeps the client's.
   */
  readonly id: number | null;
  /** What a modern upstream is told about a legacy client; capabilities that cannot be relayed are not claimed. */
  readonly client: { readonly info: Implementation; readonly capabilities: JsonObject };
  /** The `x-mcp-header` declarations of the tool; empty for everything else. */
  readonly paramHeaders: readonly ParamHeader[];
}

/** What goes out. */
export interface BuiltRequest {
  readonly headers: Record<string, string>;
  readonly body: Buffer | string;
}

const envelopeKeys = new Set<string>([META.protocolVersion, META.clientInfo, META.clientCapabilities, META.logLevel]);

/** The new text of `_meta`: undefined leaves it, null removes it. */
function newMeta({ clientEra, peer, received, client }: UpstreamRequestInput): string | null | undefined {
  if (clientEra === peer.era) return undefined;
  const current = received.message.params?.['_meta'];
  const meta = isObject(current) ? current : {};
  if (peer.era === 'MODERN')
    return JSON.stringify({ ...meta, ...envelope(peer.protocolVersion, client.info, client.capabilities) });
  const rest = Object.entries(meta).filter(([key]) => !envelopeKeys.has(key));
  return rest.length === 0 ? null : JSON.stringify(Object.fromEntries(rest));
}

function newBody(input: UpstreamRequestInput, source: string | null): Buffer | string {
  const { received, originalName, id } = input;
  const paramChanges: Record<string, string | null> = {};
  const meta = newMeta(input);
  if (meta !== undefined) paramChanges['_meta'] = meta;
  if (originalName !== null && source !== null) paramChanges[source] = JSON.stringify(originalName);
  const changes: Record<string, string> = id === null ? {} : { id: String(id) };
  if (Object.keys(paramChanges).length > 0)
    changes['params'] = rewriteObject(memberValue(received.text, 'params') ?? '{}', paramChanges);
  return Object.keys(changes).length === 0 ? received.bytes : rewriteObject(received.text, changes);
}

/** The parameter headers: a modern client's pass untouched, unknown ones included; for a legacy client they are made. */
function parameterHeaders({ clientEra, peer, received, paramHeaders }: UpstreamRequestInput): Record<string, string> {
  if (peer.era === 'LEGACY') return {};
  if (clientEra === 'LEGACY')
    return paramHeaders.length === 0 ? {} : paramHeadersOf(paramHeaders, received.message.params?.['arguments']);
  const passed: Record<string, string> = {};
  for (const name in received.headers) {
    const value = received.headers[name];
    if (name.startsWith('mcp-param-') && typeof value === 'string') passed[name] = value;
  }
  return passed;
}

/**
 * The request to the upstream for a client's request, for all four pairs of eras (mcp.md §2.3). Only what must differ
 * is rewritten; where nothing must, the client's own bytes go out. Of the client's headers only `Mcp-Param-*` pass:
 * its credential and cookies never do.
 */
export function buildUpstreamRequest(input: UpstreamRequestInput): BuiltRequest {
  const { peer, received, originalName } = input;
  const { method, params } = received.message;
  const source = nameSource(method);
  const sent = source === null ? undefined : params?.[source];
  const name = source === null ? null : (originalName ?? (typeof sent === 'string' ? sent : null));
  return {
    headers: Object.assign(requestHeaders(peer, method, name), parameterHeaders(input)),
    body: newBody(input, source),
  };
}
