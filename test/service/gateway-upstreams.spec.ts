import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startBrokenServer, startFixtureServer, textTool, type BrokenKind, type FixtureServer } from '#testing';
import {
  endpoint,
  legacy,
  modern,
  startTestGateway,
  targetOfFixture,
  upstreamTarget,
  type TestGateway,
} from './gateway-harness.js';

let gateway: TestGateway;
let old: FixtureServer;
let young: FixtureServer;

beforeAll(async () => {
  gateway = await startTestGateway({
    GATEHOUSE_OUTBOUND_REQUEST_TIMEOUT: '1s',
    GATEHOUSE_GATEWAY_UPSTREAM_SESSION_IDLE: '1s',
    GATEHOUSE_GATEWAY_MAX_UPSTREAM_SESSIONS: '5',
  });
  old = await startFixtureServer({ era: 'legacy', sessions: true, token: 'upstream-secret' });
  young = await startFixtureServer({ era: 'modern', token: 'upstream-secret' });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await Promise.all([old.close(), young.close()]);
});
beforeEach(() => {
  for (const list of [old.requests, young.requests, gateway.records, gateway.logLines]) list.length = 0;
});

const part = (server: FixtureServer, era: 'LEGACY' | 'MODERN') => ({
  upstream: targetOfFixture(era.toLowerCase(), server, era, 'Bearer upstream-secret'),
  catalogue: server.catalogue,
  prefixed: false,
});
const serverOf = (slug: string, server: FixtureServer, era: 'LEGACY' | 'MODERN') =>
  endpoint({ kind: 'virtual-server', slug }, [part(server, era)]);
const echo = (id: string | number = 1) => legacy('tools/call', { name: 'echo', arguments: { text: 'x' } }, id);
const grantBoth = () =>
  gateway.grant({ servers: { old: serverOf('old', old, 'LEGACY'), young: serverOf('young', young, 'MODERN') } });

describe('[GW-4] what goes through', () => {
  const odd =
    '{"jsonrpc":"2.0","id":12345678901234567,"method":"tools/call","params":{"vendor":{"n":12345678901234567890.10},"name":"echo","arguments":{"text":"☕","x":1.0}}}';

  it("the client's bytes pass unchanged where nothing must change", async () => {
    await using plain = await startFixtureServer({ era: 'legacy' });
    const { token } = gateway.grant({
      servers: { plain: endpoint({ kind: 'virtual-server', slug: 'plain' }, [part(plain, 'LEGACY')]) },
    });
    const body = odd.replace('12345678901234567,', '"🔑",');
    const answer = await gateway.post('/servers/plain/mcp', token, body);
    expect(plain.requests.at(-1)?.text).toBe(body);
    expect(answer.json).toMatchObject({ id: '🔑', result: { content: [{ text: '☕' }] } });
  });

  it('unknown members and exact numbers survive renaming and session ids', async () => {
    const { token } = gateway.grant({
      aggregate: endpoint({ kind: 'aggregate', slug: null }, [{ ...part(old, 'LEGACY'), prefixed: true }]),
    });
    const body = odd.replace('"echo"', '"legacy__echo"').replace('12345678901234567,', '"my id",');
    const answer = await gateway.post('/mcp', token, body);
    const sent = old.requests.at(-1)?.text ?? '';
    expect(sent).toContain('{"n":12345678901234567890.10}');
    expect(sent).toContain('"name":"echo"');
    expect(JSON.parse(sent)).toMatchObject({ id: 2 });
    expect(answer.json).toMatchObject({ id: 'my id', result: { content: [{ text: '☕' }] } });
  });

  it("an answer's unknown members survive", async () => {
    old.catalogue.tools.push({
      definition: { name: 'vendor', inputSchema: { type: 'object' } },
      run: () => ({ content: [{ type: 'vendor/new', deep: [1] }], vendorField: { kept: true } }),
    });
    const { token } = grantBoth();
    const answer = await gateway.post('/servers/old/mcp', token, legacy('tools/call', { name: 'vendor' }));
    expect(answer.json).toMatchObject({
      result: { content: [{ type: 'vendor/new', deep: [1] }], vendorField: { kept: true } },
    });
  });
});

