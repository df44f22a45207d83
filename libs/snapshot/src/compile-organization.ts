import { compileCatalogue, type CompiledCatalogue } from './compile-catalogue.js';
import { CompiledOrganization } from './compiled-organization.js';
import { compileGrants, compileToken } from './compile-principals.js';
import { compileUpstream, type CompiledUpstream } from './compile-upstream.js';
import { compileVirtualServer } from './compile-virtual-server.js';
import type { Dirt, OrganizationRows } from './organization-rows.js';

/** How many parts were compiled; what did not change costs nothing and is not counted. */
export interface Work {
  upstreams: number;
  virtualServers: number;
  users: number;
  tokens: number;
  catalogues: number;
}

/** What compiling one organization starts from. */
export interface OrganizationInput {
  readonly id: string;
  readonly rows: OrganizationRows;
  readonly dirt: Dirt;
  readonly previous: CompiledOrganization | undefined;
  readonly hash: (text: string) => string;
  readonly work: Work;
}

/** Compiles what is dirty and shares the rest with the previous revision; null when the organization is gone. */
export function compileOrganization(input: OrganizationInput): CompiledOrganization | null {
  const { id, rows, dirt, previous, work } = input;
  const organization = rows.organizations.get(id);
  if (!organization) return null;
  const grants = patch(previous?.grants, dirt.users, (userId) => {
    work.users++;
    return compileGrants(rows.users.get(userId), rows.memberships.in('user', userId), rows.bindings.in('user', userId));
  });
  // Tokens of disabled users are absent, so a user who comes or goes takes theirs along.
  const moved = [...dirt.users].filter((userId) => grants.has(userId) !== (previous?.grants.has(userId) ?? false));
  const dirtyTokens = new Set([
    ...dirt.tokens,
    ...moved.flatMap((userId) => rows.tokens.in('user', userId).map((row) => row.id)),
  ]);
  const tokens = patch(previous?.tokens, dirtyTokens, (tokenId) => {
    const row = rows.tokens.get(tokenId);
    if (!row || !grants.has(row.userId)) return null;
    work.tokens++;
    return compileToken(row);
  });
  const catalogue = catalogueOf(input, organization.name);
  return new CompiledOrganization(id, catalogue, grants, tokens, previous);
}

function catalogueOf(input: OrganizationInput, name: string): CompiledCatalogue {
  const { rows, dirt, previous, hash, work } = input;
  const before = previous?.catalogue;
  const upstreams = patch(before?.upstreams, dirt.upstreams, (id) => {
    const row = rows.upstreams.get(id);
    if (!row) return null;
    work.upstreams++;
    return compileUpstream(row, rows.objects.in('upstream', id), rows.healthOf(id), before?.upstreams.get(id), hash);
  });
  const servers = patch(before?.servers, dirtyServers(input, upstreams), (id) => {
    const row = rows.servers.get(id);
    if (!row) return null;
    work.virtualServers++;
    return compileVirtualServer(row, rows.entries.in('server', id), (objectId) =>
      upstreams.get(rows.objects.get(objectId)?.upstreamId ?? ''),
    );
  });
  if (before && before.name === name && before.upstreams === upstreams && before.servers === servers) return before;
  work.catalogues++;
  return compileCatalogue(name, upstreams, servers, before);
}

/** Servers whose own rows changed, and those that show a changed object or one of an upstream reached differently now. */
function dirtyServers(
  { rows, dirt, previous }: OrganizationInput,
  upstreams: ReadonlyMap<string, CompiledUpstream>,
): ReadonlySet<string> {
  const objectIds = new Set(dirt.objects);
  for (const id of dirt.upstreams) {
    if (upstreams.get(id)?.target === previous?.catalogue.upstreams.get(id)?.target) continue;
    for (const object of rows.objects.in('upstream', id)) objectIds.add(object.id);
  }
  const servers = new Set(dirt.servers);
  for (const id of objectIds) for (const entry of rows.entries.in('object', id)) servers.add(entry.virtualServerId);
  return servers;
}

/** A copy with some entries compiled again (null: gone); the same map when there are none. */
function patch<V>(
  previous: ReadonlyMap<string, V> | undefined,
  ids: ReadonlySet<string>,
  compile: (id: string) => V | null,
): ReadonlyMap<string, V> {
  if (previous && ids.size === 0) return previous;
  const next = new Map(previous);
  for (const id of ids) {
    const compiled = compile(id);
    if (compiled === null) next.delete(id);
    else next.set(id, compiled);
  }
  return next;
}
