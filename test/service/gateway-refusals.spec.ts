import { connect } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { newId } from '#kernel';
import { startFixtureServer, type FixtureServer } from '#testing';
import {
  endpoint,
  legacy,
  modern,
  newToken,
  raw,
  startTestGateway,
  targetOfFixture,
  type TestGateway,
} from './gateway-harness.js';

let gateway: TestGateway;
let server: FixtureServer;
let token: string;
const path = '/servers/s/mcp';
const echo = legacy('tools/call', { name: 'echo', arguments: { text: 'x' } });

beforeAll(async () => {
  gateway = await startTestGateway({ GATEHOUSE_MCP_MAX_BODY: '64KiB', GATEHOUSE_MCP_HEADERS_TIMEOUT: '300ms' });
  server = await startFixtureServer({ era: 'legacy' });
  const part = { upstream: targetOfFixture('up', server, 'LEGACY'), catalogue: server.catalogue, prefixed: false };
  ({ token } = gateway.grant({ servers: { s: endpoint({ kind: 'virtual-server', slug: 's' }, [part]) } }));
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server.close();
});
beforeEach(() => {
  server.requests.length = 0;
  gateway.records.length = 0;
  gateway.refusals.length = 0;
});

const deep = (depth: number) =>
  `{"jsonrpc":"2.0","id":1,"method":"ping","params":{"a":${'['.repeat(depth)}${']'.repeat(depth)}}}`;

describe('[GW-13] [BAD-1] credentials', () => {
  const metadata = (at: string) => `resource_metadata="${gateway.origin}/.well-known/oauth-protected-resource${at}"`;

  it.each(['/mcp', '/servers/s/mcp', '/servers/no-such/mcp', '/upstreams/any/mcp', `/servers/${newId()}/mcp`])(
    'without one, %s is answered 401 with the address of its metadata, whether it exists or not',
    async (at) => {
      const answer = await gateway.post(at, null, echo);
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toBe(`Bearer ${metadata(at)}, scope="mcp"`);
      expect(answer.json).toEqual({
        jsonrpc: '2.0',
        id: null,
        error: { code: -31000, message: 'A bearer token is required.' },
      });
      expect(gateway.refusals).toEqual([{ ip: '127.0.0.1', reason: 'no-credential' }]);
      expect(gateway.records).toEqual([]);
    },
  );

  it('an unknown, altered, malformed, doubled or expired token is refused; the body is never parsed', async () => {
    const expired = gateway.grant({}, { expiresAt: Date.now() - 1 });
    const wrong = [`Bearer ${newToken()}`, `Bearer ${token}x`, `Basic ${token}`, 'Bearer', `Bearer ${token} x`];
    for (const authorization of [...wrong, `Bearer ${expired.token}`]) {
      const answer = await gateway.post(path, null, 'not json', { authorization });
      expect(answer.status).toBe(401);
      expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
      expect(answer.text).not.toContain(token.slice(4));
    }
    const headers = ['Host', `127.0.0.1:${gateway.port}`, 'Content-Type', 'application/json'];
    const twice = `POST ${path} HTTP/1.1\r\n${[0, 2].map((at) => `${headers[at]}: ${headers[at + 1]}`).join('\r\n')}\r\nAuthorization: Bearer ${token}\r\nAuthorization: Bearer ${newToken()}\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}`;
    expect(await rawSocket(twice)).toMatch(/^HTTP\/1\.1 401 /);
  });

  it('a token without the scope mcp is told so with 403', async () => {
    const { token: other } = gateway.grant({}, { scopes: new Set(['control:read']) });
    const answer = await gateway.post('/mcp', other, echo);
    expect(answer.status).toBe(403);
    expect(answer.headers.get('www-authenticate')).toBe(
      `Bearer ${metadata('/mcp')}, scope="mcp", error="insufficient_scope"`,
    );
    expect(gateway.refusals).toEqual([{ ip: '127.0.0.1', reason: 'insufficient-scope' }]);
  });
});

const rawSocket = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1', () => socket.write(text));
    let answer = '';
    socket.on('data', (chunk) => (answer += chunk.toString()));
    socket.on('close', () => resolve(answer));
    socket.on('error', reject);
  });

