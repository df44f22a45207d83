import type { Era } from '#contracts';
import { jsonRpcError } from '../envelope/json-rpc-error.js';
import { isObject, type JsonObject, type JsonRpcErrorBody, type JsonRpcId } from '../envelope/messages.js';
import { META } from '../era/protocol-versions.js';
import { memberValue, rewriteObject } from '../json/json-text.js';
import type { UpstreamResponse } from '../upstream/upstream-reply.js';
import type { Implementation } from '../upstream/upstream-connection.js';
import { cacheable } from './cacheable.js';
import { exposeTasks } from './expose-tasks.js';
import { exposeUris } from './expose-uris.js';
import { fitTools } from './fit-tools.js';

/** What {@link translateUpstreamReply} takes. */
export interface ReplyInput {
  readonly clientEra: Era;
  readonly upstreamEra: Era;
  readonly upstreamName: string;
  readonly method: string;
  /** The id of the client's request. */
  readonly clientId: JsonRpcId;
  readonly reply: UpstreamResponse;
  /** How Gatehouse introduces itself in results of a legacy upstream to a modern client. */
  readonly serverInfo: Implementation;
  /** On prefixed endpoints: the URI that clients see for an upstream's; null elsewhere. */
  readonly exposeUri: ((uri: string) => string) | null;
  /** Where task ids are sealed: the id that clients see for an upstream's; null elsewhere. */
  readonly exposeTask?: ((taskId: string) => string) | null;
  /** Where the state of an unfinished call is sealed (2026-07-28, Multi Round-Trip Requests); null: it passes verbatim. */
  readonly sealState?: ((state: string) => string) | null;
  /** The client declared the extension under which a result may be a task. */
  readonly takesTasks?: boolean;
  /** Pass-through between modern peers: the upstream judged the very request of the client, so its words stand. */
  readonly verbatim?: boolean;
}

/** What goes back to the client, and how the call went, for audit and metrics. */
export interface TranslatedReply {
  readonly status: number;
  readonly body: Buffer | string;
  readonly outcome: 'ok' | 'tool-error' | 'rpc-error';
  /** The JSON-RPC code of an error answer. */
  readonly code: number | null;
}

/** Codes that describe the hop between Gatehouse and the upstream; the client could do nothing with them. */
const ofTheHop: Readonly<Record<number, string>> = {
  [-32020]: 'HEADER_MISMATCH',
  [-32021]: 'MISSING_CLIENT_CAPABILITY',
  [-32022]: 'UNSUPPORTED_PROTOCOL_VERSION',
};

function upstreamFault({ clientId, upstreamName }: ReplyInput, reason: string, text: string): TranslatedReply {
  return {
    status: 200,
    body: jsonRpcError(clientId, -31002, `Upstream "${upstreamName}" ${text}`, { reason, upstream: upstreamName }),
    outcome: 'rpc-error',
    code: -31002,
  };
}

/** The original answer when only the id could differ and does not. */
function withId({ clientId, reply }: ReplyInput, changes: Record<string, string>): Buffer | string {
  const sameId = reply.message.id === clientId;
  if (sameId && Object.keys(changes).length === 0) return reply.bytes ?? reply.text;
  return rewriteObject(reply.text, sameId ? changes : { ...changes, id: JSON.stringify(clientId) });
}

function translateError(input: ReplyInput, error: JsonRpcErrorBody): TranslatedReply {
  const { clientEra, upstreamEra, reply } = input;
  const reason = input.verbatim === true ? undefined : ofTheHop[error.code];
  if (reason !== undefined)
    return upstreamFault(input, reason, `refused the request that was made for it (${error.code}): ${error.message}`);
  if (error.code === -32042 && clientEra === 'MODERN')
    return upstreamFault(
      input,
      'URL_ELICITATION_REQUIRED',
      'wants the user to open a URL, which this client has not declared that it can',
    );
  const code = error.code === -32002 && clientEra === 'MODERN' ? -32602 : error.code;
  const changes: Record<string, string> =
    code === error.code
      ? {}
      : { error: rewriteObject(memberValue(reply.text, 'error') ?? '{}', { code: String(code) }) };
  const relayed = clientEra === 'MODERN' && upstreamEra === 'MODERN' ? reply.status : 200;
  const status = clientEra === 'MODERN' && code === -32601 ? 404 : relayed;
  return { status, body: withId(input, changes), outcome: 'rpc-error', code };
}

/** The `_meta` of a modern result without what legacy servers do not say; null where nothing else is in it. */
function legacyMeta(resultText: string): string | null {
  const text = rewriteObject(memberValue(resultText, '_meta') ?? '{}', { [META.serverInfo]: null });
  return text === '{}' ? null : text;
}

