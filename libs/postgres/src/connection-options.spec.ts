import { describe, expect, it } from 'vitest';
import { connectionOptions } from './connection-options.js';

const options = (url: string) => connectionOptions({ url });

describe('connectionOptions', () => {
  it('takes a URL apart and decodes it', () => {
    expect(
      options('postgresql://us%40er:p%3Aa%2Fss@[::1]:6543/my%20db?sslmode=disable&connect_timeout=7'),
    ).toMatchObject({
      user: 'us@er',
      password: 'p:a/ss',
      host: '::1',
      port: 6543,
      database: 'my db',
      ssl: false,
      connectionTimeoutMillis: 7000,
    });
    expect(options('postgres:///db?host=/run/pg&user=me')).toMatchObject({
      host: '/run/pg',
      port: 5432,
      user: 'me',
      ssl: false,
    });
    expect(options('postgres://me@%2Frun%2Fpg:5433/db')).toMatchObject({ host: '/run/pg', port: 5433 });
  });

  it('escapes blanks and backslashes in start-up options and keeps those of the URL', () => {
    const settings = {
      url: 'postgres://h/db?options=-c%20geqo%3Doff',
      role: 'r',
      parameters: { search_path: 'a, b\\' },
    };
    expect(connectionOptions(settings).options).toBe('-c geqo=off -c role=r -c search_path=a,\\ b\\\\');
  });

  it('asks the server for TLS only in the mode that is optional', () => {
    const base = (url: string) => (Object.getPrototypeOf(options(url).Client) as { name: string }).name;
    expect(base('postgres://h/db')).toBe('PreferTlsClient');
    expect(base('postgres://h/db?sslmode=prefer')).toBe('PreferTlsClient');
    expect(base('postgres://h/db?sslmode=require')).toBe('Client');
    expect(options('postgres://h/db?ssl=true')).toMatchObject({ ssl: { rejectUnauthorized: false } });
    expect(options('postgres://h/db?sslmode=verify-full')).toMatchObject({
      ssl: { rejectUnauthorized: true, host: 'h' },
    });
  });

  it.each([
    ['mysql://h/db', 'must be one URL'],
    ['postgres://h1,h2/db', 'several hosts'],
    ['postgres://h:99999/db', 'port'],
    ['postgres://u:sesame%zz@h/db', '%25'],
    ['postgres://u:sesame@h/db?sslmode=no-verify', 'sslmode "no-verify" is unknown; use disable, prefer'],
    ['postgres://u:sesame@h/db?sslmode=verify-ca', 'needs sslrootcert'],
    ['postgres://u:sesame@h/db?sslmode=require&sslrootcert=system', 'needs sslmode=verify-full'],
    ['postgres://u:sesame@h/db?sslmode=require&sslcert=/none', 'sslcert names /none'],
    ['postgres://u:sesame@h/db?channel_binding=require', 'channel_binding is not supported'],
    ['postgres://u:sesame@h/db?connect_timeout=soon', 'seconds'],
  ])('refuses %s', (url, problem) => {
    const attempt = () => connectionOptions({ url, setting: 'GATEHOUSE_DATABASE_APP_URL' });
    expect(attempt).toThrow(
      expect.objectContaining({ code: 'CONFIGURATION_INVALID', field: 'GATEHOUSE_DATABASE_APP_URL' }),
    );
    expect(attempt).toThrow(problem);
    expect(attempt).not.toThrow('sesame');
  });
});
