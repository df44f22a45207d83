import { describe, expect, it } from 'vitest';
import { effectiveRoles } from './effective-roles.js';

describe('effectiveRoles', () => {
  it('makes everyone a member of the organization', () => {
    expect([...effectiveRoles([])]).toEqual([['organization-member', []]]);
  });

  it('gathers the teams of each role', () => {
    const held = effectiveRoles([
      { role: 'team-admin', teamId: 'team-1' },
      { role: 'team-member', teamId: 'team-2' },
      { role: 'team-admin', teamId: 'team-3' },
      { role: 'team-admin', teamId: 'team-1' },
    ]);
    expect(held.get('team-admin')).toEqual(['team-1', 'team-3']);
    expect(held.get('team-member')).toEqual(['team-2']);
  });

  it('ignores unknown names, team roles without a team and organization roles with one', () => {
    const held = effectiveRoles([
      { role: 'emperor', teamId: null },
      { role: 'organization-member', teamId: null },
      { role: 'team-admin', teamId: null },
      { role: 'organization-owner', teamId: 'team-1' },
    ]);
    expect([...held.keys()]).toEqual(['organization-member']);
  });

  it('keeps an auditor from acting as a member', () => {
    expect([...effectiveRoles([{ role: 'organization-auditor', teamId: null }]).keys()]).toEqual([
      'organization-auditor',
    ]);
  });
});
