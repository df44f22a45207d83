import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:https';
import { hostname } from 'node:os';
import type { AddressInfo } from 'node:net';
import type { Config } from '#config';
import { constantTimeEqual, sha256Hex, type Keyring } from '#crypto';
import { DomainError, type Clock } from '#kernel';
import type { Logger, Metrics } from '#observability';
import { peerIdentity, peerTls } from '#outbound';
import { openExchange, type Exchange } from '../http/exchange.js';
import { readBody } from '../pipeline/read-body.js';
import { hopHeader, hopWindowMs, openHop, proofHeader, type OpenedHop } from './hop-signature.js';
import { SeenNonces } from './seen-nonces.js';

/** What the internal listener needs. */
export interface HopListenerOptions {
  readonly config: Config;
  readonly keyring: Keyring;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly selfId: string;
  /** Which of several processes behind one port this is, from 1 on. */
  readonly processNumber: number;
  /** Serves a request that is believed, as if it had come from its client. */
  readonly serve: (exchange: Exchange) => void;
}

/** The internal listener of one gateway process. */
export interface HopListener {
  /** `host:port` under which the others reach it. */
  readonly address: string;
  /** Accepts nothing new; what is under way goes on. */
  stop(): void;
  /** Cuts every connection. */
  cut(): void;
}

/** A client's headers have at most 16 KiB; ours come on top. */
const maxHeaderBytes = 32 * 1024;

/** Why a hop is not believed, for the log only: who asks learns nothing. */
class Refused extends Error {}

/**
 * Opens the listener on which other processes of this installation hand over requests: TLS under a key that only they
 * have, and a signature over each request. Whoever cannot sign gets 401 and an empty body; nothing of ours is served.
 * @throws DomainError PORT_IN_USE, CONFIGURATION_INVALID
 */
export async function listenForHops(options: HopListenerOptions): Promise<HopListener> {
  const { config, keyring, logger, processNumber } = options;
  const { internalHost: host, internalPort } = config.gateway;
  const port = internalPort === 0 ? 0 : internalPort + processNumber - 1;
  const take = hopTaker(options);
  const server = createServer(
    {
      ...peerTls,
      pskCallback: (_socket, identity) => (identity === peerIdentity ? keyring.key('hop-transport') : null),
      handshakeTimeout: config.mcp.headersTimeout,
      headersTimeout: config.mcp.headersTimeout,
      requestTimeout: config.mcp.headersTimeout,
      maxHeaderSize: maxHeaderBytes,
    },
    (request, response) => void take(request, response),
  );
  server.on('tlsClientError', (error) => logger.debug({ err: error }, 'a stranger called the internal port'));
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) => reject(listenFailure(error, host, port)));
    // Exclusive: processes behind one public port have an internal port each.
    server.listen({ host, port, exclusive: true }, resolve);
  });
  return {
    address: `${advertisedHost(config)}:${(server.address() as AddressInfo).port}`,
    stop: () => void server.close(),
    cut: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}

/** What the process that took the request from its client knows of it. */
const seenThere = ({ ip, publicUrl, isCounted }: OpenedHop['claims']) => ({ ip, publicUrl, isCounted });

function advertisedHost(config: Config): string {
  const { internalHost } = config.gateway;
  const isWildcard = internalHost === '0.0.0.0' || internalHost === '::';
  const host = config.gateway.internalAddress ?? (isWildcard ? hostname() : internalHost);
  return host.includes(':') ? `[${host}]` : host;
}

/** Takes one request of a peer, or refuses it. Never rejects. */
function hopTaker(options: HopListenerOptions) {
  const { clock, config, keyring, logger, metrics, selfId, serve } = options;
  const nonces = new SeenNonces(2 * hopWindowMs);

  const believe = (request: IncomingMessage): OpenedHop => {
    const { method = '', url: path = '', rawHeaders: headers } = request;
    const opened = openHop(keyring, { method, path, headers }, request.headers[hopHeader]);
    if (opened === null) throw new Refused('it is not signed by this installation');
    const { claims } = opened;
    const now = clock.now();
    if (claims.to !== selfId) throw new Refused('it was meant for another process');
    if (Math.abs(now - claims.at) > hopWindowMs) throw new Refused('its time is past, or the clocks differ');
    if (!nonces.take(claims.nonce, now)) throw new Refused('it was sent before');
    return opened;
  };

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    try {
      const { bodyDigest, claims, proof } = believe(request);
      const body = await readBody(request, config.mcp.maxBody);
      if (!constantTimeEqual(sha256Hex(body), bodyDigest)) throw new Refused('its body is another one');
      withoutHopHeader(request);
      // Headers set here are sent with whatever answer is written.
      response.setHeader(proofHeader, proof);
      metrics.gatewayHop('served');
      serve(openExchange(request, response, { ...seenThere(claims), body }));
    } catch (error) {
      metrics.gatewayHop('refused');
      if (response.destroyed) return;
      const reason = error instanceof Refused ? error.message : 'its body could not be read';
      // The query may name a session.
      logger.warn({ reason, path: request.url?.split('?', 1)[0] }, 'a request on the internal port was refused');
      response.writeHead(401, { 'content-length': '0', connection: 'close' }).end();
    }
  };
}

/** What is served must look as it did when its client sent it. */
function withoutHopHeader(request: IncomingMessage): void {
  delete request.headers[hopHeader];
  const at = request.rawHeaders.findIndex((name, index) => index % 2 === 0 && name.toLowerCase() === hopHeader);
  request.rawHeaders.splice(at, 2);
}

function listenFailure(error: Error, host: string, port: number): DomainError {
  const code = 'code' in error ? String(error.code) : error.message;
  if (code === 'EADDRINUSE')
    return new DomainError(
      'PORT_IN_USE',
      `Port ${port} on ${host} is in use by another program. Set GATEHOUSE_GATEWAY_INTERNAL_PORT to a free port, or to 0.`,
      { field: 'GATEHOUSE_GATEWAY_INTERNAL_PORT', cause: error },
    );
  return new DomainError(
    'CONFIGURATION_INVALID',
    `The gateway cannot listen for its other processes on ${host}:${port} (${code}). Correct GATEHOUSE_GATEWAY_INTERNAL_HOST or GATEHOUSE_GATEWAY_INTERNAL_PORT.`,
    { field: 'GATEHOUSE_GATEWAY_INTERNAL_HOST', cause: error },
  );
}
