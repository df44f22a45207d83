import { describe, expect, it } from 'vitest';
import { organizationRoles } from '#contracts';
import { abilityForPrincipal } from './ability-for.js';
import { can } from './can.js';
import type { Permission } from './permissions.js';
import { roles } from './roles.js';

const permissionsOf = (role: keyof typeof roles): ReadonlySet<Permission> =>
  new Set(roles[role].flatMap((rule) => rule.allow));

describe('roles', () => {
  it('let nobody grant what they do not hold, but the owner, who holds the grant right for all', () => {
    for (const granter of organizationRoles) {
      const ability = abilityForPrincipal({
        userId: 'user-1',
        organizationId: 'organization-1',
        roles: [{ role: granter, teamId: null }],
        scope: null,
      });
      for (const role of organizationRoles) {
        const binding = { organizationId: 'organization-1', userId: 'user-2', role };
        const holdsAll = [...permissionsOf(role)].every((permission) => permissionsOf(granter).has(permission));
        const administers = granter !== 'organization-auditor';
        expect(can(ability, 'create', 'RoleBinding', binding), `${granter} grants ${role}`).toBe(
          granter === 'organization-owner' || (administers && holdsAll),
        );
      }
    }
  });

  it('let only the auditor read bodies', () => {
    const readers = Object.keys(roles).filter((role) =>
      permissionsOf(role as keyof typeof roles).has('auditEvent.readBody'),
    );
    expect(readers).toEqual(['organization-auditor']);
  });

  it('let nobody create a token for somebody else', () => {
    const ability = abilityForPrincipal({
      userId: 'user-1',
      organizationId: 'organization-1',
      roles: organizationRoles.map((role) => ({ role, teamId: null })),
      scope: null,
    });
    expect(can(ability, 'create', 'ApiToken', { organizationId: 'organization-1', userId: 'user-1' })).toBe(true);
    expect(can(ability, 'create', 'ApiToken', { organizationId: 'organization-1', userId: 'user-2' })).toBe(false);
  });
});
