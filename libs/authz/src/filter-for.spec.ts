import { describe, expect, it } from 'vitest';
import type { GrantedRole } from '#kernel';
import { abilityForPrincipal } from './ability-for.js';
import { filterFor } from './filter-for.js';

const organizationId = 'organization-1';
const holding = (...roles: GrantedRole[]) =>
  abilityForPrincipal({ userId: 'user-1', organizationId, roles, scope: null });

describe('filterFor', () => {
  it('is one plain condition for an administrator', () => {
    const owner = holding({ role: 'organization-owner', teamId: null }, { role: 'team-admin', teamId: 'team-1' });
    expect(filterFor(owner, 'read', 'Upstream')).toEqual({ organizationId });
    expect(filterFor(owner, 'read', 'User')).toEqual({ organizationId });
  });

  it('names each way of seeing an object for a member', () => {
    const member = holding({ role: 'team-member', teamId: 'team-1' }, { role: 'team-developer', teamId: 'team-2' });
    const { $or } = filterFor(member, 'read', 'Upstream') as { $or: unknown[] };
    expect($or).toHaveLength(4);
    expect($or).toEqual(
      expect.arrayContaining([
        { organizationId, visibility: 'ORGANIZATION' },
        { organizationId, visibility: 'PRIVATE', ownerId: 'user-1' },
        { organizationId, visibility: 'TEAM', teamId: { $in: ['team-1'] } },
        { organizationId, visibility: 'TEAM', teamId: { $in: ['team-2'] } },
      ]),
    );
  });

  it('looks for inherited attributes at the upstream and for shared teams at the memberships', () => {
    const member = holding({ role: 'team-member', teamId: 'team-1' });
    expect(filterFor(member, 'read', 'Tool')).toEqual({
      $or: expect.arrayContaining([{ organizationId, upstream: { visibility: 'TEAM', teamId: { $in: ['team-1'] } } }]),
    });
    expect(filterFor(member, 'read', 'User')).toEqual({
      $or: expect.arrayContaining([
        { organizationId, id: 'user-1' },
        { organizationId, memberships: { $some: { teamId: { $in: ['team-1'] } } } },
      ]),
    });
  });

  it('selects nothing where nothing is allowed', () => {
    expect(filterFor(holding(), 'read', 'AuditEvent')).toEqual({ id: { $in: [] } });
    expect(
      filterFor(
        abilityForPrincipal({ userId: 'u', organizationId, roles: [], scope: { scopes: [], virtualServerId: null } }),
        'read',
        'Upstream',
      ),
    ).toEqual({ id: { $in: [] } });
  });

  it('gives every caller a tree of its own', () => {
    const member = holding({ role: 'team-member', teamId: 'team-1' });
    const first = filterFor(member, 'read', 'Team') as { id: { $in: string[] } };
    first.id.$in.push('team-2');
    expect(filterFor(member, 'read', 'Team')).toEqual({ organizationId, id: { $in: ['team-1'] } });
  });
});
