import { describe, expect, it } from 'vitest';
import { abilityForPrincipal } from './ability-for.js';
import { assertMayGrant, assertMayManageUser } from './assert-may-grant.js';

const organizationId = 'organization-1';
const abilityOf = (role: string, teamId: string | null = null) =>
  abilityForPrincipal({ userId: 'user-1', organizationId, roles: [{ role, teamId }], scope: null });
const owner = abilityOf('organization-owner');
const admin = abilityOf('organization-admin');
const teamAdmin = abilityOf('team-admin', 'team-1');
const give = (role: string, teamId: string | null = null, userId = 'user-2') => ({
  organizationId,
  userId,
  role,
  teamId,
});
const forbidden = expect.objectContaining({ code: 'FORBIDDEN', field: 'role' });

describe('assertMayGrant', () => {
  it('lets only the owner make owners and auditors', () => {
    for (const role of ['organization-owner', 'organization-auditor']) {
      expect(() => assertMayGrant(owner, give(role))).not.toThrow();
      expect(() => assertMayGrant(admin, give(role))).toThrow(forbidden);
      expect(() => assertMayGrant(teamAdmin, give(role))).toThrow(forbidden);
    }
    expect(() => assertMayGrant(admin, give('organization-admin'))).not.toThrow();
  });

  it('keeps the owner from reading bodies by their own grant', () => {
    expect(() => assertMayGrant(owner, give('organization-auditor', null, 'user-1'))).toThrow(forbidden);
  });

  it('lets the admin of a team fill that team only', () => {
    expect(() => assertMayGrant(teamAdmin, give('team-admin', 'team-1'))).not.toThrow();
    expect(() => assertMayGrant(teamAdmin, give('team-member', 'team-2'))).toThrow(forbidden);
    expect(() => assertMayGrant(admin, give('team-member', 'team-2'))).not.toThrow();
  });

  it('grants no role that does not exist', () => {
    expect(() => assertMayGrant(owner, give('emperor'))).toThrow(forbidden);
  });
});

describe('assertMayManageUser', () => {
  const target = { organizationId, id: 'user-2' };

  it('protects owners and auditors from administrators', () => {
    for (const role of ['organization-owner', 'organization-auditor']) {
      expect(() => assertMayManageUser(admin, 'update', target, [role])).toThrow(role);
      expect(() => assertMayManageUser(owner, 'delete', target, [role])).not.toThrow();
    }
    expect(() => assertMayManageUser(admin, 'update', target, ['organization-admin'])).not.toThrow();
  });

  it('tells a member nothing about others', () => {
    expect(() => assertMayManageUser(abilityOf('team-admin', 'team-1'), 'update', target, [])).toThrow(
      expect.objectContaining({ code: 'FORBIDDEN', message: expect.stringContaining('any User') }),
    );
  });
});
