import { describe, expect, it } from 'vitest';
import { DomainError } from '#kernel';
import { redactCredentials } from './redact-credentials.js';

const hidden = '[redacted]';

describe('redactCredentials', () => {
  it.each([
    'password',
    'Password',
    'newPassword',
    'password_hash',
    'token',
    'accessToken',
    'refresh_token',
    'tokens',
    'secret',
    'clientSecret',
    'auth_secret',
    'authorization',
    'Proxy-Authorization',
    'WWW-Authenticate',
    'cookie',
    'Set-Cookie',
    'x-api-key',
    'apiKey',
    'privateKey',
    'masterKey',
    'GATEHOUSE_MASTER_KEY',
    'credentials',
    'x-gatehouse-csrf',
    'csrfToken',
    'Mcp-Session-Id',
    'pwd',
    'rawHeaders',
  ])('hides what stands under %s, whatever it is', (name) => {
    for (const value of ['hunter2', 4711, ['hunter2'], { a: 'hunter2' }]) {
      expect(redactCredentials({ [name]: value })).toEqual({ [name]: hidden });
    }
  });

  it.each(['tokenId', 'name', 'passwordless', 'keyId', 'authorName', 'cookieCount'])('shows %s', (name) => {
    expect(redactCredentials({ [name]: 'x' })).toEqual({ [name]: 'x' });
  });

  it('shows that a credential was absent or present', () => {
    expect(redactCredentials({ password: null, secret: true })).toEqual({ password: null, secret: true });
  });

  it('reaches nested objects, lists, maps, header pairs and flat header lists', () => {
    const value = {
      request: { headers: { authorization: 'x', accept: '*/*' }, list: [{ deep: { token: 'x' } }] },
      pairs: [
        ['cookie', 'x'],
        ['accept', '*/*'],
      ],
      flat: ['accept', '*/*', 'x-api-key', 'x'],
      map: new Map([['password', 'x']]),
      text: 'Bearer x',
    };
    expect(redactCredentials(value)).toEqual({
      request: { headers: { authorization: hidden, accept: '*/*' }, list: [{ deep: { token: hidden } }] },
      pairs: [
        ['cookie', hidden],
        ['accept', '*/*'],
      ],
      flat: ['accept', '*/*', 'x-api-key', hidden],
      map: { password: hidden },
      text: `Bearer ${hidden}`,
    });
  });

  it('spells out errors with their causes, masked', () => {
    const cause = Object.assign(new Error('postgres://ada:hunter2@db refused'), {
      code: 'ECONNREFUSED',
      password: 'p',
    });
    const error = new DomainError('DATABASE_UNAVAILABLE', 'token gth_abc.def', {
      cause,
      details: { token: 'x', n: 1 },
    });
    const shown = redactCredentials({ err: error });
    expect(shown).toMatchObject({
      err: {
        type: 'DomainError',
        code: 'DATABASE_UNAVAILABLE',
        message: 'token gth_[redacted]',
        details: { token: hidden, n: 1 },
        cause: { type: 'Error', code: 'ECONNREFUSED', password: hidden, message: `postgres://${hidden}@db refused` },
      },
    });
    expect(JSON.stringify(shown)).not.toMatch(/hunter2|gth_abc/);
  });

  it('is bounded: depth, width, cycles, huge graphs', () => {
    const cycle: Record<string, unknown> = { name: 'x' };
    cycle['self'] = cycle;
    expect(JSON.stringify(redactCredentials(cycle)).length).toBeLessThan(1000);
    const wide = Array.from({ length: 5000 }, (_, index) => index);
    expect(redactCredentials({ wide })).toMatchObject({ wide: expect.arrayContaining(['[4800 more]']) });
    const grow = (depth: number): unknown => (depth === 0 ? 'x' : Array.from({ length: 6 }, () => grow(depth - 1)));
    expect(JSON.stringify(redactCredentials(grow(7))).length).toBeLessThan(200_000);
  });

  it('takes whatever a caller passes', () => {
    const hostile = Object.defineProperty({}, 'boom', {
      enumerable: true,
      get: () => {
        throw new Error('no');
      },
    });
    expect(redactCredentials(hostile)).toBe('[unreadable]');
    expect(redactCredentials(Buffer.from('hunter2'))).toBe('[7 bytes]');
    expect(redactCredentials(10n)).toBe('10');
    expect(redactCredentials(new Date(0))).toBe('1970-01-01T00:00:00.000Z');
    expect(redactCredentials(new Date(Number.NaN))).toBe('Invalid Date');
    expect(redactCredentials(new URL('https://ada:hunter2@a.example/'))).toBe(`https://${hidden}@a.example/`);
    expect(redactCredentials(JSON.parse('{"__proto__":{"password":"x"}}'))).toEqual(
      JSON.parse(`{"__proto__":{"password":"${hidden}"}}`),
    );
  });
});
