import { newRequestId } from '#kernel';
import type { DemoPerson } from './start-demo-server.js';

/** One MCP request and what came back. */
export interface McpExchange {
  readonly who: DemoPerson;
  readonly url: string;
  readonly method: string;
  readonly params: Readonly<Record<string, unknown>>;
  readonly status: number;
  readonly answer: McpAnswer;
  /** The correlation id, which the audit row carries, too. */
  readonly requestId: string;
}

/** A JSON-RPC answer. */
export interface McpAnswer {
  readonly result?: {
    readonly tools?: readonly { readonly name: string }[];
    readonly content?: readonly { readonly type: string; readonly text?: string }[];
    readonly isError?: boolean;
  };
  readonly error?: { readonly code: number; readonly message: string };
}

const revision = '2026-07-28';

/** What every request of this revision carries (https://modelcontextprotocol.io/specification/2026-07-28/basic). */
const meta = {
  'io.modelcontextprotocol/protocolVersion': revision,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'gatehouse-demo', version: '1' },
};

/** Sends one request of the current MCP revision, which needs no handshake before. */
export async function exchange(
  fetch: typeof globalThis.fetch,
  who: DemoPerson,
  url: string,
  method: string,
  params: Readonly<Record<string, unknown>> = {},
): Promise<McpExchange> {
  const sentId = newRequestId();
  const reply = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${who.token}`,
      accept: 'application/json, text/event-stream',
      'content-type': 'application/json',
      'mcp-protocol-version': revision,
      'mcp-method': method,
      ...(typeof params.name === 'string' ? { 'mcp-name': params.name } : {}),
      'x-request-id': sentId,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } }),
  });
  const answer = parseAnswer(reply.headers.get('content-type') ?? '', await reply.text());
  const requestId = reply.headers.get('x-request-id') ?? sentId;
  return { who, url, method, params, status: reply.status, answer, requestId };
}

/** An answer comes as JSON or as the last event of a stream. */
function parseAnswer(contentType: string, text: string): McpAnswer {
  const events = text.split('\n').filter((line) => line.startsWith('data:'));
  const json = contentType.startsWith('text/event-stream') ? (events.at(-1)?.slice(5) ?? '') : text;
  try {
    return JSON.parse(json) as McpAnswer;
  } catch {
    return {};
  }
}
