import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** One request as the fixture received it. */
export interface RecordedRequest {
  readonly httpMethod: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  /** The exact text of the body. */
  readonly text: string;
  /** The parsed body; undefined when there is none or it is no JSON. */
  readonly body: unknown;
}

/** A running fixture. */
export interface HttpFixture extends AsyncDisposable {
  /** The MCP endpoint. */
  readonly url: string;
  readonly port: number;
  /** Every request so far, oldest first. */
  readonly requests: RecordedRequest[];
  close(): Promise<void>;
}

async function record(request: IncomingMessage): Promise<RecordedRequest> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString('utf8');
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  return { httpMethod: request.method ?? '', path: request.url ?? '', headers: request.headers, text, body };
}

/** Starts an http(s) server on loopback that records every request before it answers. */
export async function startHttpFixture(
  answer: (recorded: RecordedRequest, response: ServerResponse) => unknown,
  options: {
    port?: number | undefined;
    create?: (listener: (request: IncomingMessage, response: ServerResponse) => void) => Server;
  } = {},
): Promise<HttpFixture> {
  const requests: RecordedRequest[] = [];
  const handle = async (request: IncomingMessage, response: ServerResponse) => {
    const recorded = await record(request);
    requests.push(recorded);
    await answer(recorded, response);
  };
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    handle(request, response).catch(() => response.destroy());
  };
  const server = options.create ? options.create(listener) : createServer(listener);
  const scheme = options.create ? 'https' : 'http';
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const close = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url: `${scheme}://127.0.0.1:${port}/mcp`, port, requests, close, [Symbol.asyncDispose]: close };
}
