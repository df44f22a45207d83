/** A JSON-RPC id; MCP forbids null and fractions. */
export type JsonRpcId = string | number;

/** Any JSON object. */
export type JsonObject = Record<string, unknown>;

/** A call that wants an answer. */
export interface JsonRpcRequest {
  readonly jsonrpc: '2.0';
  readonly id: JsonRpcId;
  readonly method: string;
  readonly params?: JsonObject;
}

/** A message that wants none. */
export interface JsonRpcNotification {
  readonly jsonrpc: '2.0';
  readonly method: string;
  readonly params?: JsonObject;
}

/** The error half of an answer. */
export interface JsonRpcErrorBody {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}

/** An answer; `id` is null or absent only where the request could not be read. */
export interface JsonRpcResponse {
  readonly jsonrpc: '2.0';
  readonly id?: JsonRpcId | null;
  readonly result?: JsonObject;
  readonly error?: JsonRpcErrorBody;
}

/** What a parsed body is. */
export type ClassifiedMessage =
  | { readonly kind: 'request'; readonly message: JsonRpcRequest }
  | { readonly kind: 'notification'; readonly message: JsonRpcNotification }
  | { readonly kind: 'response'; readonly message: JsonRpcResponse }
  | { readonly kind: 'batch'; readonly messages: readonly unknown[] }
  | { readonly kind: 'invalid'; readonly problem: string };

/** True for a JSON object (no array, no null). */
export const isObject = (value: unknown): value is JsonObject =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isId = (id: unknown): id is JsonRpcId => typeof id === 'string' || Number.isSafeInteger(id);

const invalid = (problem: string): ClassifiedMessage => ({ kind: 'invalid', problem });

const requestKeys = new Set(['jsonrpc', 'id', 'method', 'params']);
const responseKeys = new Set(['jsonrpc', 'id', 'result', 'error']);

/** A member that does not belong there; undefined when there is none. */
function strangerIn(value: JsonObject, allowed: ReadonlySet<string>): string | undefined {
  for (const key in value) if (!allowed.has(key)) return key;
  return undefined;
}

function metaProblem(meta: unknown): string | null {
  if (meta === undefined) return null;
  if (!isObject(meta)) return '"params._meta" must be an object';
  const token = meta['progressToken'];
  return token === undefined || isId(token) ? null : '"params._meta.progressToken" must be a string or an integer';
}

function classifyResponse(value: JsonObject): ClassifiedMessage {
  const { id, result, error } = value;
  const stranger = strangerIn(value, responseKeys);
  if (stranger !== undefined || (result === undefined) === (error === undefined))
    return invalid('a response has exactly one of "result" and "error", and an "id"');
  // An error may answer what could not be read.
  if (!isId(id) && (error === undefined || (id !== undefined && id !== null)))
    return invalid('the "id" of a response must be a string or an integer');
  if (error === undefined && !isObject(result)) return invalid('"result" must be an object');
  if (
    error !== undefined &&
    (!isObject(error) || !Number.isSafeInteger(error['code']) || typeof error['message'] !== 'string')
  )
    return invalid('"error" must have an integer "code" and a text "message"');
  return { kind: 'response', message: value as unknown as JsonRpcResponse };
}

/** Says what a parsed JSON-RPC body is, or why it is none (JSON-RPC 2.0 with the narrower rules of MCP). */
export function classifyMessage(value: unknown): ClassifiedMessage {
  if (Array.isArray(value)) return { kind: 'batch', messages: value };
  if (!isObject(value)) return invalid('it must be a JSON object');
  if (value['jsonrpc'] !== '2.0') return invalid('"jsonrpc" must be "2.0"');
  if (!('method' in value)) return classifyResponse(value);
  if (typeof value['method'] !== 'string') return invalid('"method" must be a string');
  if ('params' in value && !isObject(value['params'])) return invalid('"params" must be an object');
  const problem = metaProblem(isObject(value['params']) ? value['params']['_meta'] : undefined);
  if (problem !== null) return invalid(problem);
  const stranger = strangerIn(value, requestKeys);
  if (stranger !== undefined)
    return invalid(`the member ${JSON.stringify(stranger.slice(0, 80))} does not belong there`);
  if (!('id' in value)) return { kind: 'notification', message: value as unknown as JsonRpcNotification };
  if (!isId(value['id'])) return invalid('"id" must be a string or an integer, not null');
  return { kind: 'request', message: value as unknown as JsonRpcRequest };
}