describe("[GW-20] [OBS-1] the client's credential stays here", () => {
  it('upstreams see their own credential, the correlation id, and nothing else of the client', async () => {
    const { token } = grantBoth();
    const sent = {
      cookie: 'session=secret',
      'x-forwarded-for': '1.2.3.4',
      'x-request-id': 'trace-me-please',
      'mcp-session-id': 'mine',
    };
    const call = modern('tools/call', { name: 'echo', arguments: { text: 'x' } });
    const { 'mcp-session-id': _, ...sessionless } = sent;
    expect((await gateway.post('/servers/old/mcp', token, echo(), sessionless)).status).toBe(200);
    expect((await gateway.post('/servers/old/mcp', token, call.body, { ...sent, ...call.headers })).status).toBe(200);
    expect((await gateway.post('/servers/young/mcp', token, call.body, { ...sent, ...call.headers })).status).toBe(200);
    expect((await gateway.post('/servers/young/mcp', token, echo(), sessionless)).status).toBe(200);
    const seen = [...old.requests, ...young.requests];
    expect(seen.length).toBeGreaterThanOrEqual(5);
    for (const { headers, text } of seen) {
      expect(headers.authorization).toBe('Bearer upstream-secret');
      expect(JSON.stringify(headers) + text).not.toContain(token.slice(4));
      for (const name of ['cookie', 'x-forwarded-for', 'origin']) expect(headers[name]).toBeUndefined();
      expect(headers['mcp-session-id']).not.toBe('mine');
    }
    const calls = seen.filter(({ text }) => text.includes('tools/call'));
    expect(calls.map(({ headers }) => headers['x-request-id'])).toEqual(calls.map(() => 'trace-me-please'));
    expect(gateway.records.map(({ requestId }) => requestId)).toEqual(calls.map(() => 'trace-me-please'));
    expect(gateway.logLines.join('')).toContain('trace-me-please');
    expect(gateway.logLines.join('')).not.toMatch(/upstream-secret|session=secret/);
    expect(gateway.logLines.join('')).not.toContain(token.slice(4));
  });
});

