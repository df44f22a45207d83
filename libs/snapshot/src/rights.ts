import type { McpAccess } from '#authz';
import { catalogKinds, type CatalogKind } from '#contracts';
import { compileAggregate } from './compile-aggregate.js';
import type { CompiledCatalogue } from './compile-catalogue.js';
import type { CompiledEndpoint } from './compiled-endpoint.js';
import type { CompiledUpstream } from './compile-upstream.js';
import type { CompiledVirtualServer } from './compile-virtual-server.js';

const subjectOf = {
  TOOL: 'Tool',
  RESOURCE: 'Resource',
  RESOURCE_TEMPLATE: 'ResourceTemplate',
  PROMPT: 'Prompt',
} as const;

/**
 * What everyone with the same grants may reach in one catalogue. Each object is decided when it is first asked for.
 * Composing delegates: who may execute a virtual server may use its entries, without a right on their upstreams.
 */
export class Rights {
  readonly #servers = new Map<CompiledVirtualServer, boolean>();
  readonly #upstreams = new Map<CompiledUpstream, boolean>();
  #aggregate: CompiledEndpoint | undefined;

  constructor(
    private readonly access: McpAccess,
    private readonly catalogue: CompiledCatalogue,
  ) {}

  /** Whether the principal may connect to the virtual server. */
  mayConnect(server: CompiledVirtualServer): boolean {
    return remember(this.#servers, server, () => this.access.execute('VirtualServer', server.attributes));
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
    const servers = orderedServers.filter((server) => this.mayConnect(server));
    const direct = upstreams.filter(({ kinds }) => kinds.size > 0);
    const key = JSON.stringify([
      direct.map(({ upstream, kinds }) => [upstream.row.id, [...kinds]]),
      servers.map(({ row }) => row.id),
    ]);
    return aggregates.get(key, () => compileAggregate({ organizationName, upstreams, servers })).endpoint;
  }

  #kindsOf({ attributes }: CompiledUpstream): ReadonlySet<CatalogKind> {
    return new Set(catalogKinds.filter((kind) => this.access.execute(subjectOf[kind], attributes)));
  }
}

function remember<K>(answers: Map<K, boolean>, subject: K, decide: () => boolean): boolean {
  const known = answers.get(subject);
  if (known !== undefined) return known;
  const answer = decide();
  answers.set(subject, answer);
  return answer;
}
