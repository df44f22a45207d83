import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'vitest';
import { matrixRoles, matrixRows, type MatrixRole, type MatrixRow, type Relation } from '../authz/matrix.js';
import type { Subject } from '#authz';
import { organizationRoles, teamRoles, type OrganizationRole, type TeamRole, type Visibility } from '#contracts';
import { encodeGlobalId } from '#kernel';
import { addObjects, addUpstream, addVirtualServer } from './catalog-seed.js';
import { startTestControlPlane, type GraphqlAnswer, type TestTeam, type TestUser } from './control-plane-harness.js';

/** The list of each type and the nodes that hold it. */
const lists: Partial<Record<Subject, string>> = {
  Upstream: 'upstreams',
  Tool: 'tools',
  Resource: 'resources',
  ResourceTemplate: 'resourceTemplates',
  Prompt: 'prompts',
  VirtualServer: 'virtualServers',
  ApiToken: 'apiTokens',
  Team: 'teams',
  User: 'users',
  AuditEvent: 'auditEvents',
};

/** What tells the lines of one type apart. */
export const keyOf = ({ role, variant, relation }: MatrixRow): string => `${role} ${variant} ${relation}`;
/** Whether the role is held in a team. */
export const isTeamRole = (role: MatrixRole): role is TeamRole => (teamRoles as readonly string[]).includes(role);

/** What an answer says about the right: whatever fails later than the decision was allowed. */
export function decisionOf(answer: GraphqlAnswer): boolean {
  const [error] = answer.errors;
  if (!error) {
    const [payload] = Object.values(answer.data) as [{ userErrors?: { code: string }[] }];
    const codes = payload?.userErrors?.map(({ code }) => code) ?? [];
    if (codes.some((code) => code !== 'CONFLICT')) throw new Error(answer.text);
    return true;
  }
  const { code } = error.extensions;
  if (code !== 'FORBIDDEN' && code !== 'NOT_FOUND') throw new Error(answer.text);
  return false;
}

/** A role of the matrix as a real user, with the objects that only they own. */
interface Actor {
  readonly user: TestUser;
  /** A private virtual server of their own, to compose what they may execute. */
  readonly ownServer: string;
}