describe('[GW-17] addresses', () => {
  const send = (headers: Record<string, string>, method = 'POST', at = path) =>
    raw(gateway.port, {
      method,
      path: at,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
      body: method === 'POST' ? JSON.stringify(echo) : '',
    });
  const own = () => `localhost:${gateway.port}`;

  it('only the hosts of public URLs are served', async () => {
    expect((await send({ host: own() })).status).toBe(200);
    expect((await send({ host: own().toUpperCase() })).status).toBe(200);
    for (const host of ['evil.example', 'localhost', 'localhost:1', `evil.example:${gateway.port}`]) {
      expect((await send({ host })).status).toBe(403);
      expect((await send({ host }, 'GET', '/.well-known/oauth-protected-resource')).status).toBe(403);
    }
    expect((await send({ host: 'anything' }, 'GET', '/healthz')).status).toBe(200);
  });

  it('only pages of allowed origins may call, and are told what they may read', async () => {
    for (const origin of ['https://evil.example', 'null', 'http://localhost', `https://localhost:${gateway.port}`]) {
      const refused = await send({ host: own(), origin });
      expect(refused.status).toBe(403);
      expect(refused.headers['access-control-allow-origin']).toBeUndefined();
      expect((await send({ host: own(), origin }, 'OPTIONS')).status).toBe(403);
    }
    const allowed = await send({ host: own(), origin: 'https://console.example' });
    expect(allowed).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': 'https://console.example' },
    });
    expect(allowed.headers['access-control-expose-headers']).toMatch(/Mcp-Session-Id.*WWW-Authenticate/);
    expect(allowed.headers['access-control-allow-credentials']).toBeUndefined();
    const preflight = await send(
      {
        host: own(),
        origin: 'https://console.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'authorization, mcp-param-region, x-evil',
      },
      'OPTIONS',
    );
    expect(preflight.status).toBe(204);
    expect(preflight.headers['access-control-allow-headers']).toMatch(/authorization.*mcp-param-region/);
    expect(preflight.headers['access-control-allow-headers']).not.toContain('x-evil');
  });

  it.each([
    '/MCP',
    '/mcp/',
    '//mcp',
    '/%6dcp',
    '/servers/s/mcp/',
    '/servers//mcp',
    '/servers/S/mcp',
    '/servers/s%2f/mcp',
    '/servers/%73/mcp',
    '/servers/x/../s/mcp',
    '/servers/%2e%2e/servers/s/mcp',
    '/servers/s/mcp;x',
    '/servers/s-/mcp',
    `/servers/${'a'.repeat(33)}/mcp`,
    '/servers/s\\mcp',
    'http://127.0.0.1/mcp',
    '/',
    '/mcp/.well-known/x',
  ])('%s is no route', async (odd) => {
    const answer = await raw(gateway.port, {
      path: odd,
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, host: own() },
      body: JSON.stringify(echo),
    });
    expect(answer.status).toBe(404);
    expect(server.requests).toEqual([]);
  });

  it('[BAD-3] [BAD-6] a hidden and a missing server have one answer, one record each', async () => {
    const hidden = gateway.grant({ servers: { hidden: endpoint({ kind: 'virtual-server', slug: 'hidden' }, []) } });
    const answers = await Promise.all(
      ['hidden', 'missing', newId()].map((slug) => gateway.post(`/servers/${slug}/mcp`, token, echo)),
    );
    expect(new Set(answers.map(({ status, text }) => `${status} ${text}`)).size).toBe(1);
    expect(answers[0]).toMatchObject({ status: 404, json: { id: 1, error: { message: 'Server not found.' } } });
    expect(
      gateway.records.map(({ action, outcome, reason, subjectType }) => ({ action, outcome, reason, subjectType })),
    ).toEqual(
      Array.from({ length: 3 }, () => ({
        action: 'tools/call',
        outcome: 'DENIED',
        reason: 'NOT_FOUND',
        subjectType: 'VirtualServer',
      })),
    );
    expect((await gateway.post('/servers/hidden/mcp', hidden.token, legacy('ping'))).status).toBe(200);
  });
});

