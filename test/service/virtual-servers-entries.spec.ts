import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeGlobalId, newId } from '#kernel';
import { addObjects, addUpstream, seedUpstream, seedVirtualServer } from './catalog-seed.js';
import {
  update,
  addEntries,
  updateEntry,
  removeEntries,
  listEntries,
  payloadOf,
  errors,
  startComposition,
  type Composition,
} from './virtual-servers-fixture.js';

describe('entries of virtual servers', () => {
  let cp: Composition['cp'];
  let team: Composition['team'];
  let owner: Composition['owner'];
  let developer: Composition['developer'];
  let member: Composition['member'];
  let plain: Composition['plain'];
  let github: Composition['github'];
  let jira: Composition['jira'];
  let secretive: Composition['secretive'];
  let created: Composition['created'];
  let add: Composition['add'];
  let exposed: Composition['exposed'];

  beforeAll(async () => {
    ({ cp, team, owner, developer, member, plain, github, jira, secretive, created, add, exposed } =
      await startComposition());
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  it('are composed of every kind of object, with names of upstreams [GQL-9]', async () => {
    const { id } = await created(owner);
    const answer = await add(
      owner,
      id,
      { toolId: github.tool.globalId, nameOverride: 'find_code', descriptionOverride: 'Finds code.' },
      { resourceId: github.resource.globalId },
      { resourceTemplateId: github.template.globalId },
      { promptId: github.prompt.globalId },
      { toolId: jira.tool.globalId },
    );
    expect(payloadOf(answer).userErrors).toEqual([]);
    expect(answer.data.addVirtualServerEntries.entries).toMatchObject([
      {
        kind: 'TOOL',
        exposedName: 'find_code',
        nameOverride: 'find_code',
        descriptionOverride: 'Finds code.',
        tool: { name: 'search' },
      },
      { kind: 'RESOURCE', exposedName: 'mem:search', resource: { uri: 'mem:search' }, tool: null },
      { kind: 'RESOURCE_TEMPLATE', exposedName: 'mem:{search}', resourceTemplate: { uriTemplate: 'mem:{search}' } },
      { kind: 'PROMPT', exposedName: 'search', prompt: { name: 'search' } },
      { kind: 'TOOL', exposedName: 'search', nameOverride: null, descriptionOverride: null, tool: { name: 'search' } },
    ]);
    expect(await exposed(id)).toEqual(['find_code', 'mem:search', 'mem:{search}', 'search', 'search']);
  });

  it('prefix names when they were made so; overrides stay as they are [GQL-9]', async () => {
    const long = 'n'.repeat(70);
    const deep = await cp.seed.write(cp.organizationId, async (tx) =>
      addObjects(tx, addUpstream(tx, 'deep', { owner }), long),
    );
    const { id } = await created(owner, { prefixNames: true });
    const answer = await add(
      owner,
      id,
      { toolId: github.tool.globalId },
      { toolId: jira.tool.globalId },
      { resourceId: github.resource.globalId },
      { resourceTemplateId: jira.template.globalId },
      { promptId: github.prompt.globalId, nameOverride: 'ask' },
      { toolId: encodeGlobalId('Tool', deep.tool) },
    );
    expect(payloadOf(answer).userErrors).toEqual([]);
    const names = await exposed(id);
    expect(names.slice(0, 5)).toEqual([
      ...['github__search', 'jira__search', 'gatehouse:github:mem:search', 'gatehouse:jira:mem:{search}', 'ask'],
    ]);
    expect(names[5]).toMatch(/^deep__n{47}_[0-9a-f]{6}$/);
    const refused = payloadOf(await owner.query(update, { input: { id, prefixNames: false } }));
    expect(refused.userErrors).toEqual([
      { field: 'prefixNames', code: 'CONFLICT', message: expect.stringMatching(/fixed.*Remove the entries first/s) },
    ]);
    expect(payloadOf(await owner.query(update, { input: { id, prefixNames: true, name: 'Same' } })).userErrors).toEqual(
      [],
    );
    const empty = await created(owner);
    const switched = await owner.query(update, { input: { id: empty.id, prefixNames: true } });
    expect(switched.data.updateVirtualServer.virtualServer.prefixNames).toBe(true);
  });

  it('refuse two objects under one name, naming both and the remedy, and then add nothing [GQL-9]', async () => {
    const { id } = await created(owner);
    const inOne = await add(owner, id, { toolId: github.tool.globalId }, { toolId: jira.tool.globalId });
    expect(payloadOf(inOne).userErrors).toEqual([
      {
        ...{ field: 'entries.1.nameOverride', code: 'CONFLICT' },
        message: expect.stringMatching(
          /"search" of upstream "jira".*"search" of upstream "github".*nameOverride.*prefixNames/s,
        ),
      },
    ]);
    expect(await exposed(id)).toEqual([]);
    await add(owner, id, { toolId: github.tool.globalId, nameOverride: 'taken' });
    const standing = await add(
      owner,
      id,
      { promptId: github.prompt.globalId },
      { toolId: jira.tool.globalId, nameOverride: 'taken' },
    );
    expect(payloadOf(standing).userErrors).toMatchObject([
      { field: 'entries.1.nameOverride', message: expect.stringContaining('upstream "github"') },
    ]);
    const resources = await add(
      owner,
      id,
      { resourceId: github.resource.globalId },
      { resourceId: jira.resource.globalId },
    );
    expect(payloadOf(resources).userErrors).toMatchObject([
      { field: 'entries.1.nameOverride', message: expect.stringMatching(/Compose a virtual server with prefixNames/) },
    ]);
    expect(await exposed(id)).toEqual(['taken']);
    // Another kind under the same name is another object for clients.
    expect(
      payloadOf(await add(owner, id, { promptId: github.prompt.globalId, nameOverride: 'taken' })).userErrors,
    ).toEqual([]);
  });

  it('are added by one of two composers at once, and the other is told [GQL-9]', async () => {
    const { id } = await created(owner);
    const answers = await Promise.all([github, jira].map(({ tool }) => add(owner, id, { toolId: tool.globalId })));
    const codes = answers.map((answer) => payloadOf(answer).userErrors.map(({ code }) => code));
    expect(codes.flat()).toEqual(['CONFLICT']);
    expect(await exposed(id)).toEqual(['search']);
  });

  it('do not tell a composer about an object that is hidden from them', async () => {
    const shared = await created(owner, { visibility: 'TEAM', teamId: team.globalId });
    const admin = await cp.seed.user(cp.organizationId, { teams: [[team, 'team-admin']] });
    const quiet = await seedUpstream(cp.seed, cp.organizationId, 'quiet', { owner, visibility: 'PRIVATE' });
    await add(owner, shared.id, { toolId: quiet.tool.globalId });
    const answer = await add(admin, shared.id, { toolId: github.tool.globalId });
    const [error] = payloadOf(answer).userErrors;
    expect(error?.message).toContain('that you may not see');
    expect(answer.text).not.toContain('quiet');
    const { data } = await admin.query(listEntries, { id: shared.id });
    expect(data.node.entries.edges[0].node).toMatchObject({ exposedName: 'search', tool: null });
  });

  // The refusal spelled the upstream and the tool behind an entry that the caller sees by its name only.
  it('do not tell who renames a hidden object what it is', async () => {
    const shared = await created(owner, { visibility: 'TEAM', teamId: team.globalId });
    const admin = await cp.seed.user(cp.organizationId, { teams: [[team, 'team-admin']] });
    const veiled = await seedUpstream(cp.seed, cp.organizationId, 'veiled', { owner, visibility: 'PRIVATE' });
    const made = await add(
      owner,
      shared.id,
      { toolId: veiled.tool.globalId, nameOverride: 'one' },
      { toolId: github.tool.globalId, nameOverride: 'two' },
    );
    const [{ id }] = made.data.addVirtualServerEntries.entries;
    const answer = await admin.query(updateEntry, { input: { id, nameOverride: 'two' } });
    const [error] = payloadOf(answer).userErrors;
    expect(error).toMatchObject({ code: 'CONFLICT', field: 'nameOverride' });
    expect(error?.message).toContain('that you may not see');
    expect(answer.text).not.toContain('veiled');
  });

  it('take only what the composer may execute: hidden is missing, readable is not enough', async () => {
    const { id } = await created(owner);
    const foreign = await cp.seed.organization(`elsewhere-${newId().slice(-6)}`);
    const away = await seedUpstream(cp.seed, foreign, 'away', { owner: await cp.seed.user(foreign) });
    const mine = await created(developer);
    const refusals = [];
    for (const toolId of [secretive.tool.globalId, encodeGlobalId('Tool', newId()), away.tool.globalId]) {
      cp.queries.reset();
      const answer = await add(developer, mine.id, { toolId: github.tool.globalId }, { toolId });
      refusals.push([
        answer.errors[0]?.message,
        answer.errors[0]?.extensions.code,
        answer.errors[0]?.extensions.field,
        cp.queries.statements.length,
      ]);
    }
    expect(refusals[0]).toEqual(['Tool not found.', 'NOT_FOUND', 'entries.1.toolId', expect.any(Number)]);
    expect(refusals[1]).toEqual(refusals[0]);
    expect(refusals[2]).toEqual(refusals[0]);
    // The owner of the organization reads what is private to others, and may still not hand it on.
    const answer = await add(owner, id, { toolId: secretive.tool.globalId });
    expect(answer.errors[0]?.extensions).toMatchObject({ code: 'FORBIDDEN', field: 'entries.0.toolId' });
    expect(await exposed(id)).toEqual([]);
    const events = await cp.audit();
    expect(events.at(-1)).toMatchObject({
      action: 'virtualServerEntry.create',
      outcome: 'DENIED',
      reason: 'FORBIDDEN',
    });
  });

  it('have entries that are renamed and removed', async () => {
    const { id } = await created(owner);
    const made = await add(
      owner,
      id,
      { toolId: github.tool.globalId, nameOverride: 'one' },
      { toolId: jira.tool.globalId },
      { resourceId: github.resource.globalId },
    );
    const [one, two, resource] = made.data.addVirtualServerEntries.entries as { id: string }[];
    const renamed = await owner.query(updateEntry, {
      input: { id: one?.id, nameOverride: 'eins', descriptionOverride: 'Finds.' },
    });
    expect(renamed.data.updateVirtualServerEntry.virtualServerEntry).toMatchObject({
      ...{ exposedName: 'eins', nameOverride: 'eins', descriptionOverride: 'Finds.' },
    });
    const collides = await owner.query(updateEntry, { input: { id: one?.id, nameOverride: null } });
    expect(payloadOf(collides).userErrors).toMatchObject([{ field: 'nameOverride', code: 'CONFLICT' }]);
    const same = await owner.query(updateEntry, {
      input: { id: one?.id, nameOverride: 'eins', descriptionOverride: null },
    });
    expect(same.data.updateVirtualServerEntry.virtualServerEntry).toMatchObject({
      exposedName: 'eins',
      descriptionOverride: null,
    });
    const onResource = await owner.query(updateEntry, { input: { id: resource?.id, nameOverride: 'x' } });
    expect(payloadOf(onResource).userErrors).toMatchObject([{ field: 'nameOverride', code: 'BAD_USER_INPUT' }]);
    const gone = await owner.query(removeEntries, { input: { ids: [two?.id, resource?.id, two?.id] } });
    expect(gone.data.removeVirtualServerEntries.deletedIds).toEqual([two?.id, resource?.id]);
    const cleared = await owner.query(updateEntry, { input: { id: one?.id, nameOverride: null } });
    expect(cleared.data.updateVirtualServerEntry.virtualServerEntry).toMatchObject({
      exposedName: 'search',
      nameOverride: null,
    });
    expect(await exposed(id)).toEqual(['search']);
  });

  it('let only those change entries who may change the virtual server; hidden entries are missing [GQL-13]', async () => {
    const shared = await created(developer, { visibility: 'TEAM', teamId: team.globalId });
    const made = await add(developer, shared.id, { toolId: github.tool.globalId });
    const [{ id }] = made.data.addVirtualServerEntries.entries;
    const tries: [string, object][] = [
      [addEntries, { virtualServerId: shared.id, entries: [{ toolId: jira.tool.globalId, nameOverride: 'x' }] }],
      [updateEntry, { id, nameOverride: 'x' }],
      [removeEntries, { ids: [id] }],
    ];
    for (const [mutation, input] of tries) {
      const answer = await member.query(mutation, { input });
      expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
    }
    for (const input of [{ ids: [id] }, { ids: [encodeGlobalId('VirtualServerEntry', newId())] }]) {
      cp.queries.reset();
      const answer = await plain.query(removeEntries, { input });
      expect([answer.errors[0]?.message, answer.errors[0]?.extensions.code]).toEqual([
        'VirtualServerEntry not found.',
        'NOT_FOUND',
      ]);
    }
    const other = await created(developer);
    const second = await add(developer, other.id, { toolId: github.tool.globalId });
    const mixed = await developer.query(removeEntries, {
      input: { ids: [id, second.data.addVirtualServerEntries.entries[0].id] },
    });
    expect(payloadOf(mixed).userErrors).toMatchObject([{ field: 'ids', code: 'BAD_USER_INPUT' }]);
  });

  it('add 500 entries at once in a bounded number of queries [GQL-3]', async () => {
    const ids = await cp.seed.write(cp.organizationId, async (tx) => {
      const upstream = addUpstream(tx, 'large', { owner });
      return Array.from({ length: 500 }, (_, at) =>
        encodeGlobalId('Tool', addObjects(tx, upstream, `tool-${at}`).tool),
      );
    });
    const counts = [];
    for (const size of [2, 500]) {
      const { id } = await created(owner);
      cp.queries.reset();
      const answer = await owner.query(
        `mutation($input: AddVirtualServerEntriesInput!) { addVirtualServerEntries(input: $input) { entries { id } ${errors} } }`,
        { input: { virtualServerId: id, entries: ids.slice(0, size).map((toolId) => ({ toolId })) } },
      );
      expect(payloadOf(answer).userErrors).toEqual([]);
      expect(answer.data.addVirtualServerEntries.entries).toHaveLength(size);
      counts.push(cp.queries.selects().length);
    }
    expect(counts[1]).toBe(counts[0]);
  });

  it('lose what their upstream loses', async () => {
    const short = await seedUpstream(cp.seed, cp.organizationId, 'short', { owner });
    const server = await seedVirtualServer(cp.seed, cp.organizationId, 'shrinking', { owner });
    await add(
      owner,
      server.globalId,
      { toolId: short.tool.globalId },
      { toolId: github.tool.globalId, nameOverride: 'stays' },
    );
    await owner.query('mutation($input: DeleteUpstreamInput!) { deleteUpstream(input: $input) { deletedId } }', {
      input: { id: short.upstream.globalId },
    });
    expect(await exposed(server.globalId)).toEqual(['stays']);
  });
});
