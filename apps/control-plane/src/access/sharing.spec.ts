import { describe, expect, it } from 'vitest';
import { decideSharing } from './sharing.js';

const inTeam = { visibility: 'TEAM', teamId: 't1' } as const;

describe('decideSharing', () => {
  it('is private by default', () => {
    expect(decideSharing({})).toEqual({ visibility: 'PRIVATE', teamId: null });
  });

  it('puts what is said over what was', () => {
    expect(decideSharing({}, inTeam)).toEqual(inTeam);
    expect(decideSharing({ teamId: 't2' }, inTeam)).toEqual({ visibility: 'TEAM', teamId: 't2' });
    expect(decideSharing({ visibility: 'TEAM', teamId: 't2' })).toEqual({ visibility: 'TEAM', teamId: 't2' });
    expect(decideSharing({ visibility: 'ORGANIZATION' }, inTeam)).toEqual({ visibility: 'ORGANIZATION', teamId: null });
  });

  it('refuses a team without the visibility, and the visibility without a team', () => {
    expect(() => decideSharing({ teamId: 't2' })).toThrow('goes with the visibility TEAM only');
    expect(() => decideSharing({ visibility: 'ORGANIZATION', teamId: 't1' }, inTeam)).toThrow('teamId goes with');
    expect(() => decideSharing({ visibility: 'TEAM' })).toThrow('teamId is missing');
    expect(() => decideSharing({ teamId: null }, inTeam)).toThrow('teamId is missing');
  });
});
