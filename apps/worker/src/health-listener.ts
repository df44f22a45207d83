import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DomainError } from '#kernel';

/** The worker's only listener. */
export interface HealthListener {
  readonly address: { readonly host: string; readonly port: number };
  close(): Promise<void>;
}

/**
 * Serves `/healthz` (alive) and `/readyz` (taking jobs; else 503), nothing else.
 * @throws DomainError PORT_IN_USE, CONFIGURATION_INVALID
 */
export async function listenForHealth(
  host: string,
  port: number,
  isReady: () => Promise<boolean>,
): Promise<HealthListener> {
  const server = createServer((request, response) => void answer(request, response, isReady));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(error, host, port)));
    server.listen(port, host, resolve);
  });
  return {
    address: { host, port: (server.address() as AddressInfo).port },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

async function answer(
  request: IncomingMessage,
  response: ServerResponse,
  isReady: () => Promise<boolean>,
): Promise<void> {
  const send = (status: number, text: string): void => {
    response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
    response.end(JSON.stringify({ status: text }));
  };
  const [path] = (request.url ?? '').split('?', 1);
  if (path !== '/healthz' && path !== '/readyz') return send(404, 'not found');
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(405, 'method not allowed');
  if (path === '/healthz') return send(200, 'ok');
  const ready = await isReady().catch(() => false);
  return ready ? send(200, 'ready') : send(503, 'not ready');
}

function listenFailure(error: Error, host: string, port: number): DomainError {
  const code = 'code' in error ? String(error.code) : error.message;
  if (code === 'EADDRINUSE') {
    return new DomainError(
      'PORT_IN_USE',
      `Port ${port} on ${host} is in use by another program. Stop it, or set GATEHOUSE_WORKER_PORT to a free port.`,
      { field: 'GATEHOUSE_WORKER_PORT', cause: error },
    );
  }
  return new DomainError(
    'CONFIGURATION_INVALID',
    `The worker cannot listen on ${host}:${port} (${code}). Correct GATEHOUSE_WORKER_HOST or GATEHOUSE_WORKER_PORT.`,
    { field: 'GATEHOUSE_WORKER_HOST', cause: error },
  );
}
