import { describe, expect, it } from 'vitest';
import { CommandFailure } from '../command-failure.js';
import type { ProfileStore } from './profile-store.js';
import { originOf, resolveConnection, resolveUrl } from './resolve-connection.js';

const env = { url: undefined, token: undefined, profile: 'default', configHome: '/c' };
const store = (profile: { url: string; token: string } | null) => ({ find: () => profile }) as unknown as ProfileStore;
const home = { url: 'https://a.example', token: 'gth_a' };

describe('resolveConnection', () => {
  it('uses the profile, and the environment before it', () => {
    expect(resolveConnection(env, store(home))).toEqual(home);
    expect(resolveConnection({ ...env, url: 'https://b.example/', token: 'gth_b' }, store(home))).toEqual({
      url: 'https://b.example',
      token: 'gth_b',
    });
  });

  it('sends the token of a profile to no other address', () => {
    const resolve = () => resolveConnection({ ...env, url: 'https://evil.example' }, store(home));
    expect(resolve).toThrow('Not signed in at https://evil.example.');
  });

  it('ends with exit code 3 and the command to run when nobody is signed in', () => {
    let failure: unknown;
    try {
      resolveConnection(env, store(null));
    } catch (error) {
      failure = error;
    }
    expect(failure).toBeInstanceOf(CommandFailure);
    expect(failure).toMatchObject({
      exitCode: 3,
      problems: [{ code: 'UNAUTHENTICATED', remedy: expect.stringContaining('gatehouse login') as string }],
    });
  });
});

describe('originOf', () => {
  it('refuses what is no http(s) address and names its source', () => {
    for (const text of ['', 'gatehouse', 'ftp://h', 'http://user:pw@h'])
      expect(() => originOf(text, 'GATEHOUSE_URL')).toThrow('GATEHOUSE_URL must be an address');
    expect(resolveUrl('https://h:8443/graphql', env, null)).toBe('https://h:8443');
  });
});
