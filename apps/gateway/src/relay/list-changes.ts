import { DomainError, type Clock } from '#kernel';
import { declaredMask, type JsonObject } from '#mcp';
import type { CatalogSnapshot, Endpoint, UpstreamTarget } from '#snapshot';
import type { McpRoute } from '../pipeline/mcp-route.js';
import { endpointOf, principalOf } from '../pipeline/rights.js';
import type { ClientSession } from '../sessions/client-session.js';
import { upstreamsBehind } from './endpoint-upstreams.js';
import { changedKinds, listChangedText, type ListKind } from './list-kinds.js';

/** Somebody who hears when a list that they see has changed. */
export interface ListListener {
  readonly tokenHash: string;
  readonly route: McpRoute;
  /** What the client has declared that it can do. */
  readonly capabilities: JsonObject;
  listChanged(kind: ListKind): void;
}

type Place = Pick<ListListener, 'tokenHash' | 'route' | 'capabilities'>;

/** What {@link ListChanges} looks at. */
export interface ListChangesParts {
  readonly clock: Clock;
  /** The legacy sessions; those are told whose client listens. */
  readonly sessions: { listening(): Iterable<Place & Pick<ClientSession, 'notify'>> };
}

/**
 * Tells exactly those clients whose visible lists have changed (docs/protocol-support.md): after every change of the configuration
 * each open stream's endpoint is compared with what it was before.
 */
export class ListChanges {
  readonly #listeners = new Set<ListListener>();

  constructor(private readonly parts: ListChangesParts) {}

  /** @returns a function that ends it */
  add(listener: ListListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Compares two snapshots for everybody who listens. */
  swapped(next: CatalogSnapshot, previous: CatalogSnapshot): void {
    const changes = new Map<string, readonly ListKind[]>();
    const changesOf = (place: Place): readonly ListKind[] => {
      const declared = declaredMask(place.capabilities);
      const key = `${declared} ${place.tokenHash} ${place.route.path}`;
      let found = changes.get(key);
      if (found === undefined) {
        const before = this.#endpointOf(previous, place);
        const now = this.#endpointOf(next, place);
        found = changedKinds(before && before.forClient(declared), now && now.forClient(declared));
        changes.set(key, found);
      }
      return found;
    };
    for (const session of this.parts.sessions.listening())
      for (const kind of changesOf(session)) session.notify(listChangedText(kind));
    for (const listener of this.#listeners) for (const kind of changesOf(listener)) listener.listChanged(kind);
  }

  /** The upstreams behind everything that somebody listens to now. */
  upstreams(snapshot: CatalogSnapshot): ReadonlyMap<string, UpstreamTarget> {
    const seen = new Set<Endpoint>();
    const found = new Map<string, UpstreamTarget>();
    const look = (place: Place) => {
      const endpoint = this.#endpointOf(snapshot, place);
      if (endpoint === null || seen.has(endpoint)) return;
      seen.add(endpoint);
      for (const [id, upstream] of upstreamsBehind(endpoint)) if (upstream.enabled) found.set(id, upstream);
    };
    for (const session of this.parts.sessions.listening()) look(session);
    for (const listener of this.#listeners) look(listener);
    return found;
  }

  #endpointOf(snapshot: CatalogSnapshot, { route, tokenHash }: Place): Endpoint | null {
    try {
      return endpointOf(snapshot, principalOf(snapshot, tokenHash, this.parts.clock.now()), route);
    } catch (error) {
      if (error instanceof DomainError) return null;
      throw error;
    }
  }
}