describe('[GW-20] legacy sessions', () => {
  const sessionsOf = (server: FixtureServer) =>
    new Set(server.requests.flatMap(({ headers }) => headers['mcp-session-id'] ?? []));
  const initializes = () => old.methods().filter((method) => method === 'initialize').length;

  it('one initialize however many calls come at once; two tokens never share', async () => {
    const first = grantBoth();
    const second = gateway.grant({ servers: { old: first.servers?.['old'] ?? serverOf('old', old, 'LEGACY') } });
    const call = (token: string, id: number) => gateway.post('/servers/old/mcp', token, echo(id));
    const answers = await Promise.all([...Array(10).keys()].map((id) => call(first.token, id)));
    expect(answers.map(({ json }) => json?.['id'])).toEqual([...Array(10).keys()]);
    expect(initializes()).toBe(1);
    await call(second.token, 1);
    expect(initializes()).toBe(2);
    expect(sessionsOf(old).size).toBe(2);
    const ids = old.requests.flatMap(({ body, headers }) =>
      headers['mcp-session-id'] && body && typeof body === 'object' && 'id' in body
        ? [`${String(headers['mcp-session-id'])} ${String(body.id)}`]
        : [],
    );
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('a session that the upstream forgot is opened again, once', async () => {
    const { token } = grantBoth();
    await gateway.post('/servers/old/mcp', token, echo());
    old.sessions.clear();
    expect((await gateway.post('/servers/old/mcp', token, echo())).json).toMatchObject({ result: {} });
    expect(initializes()).toBe(2);
  });

  it('so is one whose upstream answers 400 for it, as servers after the SDK example do', async () => {
    let known = 'first';
    let opened = 0;
    const example = createServer((request, response) => {
      const session = request.headers['mcp-session-id'];
      const answer = (status: number, body: object) =>
        response
          .writeHead(status, { 'content-type': 'application/json', 'mcp-session-id': known })
          .end(JSON.stringify(body));
      void text(request).then((body) => {
        if (body === '') return response.writeHead(405).end();
        const { id, method } = JSON.parse(body) as { id?: number; method: string };
        if (method === 'initialize') {
          opened++;
          const result = { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'x', version: '1' } };
          return answer(200, { jsonrpc: '2.0', id, result });
        }
        if (session !== known)
          return answer(400, {
            jsonrpc: '2.0',
            id,
            error: { code: -32000, message: 'Bad Request: No valid session ID' },
          });
        return id === undefined
          ? response.writeHead(202).end()
          : answer(200, { jsonrpc: '2.0', id, result: { content: [] } });
      });
    });
    await new Promise<void>((resolve) => example.listen(0, '127.0.0.1', resolve));
    const { port } = example.address() as AddressInfo;
    const upstream = upstreamTarget('example', `http://127.0.0.1:${port}/mcp`);
    const parts = [{ upstream, catalogue: old.catalogue, prefixed: false }];
    const { token } = gateway.grant({ servers: { s: endpoint({ kind: 'virtual-server', slug: 's' }, parts) } });
    const call = async () => (await gateway.post('/servers/s/mcp', token, echo())).json;
    expect(await call()).toMatchObject({ result: {} });
    known = 'second';
    expect(await call()).toMatchObject({ result: {} });
    expect(opened).toBe(2);
    example.close();
    example.closeAllConnections();
  });

  it('a session ends with the right to it, when unused, and when there are too many', async () => {
    const { token } = grantBoth();
    await gateway.post('/servers/old/mcp', token, echo());
    const deletes = () => old.requests.filter(({ httpMethod }) => httpMethod === 'DELETE').length;
    const before = deletes();
    gateway.snapshots.set(token, null);
    await vi.waitFor(() => expect(deletes()).toBe(before + 1));
    const unused = grantBoth();
    await gateway.post('/servers/old/mcp', unused.token, echo());
    await vi.waitFor(() => expect(old.sessions.size).toBe(0), { timeout: 5000 });
    for (let index = 0; index < 7; index++) await gateway.post('/servers/old/mcp', grantBoth().token, echo());
    await vi.waitFor(() => expect(old.sessions.size).toBeLessThanOrEqual(5));
  });
});

describe('[GW-19] failing upstreams', () => {
  const kinds: [BrokenKind, string][] = [
    ['unreachable', 'UPSTREAM_UNREACHABLE'],
    ['refused', 'UPSTREAM_REFUSED'],
    ['timeout', 'UPSTREAM_TIMEOUT'],
    ['redirect', 'UPSTREAM_REDIRECT'],
    ['unauthorized', 'UPSTREAM_UNAUTHORIZED'],
    ['forbidden', 'UPSTREAM_FORBIDDEN'],
    ['server-error', 'UPSTREAM_SERVER_ERROR'],
    ['not-json', 'UPSTREAM_NOT_JSON'],
    ['not-mcp', 'UPSTREAM_NOT_MCP'],
    ['tls', 'UPSTREAM_TLS'],
  ];

  it.each(kinds)('%s is told in-band as %s, to both eras, and empties no list', async (kind, code) => {
    await using broken = await startBrokenServer(kind);
    const catalogue = {
      tools: [textTool('echo', 'x', () => 'x')],
      resources: [],
      resourceTemplates: null,
      prompts: [],
    };
    for (const era of ['LEGACY', 'MODERN'] as const) {
      const upstream = upstreamTarget('broken', broken.url, { era });
      const { token } = gateway.grant({
        aggregate: endpoint({ kind: 'aggregate', slug: null }, [
          { upstream, catalogue, prefixed: true },
          { ...part(young, 'MODERN'), prefixed: true },
        ]),
      });
      const call = modern('tools/call', { name: 'broken__echo' });
      const answer = await gateway.post('/mcp', token, call.body, call.headers);
      expect(answer).toMatchObject({
        status: 200,
        json: { id: 1, error: { code: -31002, data: { reason: code, upstream: 'broken' } } },
      });
      expect(answer.text).not.toMatch(/127\.0\.0\.1|token=secret/);
      expect(gateway.records.at(-1)).toMatchObject({ outcome: 'FAILED', reason: code });
      const list = await gateway.post('/mcp', token, legacy('tools/list'));
      expect((list.json as { result: { tools: unknown[] } }).result.tools).toHaveLength(9);
    }
  });

  it('[BAD-9] a private address that nobody allowed is not dialled', async () => {
    const upstream = upstreamTarget('inner', 'http://127.0.0.2:1/mcp');
    const catalogue = {
      tools: [textTool('echo', 'x', () => 'x')],
      resources: [],
      resourceTemplates: null,
      prompts: [],
    };
    const { token } = gateway.grant({
      servers: { s: endpoint({ kind: 'virtual-server', slug: 's' }, [{ upstream, catalogue, prefixed: false }]) },
    });
    const answer = await gateway.post('/servers/s/mcp', token, echo());
    expect(answer.json).toMatchObject({ error: { code: -31002, data: { reason: 'UPSTREAM_BLOCKED_ADDRESS' } } });
  });
});

describe('running calls', () => {
  const slow = (ms: number) => legacy('tools/call', { name: 'slow', arguments: { ms } });
  const slowModern = (ms: number) => modern('tools/call', { name: 'slow', arguments: { ms } });
  const calling = (server: FixtureServer) => vi.waitFor(() => expect(server.requests.at(-1)?.text).toContain('slow'));

  it('[GW-14] revoking the token cuts the call: 401, upstream cancelled, one record', async () => {
    const { token } = grantBoth();
    const call = slowModern(900);
    const before = young.aborted;
    const pending = gateway.post('/servers/young/mcp', token, call.body, call.headers);
    await calling(young);
    const revokedAt = performance.now();
    gateway.snapshots.set(token, null);
    const answer = await pending;
    expect(performance.now() - revokedAt).toBeLessThan(500);
    expect(answer.status).toBe(401);
    expect(answer.headers.get('www-authenticate')).toContain('error="invalid_token"');
    await vi.waitFor(() => expect(young.aborted).toBe(before + 1));
    expect(gateway.records).toHaveLength(1);
    expect(gateway.records[0]).toMatchObject({
      action: 'tools/call',
      outcome: 'DENIED',
      reason: 'UNAUTHENTICATED',
      subjectType: 'Tool',
    });
  });

  it('[GW-15] losing the server, or the tool, cuts the call; a change elsewhere does not', async () => {
    const granted = grantBoth();
    const { token, principal } = granted;
    const abortedBefore = old.aborted;
    const call = () => gateway.post('/servers/old/mcp', token, slow(700));
    const unharmed = call();
    await calling(old);
    gateway.grant({});
    gateway.snapshots.set(token, { principal, servers: { old: serverOf('old', old, 'LEGACY'), ...granted.servers } });
    expect((await unharmed).json).toMatchObject({ result: { content: [{ text: 'waited 700 ms' }] } });

    old.requests.length = 0;
    const withoutServer = call();
    await calling(old);
    gateway.snapshots.set(token, { principal, servers: {} });
    expect(await withoutServer).toMatchObject({
      status: 404,
      json: { id: 1, error: { message: 'Server not found.' } },
    });

    gateway.snapshots.set(token, granted);
    old.requests.length = 0;
    const withoutTool = call();
    await calling(old);
    const fewer = {
      ...old.catalogue,
      tools: old.catalogue.tools.filter(({ definition }) => definition['name'] !== 'slow'),
    };
    gateway.snapshots.set(token, {
      principal,
      servers: {
        old: endpoint({ kind: 'virtual-server', slug: 'old' }, [{ ...part(old, 'LEGACY'), catalogue: fewer }]),
      },
    });
    expect((await withoutTool).json).toMatchObject({ error: { code: -32602, message: 'Unknown tool: slow' } });
    expect(gateway.records.map(({ outcome }) => outcome)).toEqual(['ALLOWED', 'DENIED', 'DENIED']);
    await vi.waitFor(() => expect(old.aborted).toBe(abortedBefore + 2));
  });

  it('a modern client that goes away cancels, a legacy one does not', async () => {
    const { token } = grantBoth();
    const leave = async (path: string, server: FixtureServer, body: unknown, headers: Record<string, string>) => {
      const gone = new AbortController();
      const pending = fetch(gateway.origin + path, {
        method: 'POST',
        signal: gone.signal,
        headers: { 'content-type': 'application/json', authorization: `Bearer ${token}`, ...headers },
        body: JSON.stringify(body),
      });
      await calling(server);
      gone.abort();
      await expect(pending).rejects.toThrow();
    };
    const before = { old: old.aborted, young: young.aborted };
    const call = slowModern(900);
    await leave('/servers/young/mcp', young, call.body, call.headers);
    await vi.waitFor(() => expect(young.aborted).toBe(before.young + 1));
    await vi.waitFor(() =>
      expect(gateway.records.at(-1)).toMatchObject({ outcome: 'FAILED', details: { cancelled: true } }),
    );
    await leave('/servers/old/mcp', old, slow(600), {});
    await vi.waitFor(() => expect(gateway.records.at(-1)).toMatchObject({ outcome: 'ALLOWED' }), { timeout: 3000 });
    expect(old.aborted).toBe(before.old);
  });
});

describe('[TRL-1] [OBS-2] records', () => {
  it('one per request with who, what and how it ended; none for pings and notifications', async () => {
    const { token, principal } = grantBoth();
    const call = modern('tools/call', { name: 'fail' });
    await gateway.post('/servers/young/mcp', token, call.body, call.headers);
    await gateway.post('/servers/young/mcp', token, legacy('tools/list'));
    await gateway.post('/servers/young/mcp', token, legacy('ping'));
    await gateway.post('/servers/young/mcp', token, { jsonrpc: '2.0', method: 'notifications/initialized' });
    await gateway.post('/servers/young/mcp', token, legacy('tools/call', { name: 'x'.repeat(300) }));
    expect(gateway.records).toMatchObject([
      {
        action: 'tools/call',
        outcome: 'ALLOWED',
        reason: null,
        actorUserId: principal.userId,
        actorTokenId: principal.tokenId,
        organizationId: principal.organizationId,
        subjectType: 'Tool',
        ip: '127.0.0.1',
        details: {
          server: 'young',
          upstream: 'modern',
          tool: 'fail',
          era: 'MODERN',
          protocolVersion: '2026-07-28',
          httpStatus: 200,
          resultIsError: true,
        },
      },
      { action: 'tools/list', outcome: 'ALLOWED', subjectType: 'VirtualServer' },
      { action: 'tools/call', outcome: 'DENIED', reason: 'NOT_FOUND', subjectType: 'Tool', subjectId: 'x'.repeat(200) },
    ]);
    expect(gateway.usage.take().find(({ tokenId }) => tokenId === principal.tokenId)).toMatchObject({ calls: 4 });
    const { body } = await gateway.metrics.render();
    expect(body).toMatch(
      /gatehouse_mcp_requests_total\{method="tools\/call",outcome="denied",service="gateway"\} [1-9]/,
    );
    expect(body).toMatch(/gatehouse_upstream_requests_total\{upstream="modern",outcome="ok"\} [1-9]/);
  });
});
