import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Visibility } from '#contracts';
import {
  addUpstream,
  addUser,
  callMcp,
  callModern,
  startFixtureServer,
  until,
  type ControlPlaneClient,
  type FixtureServer,
} from '#testing';
import {
  expectedCells,
  matrixRoles,
  relations,
  type MatrixCell,
  type MatrixRole,
  type Relation,
} from '../authz/matrix.js';
import { addEntries, compose, entriesOf, itemsOf, startMcpWorld, toolNames, type McpWorld } from './mcp-world.js';

type Json = Record<string, unknown>;

const visibilities: readonly Visibility[] = ['PRIVATE', 'TEAM', 'ORGANIZATION'];
const short: Readonly<Record<MatrixRole, string>> = {
  'organization-owner': 'owner',
  'organization-admin': 'manager',
  'organization-auditor': 'auditor',
  'team-admin': 'lead',
  'team-developer': 'developer',
  'team-member': 'member',
  'organization-member': 'plain',
};
const asEnum = (role: string) => role.toUpperCase().replaceAll('-', '_');

/** The slug of the upstream and of the virtual server that a role meets in a relation. */
const slugOf = (role: MatrixRole, relation: Relation, visibility: string) =>
  `${relation === 'owner' ? short[role] : relation}-${visibility.toLowerCase()}`;

interface Person {
  readonly userId: string;
  readonly client: ControlPlaneClient;
  readonly token: string;
}

let world: McpWorld;
let fixture: FixtureServer;
const actors = new Map<MatrixRole, Person>();

/** The address tells which upstream was asked: every one is the same server under another path. */
const urlOf = (slug: string) => new URL(`/${slug}`, fixture.url).href;

const idOf = async (mutation: Promise<Record<string, { id: string }>>) => Object.values(await mutation)[0]?.id ?? '';

const join = (teamId: string, userId: string, role: string): Promise<string> =>
  idOf(
    world.admin.mutate(
      'createMembership',
      'CreateMembershipInput',
      { teamId, userId, role: asEnum(role) },
      'membership { id }',
    ),
  );

/** An upstream and a virtual server of each visibility, all owned by one person. */
async function seedObjects({ client }: Person, name: string, teamId: string): Promise<void> {
  for (const visibility of visibilities) {
    const slug = `${name}-${visibility.toLowerCase()}`;
    // Nobody but administrators may share with everyone: they raise what was made for the team; its owner stays.
    const sharing = visibility === 'PRIVATE' ? { visibility } : { visibility: 'TEAM', teamId };
    const head = { slug, name: slug, ...sharing };
    const upstream = await idOf(
      client.mutate('createUpstream', 'CreateUpstreamInput', { ...head, url: urlOf(slug) }, 'upstream { id }'),
    );
    const server = await idOf(
      client.mutate('createVirtualServer', 'CreateVirtualServerInput', head, 'virtualServer { id }'),
    );
    // A private server lends nothing, so its owner fills it with what is their own. An auditor may not, nor use it.
    if (visibility === 'PRIVATE' && name !== short['organization-auditor']) {
      await world.admin.mutate('syncUpstream', 'SyncUpstreamInput', { id: upstream }, 'operation { state }');
      await addEntries(client, server, await entriesOf(client, upstream));
    }
    if (visibility !== 'ORGANIZATION') continue;
    const everyones = { visibility, teamId: null };
    await world.admin.mutate(
      'updateUpstream',
      'UpdateUpstreamInput',
      { id: upstream, ...everyones },
      'upstream { id }',
    );
    await world.admin.mutate(
      'updateVirtualServer',
      'UpdateVirtualServerInput',
      { id: server, ...everyones },
      'virtualServer { id }',
    );
  }
}

const listSlugs = async (kind: 'upstreams' | 'virtualServers', selection: string) => {
  const answer = await world.admin.send(`{ ${kind}(first: 100) { edges { node { id slug ${selection} } } } }`);
  const { edges } = (
    answer.data as unknown as Record<string, { edges: { node: Json & { id: string; slug: string } }[] }>
  )[kind] ?? { edges: [] };
  return edges.map(({ node }) => node);
};

