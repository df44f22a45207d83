import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { expectedCells, matrixRoles, matrixRows, relations, type MatrixCell, type MatrixRow } from '../authz/matrix.js';
import type { Action, Subject } from '#authz';
import { organizationRoles } from '#contracts';
import { encodeGlobalId } from '#kernel';
import { decisionOf, isTeamRole, keyOf, startMatrixHouse, type MatrixHouse } from './matrix-house.js';

const shared = ['Upstream', 'Tool', 'Resource', 'ResourceTemplate', 'Prompt', 'VirtualServer'] as const;
type Shared = (typeof shared)[number];

const referenceOf: Partial<Record<Subject, string>> = {
  Tool: 'toolId',
  Resource: 'resourceId',
  ResourceTemplate: 'resourceTemplateId',
  Prompt: 'promptId',
};

describe('the role matrix through GraphQL', () => {
  let cp: MatrixHouse['cp'];
  let unique: MatrixHouse['unique'];
  let actorOf: MatrixHouse['actorOf'];
  let userOf: MatrixHouse['userOf'];
  let teamOf: MatrixHouse['teamOf'];
  let put: MatrixHouse['put'];
  let idOf: MatrixHouse['idOf'];
  let mutated: MatrixHouse['mutated'];
  let read: MatrixHouse['read'];

  beforeAll(async () => {
    ({ cp, unique, actorOf, userOf, teamOf, put, idOf, mutated, read } = await startMatrixHouse());
  });
  afterAll(() => cp[Symbol.asyncDispose]());

  const sharingInput = ({ variant, relation }: MatrixRow) => ({
    visibility: variant,
    ...(variant === 'TEAM' ? { teamId: teamOf(relation).globalId } : {}),
  });
  /** Objects are created for oneself only, so a candidate of somebody else cannot be put into words. */
  const ofMyself = (row: MatrixRow, run: () => Promise<boolean>) => (row.relation === 'owner' ? run() : null);

  type Try = (row: MatrixRow) => Promise<boolean> | null;
  const tries: Partial<Record<Subject, Partial<Record<Action, Try>>>> = {
    Upstream: {
      create: (row) =>
        ofMyself(row, () =>
          mutated(row, 'createUpstream', {
            slug: unique('new'),
            name: 'x',
            url: 'https://x.example.com/',
            ...sharingInput(row),
          }),
        ),
      update: (row) => mutated(row, 'updateUpstream', { id: idOf(row), description: 'changed' }),
      delete: (row) => mutated(row, 'deleteUpstream', { id: idOf(row) }),
      // Who may let one run a command may register one, too.
      spawn: (row) =>
        ofMyself(row, () =>
          mutated(row, 'createUpstream', {
            ...{ slug: unique('new'), name: 'x', transport: 'STDIO', command: 'allowed' },
            ...sharingInput(row),
          }),
        ),
    },
    VirtualServer: {
      create: (row) =>
        ofMyself(row, () =>
          mutated(row, 'createVirtualServer', { slug: unique('new'), name: 'x', ...sharingInput(row) }),
        ),
      update: (row) => mutated(row, 'updateVirtualServer', { id: idOf(row), description: 'changed' }),
      // Whoever may use it may have a token for it.
      execute: (row) => mutated(row, 'createApiToken', { name: 'x', virtualServerId: idOf(row) }),
      delete: (row) => mutated(row, 'deleteVirtualServer', { id: idOf(row) }),
    },
    ApiToken: {
      create: (row) => ofMyself(row, () => mutated(row, 'createApiToken', { name: 'x' })),
      delete: (row) => mutated(row, 'revokeApiToken', { id: idOf(row) }),
    },
    User: {
      create: (row) => mutated(row, 'createUser', { email: `${unique('new')}@example.com`, displayName: 'x' }),
      update: (row) => mutated(row, 'updateUser', { id: idOf(row), displayName: 'changed' }),
    },
    Team: {
      create: (row) => mutated(row, 'createTeam', { slug: unique('new'), name: 'x' }),
      update: (row) => mutated(row, 'updateTeam', { id: idOf(row), description: 'changed' }),
      // The teams share objects, so a deletion that was allowed ends as a conflict.
      delete: (row) => mutated(row, 'deleteTeam', { id: idOf(row) }),
    },
    AuditEvent: {
      readBody: async (row) => {
        const text = 'query($id: ID!) { node(id: $id) { ... on AuditEvent { body } } }';
        return decisionOf(await actorOf(row.role).user.query(text, { id: idOf(row) }));
      },
    },
  };
  for (const type of ['Tool', 'Resource', 'ResourceTemplate', 'Prompt'] as const) {
    tries[type] = {
      // Whoever may use it may compose it, into a server of their own.
      execute: (row) => {
        const entry = { [String(referenceOf[type])]: idOf(row) };
        return mutated(row, 'addVirtualServerEntries', {
          virtualServerId: actorOf(row.role).ownServer,
          entries: [entry],
        });
      },
    };
  }

  const cells = expectedCells();
  const order: readonly Action[] = [
    'read',
    'readBody',
    'execute',
    'create',
    'spawn',
    'update',
    'delete',
    'passThrough',
  ];

  /** Compares the cells of one type; reads first, deletions last. Answers how many there were. */
  async function compare(type: Subject, prepare: (cell: MatrixCell) => Promise<boolean> | null): Promise<number> {
    const wrong: string[] = [];
    let compared = 0;
    for (const action of order) {
      for (const cell of cells.filter((one) => one.type === type && one.action === action)) {
        const decision = await prepare(cell);
        if (decision === null) continue;
        compared += 1;
        if (decision !== cell.allowed)
          wrong.push(`${type} ${keyOf(cell)} ${action}: ${decision}, expected ${cell.allowed}`);
      }
    }
    expect(wrong).toEqual([]);
    return compared;
  }
  const attempt = (cell: MatrixCell): Promise<boolean> | null =>
    cell.action === 'read' ? read(cell) : (tries[cell.type]?.[cell.action]?.(cell) ?? null);

  it('covers every role and relation', () => {
    expect(new Set(cells.map(({ role }) => role)).size).toBe(7);
    expect(relations).toHaveLength(3);
  });

  it.each([
    // Lines: 7 roles × 3 relations (× 3 visibilities). Reads, executions, changes and deletions of all of them,
    // creations of the third that belongs to the actor.
    ['Organization', 21],
    ['Upstream', 63 * 3 + 21 * 2],
    ['Tool', 63 * 2],
    ['Resource', 63 * 2],
    ['ResourceTemplate', 63 * 2],
    ['Prompt', 63 * 2],
    ['HealthCheck', 63],
    ['VirtualServer', 63 * 4 + 21],
    ['ApiToken', 21 * 2 + 7],
    ['User', 21 * 3],
    ['Team', 21 * 4],
  ] as const)('agrees with the committed one for %s [AUZ-1] [AUZ-2]', async (type, expected) => {
    expect(await compare(type, attempt)).toBe(expected);
  });

  it('agrees with the committed one for Membership [AUZ-1] [AUZ-2]', async () => {
    const ids = new Map<string, string>();
    const find = async (userId: string, teamId: string) => {
      const row = await cp.seed.write(cp.organizationId, (tx) => tx.memberships.findOne({ userId, teamId }));
      return row?.id ?? null;
    };
    for (const relation of relations) {
      for (const role of matrixRoles) {
        const id = await find(userOf(relation, role).id, teamOf(relation).id);
        if (id !== null) ids.set(`${role} ${relation}`, encodeGlobalId('Membership', id));
      }
    }
    const membership = (cell: MatrixCell) => {
      const id = ids.get(`${cell.role} ${cell.relation}`);
      // An actor without a team role has no membership: with one they would hold that role, too.
      if (id === undefined) return null;
      const user = userOf(cell.relation, cell.role);
      const team = teamOf(cell.relation);
      const role =
        cell.relation === 'owner' && isTeamRole(cell.role) ? cell.role.toUpperCase().replace('-', '_') : 'TEAM_MEMBER';
      if (cell.action === 'read') return readMembership(cell, id);
      // They are members already, so a creation that was allowed ends as a conflict, and an update changes nothing.
      if (cell.action === 'create')
        return mutated(cell, 'createMembership', { teamId: team.globalId, userId: user.globalId, role });
      return cell.action === 'update' ? mutated(cell, 'updateMembership', { id, role }) : null;
    };
    const readMembership = async (cell: MatrixCell, id: string) => {
      const text = 'query($id: ID!) { node(id: $id) { id } }';
      return decisionOf(await actorOf(cell.role).user.query(text, { id }));
    };
    expect(await compare('Membership', membership)).toBe((14 + 3) * 3);
    expect(await compare('Membership', (cell) => (cell.action === 'delete' ? removeMembership(cell) : null))).toBe(14);
  });

  /** A membership of somebody new in the team of the line, removed if that is allowed. */
  const removeMembership = (cell: MatrixCell): Promise<boolean> | null => {
    if (cell.relation === 'owner') return null;
    return (async () => {
      const user = await cp.seed.user(cp.organizationId);
      const teamId = teamOf(cell.relation).id;
      const id = await cp.seed.write(
        cp.organizationId,
        async (tx) => tx.memberships.create({ teamId, userId: user.id, role: 'team-member' }).id,
      );
      return mutated(cell, 'deleteMembership', { id: encodeGlobalId('Membership', id) });
    })();
  };

  it('agrees with the committed one for AuditEvent [AUZ-1] [AUZ-2]', async () => {
    const newest = await actorOf('organization-owner').user.query(
      '{ auditEvents(first: 1) { edges { node { id } } } }',
    );
    const { id } = newest.data.auditEvents.edges[0].node;
    const uuid = Buffer.from(id, 'base64url').toString().split(':')[1] ?? '';
    for (const row of matrixRows.filter(({ type }) => type === 'AuditEvent')) put('AuditEvent', row, uuid);
    const readEvent = async (cell: MatrixCell) => {
      const actor = actorOf(cell.role).user;
      const found = decisionOf(await actor.query('query($id: ID!) { node(id: $id) { id } }', { id }));
      const list = await actor.query('{ auditEvents(first: 1) { edges { node { id } } } }');
      expect(decisionOf(list)).toBe(found);
      return found;
    };
    const attemptEvent = (cell: MatrixCell) => (cell.action === 'read' ? readEvent(cell) : attempt(cell));
    expect(await compare('AuditEvent', attemptEvent)).toBe(42);
  });

  it('agrees with the committed one for RoleBinding [AUZ-1]', async () => {
    const asEnum = (role: string) => role.toUpperCase().replaceAll('-', '_');
    const bound = new Map<string, string>();
    for (const variant of organizationRoles)
      for (const relation of ['team-mate', 'stranger'] as const) {
        const options = { organizationRole: variant, teams: [[teamOf(relation), 'team-member']] } as const;
        bound.set(`${variant} ${relation}`, (await cp.seed.user(cp.organizationId, options)).globalId);
      }
    const shown = async ({ role }: MatrixCell, id: string, variant: string) => {
      const text = 'query($id: ID!) { node(id: $id) { ... on User { organizationRoles } } }';
      const answer = await actorOf(role).user.query(text, { id });
      return decisionOf(answer) && answer.data.node.organizationRoles.includes(asEnum(variant));
    };
    const binding = (cell: MatrixCell) => {
      const variant = String(cell.variant);
      // A binding of the actor's own would be a further role of theirs.
      const id = bound.get(`${variant} ${cell.relation}`);
      if (id === undefined) return null;
      if (cell.action === 'read') return shown(cell, id, variant);
      // Roles are bound to somebody new, who shares no team.
      if (cell.action !== 'create' || cell.relation !== 'stranger') return null;
      const somebody = { email: `${unique('bound')}@example.com`, displayName: 'x', organizationRole: asEnum(variant) };
      return mutated(cell, 'createUser', somebody);
    };
    expect(await compare('RoleBinding', binding)).toBe(7 * 3 * 2 + 7 * 3);
  });

  it('leaves only those cells out that no operation of the schema can express', () => {
    const types = new Set<Subject>([...shared, 'ApiToken', 'User', 'Team', 'Membership', 'AuditEvent']);
    const left = [...types].flatMap((type) => {
      const tried = new Set<string>(['read', ...Object.keys(tries[type] ?? {})]);
      if (type === 'Membership') for (const action of ['create', 'update', 'delete']) tried.add(action);
      const actions = new Set(cells.filter((cell) => cell.type === type && cell.allowed).map(({ action }) => action));
      return [...actions].filter((action) => !tried.has(action)).map((action) => `${type}.${action}`);
    });
    // The catalogue changes by syncs alone; users are disabled, not deleted; executing an upstream and passing
    // through it are decided by the gateway, on MCP.
    const bySync = (['Tool', 'Resource', 'ResourceTemplate', 'Prompt'] satisfies Shared[]).flatMap((type) =>
      ['create', 'update', 'delete'].map((action) => `${type}.${action}`),
    );
    expect(left.sort()).toEqual([...bySync, 'Upstream.execute', 'Upstream.passThrough', 'User.delete'].sort());
  });
});
