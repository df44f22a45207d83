import type { Era } from '#contracts';
import { DomainError } from '#kernel';
import {
  buildUpstreamRequest,
  exchange,
  LATEST_MODERN_VERSION,
  type Implementation,
  type ParamHeader,
  type ReceivedRequest,
  type UpstreamConnection,
  type UpstreamPeer,
  type UpstreamReply,
  type UpstreamResponse,
} from '#mcp';
import type { UpstreamTarget } from '#snapshot';
import type { LegacySessions } from './legacy-sessions.js';
import type { UpstreamConnections } from './upstream-connections.js';

/** One request of a client for one upstream. */
export interface OutgoingCall {
  readonly upstream: UpstreamTarget;
  /** The owner of a legacy session. */
  readonly tokenId: string;
  /** Why this call would be refused now, or null; kept with a session, so it must not hold on to the request. */
  readonly recheck: () => unknown;
  readonly clientEra: Era;
  readonly received: ReceivedRequest;
  /** The upstream's own name or URI; null when the client sent exactly that. */
  readonly originalName: string | null;
  readonly paramHeaders: readonly ParamHeader[];
  readonly requestId: string;
  readonly signal: AbortSignal;
}

/** The upstream's answer and the era that it was given in. */
export interface UpstreamAnswer {
  readonly era: Era;
  readonly response: UpstreamResponse;
}

const legacyServerCodes = new Set([-32000, -32001]);

/**
 * True for the 400 with which servers built from the SDK's example answer for a session that they do not know, where 404
 * is due. Like that one it has done nothing, so the call may be sent again.
 */
const sessionIsLost = ({ status, message }: UpstreamResponse, id: number | null): boolean =>
  id !== null && status === 400 && message.error !== undefined && legacyServerCodes.has(message.error.code);

/** Sends calls to upstreams of both eras. */
export class UpstreamCaller {
  constructor(
    private readonly connections: UpstreamConnections,
    private readonly sessions: LegacySessions,
    private readonly clientInfo: Implementation,
  ) {}

  /**
   * Sends one call and waits for its answer; every failure is a DomainError of the UPSTREAM_* family, except a
   * cancellation, which rejects with the signal's reason.
   */
  async send(call: OutgoingCall): Promise<UpstreamAnswer> {
    const connection = this.connections.connectionOf(call.upstream);
    // Eras are almost always known, and awaiting what is there costs a turn of the event loop.
    const spoken = this.connections.eraOf(call.upstream);
    const { era, protocolVersion } = spoken instanceof Promise ? await spoken : spoken;
    if (era === 'LEGACY') return { era, response: await this.#legacy(connection, call) };
    const peer = { era, protocolVersion: protocolVersion ?? LATEST_MODERN_VERSION, sessionId: null };
    const reply = await this.#exchange(connection, call, peer, null);
    if (reply.kind === 'session-ended') throw lostAgain(call.upstream.slug);
    return { era, response: reply };
  }

  async #legacy(connection: UpstreamConnection, call: OutgoingCall): Promise<UpstreamResponse> {
    const { tokenId, recheck, upstream } = call;
    for (const isLast of [false, true]) {
      const lease = await this.sessions.lease({ tokenId, upstreamId: upstream.id, recheck }, connection);
      try {
        const reply = await this.#exchange(connection, call, lease.peer, lease.id);
        if (reply.kind === 'response' && (isLast || !sessionIsLost(reply, lease.id))) return reply;
        lease.forget();
      } finally {
        lease.release();
      }
    }
    throw lostAgain(upstream.slug);
  }

  // Messages of the upstream other than the answer (progress, logging, requests to the client) are dropped: relaying
  // what a server starts by itself needs the sessions and streams of a later issue.
  #exchange(
    connection: UpstreamConnection,
    call: OutgoingCall,
    peer: UpstreamPeer,
    id: number | null,
  ): Promise<UpstreamReply> {
    const { clientEra, received, originalName, paramHeaders, requestId, signal } = call;
    if (signal.aborted) return Promise.reject(signal.reason as Error);
    const client = { info: this.clientInfo, capabilities: {} };
    const built = buildUpstreamRequest({ clientEra, peer, received, originalName, id, client, paramHeaders });
    built.headers['x-request-id'] = requestId;
    return exchange(connection, {
      headers: built.headers,
      body: built.body,
      id: id ?? received.message.id,
      signal,
    });
  }
}

const lostAgain = (slug: string) =>
  new DomainError('UPSTREAM_SERVER_ERROR', `Upstream "${slug}" ends every session at once. Look at its log.`, {
    details: { upstream: slug },
  });
