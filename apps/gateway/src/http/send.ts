import type { ServerResponse } from 'node:http';
import { SharedText } from '#mcp';
import type { Gateway } from '../gateway.js';
import type { Exchange } from './exchange.js';

const contentPolicy = "default-src 'none'; frame-ancestors 'none'";
const exposed = 'Mcp-Session-Id, WWW-Authenticate, X-Request-Id, Retry-After';

/**
 * Node sends head and body in one piece where both are text, and in two otherwise, each of which costs a share of a
 * system call. As Latin-1 any bytes are text, and the same bytes again.
 */
const mostInOnePiece = 16 * 1024;

/** What an answer says beside the headers that all answers have. */
export interface Outgoing {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly contentType?: string;
  readonly body: Buffer | SharedText | string | null;
}

/** What every answer to a request says, as a flat list of names and values to which more may be added. */
export function commonHeaders(gateway: Gateway, { request, requestId }: Exchange): string[] {
  const { origin, host } = request.headers;
  // Nothing here is a page, nothing is kept by a cache. One literal: a copy of a list and its growth cost as much again.
  const lines = [
    'cache-control',
    'no-store',
    'x-content-type-options',
    'nosniff',
    'content-security-policy',
    contentPolicy,
    'referrer-policy',
    'no-referrer',
    'vary',
    'Origin',
    'x-request-id',
    requestId,
  ];
  if (gateway.urls.byHost(host)?.startsWith('https:')) lines.push('strict-transport-security', 'max-age=31536000');
  if (origin !== undefined && gateway.urls.allowsOrigin(origin))
    lines.push('access-control-allow-origin', origin, 'access-control-expose-headers', exposed);
  if (gateway.state.draining) lines.push('connection', 'close');
  return lines;
}

/** All pieces in one system call, the shared one without a copy. */
function sendShared(response: ServerResponse, { head, shared, tail }: SharedText): void {
  response.cork();
  response.write(head);
  response.write(shared);
  response.end(tail);
}

/** Writes one answer. Browsers of allowed origins may read it; credentials of the browser are never asked for. */
export function send(gateway: Gateway, exchange: Exchange, outgoing: Outgoing): void {
  const { request, response } = exchange;
  if (response.headersSent || response.destroyed) return;
  const { status, headers, contentType = 'application/json', body } = outgoing;
  const lines = commonHeaders(gateway, exchange);
  if (headers) for (const [name, value] of Object.entries(headers)) lines.push(name, value);
  if (body === null) lines.push('content-length', '0');
  else {
    const length = body instanceof SharedText ? body.byteLength : Buffer.byteLength(body);
    lines.push('content-type', contentType, 'content-length', String(length));
  }
  response.writeHead(status, lines);
  if (request.method === 'HEAD' || body === null) response.end();
  else if (body instanceof SharedText) sendShared(response, body);
  else if (typeof body === 'string' || body.length > mostInOnePiece) response.end(body);
  else response.end(body.toString('latin1'), 'latin1');
  dropStalled(gateway, exchange);
}

/** Lets go of the rest of a large answer when its reader has stopped reading. */
export function dropStalled({ config }: Gateway, { response }: Exchange): void {
  const { maxStreamBacklog, slowClientTimeout } = config.mcp;
  if (response.writableLength > maxStreamBacklog) response.setTimeout(slowClientTimeout, () => response.destroy());
}

/** After an answer that began before the gateway was to stop, the connection would idle until the client leaves it. */
export function closeWhenDraining({ state }: Gateway, { request, response }: Exchange): void {
  response.once('finish', () => {
    if (state.draining) request.socket.end();
  });
}
