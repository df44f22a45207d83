import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Config } from '#config';
import { DomainError } from '#kernel';
import type { Metrics } from '#observability';

/** Where `/metrics` answers. */
export interface MetricsListener {
  readonly address: { readonly host: string; readonly port: number };
  close(): Promise<void>;
}

/**
 * Serves `/metrics` for this process and those that it started on a port of its own, so that it is never exposed by accident.
 * @throws DomainError PORT_IN_USE, CONFIGURATION_INVALID
 */
export async function listenForMetrics(config: Config, page: Metrics['render']): Promise<MetricsListener> {
  const { host, port } = config.metrics;
  const server = createServer((request, response) => {
    if (request.method !== 'GET' || request.url !== '/metrics') {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('Only GET /metrics is served here.\n');
      return;
    }
    page().then(
      ({ contentType, body }) => response.writeHead(200, { 'content-type': contentType }).end(body),
      () => response.writeHead(500).end(),
    );
  });
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

function listenFailure(error: Error, host: string, port: number): DomainError {
  const code = 'code' in error ? String(error.code) : error.message;
  if (code === 'EADDRINUSE')
    return new DomainError(
      'PORT_IN_USE',
      `Port ${port} on ${host} is in use by another program. Stop it, or set GATEHOUSE_METRICS_PORT to a free port.`,
      { field: 'GATEHOUSE_METRICS_PORT', cause: error },
    );
  return new DomainError(
    'CONFIGURATION_INVALID',
    `Metrics cannot be served on ${host}:${port} (${code}). Correct GATEHOUSE_METRICS_HOST or GATEHOUSE_METRICS_PORT.`,
    { field: 'GATEHOUSE_METRICS_HOST', cause: error },
  );
}