async function seedActor(role: MatrixRole, teamId: string): Promise<void> {
  const organizationRole =
    role.startsWith('organization-') && role !== 'organization-member' ? { organizationRole: asEnum(role) } : {};
  const person = await addUser(world.admin, world.gatehouse.controlPlane, short[role], organizationRole);
  actors.set(role, person);
  // Not every role may create: their objects are made while they are developers of the team.
  const administers = role === 'organization-owner' || role === 'organization-admin';
  const membership = administers ? null : await join(teamId, person.userId, 'team-developer');
  await seedObjects(person, short[role], teamId);
  if (membership === null) return;
  if (role.startsWith('team-'))
    await world.admin.mutate(
      'updateMembership',
      'UpdateMembershipInput',
      { id: membership, role: asEnum(role) },
      'membership { id }',
    );
  else await world.admin.mutate('deleteMembership', 'DeleteMembershipInput', { id: membership }, 'deletedId');
}

beforeAll(async () => {
  [world, fixture] = await Promise.all([startMcpWorld(), startFixtureServer({ era: 'modern' })]);
  const { catalogue } = fixture;
  catalogue.tools.splice(1);
  catalogue.resources.splice(1);
  catalogue.prompts.splice(1);
  const { admin } = world;
  const team = (slug: string) =>
    idOf(admin.mutate('createTeam', 'CreateTeamInput', { slug, name: slug }, 'team { id }'));
  const [teamId, otherTeamId] = [await team('alpha'), await team('beta')];
  const others = [
    ['team-mate', teamId],
    ['stranger', otherTeamId],
  ] as const;
  for (const [name, id] of others) {
    const person = await addUser(admin, world.gatehouse.controlPlane, name);
    await join(id, person.userId, 'team-developer');
    await seedObjects(person, name, id);
  }
  for (const role of matrixRoles) await seedActor(role, teamId);
  // Composing delegates: the entries of every shared server come from an upstream that nobody else may use.
  const vault = await entriesOf(admin, await addUpstream(admin, 'vault', urlOf('vault'), { visibility: 'PRIVATE' }));
  for (const { id, visibility } of await listSlugs('virtualServers', 'visibility'))
    if (visibility !== 'PRIVATE') await addEntries(admin, id, vault);
  await until('every upstream is read', async () =>
    (await listSlugs('upstreams', 'prompts(first: 1) { edges { cursor } } tools(first: 1) { edges { cursor } }')).every(
      ({ prompts, tools }) => [prompts, tools].every((list) => (list as { edges: unknown[] }).edges.length === 1),
    ),
  );
  await compose(admin, 'last', vault);
  await until(
    'the gateway has read it all',
    async () => (await callMcp(world.at('/servers/last/mcp'), world.token, 'ping')).status === 200,
  );
}, 120_000);
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await fixture?.close();
});

/** The MCP side of each type: where it is listed, under which name, and how it is used. */
const kinds = {
  Tool: {
    list: 'tools/list',
    member: 'tools',
    key: 'name',
    call: 'tools/call',
    name: (slug: string) => `${slug}__echo`,
    asked: (slug: string) => ({ name: `${slug}__echo`, arguments: { text: 'x' } }),
  },
  Resource: {
    list: 'resources/list',
    member: 'resources',
    key: 'uri',
    call: 'resources/read',
    name: (slug: string) => `gatehouse:${slug}:fixture://text`,
    asked: (slug: string) => ({ uri: `gatehouse:${slug}:fixture://text` }),
  },
  ResourceTemplate: {
    list: 'resources/templates/list',
    member: 'resourceTemplates',
    key: 'uriTemplate',
    call: 'resources/read',
    name: (slug: string) => `gatehouse:${slug}:fixture://item/{id}`,
    asked: (slug: string) => ({ uri: `gatehouse:${slug}:fixture://item/7` }),
  },
  Prompt: {
    list: 'prompts/list',
    member: 'prompts',
    key: 'name',
    call: 'prompts/get',
    name: (slug: string) => `${slug}__simple`,
    asked: (slug: string) => ({ name: `${slug}__simple` }),
  },
} as const;
type ListedKind = keyof typeof kinds;
const isListedKind = (type: string): type is ListedKind => type in kinds;

const cells = expectedCells().filter(
  ({ type, action }) =>
    (action === 'execute' && (isListedKind(type) || type === 'VirtualServer' || type === 'Upstream')) ||
    action === 'passThrough',
);

