import { jsonRpcError } from '../envelope/json-rpc-error.js';
import type { JsonObject, JsonRpcErrorBody } from '../envelope/messages.js';
import { memberValue, rewriteObject } from '../json/json-text.js';
import type { UpstreamResponse } from '../upstream/upstream-reply.js';
import type { ReplyContext } from './reply-context.js';
import { resultChanges } from './result-changes.js';

/** What {@link translateUpstreamReply} takes. */
export interface ReplyInput extends ReplyContext {
  readonly reply: UpstreamResponse;
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

/**
 * Errors that a modern server tells by its status, too (2026-07-28, Streamable HTTP: Protocol Version Header, Server
 * Validation). Every other one, −32602 of a call among them, is told in-band, as the gateway tells its own.
 */
const statuses: Readonly<Record<number, number>> = {
  [-32700]: 400,
  [-32600]: 400,
  [-32601]: 404,
  [-32020]: 400,
  [-32021]: 400,
  [-32022]: 400,
};
/** Those that an answer of that revision may have. */
const ofTheTransport: ReadonlySet<number> = new Set([200, 400, 404]);

/**
 * The status of an error answer. It follows from the code: what the upstream's HTTP server chose (409, 413, 422 …) means
 * something to this hop only. A pass-through between modern peers keeps it where the revision knows it.
 */
function errorStatus({ clientEra, reply, verbatim }: ReplyInput, code: number): number {
  if (clientEra === 'LEGACY') return 200;
  const ofCode = statuses[code] ?? 200;
  return verbatim === true && code !== -32601 && ofTheTransport.has(reply.status) ? reply.status : ofCode;
}

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
  const { clientEra, reply } = input;
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
  return { status: errorStatus(input, code), body: withId(input, changes), outcome: 'rpc-error', code };
}

/** A modern result that a legacy client cannot understand, by the name of its reason. */
function unbridgeable({ clientEra, upstreamEra, takesTasks }: ReplyInput, result: JsonObject): string | null {
  const type = result['resultType'];
  if (clientEra !== 'LEGACY' || upstreamEra !== 'MODERN' || type === undefined || type === 'complete') return null;
  if (type === 'task' && takesTasks === true) return null;
  return type === 'input_required' ? 'INPUT_REQUIRED' : type === 'task' ? 'TASK' : 'UNKNOWN_RESULT_TYPE';
}

/**
 * The answer to the client for an upstream's answer, for all four pairs of eras (docs/protocol-support.md, docs/errors.md): the client's id
 * restored, the result fitted to the client's era, errors of the inner hop turned into −31002. Bytes pass unchanged
 * wherever nothing had to change.
 */
export function translateUpstreamReply(input: ReplyInput): TranslatedReply {
  const { method, reply } = input;
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
  const changes = resultChanges(input, result, resultText);
  const changed: Record<string, string> =
    Object.keys(changes).length === 0 ? {} : { result: rewriteObject(resultText(), changes) };
  return {
    status: 200,
    body: withId(input, changed),
    outcome: method === 'tools/call' && result['isError'] === true ? 'tool-error' : 'ok',
    code: null,
  };
}
