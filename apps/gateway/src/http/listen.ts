import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { Config } from '#config';
import { DomainError } from '#kernel';

const maxHeaderBytes = 16 * 1024;
/** Longer than the idle time of common load balancers (60 s), so that they and not we close first. */
const keepAliveMs = 65_000;

/** A bound listener. */
export interface Listening {
  readonly server: Server;
  readonly address: { readonly host: string; readonly port: number };
  /** Cuts connections on which no byte has come: Node takes them for busy, and closing the server would wait for them. */
  closeSilent(): void;
}

/**
 * Binds the gateway's port. A client that is slow with its headers or body is cut off after `mcp.headersTimeout`.
 * @throws DomainError PORT_IN_USE, CONFIGURATION_INVALID
 */
export async function listen(config: Config, listener: RequestListener): Promise<Listening> {
  const { host, port } = config.gateway;
  const { headersTimeout } = config.mcp;
  const server = createServer(
    {
      headersTimeout,
      requestTimeout: headersTimeout,
      // Node's own default would look for slow clients twice a minute only.
      connectionsCheckingInterval: Math.min(1000, headersTimeout),
      keepAliveTimeout: keepAliveMs,
      maxHeaderSize: maxHeaderBytes,
    },
    listener,
  );
  const connections = new Set<Socket>();
  server.on('connection', (socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(error, host, port)));
    server.listen(port, host, resolve);
  });
  return {
    server,
    address: { host, port: (server.address() as AddressInfo).port },
    closeSilent: () => {
      for (const socket of connections) if (socket.bytesRead === 0) socket.destroy();
    },
  };
}

function listenFailure(error: Error, host: string, port: number): DomainError {
  const code = 'code' in error ? String(error.code) : error.message;
  if (code === 'EADDRINUSE')
    return new DomainError(
      'PORT_IN_USE',
      `Port ${port} on ${host} is in use by another program. Stop it, or set GATEHOUSE_GATEWAY_PORT to a free port.`,
      { field: 'GATEHOUSE_GATEWAY_PORT', cause: error },
    );
  return new DomainError(
    'CONFIGURATION_INVALID',
    `The gateway cannot listen on ${host}:${port} (${code}). Correct GATEHOUSE_GATEWAY_HOST or GATEHOUSE_GATEWAY_PORT.`,
    { field: 'GATEHOUSE_GATEWAY_HOST', cause: error },
  );
}