const tokenOf = (role: MatrixRole) => actors.get(role)?.token ?? '';

async function listed(role: MatrixRole, kind: ListedKind): Promise<Set<string>> {
  const { list, member, key } = kinds[kind];
  const items = itemsOf(await callMcp(world.at('/mcp'), tokenOf(role), list), member);
  return new Set(items.map((item) => String(item[key])));
}

/** True when the answer is the upstream's, false when it is that of something that does not exist; else it throws. */
async function callable(at: string, token: string, method: string, params: Record<string, unknown>): Promise<boolean> {
  const answers = await Promise.all([callMcp, callModern].map((call) => call(world.at(at), token, method, params)));
  const [verdict, other] = answers.map(({ status, body }) => {
    if (status === 200 && body?.result) return true;
    if ((status === 200 && body?.error?.code === -32602) || status === 404) return false;
    throw new Error(`${at} ${method} answers ${status} ${JSON.stringify(body?.error)}`);
  });
  if (verdict !== other) throw new Error(`${at} ${method} differs between the eras`);
  return verdict ?? false;
}

const reached = (slug: string) =>
  fixture.requests.some(
    ({ path, text }) => path === `/${slug}` && /tools\/call|resources\/read|prompts\/get/.test(text),
  );
const echo = { name: 'echo', arguments: { text: 'x' } };

/** What the started gateway decides about one cell. */
async function decide({ role, type, variant, relation, action }: MatrixCell): Promise<boolean> {
  const slug = slugOf(role, relation, String(variant));
  if (isListedKind(type)) return callable('/mcp', tokenOf(role), kinds[type].call, kinds[type].asked(slug));
  if (type === 'VirtualServer') return callable(`/servers/${slug}/mcp`, tokenOf(role), 'tools/call', echo);
  if (action === 'passThrough') return callable(`/upstreams/${slug}/mcp`, tokenOf(role), 'tools/call', echo);
  // To execute an upstream is to see its objects on /mcp.
  return (await listed(role, 'Tool')).has(kinds.Tool.name(slug));
}

describe.each(matrixRoles)('over MCP, a user who is %s', (role) => {
  const mine = cells.filter((cell) => cell.role === role);

  it('may do what the committed matrix says, and nothing of what is denied reaches an upstream [AUZ-5]', async () => {
    expect(mine).toHaveLength(7 * visibilities.length * relations.length);
    const wrong: string[] = [];
    for (const cell of mine) {
      fixture.requests.length = 0;
      const allowed = await decide(cell);
      const slug = slugOf(role, cell.relation, String(cell.variant));
      const told = `${cell.type} ${cell.action} ${String(cell.variant)} ${cell.relation}`;
      if (allowed !== cell.allowed) wrong.push(`${told}: ${allowed ? 'allowed' : 'denied'}`);
      if (!allowed && (reached(slug) || reached('vault'))) wrong.push(`${told}: denied, yet it reached the upstream`);
    }
    expect(wrong).toEqual([]);
  });

  it('is shown exactly what may be called, of every object that there is [AUZ-3]', async () => {
    const slugs = (await listSlugs('upstreams', '')).map(({ slug }) => slug);
    expect(slugs).toHaveLength((matrixRoles.length + 2) * visibilities.length + 1);
    for (const kind of Object.keys(kinds).filter(isListedKind)) {
      const { name, call, asked } = kinds[kind];
      const shown = await listed(role, kind);
      const works = await Promise.all(
        slugs.map(async (slug) => ((await callable('/mcp', tokenOf(role), call, asked(slug))) ? [name(slug)] : [])),
      );
      expect([...shown].toSorted()).toEqual(works.flat().toSorted());
    }
    const servers = await listSlugs('virtualServers', '');
    for (const { slug } of servers.filter((server) => server.slug !== 'last')) {
      const at = `/servers/${slug}/mcp`;
      const answer = await callMcp(world.at(at), tokenOf(role), 'tools/list');
      const shown = answer.status === 200 && toolNames(answer).length === 1;
      expect([slug, shown]).toEqual([slug, await callable(at, tokenOf(role), 'tools/call', echo)]);
    }
  });
});
