import type { CatalogKind } from '#contracts';
import { CompiledEndpoint } from './compiled-endpoint.js';
import type { CompiledUpstream } from './compile-upstream.js';
import type { CompiledVirtualServer } from './compile-virtual-server.js';

/** An upstream with the kinds of objects that a principal may use directly; maybe none. */
export interface VisibleUpstream {
  readonly upstream: CompiledUpstream;
  readonly kinds: ReadonlySet<CatalogKind>;
}

/** What a principal may use: the part of the catalogue that an aggregate is made of. */
export interface VisibleSet {
  readonly organizationName: string;
  /** Enabled ones, in order. */
  readonly upstreams: readonly VisibleUpstream[];
  readonly servers: readonly CompiledVirtualServer[];
}

/** An aggregate with the parts that it was made from: while they are current, so is it. */
export interface CompiledAggregate {
  readonly endpoint: CompiledEndpoint;
  readonly upstreams: readonly CompiledUpstream[];
  readonly servers: readonly CompiledVirtualServer[];
}

/**
 * Builds the endpoint that joins everything a principal may use: whole kinds of some upstreams, and the objects that
 * virtual servers open to them. Definitions are the upstreams' own: overrides belong to the virtual servers.
 */
export function compileAggregate({ organizationName: name, upstreams, servers }: VisibleSet): CompiledAggregate {
  const throughServers = new Set(servers.flatMap(({ objectIds }) => [...objectIds]));
  const parts = upstreams
    .map(({ upstream, kinds }) => ({
      upstream,
      objects: upstream.aggregated.filter(({ kind, objectId }) => kinds.has(kind) || throughServers.has(objectId)),
      direct: kinds.size > 0,
    }))
    .filter(({ objects, direct }) => direct || objects.length > 0);
  const head = { kind: 'aggregate', subjectId: null, slug: null, name, instructions: null } as const;
  return {
    endpoint: new CompiledEndpoint(
      head,
      parts.flatMap(({ objects }) => objects),
      () => parts.map(({ upstream }) => upstream.member),
    ),
    upstreams: parts.map(({ upstream }) => upstream),
    servers,
  };
}
