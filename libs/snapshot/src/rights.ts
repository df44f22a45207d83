import type { McpAccess } from '#authz';
import { catalogKinds, type CatalogKind } from '#contracts';
import { compileAggregate } from './compile-aggregate.js';
import type { CompiledCatalogue } from './compile-catalogue.js';
import type { CompiledEndpoint } from './compiled-endpoint.js';
import type { CompiledUpstream } from './compile-upstream.js';
import { narrowVirtualServer, type CompiledVirtualServer } from './compile-virtual-server.js';
import type { ExposedObject } from './exposed-object.js';

const subjectOf = {
  TOOL: 'Tool',
  RESOURCE: 'Resource',
  RESOURCE_TEMPLATE: 'ResourceTemplate',
  PROMPT: 'Prompt',
} as const;

/**
 * What everyone with the same grants may reach in one catalogue. Each object is decided when it is first asked for.
 * Composing delegates: who may execute a virtual server may use its entries, without a right on their upstreams. Not so
 * a private server: its one caller is its owner, who must not keep there what a team has taken away (ADR 0008).
 */
export class Rights {
  readonly #servers = new Map<CompiledVirtualServer, CompiledVirtualServer | null>();
  readonly #upstreams = new Map<CompiledUpstream, boolean>();
  #aggregate: CompiledEndpoint | undefined;

  constructor(
    private readonly access: McpAccess,
    private readonly catalogue: CompiledCatalogue,
  ) {}

  /** The virtual server as the principal may use it; null when they may not connect. */
  serverOf(server: CompiledVirtualServer): CompiledVirtualServer | null {
    return remember(this.#servers, server, () => {
      if (!this.access.execute('VirtualServer', server.attributes)) return null;
      return server.row.visibility === 'PRIVATE' ? narrowVirtualServer(server, (entry) => this.#mayUse(entry)) : server;
    });
  }

  /** Whether the principal may use the upstream untouched. */
  mayPassThrough(upstream: CompiledUpstream): boolean {
    return remember(this.#upstreams, upstream, () =>
      this.access.passThrough({ id: upstream.row.id, ...upstream.attributes }),
    );
  }

  /** Everything at once. Principals who come to the same visible set share one endpoint. */
  aggregate(): CompiledEndpoint {
    return (this.#aggregate ??= this.#findAggregate());
  }

  #findAggregate(): CompiledEndpoint {
    const { name: organizationName, aggregates, orderedUpstreams, orderedServers } = this.catalogue;
    const upstreams = orderedUpstreams.map((upstream) => ({ upstream, kinds: this.#kindsOf(upstream) }));
    const servers = orderedServers.map((server) => this.serverOf(server)).filter((server) => server !== null);
    const direct = upstreams.filter(({ kinds }) => kinds.size > 0);
    const key = JSON.stringify([
      direct.map(({ upstream, kinds }) => [upstream.row.id, [...kinds]]),
      // A private server is its owner's own selection, which shrinks with the owner's rights.
      servers.map(({ row, objectIds }) => (row.visibility === 'PRIVATE' ? [row.id, ...objectIds] : row.id)),
    ]);
    return aggregates.get(key, () => compileAggregate({ organizationName, upstreams, servers })).endpoint;
  }

  #mayUse({ kind, upstream }: ExposedObject): boolean {
    const attributes = this.catalogue.upstreamsByName.get(upstream.id)?.attributes;
    return attributes !== undefined && this.access.executeEntry(subjectOf[kind], attributes);
  }

  #kindsOf({ attributes }: CompiledUpstream): ReadonlySet<CatalogKind> {
    return new Set(catalogKinds.filter((kind) => this.access.execute(subjectOf[kind], attributes)));
  }
}

function remember<K, V>(answers: Map<K, V>, subject: K, decide: () => V): V {
  const known = answers.get(subject);
  if (known !== undefined) return known;
  const answer = decide();
  answers.set(subject, answer);
  return answer;
}
