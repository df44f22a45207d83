// The reference of every ratio: reads the body, forwards it with undici's Pool.dispatch, returns the answer. It knows
// nothing of MCP. Options: --to http://127.0.0.1:PORT
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Pool, type Dispatcher } from 'undici';
import { announce, option } from './program.js';

const pool = new Pool(option('to', ''), { connections: 128, allowH2: false });

class Forward implements Dispatcher.DispatchHandler {
  readonly #response: ServerResponse;
  readonly #chunks: Buffer[] = [];
  #status = 0;
  #type = '';

  constructor(response: ServerResponse) {
    this.#response = response;
  }

  onRequestStart(): void {}

  onResponseStart(_: Dispatcher.DispatchController, status: number, headers: Record<string, string | string[]>): void {
    this.#status = status;
    this.#type = String(headers['content-type'] ?? '');
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    this.#chunks.push(chunk);
  }

  onResponseEnd(): void {
    const body = this.#chunks.length === 1 ? this.#chunks[0] : Buffer.concat(this.#chunks);
    this.#response.writeHead(this.#status, { 'content-type': this.#type, 'content-length': body?.length ?? 0 });
    this.#response.end(body);
  }

  onResponseError(): void {
    this.#response.writeHead(502).end();
  }
}

function forward(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
  const { headers } = request;
  pool.dispatch(
    {
      path: request.url ?? '/',
      method: 'POST',
      headers: {
        'content-type': headers['content-type'] ?? '',
        accept: headers.accept ?? '',
        'mcp-protocol-version': headers['mcp-protocol-version'] ?? '2025-11-25',
      },
      body,
    },
    new Forward(response),
  );
}

announce(
  createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () =>
      forward(request, response, chunks.length === 1 ? (chunks[0] as Buffer) : Buffer.concat(chunks)),
    );
  }),
);
