import { isUuid, type Clock } from '#kernel';
import type { CatalogSnapshot, Endpoint, Principal, UpstreamTarget } from './catalog-snapshot.js';
import { CompiledEndpoint } from './compiled-endpoint.js';
import type { CompiledOrganization } from './compiled-organization.js';

/** One revision, as published. */
export class CompiledSnapshot implements CatalogSnapshot {
  /** @param principals live ones of all organizations, by the digest of their token */
  constructor(
    readonly revision: number,
    readonly organizations: ReadonlyMap<string, CompiledOrganization>,
    readonly principals: ReadonlyMap<string, Principal>,
    private readonly clock: Clock,
  ) {}

  principalByTokenHash(hash: string): Principal | null {
    return this.principals.get(hash) ?? null;
  }

  virtualServer(principal: Principal, slugOrId: string): Endpoint | null {
    const organization = this.organizations.get(principal.organizationId);
    const server = organization && find(organization.catalogue.serversByName, slugOrId);
    if (!server) return null;
    return organization.rightsOf(principal, this.clock.now())?.serverOf(server)?.endpoint ?? null;
  }

  upstream(principal: Principal, slugOrId: string): Endpoint | null {
    const organization = this.organizations.get(principal.organizationId);
    const upstream = organization && find(organization.catalogue.upstreamsByName, slugOrId);
    if (!upstream) return null;
    return organization.rightsOf(principal, this.clock.now())?.mayPassThrough(upstream) ? upstream.endpoint : null;
  }

  aggregate(principal: Principal): Endpoint {
    const rights = this.organizations.get(principal.organizationId)?.rightsOf(principal, this.clock.now());
    return rights?.aggregate() ?? nothing;
  }

  upstreamTarget(organizationId: string, upstreamId: string): UpstreamTarget | null {
    return this.organizations.get(organizationId)?.catalogue.upstreams.get(upstreamId)?.target ?? null;
  }
}

/** What somebody without any right sees; says nothing about the organization. */
const nothing: Endpoint = new CompiledEndpoint(
  { kind: 'aggregate', subjectId: null, slug: null, name: 'Gatehouse', instructions: null },
  [],
  () => [],
);

const find = <T>(parts: ReadonlyMap<string, T>, slugOrId: string): T | undefined =>
  parts.get(slugOrId) ?? (isUuid(slugOrId) ? parts.get(slugOrId.toLowerCase()) : undefined);
