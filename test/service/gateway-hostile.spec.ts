import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import * as fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startFixtureServer, type FixtureServer } from '#testing';
import {
  endpoint,
  legacy,
  modern,
  raw,
  startTestGateway,
  targetOfFixture,
  upstreamTarget,
  type TestGateway,
} from './gateway-harness.js';

type Json = Record<string, unknown>;

let gateway: TestGateway;
let server: FixtureServer;
let token: string;
const path = '/servers/s/mcp';
const echo = legacy('tools/call', { name: 'echo', arguments: { text: 'x' } });

beforeAll(async () => {
  gateway = await startTestGateway({ GATEHOUSE_MCP_MAX_KEYS: '100' });
  server = await startFixtureServer({ era: 'modern' });
  const part = { upstream: targetOfFixture('up', server, 'MODERN'), catalogue: server.catalogue, prefixed: false };
  ({ token } = gateway.grant({ servers: { s: endpoint({ kind: 'virtual-server', slug: 's' }, [part]) } }));
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server.close();
});
beforeEach(() => {
  server.requests.length = 0;
});

const base64 = (text: string | Uint8Array): string => `=?base64?${Buffer.from(text).toString('base64')}?=`;

describe('[HST-1] headers and body', () => {
  const call = modern('tools/call', { name: 'echo', arguments: { text: 'x' } });
  const body = JSON.stringify(call.body);
  const send = (headers: Record<string, string | string[]>, text = body) =>
    raw(gateway.port, {
      path,
      headers: {
        host: `localhost:${gateway.port}`,
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        authorization: `Bearer ${token}`,
        ...headers,
      },
      body: text,
    });

  it.each<[string, Record<string, string | string[]>]>([
    ['a safe name before the dangerous one of the body', { 'mcp-name': 'add' }],
    ['the name twice, one of them right', { 'mcp-name': ['echo', 'add'] }],
    ['the right name twice', { 'mcp-name': ['echo', 'echo'] }],
    ['the method twice', { 'mcp-method': ['tools/call', 'tools/call'] }],
    ['the revision twice', { 'mcp-protocol-version': ['2026-07-28', '2026-07-28'] }],
    ['base64 that is none', { 'mcp-name': '=?base64?!!!!?=' }],
    ['base64 without padding', { 'mcp-name': '=?base64?ZWNoby0?=' }],
    ['base64 of the wrong name', { 'mcp-name': base64('add') }],
    ['base64 of no UTF-8', { 'mcp-name': base64(Uint8Array.of(0xff, 0xfe)) }],
    ['the marker in other letters', { 'mcp-name': base64('echo').replace('base64', 'BASE64') }],
    ['half a marker', { 'mcp-name': '=?base64?' }],
    ['an encoded method', { 'mcp-method': base64('tools/call') }],
  ])('%s: refused, and no upstream hears of it', async (_name, headers) => {
    const answer = await send({ ...call.headers, ...headers });
    expect(answer.status).toBe(400);
    expect((JSON.parse(answer.text) as { error: { code: number } }).error.code).toBe(-32020);
    expect(server.requests).toEqual([]);
  });

  it.each<[string, Record<string, string>]>([
    ['white space around a value', { 'mcp-name': '  echo\t', 'mcp-method': ' tools/call ' }],
    ['names of headers in other letters', { 'MCP-NAME': 'echo', 'Mcp-METHOD': 'tools/call' }],
    ['the name in base64', { 'mcp-name': base64('echo'), 'mcp-method': 'tools/call' }],
  ])('%s: accepted', async (_name, headers) => {
    const answer = await send({ 'mcp-protocol-version': '2026-07-28', ...headers });
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"text":"x"')]);
  });

  const version = '2026-07-28';
  const claimed = { _meta: { 'io.modelcontextprotocol/protocolVersion': version } };
  const notified = (params: object = {}) =>
    JSON.stringify({ jsonrpc: '2.0', method: 'notifications/progress', params });

  it.each<[string, Record<string, string | string[]>, string]>([
    ['another method', { 'mcp-protocol-version': version, 'mcp-method': 'notifications/cancelled' }, notified()],
    ['a method of a request', { 'mcp-protocol-version': version, 'mcp-method': 'tools/list' }, notified(claimed)],
    ['an empty method', { 'mcp-protocol-version': version, 'mcp-method': '' }, notified(claimed)],
    ['a method in capitals', { 'mcp-protocol-version': version, 'mcp-method': 'NOTIFICATIONS/PROGRESS' }, notified()],
    ['another method alone', { 'mcp-method': 'tools/call' }, notified(claimed)],
    ['a legacy revision', { 'mcp-protocol-version': '2025-11-25' }, notified(claimed)],
    ['the revision twice', { 'mcp-protocol-version': [version, version] }, notified(claimed)],
    [
      'the method twice',
      { 'mcp-protocol-version': version, 'mcp-method': ['notifications/progress', 'x'] },
      notified(),
    ],
  ])('a modern notification with %s: refused', async (_name, headers, text) => {
    const answer = await send(headers, text);
    expect(answer.status).toBe(400);
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: -32020 } });
    expect(server.requests).toEqual([]);
  });

  // Which headers it must have is not defined (2026-07-28, Sending Messages), and SDK clients send no Mcp-Method with it.
  it.each<[string, Record<string, string>, string]>([
    ['both headers', { 'mcp-protocol-version': version, 'mcp-method': 'notifications/progress' }, notified(claimed)],
    ['no method', { 'mcp-protocol-version': version }, notified(claimed)],
    ['no headers', {}, notified(claimed)],
    ['no claim', { 'mcp-protocol-version': version }, notified()],
  ])('a modern notification with %s: accepted, and goes nowhere', async (_name, headers, text) => {
    const answer = await send(headers, text);
    expect([answer.status, answer.text]).toEqual([202, '']);
    expect(server.requests).toEqual([]);
  });

  it('modern headers beside a legacy body decide nothing and go nowhere', async () => {
    const lies = { 'mcp-protocol-version': '2025-11-25', 'mcp-method': 'tools/list', 'mcp-name': 'add' };
    const answer = await send(lies, JSON.stringify(echo));
    expect([answer.status, answer.text]).toEqual([200, expect.stringContaining('"text":"x"')]);
    expect(server.requests.map(({ body: sent }) => (sent as { params: Json }).params['name'])).toEqual(['echo']);
    expect(server.requests[0]?.headers).toMatchObject({ 'mcp-method': 'tools/call', 'mcp-name': 'echo' });
  });
});

