import type { Config } from '#config';
import type { AuditEventDraft } from '#contracts';
import type { Keyring } from '#crypto';
import { DomainError, type Clock } from '#kernel';
import type { Metrics } from '#observability';
import type { CatalogSnapshot, Principal, SnapshotSource } from '#snapshot';
import type { Owners } from '../owners/owners.js';
import { CallError, CallCancelled } from '../pipeline/call-error.js';
import type { McpRoute } from '../pipeline/mcp-route.js';
import { endpointOf, principalOf } from '../pipeline/rights.js';
import { recordEnd } from './record-end.js';
import { ReplayMemory } from './replay-memory.js';
import { Session, type SessionHolder, type SessionPlace } from './session.js';
import type { EventKeeper, SessionHost } from './session-host.js';
import { sealSessionId } from './session-id.js';
import { SharedValues } from './shared-values.js';

/** What the table of sessions needs of its gateway. */
export interface SessionParts {
  readonly audit: { record(draft: AuditEventDraft): void };
  readonly clock: Clock;
  readonly config: Config;
  readonly keyring: Keyring;
  readonly metrics: Pick<Metrics, 'clientSessions'>;
  readonly snapshots: Pick<SnapshotSource, 'current'>;
}

const sweepMs = 1000;
/** The order of use is kept this exactly. */
const orderMs = 1000;

const full = () =>
  new CallError('SERVICE_UNAVAILABLE', 'Too many sessions are open and in use; try again later.', {
    status: 503,
    headers: { 'retry-after': '5' },
  });

/** The error with which a session ended that nobody used, or that had to make room. */
const unused = () => new CallCancelled('The session was not used for too long.');

/**
 * The sessions of legacy clients that this process keeps. One belongs to the token and the endpoint that it was begun
 * with; it ends when its client ends it, when it is not used, when there are too many, and when its token loses the
 * right to the endpoint.
 */
export class ClientSessions {
  /** In order of use, the least recently used first. */
  readonly #sessions = new Map<string, Session>();
  /** By token id. */
  readonly #holders = new Map<string, SessionHolder>();
  readonly #keeping = new Set<EventKeeper>();
  readonly #timer: NodeJS.Timeout;
  readonly #host: SessionHost;

