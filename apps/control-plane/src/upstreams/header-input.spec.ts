import { describe, expect, it } from 'vitest';
import { decideHeaders } from './decide-headers.js';
import { forwardedHeaders, headers } from './header-input.js';

const one = (name: string, value = 'x') => headers().safeParse([{ name, value }]);

describe('headers of an upstream', () => {
  it('[UPT-5] are names and values as HTTP knows them, in lower case', () => {
    expect(headers().parse([{ name: ' X-Tenant ', value: 'a b' }])).toEqual([{ name: 'x-tenant', value: 'a b' }]);
    expect(forwardedHeaders().parse([{ from: 'X-Locale' }, { from: 'X-Region', to: 'Region' }])).toEqual([
      { from: 'x-locale', to: 'x-locale' },
      { from: 'x-region', to: 'region' },
    ]);
  });

  it.each([
    ...['Authorization', 'Cookie', 'Set-Cookie', 'Proxy-Authorization', 'DPoP', 'X-Api-Key', 'X-Auth-Token', 'apikey'],
    ...['X.Api.Key', 'x_api_key', 'XApiKey', 'X-AuthToken', 'Authentication', 'X-Id~Token', 'Bearer'],
    ...['X-Access-Token', 'Mcp-Session-Id', 'MCP-Protocol-Version', 'Mcp-Param-X', 'Host', 'Content-Length'],
    ...['Content-Type', 'Content-Digest', 'Connection', 'Keep-Alive', 'TE', 'Trailer', 'Transfer-Encoding', 'Upgrade'],
    ...['Accept', 'User-Agent', 'Traceparent', 'X-Forwarded-For', 'Forwarded', 'Via', 'Last-Event-ID', 'Origin'],
    ...['', 'a b', 'a:b', 'a\nb', 'ä', 'x'.repeat(101)],
  ])('[UPT-5] are never called %j, nor taken from a client or given to an upstream as that', (name) => {
    expect(one(name).success).toBe(false);
    expect(forwardedHeaders().safeParse([{ from: name }]).success).toBe(false);
    expect(forwardedHeaders().safeParse([{ from: 'x-a', to: name }]).success).toBe(false);
  });

  it.each(['a\r\nb: c', 'a\0', 'Ω', ' a', 'x'.repeat(2049)])('[UPT-5] never have the value %j', (value) => {
    expect(one('x-a', value).success).toBe(false);
  });

  it('[UPT-5] are at most twenty, each named once', () => {
    const many = (n: number) => Array.from({ length: n }, (_, at) => ({ name: `x-${at}`, value: '' }));
    expect(headers().safeParse(many(20)).success).toBe(true);
    expect(headers().safeParse(many(21)).success).toBe(false);
    const twins = headers().safeParse([
      { name: 'X-A', value: '1' },
      { name: 'x-a', value: '2' },
    ]);
    expect(twins.error?.issues).toEqual([expect.objectContaining({ path: [1, 'name'] })]);
    const joined = forwardedHeaders().safeParse([{ from: 'x-a' }, { from: 'x-b', to: 'X-A' }]);
    expect(joined.error?.issues).toEqual([expect.objectContaining({ path: [1, 'to'] })]);
  });
});

describe('decideHeaders', () => {
  const stored = { headers: '{"x-a":"1"}', forwardedHeaders: '[{"from":"x-b","to":"x-c"}]' };

  it('[UPT-5] replaces a list that is given, empties one that is null and keeps the other', () => {
    expect(decideHeaders({}, null, stored)).toEqual(stored);
    expect(decideHeaders({ headers: null }, null, stored)).toEqual({ ...stored, headers: '{}' });
    expect(decideHeaders({ headers: [{ name: 'x-d', value: '2' }], forwardedHeaders: [] }, 'X-Key', stored)).toEqual({
      headers: '{"x-d":"2"}',
      forwardedHeaders: '[]',
    });
  });

  it('[UPT-5] refuses a second source for one header of the upstream', () => {
    const fault = (run: () => unknown, field: string) =>
      expect(run).toThrow(expect.objectContaining({ code: 'BAD_USER_INPUT', field }));
    fault(() => decideHeaders({ headers: [{ name: 'x-key', value: '1' }] }, 'X-Key'), 'headers.0.name');
    fault(() => decideHeaders({}, 'X-A', stored), 'authHeader');
    fault(() => decideHeaders({}, 'X-C', stored), 'authHeader');
    fault(() => decideHeaders({ headers: [{ name: 'x-c', value: '1' }] }, null, stored), 'headers');
    fault(() => decideHeaders({ forwardedHeaders: [{ from: 'x', to: 'x-a' }] }, null, stored), 'forwardedHeaders.0.to');
    fault(() => decideHeaders({ forwardedHeaders: [{ from: 'x', to: 'x-k' }] }, 'X-K'), 'forwardedHeaders.0.to');
  });
});