/** Sends bytes as they are, and returns everything that comes back until the connection ends. */
const rawBytes = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const socket = connect(gateway.port, '127.0.0.1');
    let received = '';
    socket.on('data', (chunk) => (received += String(chunk)));
    socket.once('error', (error) => (received === '' ? reject(error) : resolve(received)));
    socket.once('close', () => resolve(received));
    socket.write(text);
  });

const statusLines = (text: string): string[] =>
  [...text.matchAll(/^HTTP\/1\.1 (\d{3})/gm)].map(([, code]) => code ?? '');

describe('[HST-2] requests', () => {
  const head = (...lines: string[]): string =>
    [
      `POST ${path} HTTP/1.1`,
      `Host: localhost:${gateway.port}`,
      'Content-Type: application/json',
      `Authorization: Bearer ${token}`,
      'Connection: close',
      ...lines,
      '',
      '',
    ].join('\r\n');
  const text = JSON.stringify(echo);
  const smuggled = `${text.length.toString(16)}\r\n${text}\r\n0\r\n\r\n`;

  it.each<[string, () => string]>([
    ['two lengths', () => head(`Content-Length: ${text.length}`, 'Content-Length: 5') + text],
    ['a length and chunks', () => head('Content-Length: 5', 'Transfer-Encoding: chunked') + smuggled],
    ['an unknown transfer coding', () => head('Transfer-Encoding: xchunked') + smuggled],
    ['a coding after chunked', () => head('Transfer-Encoding: chunked, gzip') + smuggled],
    ['a folded header', () => head('X-Folded: a', ' b', `Content-Length: ${text.length}`) + text],
    ['a negative length', () => head('Content-Length: -5') + text],
    ['a header with a blank before its colon', () => head(`Content-Length : ${text.length}`) + text],
    ['a header of 17 KiB', () => head(`X-Large: ${'a'.repeat(17 * 1024)}`, `Content-Length: ${text.length}`) + text],
    [
      'more bytes than its length',
      () => head('Content-Length: 2') + `{}${head(`Content-Length: ${text.length}`)}${text}`,
    ],
  ])('with %s: refused once, and the rest is not read as another one', async (_name, bytes) => {
    const answer = await rawBytes(bytes());
    expect(statusLines(answer)).toEqual([expect.stringMatching(/^(400|431|501)$/)]);
    expect(server.requests).toEqual([]);
  });

  const keys = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, index) => [`k${index}`, 1]));

  it.each<[string, unknown, Record<string, string>, number]>([
    ['as many keys as allowed', legacy('ping', keys(96)), {}, 200],
    ['one key more', legacy('ping', keys(97)), {}, 400],
    ['a batch of modern messages', [modern('tools/list').body], modern('tools/list').headers, 400],
    ['a fraction as id', { ...echo, id: 1.5 }, {}, 400],
    ['true as id', { ...echo, id: true }, {}, 400],
    ['a list as id', { ...echo, id: [1] }, {}, 400],
    ['an id beyond exact numbers', { ...echo, id: 2 ** 60 }, {}, 400],
    ['params that are a list', { ...echo, params: [1] }, {}, 400],
    ['a method that is no text', { ...echo, method: 7 }, {}, 400],
    ['request and answer at once', { ...echo, result: {} }, {}, 400],
    ['a stray member', { ...echo, extra: 1 }, {}, 400],
  ])('with %s', async (_name, body, headers, status) => {
    const answer = await gateway.post(path, token, body, headers);
    expect(answer.status).toBe(status);
    expect(server.requests).toEqual([]);
  });

  it('of any bytes are answered, never with a fault, and upstreams hear whole calls only', async () => {
    const seeds = [text, JSON.stringify(modern('tools/call', { name: 'echo', arguments: { text: 'x' } }).body)];
    const change = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true }),
      drop: fc.integer({ min: 0, max: 20 }),
      put: fc.oneof(
        fc.string({ unit: 'binary', maxLength: 8 }),
        fc.constantFrom(
          '"',
          '\\',
          '{',
          '}',
          '[',
          ']',
          ',',
          ':',
          '\\u0000',
          '"__proto__":',
          '"method":',
          '1e999',
          '\u2028',
        ),
      ),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...seeds),
        fc.array(change, { minLength: 1, maxLength: 3 }),
        fc.constantFrom<Record<string, string>>({}, modern('tools/call', { name: 'echo' }).headers),
        async (seed, changes, headers) => {
          let body = seed;
          for (const { at, drop, put } of changes) {
            const from = Math.floor(at * body.length);
            body = body.slice(0, from) + put + body.slice(from + drop);
          }
          const answer = await gateway.post(path, token, body, headers);
          expect([200, 202, 400, 404, 413]).toContain(answer.status);
        },
      ),
      { numRuns: 200 },
    );
    for (const { body } of server.requests)
      expect(body).toMatchObject({ jsonrpc: '2.0', method: expect.any(String), params: { name: 'echo' } });
  });
});

