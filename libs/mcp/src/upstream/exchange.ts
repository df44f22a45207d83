import { DomainError } from '#kernel';
import { forward, type ForwardReply, type ServerSentEvent } from '#outbound';
import { classifyMessage, type JsonRpcId, type JsonRpcResponse } from '../envelope/messages.js';
import { statusError } from './status-error.js';
import { upstreamError, type UpstreamConnection } from './upstream-connection.js';

/** One JSON-RPC request as it goes out. */
export interface UpstreamRequest {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | string;
  /** The id inside `body`. */
  readonly id: JsonRpcId;
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds for this exchange; default the connection's. */
  readonly timeoutMs?: number | undefined;
}

/** The answer as it came: bytes where it was a JSON body (null from an event stream), text and parsed message. */
export interface UpstreamResponse {
  readonly kind: 'response';
  readonly status: number;
  readonly sessionId: string | null;
  readonly bytes: Buffer | null;
  readonly text: string;
  readonly message: JsonRpcResponse;
}

/** The answer, or the news that the legacy session is gone (404): initialize again. */
export type UpstreamReply = UpstreamResponse | { readonly kind: 'session-ended' };

const isAnswerTo = (message: JsonRpcResponse, id: JsonRpcId) =>
  message.id === id || (message.error !== undefined && (message.id ?? null) === null);

function parse(text: string): { json: boolean; message: JsonRpcResponse | null } {
  try {
    const classified = classifyMessage(JSON.parse(text));
    return { json: true, message: classified.kind === 'response' ? classified.message : null };
  } catch {
    return { json: false, message: null };
  }
}

const header = (reply: ForwardReply, name: string): string | null => {
  const value = reply.headers[name];
  return typeof value === 'string' ? value : null;
};

function withoutMessage(
  connection: UpstreamConnection,
  reply: ForwardReply,
  json: boolean,
  streamed: boolean,
): DomainError {
  const details = { status: reply.status };
  if (reply.status >= 400)
    return upstreamError(
      'UPSTREAM_NOT_MCP',
      connection,
      `answered with status ${reply.status} and no MCP message. Check that its address is an MCP endpoint (often it ends in /mcp).`,
      details,
    );
  if (!json && !streamed && reply.body.length > 0)
    return upstreamError(
      'UPSTREAM_NOT_JSON',
      connection,
      'answered with something that is not JSON. Check that its address is an MCP endpoint (often it ends in /mcp).',
      details,
    );
  return upstreamError(
    'UPSTREAM_NOT_MCP',
    connection,
    'answered, but not with the MCP message that was due. Check that its address is an MCP endpoint (often it ends in /mcp).',
    details,
  );
}

/** Adds the upstream's name to errors of the connection, whose text names only the address. */
const named = (connection: UpstreamConnection, error: unknown): unknown =>
  error instanceof DomainError && error.details['upstream'] === undefined
    ? new DomainError(error.code, `Upstream "${connection.name}": ${error.message}`, {
        cause: error,
        details: { ...error.details, upstream: connection.name },
      })
    : error;

/**
 * Sends one JSON-RPC request and waits for its answer, as JSON or on an event stream, which is left as soon as the
 * answer is there. Everything else that an upstream can do is the error of its row in the error table (mcp.md §2.5).
 * One request has one POST and its answer comes in that POST's response, so ids need to be unique only per session.
 */
export async function exchange(connection: UpstreamConnection, request: UpstreamRequest): Promise<UpstreamReply> {
  let streamed: string | null = null;
  let streamedMessage: JsonRpcResponse | null = null;
  const onEvent = (event: ServerSentEvent): boolean => {
    const { message } = parse(event.data);
    if (message === null || !isAnswerTo(message, request.id)) return false;
    streamed = event.data;
    streamedMessage = message;
    return true;
  };
  let reply: ForwardReply;
  try {
    reply = await forward(connection.pools.for(connection.origin), {
      path: connection.path,
      method: 'POST',
      headers: { ...connection.headers, ...request.headers },
      body: request.body,
      timeoutMs: request.timeoutMs ?? connection.timeoutMs,
      maxBytes: connection.maxBytes,
      signal: request.signal,
      onEvent,
    });
  } catch (error) {
    throw named(connection, error);
  }
  const { status } = reply;
  if (status === 404 && request.headers['mcp-session-id'] !== undefined) return { kind: 'session-ended' };
  const failed = statusError(connection, status, reply.headers);
  if (failed) throw failed;
  const sessionId = header(reply, 'mcp-session-id');
  if (streamed !== null && streamedMessage !== null)
    return { kind: 'response', status, sessionId, bytes: null, text: streamed, message: streamedMessage };
  const text = reply.body.toString('utf8');
  const { json, message } = parse(text);
  if (message === null || !isAnswerTo(message, request.id))
    throw withoutMessage(
      connection,
      reply,
      json,
      header(reply, 'content-type')?.startsWith('text/event-stream') ?? false,
    );
  return { kind: 'response', status, sessionId, bytes: reply.body, text, message };
}
