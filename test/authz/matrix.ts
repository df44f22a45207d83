import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { abilityFor, can, subjects, type Action, type SubjectAttributes, type Subject } from '#authz';
import { organizationRoles, teamRoles, visibilities, type OrganizationRole, type Visibility } from '#contracts';
import type { UserActor } from '#kernel';

/** The roles of the matrix: each actor holds one, and what everyone holds. */
export const matrixRoles = [...organizationRoles, ...teamRoles, 'organization-member'] as const;
/** See {@link matrixRoles}. */
export type MatrixRole = (typeof matrixRoles)[number];

/**
 * How the actor stands to the object. `owner`: it is theirs; `team-mate`: it belongs to another member of team A;
 * `stranger`: it belongs to somebody in team B only. Actors with a team role hold it in team A; the others are in no
 * team, so for them an object in team A is one of a team that they are not in.
 */
export const relations = ['owner', 'team-mate', 'stranger'] as const;
/** See {@link relations}. */
export type Relation = (typeof relations)[number];

/** What tells the objects of one type apart: visibility, or for a role binding the role that it binds. */
export type Variant = Visibility | OrganizationRole | null;

/** One line of the matrix: an object as one role meets it. */
export interface MatrixRow {
  readonly role: MatrixRole;
  readonly type: Subject;
  readonly variant: Variant;
  readonly relation: Relation;
}

/** One expectation: may this role do that to such an object? */
export interface MatrixCell extends MatrixRow {
  readonly action: Action;
  readonly allowed: boolean;
}

/** The ids that rows and objects are built from; an end-to-end test puts in those of rows that it has seeded. */
export interface MatrixWorld {
  readonly organizationId: string;
  readonly otherOrganizationId: string;
  readonly teamId: string;
  readonly otherTeamId: string;
  /** `owner` is the actor. */
  readonly users: Readonly<Record<Relation, string>>;
  /** The id of the object under test; made up unless it is stored. */
  readonly objectId: string;
}

const uuid = (last: number): string => `01990000-0000-7000-8000-${String(last).padStart(12, '0')}`;

/** Made-up ids, for tests without a database. */
export const paperWorld: MatrixWorld = {
  organizationId: uuid(1),
  otherOrganizationId: uuid(2),
  teamId: uuid(3),
  otherTeamId: uuid(4),
  users: { owner: uuid(5), 'team-mate': uuid(6), stranger: uuid(7) },
  objectId: uuid(8),
};

const letters: Readonly<Record<Action, string>> = {
  read: 'r',
  create: 'c',
  update: 'u',
  delete: 'd',
  execute: 'x',
  passThrough: 'p',
  spawn: 's',
  readBody: 'b',
};
const commonActions: readonly Action[] = ['read', 'create', 'update', 'delete', 'execute'];

/** The actions of a type's rows: the five of every type and those that only upstreams and audit events have. */
export function actionsOf(type: Subject): readonly Action[] {
  if (type === 'Upstream') return [...commonActions, 'passThrough', 'spawn'];
  return type === 'AuditEvent' ? [...commonActions, 'readBody'] : commonActions;
}

const shared: ReadonlySet<Subject> = new Set<Subject>([
  'Upstream',
  'Tool',
  'Resource',
  'ResourceTemplate',
  'Prompt',
  'VirtualServer',
  'HealthCheck',
]);

const variantsOf = (type: Subject): readonly Variant[] => {
  if (shared.has(type)) return visibilities;
  return type === 'RoleBinding' ? organizationRoles : [null];
};

/** Every line of the matrix, in the order of the file. */
export const matrixRows: readonly MatrixRow[] = subjects.flatMap((type) =>
  variantsOf(type).flatMap((variant) =>
    matrixRoles.flatMap((role) => relations.map((relation) => ({ role, type, variant, relation }))),
  ),
);