describe('[HST-3] pages of other origins', () => {
  const origin = 'https://console.example';
  const post = (headers: Record<string, string>, body: unknown = echo) => gateway.post(path, token, body, headers);

  it('allowed ones may read every answer, refusals included; nobody sends credentials of the browser', async () => {
    const answers = [
      await post({ origin }),
      await gateway.post(path, null, echo, { origin }),
      await gateway.post('/servers/none/mcp', token, echo, { origin }),
      await post({ origin }, '{'),
    ];
    expect(answers.map(({ status }) => status)).toEqual([200, 401, 404, 400]);
    for (const { headers } of answers) {
      expect(headers.get('access-control-allow-origin')).toBe(origin);
      expect(headers.get('access-control-expose-headers')).toMatch(/Mcp-Session-Id.*WWW-Authenticate.*Retry-After/);
      expect(headers.get('access-control-allow-credentials')).toBeNull();
      expect(headers.get('vary')).toContain('Origin');
    }
  });

  it.each([
    'https://console.example.evil.example',
    'https://console.example:8443',
    'http://console.example',
    'null',
    '*',
  ])('%s may not, and starts nothing', async (foreign) => {
    const answer = await post({ origin: foreign });
    expect(answer.status).toBe(403);
    expect(answer.headers.get('access-control-allow-origin')).toBeNull();
    expect(server.requests).toEqual([]);
  });

  it('without an origin nothing is said about origins', async () => {
    expect((await post({})).headers.get('access-control-allow-origin')).toBeNull();
  });

  it('a preflight allows the parameter headers that it asks for, and nothing else', async () => {
    const asked = 'mcp-param-region, Mcp-Param-Zone, cookie, x-forwarded-for, mcp-param-, mcp-param-a b';
    const answer = await raw(gateway.port, {
      method: 'OPTIONS',
      path,
      headers: { host: `localhost:${gateway.port}`, origin, 'access-control-request-headers': asked },
    });
    const allowed = String(answer.headers['access-control-allow-headers']).split(', ');
    expect(allowed.filter((name) => name.startsWith('mcp-param-'))).toEqual(['mcp-param-region', 'mcp-param-zone']);
    for (const name of ['cookie', 'x-forwarded-for', '*']) expect(allowed).not.toContain(name);
    expect(answer.headers['access-control-allow-credentials']).toBeUndefined();
  });
});

