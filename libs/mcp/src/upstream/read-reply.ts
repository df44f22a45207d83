import { DomainError } from '#kernel';
import type { ForwardReply } from '#outbound';
import { classifyMessage, type JsonRpcId, type JsonRpcResponse } from '../envelope/messages.js';
import type { HttpCall } from './http-call.js';
import { isAnswerTo } from './server-traffic.js';
import { statusError } from './status-error.js';
import { upstreamError, type HttpConnection } from './upstream-connection.js';
import type { UpstreamResponse } from './upstream-reply.js';

function parse(text: string): { json: boolean; message: JsonRpcResponse | null } {
  try {
    const classified = classifyMessage(JSON.parse(text));
    return { json: true, message: classified.kind === 'response' ? classified.message : null };
  } catch {
    return { json: false, message: null };
  }
}

/** A header of an answer that may stand there once only. */
export const replyHeader = ({ headers }: Pick<ForwardReply, 'headers'>, name: string): string | null => {
  const value = headers[name];
  return typeof value === 'string' ? value : null;
};

function withoutMessage(
  connection: HttpConnection,
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
export const named = (connection: { readonly name: string }, error: unknown): unknown =>
  error instanceof DomainError && error.details['upstream'] === undefined
    ? new DomainError(error.code, `Upstream "${connection.name}": ${error.message}`, {
        cause: error,
        details: { ...error.details, upstream: connection.name },
      })
    : error;

/** The answer in what came back for a call, or the error of its row in the error table (docs/errors.md). */
export function readReply(
  connection: HttpConnection,
  id: JsonRpcId,
  reply: ForwardReply,
  answer: HttpCall['answer'],
): UpstreamResponse {
  const { status } = reply;
  const failed = statusError(connection, status, reply.headers);
  if (failed) throw failed;
  const sessionId = replyHeader(reply, 'mcp-session-id');
  if (answer !== null)
    return { kind: 'response', status, sessionId, bytes: null, text: answer.text, message: answer.message };
  const text = reply.body.toString('utf8');
  const { json, message } = parse(text);
  if (message === null || !isAnswerTo(message, id)) throw withoutMessage(connection, reply, json, isEventStream(reply));
  return { kind: 'response', status, sessionId, bytes: reply.body, text, message };
}

/** Whether an answer came as an event stream. */
export const isEventStream = (reply: Pick<ForwardReply, 'headers'>): boolean =>
  replyHeader(reply, 'content-type')?.toLowerCase().startsWith('text/event-stream') ?? false;
