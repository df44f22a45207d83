import { describe, expect, it } from 'vitest';
import { notFound, type UserActor } from '#kernel';
import { abilityFor } from './ability-for.js';
import { assertCan, assertCanChange, assertCanType } from './assert-can.js';
import type { SharedObject } from './shared-object.js';

const organizationId = 'organization-1';
const developer: UserActor = {
  kind: 'user',
  userId: 'user-1',
  organizationId,
  sessionId: 'session-1',
  tokenId: null,
  roles: [{ role: 'team-developer', teamId: 'team-1' }],
  scope: null,
};
const ability = abilityFor(developer);
const own: SharedObject = { organizationId, id: 'a', ownerId: 'user-1', teamId: 'team-1', visibility: 'TEAM' };
const forbidden = expect.objectContaining({ code: 'FORBIDDEN' });

describe('assertCan', () => {
  it('answers for a hidden object as for a missing one', () => {
    const hidden: SharedObject = { ...own, ownerId: 'user-2', teamId: 'team-2' };
    for (const action of ['read', 'update', 'delete', 'execute'] as const) {
      expect(() => assertCan(ability, action, 'Upstream', hidden)).toThrow(notFound('Upstream'));
    }
  });

  it('answers FORBIDDEN for what is readable, and for a candidate', () => {
    const visible: SharedObject = { ...own, ownerId: 'user-2' };
    expect(() => assertCan(ability, 'update', 'Upstream', visible)).toThrow(forbidden);
    expect(() => assertCan(ability, 'create', 'Upstream', { ...own, teamId: 'team-2' })).toThrow(forbidden);
  });

  it('lets the allowed pass', () => {
    expect(() => assertCan(ability, 'update', 'Upstream', own)).not.toThrow();
  });
});

describe('assertCanType', () => {
  it('refuses what no object would allow', () => {
    expect(() => assertCanType(ability, 'create', 'Team')).toThrow(forbidden);
    expect(() => assertCanType(ability, 'create', 'Upstream')).not.toThrow();
  });
});

describe('assertCanChange', () => {
  const change = (after: Partial<SharedObject>) => () =>
    assertCanChange(ability, 'Upstream', own, { ...own, ...after });

  it('lets an owner change what stays theirs', () => {
    expect(change({})).not.toThrow();
    expect(change({ visibility: 'PRIVATE', teamId: null })).not.toThrow();
  });

  it('refuses to show it to the organization, to move it to another team or to give it away', () => {
    expect(change({ visibility: 'ORGANIZATION', teamId: null })).toThrow(forbidden);
    expect(change({ teamId: 'team-2' })).toThrow(forbidden);
    expect(change({ ownerId: 'user-2' })).toThrow(forbidden);
  });

  it('refuses to take an object that is not readable, without telling', () => {
    const foreign: SharedObject = { ...own, ownerId: 'user-2', visibility: 'PRIVATE' };
    expect(() => assertCanChange(ability, 'Upstream', foreign, own)).toThrow(notFound('Upstream'));
  });
});