describe('[HST-4] headers of an upstream', () => {
  const dirty: Record<string, string | string[]> = {
    'set-cookie': ['session=stolen; Path=/', 'other=1'],
    server: 'upstream/1.0',
    'x-powered-by': 'upstream',
    'access-control-allow-origin': '*',
    'access-control-allow-credentials': 'true',
    'cache-control': 'public, max-age=3600',
    'content-security-policy': "default-src * 'unsafe-inline'",
    'www-authenticate': 'Bearer realm="upstream"',
    'strict-transport-security': 'max-age=1',
    'x-internal-address': '10.0.0.1',
    'proxy-authenticate': 'Basic',
    'mcp-session-id': 'of-the-upstream',
    connection: 'x-internal-address',
    'x-request-id': 'of-the-upstream',
    location: 'https://evil.example/',
  };
  let upstream: Server;
  let asStream = false;
  const paths = ['/servers/dirty/mcp', '/upstreams/dirty/mcp'];
  let dirtyToken: string;

  const resultOf = ({ id, method }: { id?: unknown; method?: unknown }): Json | null => {
    if (id === undefined) return null;
    const result =
      method === 'initialize'
        ? { protocolVersion: '2025-11-25', capabilities: { tools: {} }, serverInfo: { name: 'dirty', version: '1' } }
        : { content: [{ type: 'text', text: 'clean' }] };
    return { jsonrpc: '2.0', id, result };
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const result = body === '' ? null : resultOf(JSON.parse(body) as Json);
    if (result === null) response.writeHead(202, dirty).end();
    else if (asStream)
      response
        .writeHead(200, { ...dirty, 'content-type': 'text/event-stream' })
        .end(`data: ${JSON.stringify(result)}\n\n`);
    else response.writeHead(200, { ...dirty, 'content-type': 'application/json' }).end(JSON.stringify(result));
  };

  beforeAll(async () => {
    upstream = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve));
    const { port } = upstream.address() as AddressInfo;
    const catalogue = server.catalogue;
    const part = { upstream: upstreamTarget('dirty', `http://127.0.0.1:${port}/mcp`), catalogue, prefixed: false };
    ({ token: dirtyToken } = gateway.grant({
      servers: { dirty: endpoint({ kind: 'virtual-server', slug: 'dirty' }, [part]) },
      upstreams: { dirty: endpoint({ kind: 'upstream', slug: 'dirty' }, [part]) },
    }));
  });
  afterAll(() => {
    upstream.closeAllConnections();
    upstream.close();
  });

  it.each([false, true])('stay there (the upstream streams: %s)', async (stream) => {
    asStream = stream;
    for (const at of paths) {
      const { headers, status, text } = await gateway.post(at, dirtyToken, echo, { 'x-request-id': 'of-the-client' });
      expect([at, status, text]).toEqual([at, 200, expect.stringContaining('clean')]);
      for (const name of Object.keys(dirty).filter(
        (one) => !['cache-control', 'x-request-id', 'connection'].includes(one),
      ))
        expect([name, headers.get(name)]).toEqual([
          name,
          name === 'content-security-policy' ? "default-src 'none'; frame-ancestors 'none'" : null,
        ]);
      expect(headers.get('cache-control')).toBe('no-store');
      expect(headers.get('x-request-id')).toBe('of-the-client');
    }
  });
});
