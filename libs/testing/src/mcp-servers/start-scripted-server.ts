import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Json } from './fixture-catalogue.js';

/** One request to a scripted server, and where its answer goes. */
export interface ScriptedRequest {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly text: string;
  /** The parsed body; empty where there was none. */
  readonly message: Json;
}

/** A server whose answers a test writes itself, for what no well-behaved server does. */
export interface ScriptedServer extends AsyncDisposable {
  readonly url: string;
  /** Every request so far, oldest first. */
  readonly received: ScriptedRequest[];
  /** Their JSON-RPC methods, or HTTP methods where they had none. */
  methods(): unknown[];
}

/** What a scripted server answers by itself. */
type Handshake = 'legacy' | 'none';

/** The session that the handshake of a scripted server opens. */
const sessionId = 'session-1';

function shakeHands({ response, message }: ScriptedRequest): void {
  const serverInfo = { name: 'scripted', version: '1' };
  const result = { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo };
  response
    .writeHead(200, { 'content-type': 'application/json', 'mcp-session-id': sessionId })
    .end(JSON.stringify({ jsonrpc: '2.0', id: message['id'], result }));
}

/** True when the request belongs to the handshake and has been answered. */
function answered(handshake: Handshake, one: ScriptedRequest): boolean {
  const { message, request, response } = one;
  const { method } = message;
  if (method === 'notifications/initialized' || request.method === 'DELETE') response.writeHead(202).end();
  else if (handshake === 'legacy' && method === 'initialize') shakeHands(one);
  else if (handshake === 'legacy' && method === 'server/discover') response.writeHead(404).end();
  else return false;
  return true;
}

/** Starts a scripted server on loopback; `answer` gets what does not belong to the handshake. */
export async function startScriptedServer(
  answer: (one: ScriptedRequest) => void,
  handshake: Handshake = 'legacy',
): Promise<ScriptedServer> {
  const received: ScriptedRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString();
      const one = { request, response, text, message: (text === '' ? {} : JSON.parse(text)) as Json };
      received.push(one);
      if (!answered(handshake, one)) answer(one);
    });
  });
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/mcp`,
    received,
    methods: () => received.map(({ request, message }) => message['method'] ?? request.method),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** Begins an event stream with `text`. */
export function eventStream(response: ServerResponse, text = ''): ServerResponse {
  response.writeHead(200, { 'content-type': 'text/event-stream' });
  response.write(text);
  return response;
}

/** A JSON-RPC message as an event. */
export const eventData = (message: object, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify({ jsonrpc: '2.0', ...message })}\n\n`;
