import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { encodeGlobalId, newId } from '#kernel';
import { startTestControlPlane, type TestControlPlane, type TestTeam, type TestUser } from './control-plane-harness.js';

const create = `mutation($input: CreateMembershipInput!) { createMembership(input: $input) { membership { id role team { slug } user { email } } userErrors { field code message } } }`;
const update = `mutation($input: UpdateMembershipInput!) { updateMembership(input: $input) { membership { role } userErrors { field code } } }`;
const remove = `mutation($input: DeleteMembershipInput!) { deleteMembership(input: $input) { deletedId userErrors { field code } } }`;
const codeOf = (answer: { errors: readonly { extensions: Record<string, unknown> }[] }) =>
  answer.errors[0]?.extensions.code;

describe('memberships and users', () => {
  let cp: TestControlPlane;
  let owner: TestUser;
  let admin: TestUser;
  let alpha: TestTeam;
  let alphaAdmin: TestUser;
  let alphaMember: TestUser;
  let beta: TestTeam;
  let betaMember: TestUser;

  beforeAll(async () => {
    cp = await startTestControlPlane();
    owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
    admin = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-admin' });
    alpha = await cp.seed.team(cp.organizationId, 'alpha');
    beta = await cp.seed.team(cp.organizationId, 'beta');
    alphaAdmin = await cp.seed.user(cp.organizationId, { teams: [[alpha, 'team-admin']] });
    alphaMember = await cp.seed.user(cp.organizationId, {
      teams: [
        [alpha, 'team-member'],
        [beta, 'team-member'],
      ],
    });
    betaMember = await cp.seed.user(cp.organizationId, { teams: [[beta, 'team-member']] });
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  it('are created, changed and deleted, and CONFLICT when they exist [GQL-6] [GQL-11]', async () => {
    const input = { teamId: alpha.globalId, userId: betaMember.globalId, role: 'TEAM_MEMBER' };
    const created = await owner.query(create, { input });
    expect(created.data.createMembership.membership).toMatchObject({
      role: 'TEAM_MEMBER',
      team: { slug: 'alpha' },
      user: { email: betaMember.email },
    });
    const again = await owner.query(create, { input });
    expect(again.data.createMembership.userErrors).toEqual([
      expect.objectContaining({ field: 'userId', code: 'CONFLICT' }),
    ]);
    const { id } = created.data.createMembership.membership;
    const changed = await alphaAdmin.query(update, { input: { id, role: 'TEAM_DEVELOPER' } });
    expect(changed.data.updateMembership.membership.role).toBe('TEAM_DEVELOPER');
    const deleted = await alphaAdmin.query(remove, { input: { id } });
    expect(deleted.data.deleteMembership.deletedId).toBe(id);
  });

  it('lead from a user to the teams', async () => {
    const { data } = await owner.query(
      'query($id: ID!) { node(id: $id) { ... on User { teams { edges { node { slug } } } memberships { role team { slug } } } } }',
      { id: alphaMember.globalId },
    );
    expect(data.node.teams.edges.map((edge: { node: { slug: string } }) => edge.node.slug).sort()).toEqual([
      'alpha',
      'beta',
    ]);
    expect(data.node.memberships.map(({ team }: { team: { slug: string } }) => team.slug).sort()).toEqual([
      'alpha',
      'beta',
    ]);
  });

  it('can be managed by the admin of their team only, among users that the admin can see [BAD-3] [BAD-4]', async () => {
    const add = (user: TestUser, team: TestTeam, person: TestUser) =>
      user.query(create, { input: { teamId: team.globalId, userId: person.globalId, role: 'TEAM_ADMIN' } });
    expect(codeOf(await add(alphaMember, alpha, owner))).toBe('FORBIDDEN');
    expect(codeOf(await add(alphaAdmin, beta, alphaMember))).toBe('NOT_FOUND');
    expect(codeOf(await add(alphaAdmin, alpha, betaMember))).toBe('NOT_FOUND');
    const foreign = await cp.seed.organization('elsewhere');
    const stranger = await cp.seed.user(foreign);
    expect(codeOf(await add(owner, alpha, stranger))).toBe('NOT_FOUND');
    expect(codeOf(await add(owner, await cp.seed.team(foreign), alphaMember))).toBe('NOT_FOUND');
    const missing = await owner.query(remove, { input: { id: encodeGlobalId('Membership', newId()) } });
    expect(codeOf(missing)).toBe('NOT_FOUND');
  });

  it('show a user those who share a team, and nobody else', async () => {
    const emails = async (user: TestUser) =>
      new Set<string>(
        (await user.query('{ users { edges { node { email } } } }')).data.users.edges.map(
          (edge: { node: { email: string } }) => edge.node.email,
        ),
      );
    expect(await emails(alphaAdmin)).toEqual(new Set([alphaAdmin.email, alphaMember.email]));
    expect(await emails(betaMember)).toEqual(new Set([alphaMember.email, betaMember.email]));
    expect([...(await emails(admin))]).toEqual(expect.arrayContaining([owner.email, betaMember.email]));
  });

  it('let only an owner make owners, and an admin not touch one', async () => {
    const createUser =
      'mutation($input: CreateUserInput!) { createUser(input: $input) { user { id email organizationRoles } userErrors { field code message } } }';
    const updateUser =
      'mutation($input: UpdateUserInput!) { updateUser(input: $input) { user { status displayName } userErrors { field code } } }';
    const input = (email: string, organizationRole?: string) => ({
      input: { email, displayName: 'X', organizationRole },
    });
    expect(codeOf(await admin.query(createUser, input('o@example.com', 'ORGANIZATION_OWNER')))).toBe('FORBIDDEN');
    const second = await owner.query(createUser, input('O@example.com', 'ORGANIZATION_OWNER'));
    expect(second.data.createUser.user).toMatchObject({
      email: 'o@example.com',
      organizationRoles: ['ORGANIZATION_OWNER'],
    });
    expect((await owner.query(createUser, input('o@example.com'))).data.createUser.userErrors).toEqual([
      expect.objectContaining({ field: 'email', code: 'CONFLICT' }),
    ]);
    expect(
      (await owner.query(createUser, { input: { email: 'p@example.com', displayName: 'P', password: 'short' } })).data
        .createUser.userErrors,
    ).toEqual([expect.objectContaining({ field: 'password', code: 'BAD_USER_INPUT' })]);
    expect((await owner.query(createUser, input('no address'))).data.createUser.userErrors[0].field).toBe('email');
    const disable = (user: TestUser, id: string) => user.query(updateUser, { input: { id, status: 'DISABLED' } });
    expect(codeOf(await disable(admin, owner.globalId))).toBe('FORBIDDEN');
    expect((await disable(owner, owner.globalId)).data.updateUser.userErrors).toEqual([
      { field: 'status', code: 'CONFLICT' },
    ]);
    expect((await disable(owner, second.data.createUser.user.id)).data.updateUser.user.status).toBe('DISABLED');
    expect(
      (await owner.query(updateUser, { input: { id: betaMember.globalId, displayName: 'Renamed' } })).data.updateUser
        .user.displayName,
    ).toBe('Renamed');
    expect(codeOf(await alphaMember.query(updateUser, { input: { id: alphaAdmin.globalId, displayName: 'x' } }))).toBe(
      'FORBIDDEN',
    );
  });

  it('never leave the organization without an owner, also when two owners disable each other at once', async () => {
    const house = await cp.seed.organization('two-owners');
    const [one, two] = [
      await cp.seed.user(house, { organizationRole: 'organization-owner' }),
      await cp.seed.user(house, { organizationRole: 'organization-owner' }),
    ];
    const disable =
      'mutation($input: UpdateUserInput!) { updateUser(input: $input) { user { status } userErrors { code } } }';
    await Promise.all([
      one.query(disable, { input: { id: two.globalId, status: 'DISABLED' } }),
      two.query(disable, { input: { id: one.globalId, status: 'DISABLED' } }),
    ]);
    const active = await cp.deps.systemPool.query(
      "select 1 from users where organization_id = $1 and status = 'ACTIVE'",
      [house],
    );
    expect(active).toHaveLength(1);
  });
});

describe('a nested list', () => {
  it('costs the same number of queries for 2 teams as for 12 [GQL-3]', async () => {
    await using cp = await startTestControlPlane();
    const owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
    const addTeams = async (count: number) => {
      for (let at = 0; at < count; at += 1) {
        const team = await cp.seed.team(cp.organizationId);
        for (const role of ['team-admin', 'team-member', 'team-member'] as const)
          await cp.seed.user(cp.organizationId, { teams: [[team, role]] });
      }
    };
    const countQueries = async () => {
      cp.queries.reset();
      const answer = await owner.query(
        '{ teams { edges { node { slug memberships(first: 2) { edges { node { role user { email organizationRoles } team { slug } } } pageInfo { hasNextPage } } } } } }',
      );
      expect(answer.errors).toEqual([]);
      return { queries: cp.queries.statements.length, edges: answer.data.teams.edges };
    };
    await addTeams(2);
    const few = await countQueries();
    await addTeams(10);
    const many = await countQueries();
    expect([few.edges.length, many.edges.length]).toEqual([2, 12]);
    for (const { node } of many.edges) {
      expect(node.memberships.edges).toHaveLength(2);
      expect(node.memberships.pageInfo.hasNextPage).toBe(true);
      expect(node.memberships.edges[0].node).toMatchObject({ role: 'TEAM_ADMIN', team: { slug: node.slug } });
    }
    expect(many.queries).toBe(few.queries);
    console.log(
      `teams › memberships › user: ${many.queries} statements for ${many.edges.length} teams, as for ${few.edges.length}`,
    );
  });

  it('pages forwards and backwards by cursor [GQL-2]', async () => {
    await using cp = await startTestControlPlane();
    const owner = await cp.seed.user(cp.organizationId, { organizationRole: 'organization-owner' });
    for (const slug of ['t1', 't2', 't3', 't4', 't5']) await cp.seed.team(cp.organizationId, slug);
    const page = async (args: string) => {
      const { teams } = (
        await owner.query(
          `{ teams(${args}) { edges { node { slug } } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }`,
        )
      ).data;
      return { slugs: teams.edges.map((edge: { node: { slug: string } }) => edge.node.slug).join(), ...teams.pageInfo };
    };
    const first = await page('first: 2');
    expect(first).toMatchObject({ slugs: 't1,t2', hasNextPage: true, hasPreviousPage: false });
    const second = await page(`first: 2, after: "${first.endCursor}"`);
    expect(second).toMatchObject({ slugs: 't3,t4', hasNextPage: true, hasPreviousPage: true });
    expect(await page(`first: 2, after: "${second.endCursor}"`)).toMatchObject({ slugs: 't5', hasNextPage: false });
    expect(await page('last: 2')).toMatchObject({ slugs: 't4,t5', hasNextPage: false, hasPreviousPage: true });
    expect(await page(`last: 2, before: "${second.startCursor}"`)).toMatchObject({
      slugs: 't1,t2',
      hasPreviousPage: false,
      hasNextPage: true,
    });
  });
});
