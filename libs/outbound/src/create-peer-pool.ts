import type { IncomingHttpHeaders } from 'node:http';
import { connect, type TLSSocket } from 'node:tls';
import { Pool, type Dispatcher } from 'undici';
import { isUnsendable } from './classify-network-error.js';

/** The one identity under which processes of an installation meet; who they are is said inside the connection. */
export const peerIdentity = 'gatehouse';
/** TLS 1.3 with a key that both sides hold already: no certificates, a new session key for every connection. */
export const peerTls = {
  minVersion: 'TLSv1.3',
  maxVersion: 'TLSv1.3',
  ciphers: 'TLS_AES_128_GCM_SHA256',
} as const;

/** How a pool reaches the other processes of the same installation. */
export interface PeerPoolOptions {
  /** 32 bytes that all processes of the installation hold; a stranger on a peer's port cannot complete the handshake. */
  readonly key: Buffer;
  /** Milliseconds to connect, handshake included. */
  readonly connectTimeoutMs: number;
}

/** One request to a peer, as it came. */
export interface PeerRequest {
  readonly method: string;
  /** Path with query. */
  readonly path: string;
  /** Name, value, name, value …; a name may stand there twice. */
  readonly headers: readonly string[];
  readonly body: Buffer | null;
}

/**
 * Why an exchange failed: `unreachable`: nobody answers at that address, so nothing of the request was sent;
 * `unsendable`: it is no request that can be sent, which says nothing about the peer; `broken`: everything else.
 */
export type PeerFailure = 'unreachable' | 'unsendable' | 'broken';

/** Takes the answer piece by piece; exactly one of `end` and `failed` is called, and nothing after it. */
export interface PeerSink {
  /** Status and headers; false: not believed, the exchange is cut and `failed` is called. */
  head(status: number, headers: IncomingHttpHeaders): boolean;
  /** False: nothing more until `resume()`. */
  data(chunk: Buffer): boolean;
  end(): void;
  /** The exchange failed or was cut, before or after the head. */
  failed(error: Error, how: PeerFailure): void;
}

/** One exchange under way. */
export interface PeerExchange {
  resume(): void;
  cancel(): void;
}

/** Connections to the other processes of the installation, kept alive. */
export interface PeerPool {
  /** @param authority `host:port` of the peer's internal listener */
  send(authority: string, request: PeerRequest, sink: PeerSink): PeerExchange;
  /** Closes the connections to a peer that is gone. */
  forget(authority: string): void;
  /** Cuts every connection. */
  close(): Promise<void>;
}

class Relay implements Dispatcher.DispatchHandler, PeerExchange {
  #controller: Dispatcher.DispatchController | null = null;
  #cancelled = false;
  #settled = false;

  constructor(private readonly sink: PeerSink) {}

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#cancelled) controller.abort(new Error('cancelled'));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number, headers: IncomingHttpHeaders): void {
    if (status < 200 || this.#settled) return;
    if (!this.sink.head(status, headers)) controller.abort(new Error('the answer carries no proof of the peer'));
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (!this.#settled && !this.sink.data(chunk)) controller.pause();
  }

  onResponseEnd(): void {
    if (this.#settle()) this.sink.end();
  }

  onResponseError(_controller: Dispatcher.DispatchController | undefined, error: Error): void {
    if (this.#settle()) this.sink.failed(error, isUnsendable(error) ? 'unsendable' : this.#reached);
  }

  resume(): void {
    this.#controller?.resume();
  }

  cancel(): void {
    this.#cancelled = true;
    this.#controller?.abort(new Error('cancelled'));
    // A request that still waits for its connection has no controller yet, and nobody to wait for.
    if (this.#settle()) this.sink.failed(new Error('cancelled'), this.#reached);
  }

  get #reached(): PeerFailure {
    return this.#controller === null ? 'unreachable' : 'broken';
  }

  #settle(): boolean {
    if (this.#settled) return false;
    this.#settled = true;
    return true;
  }
}

type ConnectCallback = (...result: [error: null, socket: TLSSocket] | [error: Error, socket: null]) => void;

/** Dials with the shared key; undici owns the socket from the handshake on. */
const dialer =
  ({ key, connectTimeoutMs }: PeerPoolOptions) =>
  ({ hostname, port }: { hostname: string; port: string }, done: ConnectCallback): void => {
    const socket = connect({
      ...peerTls,
      host: hostname.replace(/^\[|\]$/g, ''),
      port: Number(port),
      pskCallback: () => ({ psk: key, identity: peerIdentity }),
      // There is no certificate: the key is the proof.
      checkServerIdentity: () => undefined,
    });
    socket.setNoDelay(true);
    const timer = setTimeout(() => socket.destroy(new Error('the peer did not answer in time')), connectTimeoutMs);
    const onError = (error: Error) => {
      clearTimeout(timer);
      done(error, null);
    };
    socket.once('error', onError);
    socket.once('secureConnect', () => {
      clearTimeout(timer);
      socket.off('error', onError);
      done(null, socket);
    });
  };

/**
 * Opens the connections between the processes of one installation. They lead to addresses that those processes
 * registered themselves, mostly private ones, so the guard against private addresses does not stand in their way;
 * never use this for an address that anybody else may choose. No timeouts: streams are open for hours.
 */
export function createPeerPool(options: PeerPoolOptions): PeerPool {
  const pools = new Map<string, Pool>();
  const dial = dialer(options);
  const poolOf = (authority: string): Pool => {
    let pool = pools.get(authority);
    if (pool === undefined) {
      pool = new Pool(`https://${authority}`, {
        allowH2: false,
        connections: null,
        pipelining: 1,
        headersTimeout: 0,
        bodyTimeout: 0,
        connect: dial,
      });
      pools.set(authority, pool);
    }
    return pool;
  };
  return {
    send(authority, { method, path, headers, body }, sink) {
      const relay = new Relay(sink);
      try {
        poolOf(authority).dispatch({ method, path, headers: [...headers], body }, relay);
      } catch (error) {
        relay.onResponseError(undefined, error instanceof Error ? error : new Error(String(error)));
      }
      return relay;
    },
    forget(authority) {
      const pool = pools.get(authority);
      pools.delete(authority);
      // Exchanges under way end by themselves: each knows best whether its answer still comes.
      pool?.close().catch(() => undefined);
    },
    async close() {
      const all = [...pools.values()];
      pools.clear();
      await Promise.all(all.map((pool) => pool.destroy()));
    },
  };
}
