import type { IncomingHttpHeaders } from 'node:http';
import type { Era } from '#contracts';
import { isObject, type JsonObject, type JsonRpcRequest } from '../envelope/messages.js';
import { nameMember, nameSource } from '../era/check-modern-headers.js';
import { paramHeadersOf, type ParamHeader } from '../era/param-headers.js';
import { META } from '../era/protocol-versions.js';
import { memberValue, rewriteObject, valueSpan } from '../json/json-text.js';
import type { NameSpan } from '../json/parse-strict-json.js';
import { requestHeaders } from '../upstream/request-headers.js';
import type { Implementation } from '../upstream/upstream-connection.js';
import type { UpstreamPeer } from '../upstream/upstream-peer.js';

/** A request of a client, as received. */
export interface ReceivedRequest {
  readonly bytes: Buffer;
  readonly text: string;
  readonly message: JsonRpcRequest;
  readonly headers: Readonly<IncomingHttpHeaders>;
  /** Where its name stands in the text, if that is known already. */
  readonly name?: NameSpan | null;
}

/** What {@link buildUpstreamRequest} takes. */
export interface UpstreamRequestInput {
  readonly clientEra: Era;
  readonly peer: UpstreamPeer;
  readonly received: ReceivedRequest;
  /** The upstream's own tool or prompt name, resource URI or task id; null when the client sent exactly that. */
  readonly originalName: string | null;
  /**
   * A JSON-RPC id of ours, needed where requests share an upstream session, since ids must be unique within it; null
   * keeps the client's. It takes the place of the client's progress token as well, which must be unique there, too.
   */
  readonly id: number | null;
  /** What a modern upstream is told about a legacy client; capabilities that cannot be relayed are not claimed. */
  readonly client: {
    readonly info: Implementation | JsonObject;
    readonly capabilities: JsonObject;
    /** The level that the client set for its session; null: none. */
    readonly logLevel?: string | null;
  };
  /** The `x-mcp-header` declarations of the tool; empty for everything else. */
  readonly paramHeaders: readonly ParamHeader[];
  /** Members of `params` to replace (JSON text) or to take away (null). */
  readonly params?: Readonly<Record<string, string | null>> | undefined;
}

/** What goes out. */
export interface BuiltRequest {
  readonly headers: Record<string, string>;
  readonly body: Buffer | string;
}

type Place = Pick<NameSpan, 'start' | 'end'>;
type Changes = Record<string, string | null>;

const envelopeKeys = [META.protocolVersion, META.clientInfo, META.clientCapabilities, META.logLevel];

function envelopeChanges({ clientEra, peer, client }: UpstreamRequestInput, meta: JsonObject): Changes {
  const changes: Changes = {};
  if (clientEra === peer.era) return changes;
  if (peer.era === 'MODERN') {
    changes[META.protocolVersion] = JSON.stringify(peer.protocolVersion);
    changes[META.clientInfo] = JSON.stringify(client.info);
    changes[META.clientCapabilities] = JSON.stringify(client.capabilities);
    if (client.logLevel != null) changes[META.logLevel] = JSON.stringify(client.logLevel);
  } else for (const key of envelopeKeys) if (key in meta) changes[key] = null;
  return changes;
}

/** The new text of `_meta`: undefined leaves it, null removes it. */
function newMeta(input: UpstreamRequestInput, paramsText: () => string): string | null | undefined {
  const { id, received } = input;
  const current = received.message.params?.['_meta'];
  const meta = isObject(current) ? current : {};
  const changes = envelopeChanges(input, meta);
  if (id !== null && meta['progressToken'] !== undefined) changes['progressToken'] = String(id);
  if (Object.keys(changes).length === 0) return undefined;
  const text = rewriteObject((isObject(current) ? memberValue(paramsText(), '_meta') : null) ?? '{}', changes);
  return text === '{}' ? null : text;
}

/** Where the name of a request stands; null where it has none. */
function nameSpan({ name: known, text }: ReceivedRequest, source: string): Place | null {
  if (known?.member === source) return known;
  const params = valueSpan(text, 'params');
  return params && valueSpan(text, source, params.start);
}

/** The usual rewriting: nothing but name and id differ, and stand where they belong. Else null. */
function inPlace(received: ReceivedRequest, source: string, name: string, id: number | null): string | null {
  const { text } = received;
  const span = nameSpan(received, source);
  if (span === null) return null;
  const value = JSON.stringify(name);
  if (id === null) return `${text.slice(0, span.start)}${value}${text.slice(span.end)}`;
  const idSpan = valueSpan(text, 'id');
  if (idSpan === null) return null;
  return idSpan.start < span.start
    ? replaceTwo(text, idSpan, String(id), span, value)
    : replaceTwo(text, span, value, idSpan, String(id));
}

const replaceTwo = (text: string, first: Place, one: string, second: Place, two: string): string =>
  `${text.slice(0, first.start)}${one}${text.slice(first.end, second.start)}${two}${text.slice(second.end)}`;

function newBody(input: UpstreamRequestInput, source: string | null): Buffer | string {
  const { clientEra, peer, received, originalName, id, params } = input;
  const keepsWords = clientEra === peer.era && params === undefined;
  const isRenamed = originalName !== null && source !== null;
  if (keepsWords && id === null && !isRenamed) return received.bytes;
  let text: string | null = null;
  const paramsText = () => (text ??= memberValue(received.text, 'params') ?? '{}');
  const meta = newMeta(input, paramsText);
  if (keepsWords && meta === undefined && isRenamed) {
    const changed = inPlace(received, source, originalName, id);
    if (changed !== null) return changed;
  }
  const paramChanges: Changes = params === undefined ? {} : { ...params };
  if (meta !== undefined) paramChanges['_meta'] = meta;
  if (isRenamed) paramChanges[source] = JSON.stringify(originalName);
  // Core tasks ended with 2025-11-25; a modern upstream decides about tasks itself.
  if (clientEra === 'LEGACY' && peer.era === 'MODERN' && received.message.params?.['task'] !== undefined)
    paramChanges['task'] = null;
  let changed = id !== null;
  const changes: Record<string, string> = id === null ? {} : { id: String(id) };
  for (const _ in paramChanges) {
    changes['params'] = rewriteObject(paramsText(), paramChanges);
    changed = true;
    break;
  }
  return changed ? rewriteObject(received.text, changes) : received.bytes;
}

/** The parameter headers: a modern client's pass untouched, unknown ones included; for a legacy client they are made. */
function parameterHeaders({ clientEra, peer, received, paramHeaders }: UpstreamRequestInput): Record<string, string> {
  if (peer.era === 'LEGACY') return {};
  if (clientEra === 'LEGACY')
    return paramHeaders.length === 0 ? {} : paramHeadersOf(paramHeaders, received.message.params?.['arguments']);
  const passed: Record<string, string> = {};
  for (const name in received.headers) {
    if (!name.startsWith('mcp-param-')) continue;
    const value = received.headers[name];
    if (typeof value === 'string') passed[name] = value;
  }
  return passed;
}

/**
 * The request to the upstream for a client's request, for all four pairs of eras (docs/protocol-support.md). Only what must differ
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
    body: newBody(input, nameMember(method)),
  };
}
