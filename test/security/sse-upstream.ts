import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { text as readText } from 'node:stream/consumers';

/** An HTTP+SSE server (2024-11-05) that keeps the head and body of every request. */
export interface SseUpstream extends AsyncDisposable {
  readonly url: string;
  readonly requests: { readonly method: string; readonly headers: IncomingHttpHeaders; readonly text: string }[];
}

type Json = Record<string, unknown>;

const resultOf = ({ method, params }: { method?: unknown; params?: Json }): Json | null => {
  if (method === 'initialize')
    return {
      protocolVersion: '2024-11-05',
      capabilities: { tools: {} },
      serverInfo: { name: 'sse', version: '1' },
    };
  if (method === 'tools/list') return { tools: [{ name: 'echo', inputSchema: { type: 'object' } }] };
  if (method === 'tools/call')
    return { content: [{ type: 'text', text: JSON.stringify(params?.['arguments'] ?? {}) }] };
  return method === 'ping' ? {} : null;
};

/** Starts one on loopback with the tool `echo`. */
export async function startSseUpstream(): Promise<SseUpstream> {
  const requests: SseUpstream['requests'] = [];
  const streams = new Map<string, ServerResponse>();
  const server = createServer((request, response) => {
    void (async () => {
      const text = await readText(request);
      requests.push({ method: request.method ?? '', headers: request.headers, text });
      if (request.method === 'GET') {
        const session = randomUUID();
        streams.set(session, response);
        response.on('close', () => streams.delete(session));
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(`event: endpoint\ndata: /messages?session=${session}\n\n`);
        return;
      }
      const stream = streams.get(new URL(request.url ?? '', 'http://x').searchParams.get('session') ?? '');
      if (request.method !== 'POST' || stream === undefined) {
        response.writeHead(404).end();
        return;
      }
      response.writeHead(202).end();
      const message = JSON.parse(text) as { id?: unknown; method?: unknown; params?: Json };
      if (message.id === undefined) return;
      const result = resultOf(message);
      const answer = result === null ? { error: { code: -32601, message: 'unknown' } } : { result };
      stream.write(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id: message.id, ...answer })}\n\n`);
    })();
  });
  await new Promise<void>((resolve) => void server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/sse`,
    requests,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => void server.close(() => resolve()));
    },
  };
}
