import { homedir } from 'node:os';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { childEnvironment, readCliEnvironment } from './cli-environment.js';

describe('readCliEnvironment', () => {
  it('falls back to the home folder and the default profile', () => {
    expect(readCliEnvironment({ GATEHOUSE_URL: '', XDG_CONFIG_HOME: 'relative' })).toEqual({
      url: undefined,
      token: undefined,
      profile: 'default',
      configHome: path.join(homedir(), '.config'),
    });
  });

  it('takes what is set', () => {
    const env = { GATEHOUSE_URL: 'http://h', GATEHOUSE_TOKEN: 't', GATEHOUSE_PROFILE: 'p', XDG_CONFIG_HOME: '/c' };
    expect(readCliEnvironment(env)).toEqual({ url: 'http://h', token: 't', profile: 'p', configHome: '/c' });
  });
});

describe('childEnvironment', () => {
  it('keeps the own environment, sets and removes', () => {
    const child = childEnvironment({ PATH: undefined, GATEHOUSE_PROFILE: 'x' });
    expect(child.HOME).toBe(process.env.HOME);
    expect(child).not.toHaveProperty('PATH');
    expect(child.GATEHOUSE_PROFILE).toBe('x');
  });
});
