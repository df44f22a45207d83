import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DomainError } from '#kernel';
import type { Metrics } from '#observability';

/** Serves `/metrics` for the whole process on a port of its own, so that it is never exposed by accident. */
export async function listenForMetrics(
  metrics: Metrics,
  host: string,
  port: number,
): Promise<{ port: number; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Only GET /metrics is served here.\n');
      return;
    }
    metrics.render().then(
      ({ contentType, body }) => response.writeHead(200, { 'content-type': contentType }).end(body),
      () => response.writeHead(500).end(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(portError(error, host, port)));
    server.listen(port, host, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function portError(error: Error, host: string, port: number): Error {
  if (!('code' in error) || error.code !== 'EADDRINUSE') return error;
  return new DomainError(
    'PORT_IN_USE',
    `Port ${port} on ${host} is in use; stop the other program or set GATEHOUSE_METRICS_PORT.`,
    {
      cause: error,
    },
  );
}