  constructor(
    private readonly parts: SessionParts,
    private readonly owners: Pick<Owners, 'selfId'>,
  ) {
    const { clock, config } = parts;
    const { maxStreamBacklog, replayAge, replayBytes, replayEvents, replayMemory } = config.mcp;
    this.#host = {
      clock,
      shared: new SharedValues(),
      replayBounds: { events: replayEvents, bytes: replayBytes },
      replayMemory: new ReplayMemory(replayMemory),
      replayAgeMs: replayAge,
      maxBacklog: maxStreamBacklog,
      keeps: (session) => this.#keeping.add(session),
    };
    this.#timer = setInterval(() => this.sweep(), sweepMs);
    this.#timer.unref();
  }

  get size(): number {
    return this.#sessions.size;
  }

  /**
   * Makes a session; nobody finds it before `add`. Throws SERVICE_UNAVAILABLE when every session is in use and there
   * must not be more.
   */
  create(principal: Principal, tokenHash: string, route: McpRoute, protocolVersion: string): Session {
    this.#makeRoom(principal.tokenId);
    const holder = this.#holders.get(principal.tokenId) ?? {
      tokenHash,
      principal,
      places: new Map<string, SessionPlace>(),
      sessions: new Set<Session>(),
    };
    const known = holder.places.get(route.path)?.route ?? route;
    const { organizationId, tokenId } = principal;
    const claim = { tokenId, organizationId, path: route.path, protocolVersion, ownerId: this.owners.selfId };
    return new Session(this.#host, holder, known, sealSessionId(this.parts.keyring, claim), protocolVersion);
  }

  /** From here on a session can be found by its id. */
  add(session: Session): void {
    // Two first sessions of a token may have been made side by side.
    const holder = this.#holders.get(session.tokenId) ?? session.holder;
    session.holder = holder;
    const { route } = session;
    if (!holder.places.has(route.path)) {
      const place = { route, subjectId: null };
      holder.places.set(route.path, place);
      // Whose right is gone already is told so by the next look.
      this.#problemOf(this.parts.snapshots.current(), holder, place);
    }
    holder.sessions.add(session);
    this.#holders.set(session.tokenId, holder);
    this.#sessions.set(session.id, session);
    this.parts.metrics.clientSessions(this.#sessions.size);
  }

  has(session: Session): boolean {
    return this.#sessions.get(session.id) === session;
  }

  /** The session of an id, for the token and the endpoint that it was begun with only. */
  find(id: string, tokenHash: string, route: McpRoute): Session | null {
    const session = this.#sessions.get(id);
    if (session === undefined || session.tokenHash !== tokenHash || session.route.path !== route.path) return null;
    const now = this.parts.clock.now();
    if (now - session.lastUsed > orderMs) this.#touch(session, now);
    return session;
  }

  /** Ends a session: its streams politely, its requests with `reason`. */
  end(session: Session, reason: Error): void {
    if (this.has(session)) {
      this.#sessions.delete(session.id);
      this.#keeping.delete(session);
      const { holder } = session;
      holder.sessions.delete(session);
      if (holder.sessions.size === 0 && this.#holders.get(session.tokenId) === holder)
        this.#holders.delete(session.tokenId);
      this.parts.metrics.clientSessions(this.#sessions.size);
    }
    session.close(reason);
  }

  /** Ends every session whose token has lost its right to the endpoint, with a record each. @returns how many */
  recheckAll(): number {
    const snapshot = this.parts.snapshots.current();
    let ended = 0;
    for (const holder of this.#holders.values()) ended += this.#recheck(snapshot, holder);
    return ended;
  }

  /** Ends what is not used any more, and forgets what nobody came back for. */
  sweep(): void {
    const { clock, config, snapshots } = this.parts;
    const now = clock.now();
    const idleSince = now - config.gateway.clientSessionIdle;
    for (const session of this.#sessions.values()) {
      if (session.lastUsed > idleSince) break;
      if (session.busy) this.#touch(session, now);
      else this.end(session, unused());
    }
    for (const session of this.#keeping) if (!session.forget(now)) this.#keeping.delete(session);
    for (const holder of this.#holders.values())
      if (now >= holder.principal.expiresAt) this.#recheck(snapshots.current(), holder);
  }

  /** The sessions whose clients listen to a stream for unsolicited messages now. */
  *listening(): Iterable<Session> {
    for (const session of this.#sessions.values()) if (session.hasStream) yield session;
  }

  /** Ends every session. */
  close(reason: Error): void {
    clearInterval(this.#timer);
    for (const session of this.#sessions.values()) this.end(session, reason);
  }

  /** Ends the streams for which nothing more can come; requests under way go on. */
  endStreams(): void {
    for (const session of this.#sessions.values()) session.endStream();
  }

  /** Ends the connections of streams for which nothing belongs to a request; their clients may come back. */
  pauseStreams(): void {
    for (const session of this.listening()) session.pauseStream();
  }

  #touch(session: Session, now: number): void {
    session.lastUsed = now;
    this.#sessions.delete(session.id);
    this.#sessions.set(session.id, session);
  }

  #recheck(snapshot: CatalogSnapshot, holder: SessionHolder): number {
    let ended = 0;
    for (const place of holder.places.values()) {
      const { route } = place;
      const problem = this.#problemOf(snapshot, holder, place);
      if (problem === null) continue;
      for (const session of holder.sessions) {
        if (session.route.path !== route.path) continue;
        recordEnd(this.parts, session, place, problem);
        this.end(session, problem);
        ended++;
      }
      holder.places.delete(route.path);
    }
    return ended;
  }

  #problemOf(snapshot: CatalogSnapshot, holder: SessionHolder, place: SessionPlace): DomainError | null {
    try {
      holder.principal = principalOf(snapshot, holder.tokenHash, this.parts.clock.now());
      place.subjectId = endpointOf(snapshot, holder.principal, place.route).subjectId;
      return null;
    } catch (error) {
      if (error instanceof DomainError) return error;
      throw error;
    }
  }

  #makeRoom(tokenId: string): void {
    const { maxClientSessions, maxClientSessionsPerToken } = this.parts.config.gateway;
    const own = this.#holders.get(tokenId)?.sessions;
    if (own !== undefined && own.size >= maxClientSessionsPerToken) this.#endOldest(leastUsedFirst(own));
    if (this.#sessions.size >= maxClientSessions) this.#endOldest(this.#sessions.values());
  }

  #endOldest(sessions: Iterable<Session>): void {
    for (const session of sessions) {
      if (session.busy) continue;
      this.end(session, unused());
      return;
    }
    throw full();
  }
}

const leastUsedFirst = (sessions: Iterable<Session>) => [...sessions].sort((a, b) => a.lastUsed - b.lastUsed);