describe('bad input', () => {
  const modernEcho = modern('tools/call', { name: 'echo', arguments: { text: 'x' } });
  const altered = (headers: Record<string, string | undefined>) => ({
    body: modernEcho.body,
    headers: { ...modernEcho.headers, ...headers },
  });
  const text = (body: string, headers: Record<string, string | undefined> = {}) => ({ body, headers });
  const future = modern('ping');
  const meta = (future.body.params as { _meta: Record<string, unknown> })._meta;
  meta['io.modelcontextprotocol/protocolVersion'] = '2099-01-01';

  const table: [string, { body: unknown; headers: Record<string, string | undefined> }, number, number][] = [
    ['no JSON', text('{'), 400, -32700],
    ['nothing', text(''), 400, -32700],
    ['[BAD-12] JSON of depth 10,000', text(deep(10_000)), 400, -32700],
    ['[BAD-13] __proto__', text('{"jsonrpc":"2.0","id":1,"method":"ping","params":{"__proto__":{}}}'), 400, -32700],
    ['[BAD-14] a key twice', text('{"jsonrpc":"2.0","id":1,"method":"ping","id":2}'), 400, -32700],
    ['a scalar', text('7'), 400, -32600],
    ['no version', text('{"id":1,"method":"ping"}'), 400, -32600],
    ['id null', text('{"jsonrpc":"2.0","id":null,"method":"ping"}'), 400, -32600],
    [
      'a batch of a later revision',
      { body: [legacy('ping')], headers: { 'mcp-protocol-version': '2025-06-18' } },
      400,
      -32600,
    ],
    ['an empty batch', text('[]'), 400, -32600],
    ['a batch with rubbish', text('[7]'), 400, -32600],
    ['another media type', text('{}', { 'content-type': 'text/plain' }), 415, -32600],
    ['a compressed body', text('{}', { 'content-encoding': 'gzip' }), 415, -32600],
    ['a body that is too large', text(`"${'x'.repeat(64 * 1024)}"`), 413, -32600],
    ['[BAD-11] a body of 10 MB', text(`"${'x'.repeat(10 * 1024 * 1024)}"`), 413, -32600],
    [
      'an unknown legacy revision',
      { body: legacy('ping'), headers: { 'mcp-protocol-version': '1999-01-01' } },
      400,
      -32022,
    ],
    [
      'an unknown modern revision',
      { body: future.body, headers: { ...future.headers, 'mcp-protocol-version': '2099-01-01' } },
      400,
      -32022,
    ],
    ['[GW-18] Mcp-Method of another method', altered({ 'mcp-method': 'tools/list' }), 400, -32020],
    ['[GW-18] Mcp-Method missing', altered({ 'mcp-method': undefined }), 400, -32020],
    ['[GW-18] Mcp-Name of another tool', altered({ 'mcp-name': 'add' }), 400, -32020],
    ['[GW-18] Mcp-Name missing', altered({ 'mcp-name': undefined }), 400, -32020],
    ['[GW-18] another version in the header', altered({ 'mcp-protocol-version': '2025-11-25' }), 400, -32020],
    [
      '[GW-18] a missing Mcp-Param header',
      modern('tools/call', { name: 'with-region', arguments: { region: 'a' } }),
      400,
      -32020,
    ],
    [
      'a modern header without envelope',
      { body: legacy('tools/list'), headers: { 'mcp-protocol-version': '2026-07-28' } },
      400,
      -32602,
    ],
    ['[GW-21] an unknown method, legacy', text(JSON.stringify(legacy('tools/destroy'))), 200, -32601],
    ['[GW-21] an unknown method, modern', modern('tools/destroy'), 404, -32601],
    ['[GW-21] a removed method, modern', modern('ping'), 404, -32601],
    ['[GW-21] a name of Object.prototype', text(JSON.stringify(legacy('constructor'))), 200, -32601],
    ['an unknown tool', text(JSON.stringify(legacy('tools/call', { name: 'nope' }))), 200, -32602],
    ['no tool', text(JSON.stringify(legacy('tools/call'))), 200, -32602],
    ['a tool that is no text', text(JSON.stringify(legacy('tools/call', { name: 7 }))), 200, -32602],
    ['an unknown prompt', modern('prompts/get', { name: 'nope' }), 200, -32602],
    ['an unknown resource', modern('resources/read', { uri: 'fixture://nope/x' }), 200, -32602],
  ];

  it.each(table)('%s', async (_name, { body, headers }, status, code) => {
    const answer = await gateway.post(path, token, body, headers);
    expect([answer.status, (answer.json as { error: { code: number } }).error.code]).toEqual([status, code]);
    expect(server.requests).toEqual([]);
    expect(answer.text).not.toMatch(/\bat \/|node_modules|apps\/gateway/);
  });

  it('the revisions that are spoken here stand in the refusal of another one', async () => {
    const answer = await gateway.post(path, token, legacy('ping'), { 'mcp-protocol-version': '1999-01-01' });
    expect(answer.json).toMatchObject({
      error: { data: { requested: '1999-01-01', supported: ['2025-11-25', '2025-06-18', '2025-03-26'] } },
    });
  });

  it('other HTTP methods have no meaning here', async () => {
    for (const method of ['PUT', 'PATCH', 'HEAD'])
      expect(await raw(gateway.port, { method, path })).toMatchObject({
        status: 405,
        headers: { allow: 'GET, POST, DELETE, OPTIONS' },
      });
  });

  it('a slow client is cut off', async () => {
    const head = `POST ${path} HTTP/1.1\r\nHost: localhost:${gateway.port}\r\nContent-Type: application/json\r\nAuthorization: Bearer ${token}\r\nContent-Length: 100\r\n\r\n{`;
    expect(await rawSocket(head)).toMatch(/^(HTTP\/1\.1 408 |$)/);
    expect(await rawSocket(`POST ${path} HTTP/1.1\r\nHost: x`)).toMatch(/^(HTTP\/1\.1 408 |$)/);
  });
});

