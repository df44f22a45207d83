import { BoundedCache } from './bounded-cache.js';
import { byText } from './by-text.js';
import type { CompiledAggregate } from './compile-aggregate.js';
import type { CompiledUpstream } from './compile-upstream.js';
import type { CompiledVirtualServer } from './compile-virtual-server.js';

/** An aggregate is made again when it is asked for again; this bound keeps rare ones from piling up. */
const mostAggregates = 256;

/** Everything of one organization that can be reached over MCP, whoever asks. */
export interface CompiledCatalogue {
  readonly name: string;
  readonly upstreams: ReadonlyMap<string, CompiledUpstream>;
  readonly servers: ReadonlyMap<string, CompiledVirtualServer>;
  /** Enabled ones only, by slug and by id (a slug is never a UUID). */
  readonly upstreamsByName: ReadonlyMap<string, CompiledUpstream>;
  readonly serversByName: ReadonlyMap<string, CompiledVirtualServer>;
  /** Enabled ones, in the order in which they are listed. */
  readonly orderedUpstreams: readonly CompiledUpstream[];
  readonly orderedServers: readonly CompiledVirtualServer[];
  /** Users who own an upstream or virtual server: only for them does it matter who they are. */
  readonly owners: ReadonlySet<string>;
  /** Filled by readers, by visible set. */
  readonly aggregates: BoundedCache<CompiledAggregate>;
}

const enabledOf = <T extends { readonly row: { readonly enabled: boolean; readonly slug: string } }>(
  parts: ReadonlyMap<string, T>,
): T[] => [...parts.values()].filter(({ row }) => row.enabled).toSorted((a, b) => byText(a.row.slug, b.row.slug));

const byName = <T extends { readonly row: { readonly id: string; readonly slug: string } }>(
  parts: readonly T[],
): ReadonlyMap<string, T> =>
  new Map(
    parts.flatMap((part) => [
      [part.row.slug, part],
      [part.row.id, part],
    ]),
  );

/** Joins compiled parts into the tables of one organization; aggregates of unchanged parts are taken over. */
export function compileCatalogue(
  name: string,
  upstreams: ReadonlyMap<string, CompiledUpstream>,
  servers: ReadonlyMap<string, CompiledVirtualServer>,
  previous: CompiledCatalogue | undefined,
): CompiledCatalogue {
  const isCurrent = (aggregate: CompiledAggregate): boolean =>
    aggregate.endpoint.name === name &&
    aggregate.upstreams.every((upstream) => upstreams.get(upstream.row.id) === upstream) &&
    aggregate.servers.every((server) => servers.get(server.row.id) === server);
  const orderedUpstreams = enabledOf(upstreams);
  const orderedServers = enabledOf(servers);
  return {
    name,
    upstreams,
    servers,
    upstreamsByName: byName(orderedUpstreams),
    serversByName: byName(orderedServers),
    orderedUpstreams,
    orderedServers,
    owners: new Set([...orderedUpstreams, ...orderedServers].map(({ row }) => row.ownerId)),
    aggregates: previous?.aggregates.where(isCurrent) ?? new BoundedCache(mostAggregates),
  };
}
