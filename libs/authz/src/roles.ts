import type { OrganizationRole, TeamRole } from '#contracts';
import type { Permission } from './permissions.js';
import { ME, MY_TEAMS, type RoleRule } from './role-rule.js';

/** The roles that come with the product. `organization-member` is held by everyone and granted to nobody. */
export type BuiltInRole = OrganizationRole | TeamRole | 'organization-member';

const readShared: readonly Permission[] = [
  'upstream.read',
  'tool.read',
  'resource.read',
  'resourceTemplate.read',
  'prompt.read',
  'virtualServer.read',
  'healthCheck.read',
];
const executeShared: readonly Permission[] = [
  'upstream.execute',
  'tool.execute',
  'resource.execute',
  'resourceTemplate.execute',
  'prompt.execute',
  'virtualServer.execute',
];
const changeShared: readonly Permission[] = [
  'upstream.update',
  'upstream.delete',
  'tool.update',
  'tool.delete',
  'resource.update',
  'resource.delete',
  'resourceTemplate.update',
  'resourceTemplate.delete',
  'prompt.update',
  'prompt.delete',
  'virtualServer.update',
  'virtualServer.delete',
];
const createShared: readonly Permission[] = ['upstream.create', 'virtualServer.create'];
const addToCatalog: readonly Permission[] = [
  'tool.create',
  'resource.create',
  'resourceTemplate.create',
  'prompt.create',
];
const readOrganization: readonly Permission[] = [
  'organization.read',
  'user.read',
  'team.read',
  'membership.read',
  'roleBinding.read',
  'apiToken.read',
  'auditEvent.read',
];
const manageOrganization: readonly Permission[] = [
  'organization.update',
  'user.create',
  'user.update',
  'user.delete',
  'team.create',
  'team.update',
  'team.delete',
  'membership.create',
  'membership.update',
  'membership.delete',
  'apiToken.delete',
];
const bindRoles: readonly Permission[] = ['roleBinding.create', 'roleBinding.update', 'roleBinding.delete'];

const ownPrivate = { visibility: 'PRIVATE', ownerId: ME } as const;
const ofMyTeams = { visibility: 'TEAM', teamId: MY_TEAMS } as const;
const ownOfMyTeams = { ...ofMyTeams, ownerId: ME } as const;

/** A token acts as its user, so nobody makes one for somebody else, whatever else they may do. */
const ownTokens: RoleRule = { allow: ['apiToken.read', 'apiToken.create', 'apiToken.delete'], when: { userId: ME } };

const administration: readonly RoleRule[] = [
  { allow: [...readOrganization, ...manageOrganization] },
  { allow: [...readShared, ...createShared, ...addToCatalog, ...changeShared] },
  // A program on the gateway's own machines is more than an address: whoever may only share with a team may not.
  { allow: ['upstream.spawn'] },
  { allow: [...executeShared, 'upstream.passThrough'], when: { visibility: { $in: ['TEAM', 'ORGANIZATION'] } } },
  { allow: [...executeShared, 'upstream.passThrough'], when: ownPrivate },
];

const teamMember: readonly RoleRule[] = [
  { allow: [...readShared, ...executeShared], when: ofMyTeams },
  { allow: ['team.read'], when: { id: MY_TEAMS } },
  { allow: ['membership.read'], when: { teamId: MY_TEAMS } },
  { allow: ['user.read'], when: { teamIds: MY_TEAMS } },
];

const teamDeveloper: readonly RoleRule[] = [
  ...teamMember,
  { allow: createShared, when: ownPrivate },
  { allow: createShared, when: ownOfMyTeams },
  { allow: changeShared, when: ownOfMyTeams },
  { allow: ['upstream.passThrough'], when: ofMyTeams },
];

/** The one table of built-in roles. Each line adds; nothing takes away, so the order does not matter. */
export const roles: Readonly<Record<BuiltInRole, readonly RoleRule[]>> = {
  'organization-owner': [
    ...administration,
    { allow: ['organization.delete'] },
    { allow: bindRoles, when: { role: { $in: ['organization-owner', 'organization-admin'] } } },
    // The auditor reads what the owner may not: the owner grants it, but not to themselves (ARCHITECTURE.md §4.8).
    { allow: bindRoles, when: { role: 'organization-auditor', userId: { $ne: ME } } },
  ],
  'organization-admin': [...administration, { allow: bindRoles, when: { role: 'organization-admin' } }],
  'organization-auditor': [{ allow: [...readOrganization, ...readShared, 'auditEvent.readBody'] }, ownTokens],
  'organization-member': [
    { allow: [...readShared, ...executeShared], when: { visibility: 'ORGANIZATION' } },
    { allow: [...readShared, ...executeShared, ...changeShared], when: ownPrivate },
    ownTokens,
    { allow: ['roleBinding.read'], when: { userId: ME } },
  ],
  'team-admin': [
    ...teamDeveloper,
    { allow: changeShared, when: ofMyTeams },
    { allow: ['team.update'], when: { id: MY_TEAMS } },
    { allow: ['membership.create', 'membership.update', 'membership.delete'], when: { teamId: MY_TEAMS } },
  ],
  'team-developer': teamDeveloper,
  'team-member': teamMember,
};
