import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  create,
  update,
  remove,
  addEntries,
  removeEntries,
  payloadOf,
  startComposition,
  type Composition,
} from './virtual-servers-fixture.js';

describe('virtual servers', () => {
  let cp: Composition['cp'];
  let team: Composition['team'];
  let owner: Composition['owner'];
  let developer: Composition['developer'];
  let member: Composition['member'];
  let plain: Composition['plain'];
  let github: Composition['github'];
  let created: Composition['created'];
  let add: Composition['add'];

  beforeAll(async () => {
    ({ cp, team, owner, developer, member, plain, github, created, add } = await startComposition());
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  it('are created, changed, found by slug and deleted [GQL-9]', async () => {
    const made = await created(developer, { slug: 'office', name: ' Office ' });
    expect(made).toMatchObject({
      ...{ slug: 'office', name: 'Office', description: '', visibility: 'PRIVATE', enabled: true, prefixNames: false },
      ...{ instructions: null, endpointUrl: 'https://mcp.example.com/servers/office/mcp', team: null },
      owner: { email: developer.email },
    });
    const changed = await developer.query(update, {
      input: { id: made.id, slug: 'bureau', instructions: 'Be kind.', visibility: 'TEAM', teamId: team.globalId },
    });
    expect(changed.data.updateVirtualServer.virtualServer).toMatchObject({
      ...{ slug: 'bureau', instructions: 'Be kind.', visibility: 'TEAM', team: { slug: 'alpha' } },
      endpointUrl: 'https://mcp.example.com/servers/bureau/mcp',
    });
    const bySlug = 'query($slug: String!) { virtualServerBySlug(slug: $slug) { id } }';
    expect((await member.query(bySlug, { slug: 'bureau' })).data.virtualServerBySlug.id).toBe(made.id);
    const hidden = (await plain.query(bySlug, { slug: 'bureau' })).errors[0];
    const missing = (await plain.query(bySlug, { slug: 'nothing' })).errors[0];
    expect([hidden?.message, hidden?.extensions.code]).toEqual([missing?.message, missing?.extensions.code]);
    expect(
      (await developer.query(update, { input: { id: made.id, instructions: null } })).data.updateVirtualServer
        .virtualServer.instructions,
    ).toBeNull();
    expect((await member.query(remove, { input: { id: made.id } })).errors[0]?.extensions.code).toBe('FORBIDDEN');
    expect((await developer.query(remove, { input: { id: made.id } })).data.deleteVirtualServer.deletedId).toBe(
      made.id,
    );
  });

  it('answer what the caller can correct as userErrors [GQL-11]', async () => {
    const { id } = await created(owner, { slug: 'standing' });
    const toolId = github.tool.globalId;
    const cases: [string, object, object][] = [
      [create, { slug: 'standing', name: 'x' }, { field: 'slug', code: 'CONFLICT' }],
      [create, { slug: 'No Slug', name: 'x' }, { field: 'slug', code: 'BAD_USER_INPUT' }],
      [create, { slug: 'ok', name: 'x', visibility: 'TEAM' }, { field: 'teamId', code: 'BAD_USER_INPUT' }],
      [
        create,
        { slug: 'ok', name: 'x', instructions: 'x'.repeat(10_001) },
        { field: 'instructions', code: 'BAD_USER_INPUT' },
      ],
      [update, { id, visibility: null }, { field: 'visibility', code: 'BAD_USER_INPUT' }],
      [addEntries, { virtualServerId: id, entries: [] }, { field: 'entries', code: 'BAD_USER_INPUT' }],
      [addEntries, { virtualServerId: id, entries: [{}] }, { field: 'entries.0', code: 'BAD_USER_INPUT' }],
      [
        addEntries,
        { virtualServerId: id, entries: [{ toolId, promptId: github.prompt.globalId }] },
        { field: 'entries.0', code: 'BAD_USER_INPUT' },
      ],
      [
        addEntries,
        { virtualServerId: id, entries: [{ toolId: github.prompt.globalId }] },
        { field: 'entries.0.toolId', code: 'BAD_USER_INPUT' },
      ],
      [
        addEntries,
        { virtualServerId: id, entries: [{ toolId, nameOverride: 'no spaces' }] },
        { field: 'entries.0.nameOverride', code: 'BAD_USER_INPUT' },
      ],
      [
        addEntries,
        { virtualServerId: id, entries: [{ toolId, nameOverride: 'x'.repeat(61) }] },
        { field: 'entries.0.nameOverride', code: 'BAD_USER_INPUT' },
      ],
      [
        addEntries,
        { virtualServerId: id, entries: [{ resourceId: github.resource.globalId, nameOverride: 'x' }] },
        { field: 'entries.0.nameOverride', code: 'BAD_USER_INPUT' },
      ],
      [
        addEntries,
        { virtualServerId: id, entries: Array.from({ length: 501 }, () => ({ toolId })) },
        { field: 'entries', code: 'BAD_USER_INPUT' },
      ],
      [removeEntries, { ids: [] }, { field: 'ids', code: 'BAD_USER_INPUT' }],
    ];
    for (const [mutation, input, expected] of cases) {
      expect(
        payloadOf(await owner.query(mutation, { input })).userErrors,
        JSON.stringify(input).slice(0, 200),
      ).toMatchObject([expected]);
    }
  });

  it('cost the same number of queries however many there are [GQL-3]', async () => {
    const query = `{ virtualServers(first: 30) { edges { node { slug owner { email } entries(first: 3) { edges { node { exposedName tool { name upstream { slug } } prompt { name } virtualServer { slug } } } } } } } }`;
    const measure = async () => {
      cp.queries.reset();
      expect((await plain.query(query)).errors).toEqual([]);
      return cp.queries.statements.length;
    };
    const fill = async () => {
      const { id } = await created(owner, { visibility: 'ORGANIZATION' });
      await add(owner, id, { toolId: github.tool.globalId }, { promptId: github.prompt.globalId });
    };
    await fill();
    const few = await measure();
    for (let at = 0; at < 6; at += 1) await fill();
    expect(await measure()).toBe(few);
  });
});
