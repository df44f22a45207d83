import {
  createUpstreamConnection,
  type HttpConnection,
  type LinkOptions,
  type LinkRequest,
  type ServerMessages,
  type UpstreamLink,
} from '#mcp';
import { createAddressGuard, createUpstreamPools } from '#outbound';
import type { Json } from './fixture-catalogue.js';

const clientInfo = { name: 'gatehouse', version: '0.1.0' };

/** Options of a link for a client that declares nothing. */
export const plainClient: LinkOptions = { client: { info: clientInfo, capabilities: {} } };

/** A connection named "crm" to a server on loopback, with pools of its own that end with the process. */
export function connectTo(url: string, more: Partial<HttpConnection> = {}, connections = 4): HttpConnection {
  const pools = createUpstreamPools({ guard: createAddressGuard(['127.0.0.1']), connectTimeoutMs: 1000, connections });
  const bounds = { timeoutMs: 2000, maxBytes: 1024 ** 2 };
  return { ...createUpstreamConnection({ name: 'crm', url, pools, clientInfo, ...bounds }), ...more };
}

/** A call over a link as a relay makes it. */
export function linkRequest(
  link: UpstreamLink,
  method = 'tools/call',
  more: Partial<LinkRequest> & { readonly params?: Json } = {},
): LinkRequest {
  const { identity } = link;
  const id = link.nextId() ?? 7;
  const { params = {}, ...rest } = more;
  const meta = { _meta: { 'io.modelcontextprotocol/protocolVersion': identity.protocolVersion } };
  const sent = identity.era === 'MODERN' ? { ...params, ...meta } : params;
  const headers = {
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': identity.protocolVersion,
    ...(identity.sessionId === null ? {} : { 'mcp-session-id': identity.sessionId }),
  };
  return { id, method, headers, body: JSON.stringify({ jsonrpc: '2.0', id, method, params: sent }), ...rest };
}

/** The result or error that a call was answered with, or that its session has ended. */
export async function linkAnswer(call: ReturnType<UpstreamLink['call']>): Promise<Json> {
  const reply = await call;
  return reply.kind === 'response' ? { ...(reply.message.result ?? reply.message.error) } : { kind: reply.kind };
}

/** Notes everything that an upstream says, and answers every request with its own method, `fail` with an error. */
export function recordMessages(): { readonly heard: string[]; readonly messages: ServerMessages } {
  const heard: string[] = [];
  const messages: ServerMessages = {
    notification: ({ message }) => void heard.push(message.method),
    request: async ({ message, text }) => {
      heard.push(text);
      if (message.method === 'fail') return { error: '{"code":-1,"message":"no"}' };
      return { result: JSON.stringify({ did: message.method }) };
    },
    suspended: (ms) => void heard.push(`suspended ${ms}`),
  };
  return { heard, messages };
}