/** The user of a role, signed in by session. */
export function actorFor(role: MatrixRole, world: MatrixWorld = paperWorld): UserActor {
  const inTeam = (teamRoles as readonly string[]).includes(role);
  return {
    kind: 'user',
    userId: world.users.owner,
    organizationId: world.organizationId,
    sessionId: 'session',
    tokenId: null,
    roles: role === 'organization-member' ? [] : [{ role, teamId: inTeam ? world.teamId : null }],
    scope: null,
  };
}

type AnyAttributes = SubjectAttributes[Subject];

/** The object of a line, as flat attributes. For an organization, `stranger` is another organization. */
export function objectFor(
  { type, variant, relation, role }: MatrixRow,
  world: MatrixWorld = paperWorld,
): AnyAttributes {
  const { organizationId, objectId: id } = world;
  const userId = world.users[relation];
  const teamId = relation === 'stranger' ? world.otherTeamId : world.teamId;
  switch (type) {
    case 'Organization': {
      const own = relation === 'stranger' ? world.otherOrganizationId : organizationId;
      return { organizationId: own, id: own };
    }
    case 'User': {
      const teamless = relation === 'owner' && actorFor(role, world).roles.every((held) => held.teamId === null);
      return { organizationId, id: userId, teamIds: teamless ? [] : [teamId] };
    }
    case 'Team':
      return { organizationId, id: teamId };
    case 'Membership':
      return { organizationId, id, teamId, userId };
    case 'RoleBinding':
      return { organizationId, id, userId, role: variant ?? '' };
    case 'ApiToken':
      return { organizationId, id, userId };
    case 'AuditEvent':
      return { organizationId, id };
    default: {
      const visibility = variant as Visibility;
      return { organizationId, id, ownerId: userId, teamId: visibility === 'TEAM' ? teamId : null, visibility };
    }
  }
}

const line = ({ role, type, variant, relation }: MatrixRow, held: string): string =>
  [type.padEnd(16), (variant ?? '-').padEnd(20), role.padEnd(20), relation.padEnd(9), held].join(' ');

const heading = `# Who may do what: type, visibility (or bound role), role of the actor, relation to the object, actions.
# r read, c create, u update, d delete, x execute, p pass-through and s spawn (upstreams), b read body (audit events), - no.
# What "owner", "team-mate" and "stranger" mean, and for which team: test/authz/matrix.ts. Generated; review every line.
`;

/** The text of expected-matrix.txt as the rules are now. */
export function renderMatrix(): string {
  const lines = matrixRows.map((row) => {
    const ability = abilityFor(actorFor(row.role));
    const held = actionsOf(row.type).map((action) =>
      can(ability, action, row.type, objectFor(row)) ? letters[action] : '-',
    );
    return line(row, held.join(''));
  });
  return `${heading}${lines.join('\n')}\n`;
}

/** Where the committed matrix lies. */
export const matrixFile = fileURLToPath(new URL('./expected-matrix.txt', import.meta.url));

/**
 * Every cell of the committed file, for tests that assert it on a running system.
 * @throws Error when a line is missing or malformed: then the file is not the one that `renderMatrix` makes.
 */
export function expectedCells(): readonly MatrixCell[] {
  const lines = readFileSync(matrixFile, 'utf8')
    .split('\n')
    .filter((text) => text !== '' && !text.startsWith('#'));
  const held = new Map(
    lines.map((text) => [text.slice(0, text.lastIndexOf(' ')), text.slice(text.lastIndexOf(' ') + 1)]),
  );
  if (held.size !== matrixRows.length) throw new Error(`expected-matrix.txt has ${held.size} lines.`);
  return matrixRows.flatMap((row) => {
    const key = line(row, '').slice(0, -1);
    const actions = held.get(key);
    if (actions === undefined) throw new Error(`expected-matrix.txt has no line "${key}".`);
    return actionsOf(row.type).map((action) =>
      Object.assign({}, row, { action, allowed: actions.includes(letters[action]) }),
    );
  });
}
