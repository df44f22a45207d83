import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeGlobalId, newId } from '#kernel';
import { addObjects, addUpstream, seedUpstream } from './catalog-seed.js';
import {
  startTestControlPlane,
  type GraphqlAnswer,
  type TestControlPlane,
  type TestUser,
} from './control-plane-harness.js';

const kinds = [
  { field: 'tools', type: 'Tool', key: 'name' },
  { field: 'resources', type: 'Resource', key: 'uri' },
  { field: 'resourceTemplates', type: 'ResourceTemplate', key: 'uriTemplate' },
  { field: 'prompts', type: 'Prompt', key: 'name' },
] as const;

const keysOf = (connection: { edges: { node: Record<string, string> }[] }, key: string) =>
  connection.edges.map(({ node }) => node[key]);

describe('the catalogue', () => {
  let cp: TestControlPlane;
  let owner: TestUser;
  let plain: TestUser;
  let open: Awaited<ReturnType<typeof seedUpstream>>;
  let hidden: Awaited<ReturnType<typeof seedUpstream>>;

  beforeAll(async () => {
    cp = await startTestControlPlane();
    owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
    plain = await cp.seed.user(cp.organizationId);
    open = await seedUpstream(cp.seed, cp.organizationId, 'open', { owner });
    hidden = await seedUpstream(cp.seed, cp.organizationId, 'hidden', { owner, visibility: 'PRIVATE' });
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  it.each(kinds)('lists $field to whom the upstream is visible, and by upstream', async ({ field, key }) => {
    const list = `query($upstreamId: ID) { ${field}(upstreamId: $upstreamId) { edges { node { id ${key} upstream { slug } } } pageInfo { hasNextPage } } }`;
    const slugs = async (user: TestUser, upstreamId?: string) =>
      (await user.query(list, { upstreamId })).data[field].edges.map(
        ({ node }: { node: { upstream: { slug: string } } }) => node.upstream.slug,
      );
    expect(await slugs(owner)).toEqual(['open', 'hidden']);
    expect(await slugs(plain)).toEqual(['open']);
    expect(await slugs(owner, hidden.upstream.globalId)).toEqual(['hidden']);
    expect(await slugs(plain, hidden.upstream.globalId)).toEqual([]);
    expect(await slugs(plain, encodeGlobalId('Upstream', newId()))).toEqual([]);
    const bad = await plain.query(list, { upstreamId: encodeGlobalId('Team', newId()) });
    expect(bad.errors[0]).toMatchObject({ extensions: { code: 'BAD_USER_INPUT', field: 'upstreamId' } });
  });

  it('shows definitions whole, as the upstream sent them', async () => {
    const { data } = await plain.query(
      `query($id: ID!) { node(id: $id) { ... on Tool { name title description definition fingerprint createdAt updatedAt upstream { id slug } } } }`,
      { id: open.tool.globalId },
    );
    expect(data.node).toMatchObject({
      ...{
        name: 'search',
        title: null,
        description: 'All about search',
        upstream: { id: open.upstream.globalId, slug: 'open' },
      },
      definition: { name: 'search', inputSchema: { type: 'object' }, 'x-unknown': [1, { kept: true }] },
      fingerprint: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const resource = await plain.query(
      'query($id: ID!) { node(id: $id) { ... on Resource { uri mimeType definition } } }',
      {
        id: open.resource.globalId,
      },
    );
    expect(resource.data.node).toMatchObject({
      uri: 'mem:search',
      mimeType: 'text/plain',
      definition: { uri: 'mem:search' },
    });
  });

  it.each([
    ['tool', 'Tool'],
    ['resource', 'Resource'],
    ['template', 'ResourceTemplate'],
    ['prompt', 'Prompt'],
  ] as const)('hides a %s with its upstream [GQL-13]', async (key, type) => {
    const answers = [];
    for (const id of [hidden[key].globalId, encodeGlobalId(type, newId())]) {
      cp.queries.reset();
      const { data, errors } = await plain.query('query($id: ID!) { node(id: $id) { id } }', { id });
      answers.push([data, errors[0]?.message, errors[0]?.extensions.code, cp.queries.statements.length]);
    }
    expect(answers[0]).toEqual([{ node: null }, `${type} not found.`, 'NOT_FOUND', expect.any(Number)]);
    expect(answers[0]).toEqual(answers[1]);
  });

  it('pages nested lists for each upstream on its own, forwards and backwards [GQL-2]', async () => {
    const id = await cp.seed.write(cp.organizationId, async (tx) => {
      const upstream = addUpstream(tx, 'many', { owner });
      for (let at = 0; at < 7; at += 1) addObjects(tx, upstream, `object-${at}`);
      return encodeGlobalId('Upstream', upstream);
    });
    for (const { field, key } of kinds) {
      const query = `query($id: ID!, $first: Int, $after: String, $last: Int, $before: String) { node(id: $id) { ... on Upstream { ${field}(first: $first, after: $after, last: $last, before: $before) { edges { node { ${key} } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } } } }`;
      const whole = keysOf((await owner.query(query, { id })).data.node[field], key);
      expect(whole).toHaveLength(7);
      const forwards = [];
      let after: string | null = null;
      for (let more = true; more;) {
        const answer: GraphqlAnswer = await owner.query(query, { id, first: 3, after });
        const page = answer.data.node[field];
        forwards.push(...keysOf(page, key));
        ({ endCursor: after, hasNextPage: more } = page.pageInfo);
      }
      expect(forwards).toEqual(whole);
      const last = (await owner.query(query, { id, last: 2 })).data.node[field];
      expect(keysOf(last, key)).toEqual(whole.slice(-2));
      expect(last.pageInfo).toMatchObject({ hasNextPage: false, hasPreviousPage: true });
      const earlier = (await owner.query(query, { id, last: 2, before: last.pageInfo.startCursor })).data.node[field];
      expect(keysOf(earlier, key)).toEqual(whole.slice(-4, -2));
    }
  });

  it('costs the same number of queries however many upstreams there are [GQL-3]', async () => {
    const nested = `{ upstreams(first: 20) { edges { node { slug owner { email } team { slug }
      tools(first: 5) { edges { node { name upstream { slug } } } }
      resources(first: 5) { edges { node { uri upstream { slug } } } }
      resourceTemplates(first: 5) { edges { node { uriTemplate } } }
      prompts(first: 5) { edges { node { name } } }
      healthChecks(first: 5) { edges { node { status } } } } } } }`;
    const count = async () => {
      cp.queries.reset();
      const { errors } = await owner.query(nested);
      expect(errors).toEqual([]);
      return cp.queries.statements.length;
    };
    const add = async (slug: string) => {
      const team = await cp.seed.team(cp.organizationId);
      await seedUpstream(cp.seed, cp.organizationId, slug, { owner: plain, visibility: 'TEAM', team });
    };
    await add('more');
    const few = await count();
    for (let at = 0; at < 8; at += 1) await add(`more-${at}`);
    expect(await count()).toBe(few);
  });

  it('shows the latest checks of an upstream first', async () => {
    await cp.seed.write(cp.organizationId, async (tx) => {
      for (const [code, at] of [
        ['UPSTREAM_TLS', 1],
        [null, 2],
      ] as const) {
        tx.healthChecks.create({
          ...{ upstreamId: open.upstream.id, status: code ? 'UNHEALTHY' : 'HEALTHY', code, message: code && 'broken' },
          ...{ latencyMs: at, checkedAt: new Date(Date.now() + at) },
        });
        await tx.healthChecks.flush();
      }
    });
    const { data } = await plain.query(
      `query($id: ID!) { node(id: $id) { ... on Upstream { healthChecks(first: 5) { edges { node { id status code message latencyMs } } } } } }`,
      { id: open.upstream.globalId },
    );
    const nodes = data.node.healthChecks.edges.map(({ node }: { node: object }) => node);
    expect(nodes).toMatchObject([
      { status: 'HEALTHY', code: null, latencyMs: 2 },
      { status: 'UNHEALTHY', code: 'UPSTREAM_TLS', message: 'broken', latencyMs: 1 },
    ]);
    const one = await plain.query('query($id: ID!) { node(id: $id) { ... on HealthCheck { latencyMs } } }', {
      id: nodes[0].id,
    });
    expect(one.data.node.latencyMs).toBe(2);
  });
});