/** Seeds the world of the role matrix: for every role a user, for every line of the matrix objects of its own. */
export async function startMatrixHouse() {
  let count = 0;
  const unique = (prefix: string) => `${prefix}-${(count += 1)}`;
  const commands = path.join(mkdtempSync(path.join(tmpdir(), 'gatehouse-commands-')), 'commands.json');
  writeFileSync(commands, '{"allowed":{"command":"true"}}');
  const cp = await startTestControlPlane({ GATEHOUSE_STDIO_COMMANDS: commands });
  const { seed, organizationId } = cp;
  const otherOrganizationId = await seed.organization('elsewhere');
  const teamA = await seed.team(organizationId, 'team-a');
  const teamB = await seed.team(organizationId, 'team-b');
  const mate = await seed.user(organizationId, { teams: [[teamA, 'team-member']] });
  const stranger = await seed.user(organizationId, { teams: [[teamB, 'team-member']] });
  const actors = new Map<MatrixRole, Actor>();
  for (const role of matrixRoles) {
    const organizationRole = (organizationRoles as readonly string[]).includes(role)
      ? (role as OrganizationRole)
      : undefined;
    const user = await seed.user(organizationId, {
      ...(organizationRole ? { organizationRole } : {}),
      ...(isTeamRole(role) ? { teams: [[teamA, role]] as const } : {}),
    });
    const slug = unique('own');
    const ownServer = await seed.write(organizationId, async (tx) =>
      addVirtualServer(tx, slug, { owner: user, visibility: 'PRIVATE' }),
    );
    actors.set(role, { user, ownServer: encodeGlobalId('VirtualServer', ownServer) });
  }

  const actorOf = (role: MatrixRole): Actor => actors.get(role) ?? expect.fail(role);
  const userOf = (relation: Relation, role: MatrixRole): TestUser =>
    ({ owner: actorOf(role).user, 'team-mate': mate, stranger })[relation];
  const teamOf = (relation: Relation): TestTeam => (relation === 'stranger' ? teamB : teamA);

  const objects = new Map<Subject, Map<string, string>>();
  const put = (type: Subject, row: MatrixRow, id: string) => {
    const known = objects.get(type) ?? new Map<string, string>();
    objects.set(type, known.set(keyOf(row), encodeGlobalId(type, id)));
  };

  /** Every line of the matrix gets objects of its own, so that a deletion takes nothing from another line. */
  const seedShared = async () => {
    for (const row of matrixRows.filter(({ type }) => type === 'Upstream')) {
      const owner = userOf(row.relation, row.role);
      const sharing = { owner, visibility: row.variant as Visibility, team: teamOf(row.relation) };
      await cp.seed.write(cp.organizationId, async (tx) => {
        const forTools = addUpstream(tx, unique('mcp'), sharing);
        const found = addObjects(tx, forTools);
        put('Upstream', row, addUpstream(tx, unique('mcp'), sharing));
        put('Tool', row, found.tool);
        put('Resource', row, found.resource);
        put('ResourceTemplate', row, found.template);
        put('Prompt', row, found.prompt);
        put('VirtualServer', row, addVirtualServer(tx, unique('server'), sharing));
        const check = { upstreamId: forTools, status: 'HEALTHY' as const, code: null, message: null, latencyMs: 1 };
        put('HealthCheck', row, tx.healthChecks.create({ ...check, checkedAt: new Date() }).id);
      });
    }
  };
  const seedTokens = async () => {
    for (const row of matrixRows.filter(({ type }) => type === 'ApiToken')) {
      const token = {
        ...{
          userId: userOf(row.relation, row.role).id,
          name: 'x',
          tokenHash: unique('hash').padEnd(64, '0'),
          hint: 'xxxx',
        },
        ...{ virtualServerId: null, expiresAt: new Date(Date.now() + 60_000), revokedAt: null },
      };
      const id = await cp.seed.write(
        cp.organizationId,
        async (tx) => tx.apiTokens.create({ ...token, scopes: ['mcp'] }).id,
      );
      put('ApiToken', row, id);
    }
  };

  await seedShared();
  await seedTokens();

  const idOf = (row: MatrixRow): string => {
    const { type, relation, role } = row;
    if (type === 'Organization') {
      return encodeGlobalId(type, relation === 'stranger' ? otherOrganizationId : cp.organizationId);
    }
    if (type === 'User') return userOf(relation, role).globalId;
    if (type === 'Team') return teamOf(relation).globalId;
    return objects.get(type)?.get(keyOf(row)) ?? expect.fail(`${type} ${keyOf(row)} is not seeded`);
  };

  const send = (row: MatrixRow, mutation: string, input: object): Promise<GraphqlAnswer> => {
    const type = `${mutation.charAt(0).toUpperCase()}${mutation.slice(1)}Input`;
    const text = `mutation($input: ${type}!) { ${mutation}(input: $input) { userErrors { field code message } } }`;
    return actorOf(row.role).user.query(text, { input });
  };
  const mutated = async (row: MatrixRow, mutation: string, input: object) =>
    decisionOf(await send(row, mutation, input));

  const listedIds = new Map<string, ReadonlySet<string>>();
  /** Every id of a list, over all its pages; read once per role. */
  const listed = async ({ role, type }: MatrixRow): Promise<ReadonlySet<string> | null> => {
    const field = lists[type];
    if (field === undefined) return null;
    const known = listedIds.get(`${role} ${type}`);
    if (known) return known;
    const ids = new Set<string>();
    let after: string | null = null;
    for (let more = true; more;) {
      const page = await actorOf(role).user.query(
        `query($after: String) { ${field}(first: 100, after: $after) { edges { node { id } } pageInfo { hasNextPage endCursor } } }`,
        { after },
      );
      if (page.errors.length > 0) {
        expect(page.errors[0]?.extensions.code).toBe('FORBIDDEN');
        break;
      }
      for (const { node } of page.data[field].edges) ids.add(node.id);
      ({ hasNextPage: more, endCursor: after } = page.data[field].pageInfo);
    }
    listedIds.set(`${role} ${type}`, ids);
    return ids;
  };

  /** Whether `node(id)` finds it; the list must say the same. */
  const read = async (row: MatrixRow): Promise<boolean> => {
    const id = idOf(row);
    const answer = await actorOf(row.role).user.query('query($id: ID!) { node(id: $id) { id } }', { id });
    const found = decisionOf(answer);
    const list = await listed(row);
    if (list && list.has(id) !== found)
      throw new Error(`${row.type} ${keyOf(row)}: found ${found}, listed ${list.has(id)}`);
    return found;
  };

  return { cp, unique, actorOf, userOf, teamOf, put, idOf, mutated, read };
}

/** What {@link startMatrixHouse} gives. */
export type MatrixHouse = Awaited<ReturnType<typeof startMatrixHouse>>;
