import {
  closeLegacySession,
  openLegacySession,
  refusalError,
  UpstreamRpcError,
  type UpstreamConnection,
  type UpstreamIdentity,
} from '#mcp';

/** Bounds of the sessions of one process. */
export interface LegacySessionsOptions {
  /** The least recently used idle session is closed for a new one. */
  readonly max: number;
  /** Milliseconds without use after which a session is closed. */
  readonly idleMs: number;
}

/** For whom a session is: no two tokens ever share one. */
export interface SessionOwner {
  readonly tokenId: string;
  readonly upstreamId: string;
  /** Why the last call that used the session would be refused now; null while it would not. */
  readonly recheck: () => unknown;
}

interface Session {
  readonly connection: UpstreamConnection;
  readonly opening: Promise<UpstreamIdentity>;
  recheck: () => unknown;
  inFlight: number;
  lastUsed: number;
  nextId: number;
  /** No new call gets it; it ends with the last one that has it. */
  retired: boolean;
}

/** A session as long as one call uses it. */
export interface SessionLease {
  readonly peer: UpstreamIdentity;
  /** JSON-RPC ids must be unique within a session; null where the upstream keeps none. */
  readonly id: number | null;
  /** The upstream has forgotten the session: the next call opens another one. */
  forget(): void;
  release(): void;
}

/** `initialize` had id 1. */
const firstId = 2;

async function open(connection: UpstreamConnection): Promise<UpstreamIdentity> {
  try {
    return await openLegacySession(connection);
  } catch (error) {
    throw error instanceof UpstreamRpcError ? refusalError(connection, error, 'initialize') : error;
  }
}

/**
 * The sessions that this process keeps at upstreams of the legacy era, one per (token, upstream): opened at the first
 * call, by one `initialize` however many calls wait for it, and closed when idle, when there are too many, when the
 * upstream's configuration changes, or when their owner loses the right to them.
 */
export class LegacySessions {
  /** In order of use, the least recently used first. */
  readonly #sessions = new Map<string, Session>();
  readonly #ending = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;

  constructor(private readonly options: LegacySessionsOptions) {
    this.#timer = setInterval(() => this.#closeIdle(), Math.max(500, Math.min(options.idleMs / 2, 30_000)));
    this.#timer.unref();
  }

  get size(): number {
    return this.#sessions.size;
  }

  /** The owner's session at an upstream, opened if need be; `release()` it in any case. */
  async lease(owner: SessionOwner, connection: UpstreamConnection): Promise<SessionLease> {
    const key = `${owner.tokenId} ${owner.upstreamId}`;
    let session = this.#sessions.get(key);
    if (session !== undefined && session.connection !== connection) {
      this.#retire(key, session);
      session = undefined;
    }
    session ??= this.#begin(connection);
    // Last in the order of use.
    this.#sessions.delete(key);
    this.#sessions.set(key, session);
    session.recheck = owner.recheck;
    session.inFlight++;
    const used = session;
    const release = () => {
      used.inFlight--;
      used.lastUsed = Date.now();
      if (used.retired && used.inFlight === 0) this.#end(used);
    };
    const forget = () => {
      if (this.#sessions.get(key) === used) this.#sessions.delete(key);
    };
    try {
      const peer = await used.opening;
      return { peer, id: peer.sessionId === null ? null : used.nextId++, forget, release };
    } catch (error) {
      forget();
      release();
      throw error;
    }
  }

  /** Closes every session whose owner would be refused now. */
  closeForbidden(): void {
    for (const [key, session] of this.#sessions) if (session.recheck() !== null) this.#retire(key, session);
  }

  /** Ends every session at its upstream; waits for that at most `deadlineMs`. */
  async close(deadlineMs: number): Promise<void> {
    clearInterval(this.#timer);
    for (const session of this.#sessions.values()) this.#end(session);
    this.#sessions.clear();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, deadlineMs)));
    await Promise.race([Promise.all(this.#ending), late]);
    clearTimeout(timer);
  }

  #begin(connection: UpstreamConnection): Session {
    if (this.#sessions.size >= this.options.max) {
      for (const [key, session] of this.#sessions) {
        if (session.inFlight > 0) continue;
        this.#retire(key, session);
        break;
      }
    }
    const opening = open(connection);
    const lastUsed = Date.now();
    return { connection, opening, recheck: () => null, inFlight: 0, lastUsed, nextId: firstId, retired: false };
  }

  #closeIdle(): void {
    const limit = Date.now() - this.options.idleMs;
    for (const [key, session] of this.#sessions)
      if (session.inFlight === 0 && session.lastUsed < limit) this.#retire(key, session);
  }

  #retire(key: string, session: Session): void {
    this.#sessions.delete(key);
    session.retired = true;
    // Ending it now would cut off calls that are still allowed.
    if (session.inFlight === 0) this.#end(session);
  }

  #end(session: Session): void {
    const ended = session.opening
      .then((peer) => closeLegacySession(session.connection, peer))
      .catch(() => undefined)
      .finally(() => this.#ending.delete(ended));
    this.#ending.add(ended);
  }
}
