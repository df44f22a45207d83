import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeGlobalId, newId } from '#kernel';
import { startTestControlPlane, type TestControlPlane, type TestTeam, type TestUser } from './control-plane-harness.js';

const createTeam = `mutation($input: CreateTeamInput!) { createTeam(input: $input) { team { id slug name description } userErrors { field code message } } }`;
const updateTeam = `mutation($input: UpdateTeamInput!) { updateTeam(input: $input) { team { id slug name description } userErrors { field code message } } }`;
const deleteTeam = `mutation($input: DeleteTeamInput!) { deleteTeam(input: $input) { deletedId userErrors { field code message } } }`;
const listTeams = `{ teams { edges { node { id slug } } } }`;

describe('teams', () => {
  let cp: TestControlPlane;
  let owner: TestUser;
  let teamAdmin: TestUser;
  let outsider: TestUser;
  let team: TestTeam;

  beforeAll(async () => {
    cp = await startTestControlPlane();
    owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
    team = await cp.seed.team(cp.organizationId, 'alpha');
    teamAdmin = await cp.seed.user(cp.organizationId, { teams: [[team, 'team-admin']] });
    const other = await cp.seed.team(cp.organizationId, 'beta');
    outsider = await cp.seed.user(cp.organizationId, { teams: [[other, 'team-admin']] });
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  it('are created, changed and deleted by an owner, each with its audit record [GQL-6]', async () => {
    const created = await owner.query(createTeam, { input: { slug: 'gamma', name: ' Gamma ' } });
    expect(created.errors).toEqual([]);
    const { id, ...rest } = created.data.createTeam.team;
    expect(rest).toEqual({ slug: 'gamma', name: 'Gamma', description: '' });
    const updated = await owner.query(updateTeam, { input: { id, description: 'third' } });
    expect(updated.data.updateTeam.team).toEqual({ id, slug: 'gamma', name: 'Gamma', description: 'third' });
    const deleted = await owner.query(deleteTeam, { input: { id } });
    expect(deleted.data.deleteTeam).toEqual({ deletedId: id, userErrors: [] });
    const events = (await cp.audit()).filter(({ action }) => action.startsWith('team.'));
    expect(events.map(({ action, outcome }) => [action, outcome])).toEqual([
      ['team.create', 'ALLOWED'],
      ['team.update', 'ALLOWED'],
      ['team.delete', 'ALLOWED'],
    ]);
  });

  it('are listed to their members only, and lists agree with node(id) [GQL-1]', async () => {
    const slugs = async (user: TestUser) =>
      (await user.query(listTeams)).data.teams.edges.map((edge: { node: { slug: string } }) => edge.node.slug);
    expect(await slugs(owner)).toEqual(['alpha', 'beta']);
    expect(await slugs(teamAdmin)).toEqual(['alpha']);
    expect(await slugs(outsider)).toEqual(['beta']);
    const node = await teamAdmin.query('query($id: ID!) { node(id: $id) { id ... on Team { slug } } }', {
      id: team.globalId,
    });
    expect(node.data.node).toEqual({ id: team.globalId, slug: 'alpha' });
  });

  it('may be renamed, but not deleted, by their admin', async () => {
    const renamed = await teamAdmin.query(updateTeam, { input: { id: team.globalId, name: 'Alpha!' } });
    expect(renamed.data.updateTeam.team.name).toBe('Alpha!');
    const deleted = await teamAdmin.query(deleteTeam, { input: { id: team.globalId } });
    expect(deleted.errors[0]?.extensions.code).toBe('FORBIDDEN');
  });

  it('answer hidden, missing and foreign ids alike, in the same number of queries [GQL-13] [BAD-3] [BAD-4]', async () => {
    const foreign = await cp.seed.team(await cp.seed.organization('elsewhere'));
    const answers: string[] = [];
    const counts: number[] = [];
    for (const id of [team.globalId, encodeGlobalId('Team', newId()), foreign.globalId]) {
      cp.queries.reset();
      const answer = await outsider.query(updateTeam, { input: { id, name: 'taken over' } });
      counts.push(cp.queries.statements.length);
      answers.push(
        JSON.stringify({ ...answer.errors[0], extensions: { ...answer.errors[0]?.extensions, correlationId: '' } }),
      );
    }
    expect(answers[0]).toContain('NOT_FOUND');
    expect(new Set(answers).size).toBe(1);
    expect(new Set(counts).size).toBe(1);
    for (const id of [team.globalId, encodeGlobalId('Team', newId()), foreign.globalId]) {
      const node = await outsider.query('query($id: ID!) { node(id: $id) { id } }', { id });
      expect([node.data, node.errors[0]?.message, node.errors[0]?.extensions.code]).toEqual([
        { node: null },
        'Team not found.',
        'NOT_FOUND',
      ]);
    }
  });

  it('answer what the caller can correct as userErrors [GQL-11] [BAD-6]', async () => {
    const cases: [string, object, { field: string; code: string }][] = [
      [createTeam, { slug: 'alpha', name: 'again' }, { field: 'slug', code: 'CONFLICT' }],
      [createTeam, { slug: 'Not A Slug', name: 'x' }, { field: 'slug', code: 'BAD_USER_INPUT' }],
      [createTeam, { slug: 'a'.repeat(33), name: 'x' }, { field: 'slug', code: 'BAD_USER_INPUT' }],
      [createTeam, { slug: newId(), name: 'x' }, { field: 'slug', code: 'BAD_USER_INPUT' }],
      [createTeam, { slug: 'ok', name: 'x'.repeat(201) }, { field: 'name', code: 'BAD_USER_INPUT' }],
      [createTeam, { slug: 'ok', name: ' ' }, { field: 'name', code: 'BAD_USER_INPUT' }],
      [updateTeam, { id: 'nonsense' }, { field: 'id', code: 'BAD_USER_INPUT' }],
      [updateTeam, { id: encodeGlobalId('User', owner.id) }, { field: 'id', code: 'BAD_USER_INPUT' }],
      [updateTeam, { id: team.globalId, name: null }, { field: 'name', code: 'BAD_USER_INPUT' }],
    ];
    for (const [mutation, input, expected] of cases) {
      const answer = await owner.query(mutation, { input });
      const [payload] = Object.values(answer.data) as [{ userErrors: object[] }];
      expect({ input, errors: payload.userErrors }).toEqual({ input, errors: [expect.objectContaining(expected)] });
    }
  });

  it('are refused at type level to those who could never do it, and that is recorded [TRL-5]', async () => {
    const plain = await cp.seed.user(cp.organizationId);
    const answer = await plain.query(createTeam, { input: { slug: 'mine', name: 'Mine' } });
    expect(answer.errors[0]?.extensions.code).toBe('FORBIDDEN');
    const events = await cp.audit();
    expect(events.at(-1)).toMatchObject({ action: 'team.create', outcome: 'DENIED', reason: 'FORBIDDEN' });
  });
});