/**
 * L←M: the legacy schemas know neither result types nor caching, reject structured content that is no object, and have
 * the server introduce itself once.
 */
function towardsLegacy(result: JsonObject, resultText: () => string): Record<string, string | null> {
  const changes: Record<string, string | null> = {};
  // A task keeps its type and its time to live: its client asked for the extension that defines them.
  if (result['resultType'] === 'task') return changes;
  for (const key of ['resultType', 'ttlMs', 'cacheScope'])
    if (key in result && !(key === 'ttlMs' && 'taskId' in result)) changes[key] = null;
  const { _meta } = result;
  if (isObject(_meta) && META.serverInfo in _meta) changes['_meta'] = legacyMeta(resultText());
  if ('structuredContent' in result && !isObject(result['structuredContent'])) changes['structuredContent'] = null;
  return changes;
}

/** M←L: what the modern schemas require of every result. Nothing is promised about freshness. */
function towardsModern({ method, reply, serverInfo }: ReplyInput, resultText: string): Record<string, string | null> {
  const meta = reply.message.result?.['_meta'];
  const info = { [META.serverInfo]: JSON.stringify(serverInfo) };
  return {
    resultType: '"complete"',
    ...(cacheable.has(method) ? { ttlMs: '0', cacheScope: '"private"' } : {}),
    _meta: rewriteObject(isObject(meta) ? (memberValue(resultText, '_meta') ?? '{}') : '{}', info),
  };
}

/**
 * M←M: an answer given to one caller must not be shared with another, since Gatehouse decides who may read what; and the
 * state of an unfinished call must come back from the same caller for the same call.
 */
function betweenModern({ method, sealState }: ReplyInput, result: JsonObject): Record<string, string> {
  const changes: Record<string, string> = {};
  if (result['cacheScope'] === 'public' && cacheable.has(method)) changes['cacheScope'] = '"private"';
  const { requestState } = result;
  if (sealState != null && typeof requestState === 'string' && result['resultType'] === 'input_required')
    changes['requestState'] = JSON.stringify(sealState(requestState));
  return changes;
}

function eraChanges(input: ReplyInput, result: JsonObject, resultText: () => string): Record<string, string | null> {
  if (input.clientEra === 'LEGACY') return input.upstreamEra === 'LEGACY' ? {} : towardsLegacy(result, resultText);
  return input.upstreamEra === 'LEGACY' ? towardsModern(input, resultText()) : betweenModern(input, result);
}

/** A modern result that a legacy client cannot understand, by the name of its reason. */
function unbridgeable({ clientEra, upstreamEra, takesTasks }: ReplyInput, result: JsonObject): string | null {
  const type = result['resultType'];
  if (clientEra !== 'LEGACY' || upstreamEra !== 'MODERN' || type === undefined || type === 'complete') return null;
  if (type === 'task' && takesTasks === true) return null;
  return type === 'input_required' ? 'INPUT_REQUIRED' : type === 'task' ? 'TASK' : 'UNKNOWN_RESULT_TYPE';
}

/**
 * The answer to the client for an upstream's answer, for all four pairs of eras (mcp.md §2.3, §2.5): the client's id
 * restored, the result fitted to the client's era, errors of the inner hop turned into −31002. Bytes pass unchanged
 * wherever nothing had to change.
 */
export function translateUpstreamReply(input: ReplyInput): TranslatedReply {
  const { method, reply, exposeUri } = input;
  const { error, result = {} } = reply.message;
  if (error) return translateError(input, error);
  const reason = unbridgeable(input, result);
  if (reason !== null)
    return upstreamFault(
      input,
      reason,
      `answered with a result (${String(result['resultType']).slice(0, 40)}) that cannot be passed to a client of this revision`,
    );
  let text: string | null = null;
  const resultText = () => (text ??= memberValue(reply.text, 'result') ?? '{}');
  const changes = eraChanges(input, result, resultText);
  if (method === 'tools/list' && input.clientEra !== input.upstreamEra)
    Object.assign(changes, fitTools(resultText, result, input.clientEra));
  if (exposeUri !== null) Object.assign(changes, exposeUris(method, resultText, result, exposeUri));
  if (input.exposeTask != null) Object.assign(changes, exposeTasks(resultText, result, input.exposeTask));
  const changed: Record<string, string> =
    Object.keys(changes).length === 0 ? {} : { result: rewriteObject(resultText(), changes) };
  return {
    status: 200,
    body: withId(input, changed),
    outcome: method === 'tools/call' && result['isError'] === true ? 'tool-error' : 'ok',
    code: null,
  };
}
