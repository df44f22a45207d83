import type { Visibility } from '#contracts';
import { sha256Hex } from '#crypto';
import { encodeGlobalId } from '#kernel';
import type { WriteTransaction } from '#persistence';
import type { Seed, TestTeam, TestUser } from './control-plane-harness.js';

/** A row that tests made. */
export interface Seeded {
  readonly id: string;
  readonly globalId: string;
}

/** Who owns a seeded object and who sees it. */
export interface SeedSharing {
  readonly owner: Pick<TestUser, 'id'>;
  readonly visibility?: Visibility;
  readonly team?: Pick<TestTeam, 'id'> | null;
}

const seeded = (type: string, id: string): Seeded => ({ id, globalId: encodeGlobalId(type, id) });

const sharingOf = ({ owner, visibility = 'ORGANIZATION', team = null }: SeedSharing) => ({
  ownerId: owner.id,
  visibility,
  teamId: visibility === 'TEAM' ? (team?.id ?? null) : null,
});

const definitionOf = (value: object) => {
  const definition = JSON.stringify(value);
  return { definition, fingerprint: sha256Hex(definition) };
};

/** Adds an upstream inside a transaction. */
export const addUpstream = (tx: WriteTransaction, slug: string, sharing: SeedSharing): string =>
  tx.upstreams.create({
    ...{ slug, name: slug, description: '', url: `https://${slug}.example.com/mcp`, enabled: true },
    ...sharingOf(sharing),
    ...{ authHeader: null, authSecret: null, era: null, protocolVersion: null, serverInfo: null, capabilities: null },
    ...{ instructions: null, health: 'UNKNOWN', healthCode: null, healthChangedAt: null },
  }).id;

/** Adds a virtual server inside a transaction. */
export const addVirtualServer = (tx: WriteTransaction, slug: string, sharing: SeedSharing): string =>
  tx.virtualServers.create({
    ...{ slug, name: slug, description: '', enabled: true, prefixNames: false, instructions: null },
    ...sharingOf(sharing),
  }).id;

/** Adds one object of each kind to an upstream, inside a transaction: `search`, `mem:search`, `mem:{search}`, `search`. */
export function addObjects(tx: WriteTransaction, upstream: string, name = 'search') {
  const common = { upstream, title: null, description: `All about ${name}` };
  const tool = { name, inputSchema: { type: 'object' }, 'x-unknown': [1, { kept: true }] };
  const uri = `mem:${name}`;
  const uriTemplate = `mem:{${name}}`;
  return {
    tool: tx.tools.create({ ...common, name, ...definitionOf(tool) }).id,
    resource: tx.resources.create({ ...common, uri, name, mimeType: 'text/plain', ...definitionOf({ uri, name }) }).id,
    template: tx.resourceTemplates.create({
      ...{ ...common, uriTemplate, name, mimeType: null },
      ...definitionOf({ uriTemplate, name }),
    }).id,
    prompt: tx.prompts.create({ ...common, name, ...definitionOf({ name }) }).id,
  };
}

/** An upstream with one object of each kind, committed. */
export async function seedUpstream(seed: Seed, organizationId: string, slug: string, sharing: SeedSharing) {
  const rows = await seed.write(organizationId, async (tx) => {
    const upstream = addUpstream(tx, slug, sharing);
    return { upstream, ...addObjects(tx, upstream) };
  });
  return {
    upstream: seeded('Upstream', rows.upstream),
    tool: seeded('Tool', rows.tool),
    resource: seeded('Resource', rows.resource),
    template: seeded('ResourceTemplate', rows.template),
    prompt: seeded('Prompt', rows.prompt),
  };
}

/** A virtual server, committed. */
export const seedVirtualServer = async (
  seed: Seed,
  organizationId: string,
  slug: string,
  sharing: SeedSharing,
): Promise<Seeded> =>
  seeded('VirtualServer', await seed.write(organizationId, async (tx) => addVirtualServer(tx, slug, sharing)));