describe('batches of 2025-03-26', () => {
  it('answer every request, in one array, and record each', async () => {
    const body = [
      legacy('tools/call', { name: 'echo', arguments: { text: 'one', big: 1 } }, 'a'),
      { jsonrpc: '2.0', method: 'notifications/initialized' },
      legacy('tools/call', { name: 'nope' }, 'b'),
      legacy('ping', undefined, 3),
      legacy('initialize', { protocolVersion: '2025-03-26' }, 4),
    ];
    const answer = await gateway.post(path, token, body);
    expect(answer.status).toBe(200);
    expect(answer.json).toMatchObject([
      { id: 'a', result: { content: [{ text: 'one' }] } },
      { id: 'b', error: { code: -32602, message: 'Unknown tool: nope' } },
      { id: 3, result: {} },
      { id: 4, error: { code: -32600 } },
    ]);
    expect(gateway.records.map(({ action, outcome }) => `${action} ${outcome}`).toSorted()).toEqual([
      'initialize FAILED',
      'tools/call ALLOWED',
      'tools/call DENIED',
    ]);
    expect((await gateway.post(path, token, [{ jsonrpc: '2.0', method: 'notifications/x' }])).status).toBe(202);
  });
});

describe('[GW-9] metadata', () => {
  it.each(['', '/mcp', '/servers/s/mcp', '/servers/no-such/mcp', '/upstreams/x/mcp'])('of "%s"', async (at) => {
    for (const origin of [gateway.origin, `http://localhost:${gateway.port}`]) {
      const response = await fetch(`${origin}/.well-known/oauth-protected-resource${at}`);
      expect(response.status).toBe(200);
      expect(await response.json()).toEqual({
        resource: origin + at,
        authorization_servers: ['http://127.0.0.1:4000'],
        bearer_methods_supported: ['header'],
        scopes_supported: ['mcp'],
        resource_name: 'Gatehouse',
      });
    }
  });

  it('of anything else is not there', async () => {
    for (const at of ['/', '/mcp/', '/servers/S/mcp', '/other'])
      expect(
        (await raw(gateway.port, { method: 'GET', path: `/.well-known/oauth-protected-resource${at}` })).status,
      ).toBe(404);
  });

  it('robots.txt and security.txt', async () => {
    expect(await (await fetch(`${gateway.origin}/robots.txt`)).text()).toContain('Disallow: /');
    const security = await (await fetch(`${gateway.origin}/.well-known/security.txt`)).text();
    expect(security).toMatch(/^Contact: mailto:security@127\.0\.0\.1\nExpires: \d{4}-/);
  });
});

describe('headers of every answer', () => {
  it('keep caches and browsers out, and repeat a safe correlation id', async () => {
    const answers = [
      await gateway.post(path, token, echo, { 'x-request-id': 'client-id.123' }),
      await gateway.post(path, null, echo, { 'x-request-id': 'client-id.123' }),
    ];
    for (const { headers } of answers) {
      expect(headers.get('x-request-id')).toBe('client-id.123');
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-content-type-options')).toBe('nosniff');
      expect(headers.get('content-security-policy')).toContain("default-src 'none'");
      expect(headers.get('x-powered-by')).toBeNull();
      expect(headers.get('mcp-session-id')).toBeNull();
    }
    const unsafe = await gateway.post(path, token, echo, { 'x-request-id': 'a b' });
    expect(unsafe.headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('[GW-16] outages', () => {
  it('a stale snapshot fails closed, a full audit store does, and both recover', async () => {
    gateway.snapshots.stale = 10_000;
    expect((await fetch(`${gateway.origin}/readyz`)).status).toBe(503);
    expect((await gateway.post(path, token, echo)).status).toBe(200);
    gateway.snapshots.stale = 60_001;
    expect(await gateway.post(path, token, echo)).toMatchObject({ status: 503, json: { error: { code: -31004 } } });
    gateway.snapshots.stale = 0;
    gateway.audit.accepts = false;
    expect(await gateway.post(path, token, echo)).toMatchObject({ status: 503, json: { error: { code: -31004 } } });
    gateway.audit.accepts = true;
    expect((await fetch(`${gateway.origin}/readyz`)).status).toBe(200);
    await vi.waitFor(async () => expect((await gateway.post(path, token, echo)).status).toBe(200));
  });
});
