import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBrokenServer, startFixtureServer, startScriptedServer, until, type FixtureServer } from '#testing';
import { endpoint, legacy, modern, startTestGateway, targetOfFixture, upstreamTarget } from './gateway-harness.js';
import { startCollector, type Collector, type ReceivedSpan } from './otlp-collector.js';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const traceparent = `00-${traceId}-b7ad6b7169203331-01`;
const httpContext = '00-11111111111111111111111111111111-2222222222222222-01';

let old: FixtureServer;
let young: FixtureServer;

beforeAll(async () => {
  old = await startFixtureServer({ era: 'legacy', sessions: true });
  young = await startFixtureServer({ era: 'modern' });
});
afterAll(() => Promise.all([old.close(), young.close()]));
beforeEach(() => {
  old.requests.length = 0;
  young.requests.length = 0;
});

const modernEra = { era: 'MODERN', protocolVersion: '2026-07-28' } as const;

/** A gateway over both fixtures, and one that cannot be reached, under prefixes. */
async function openGateway(env: Record<string, string>) {
  const gateway = await startTestGateway(env);
  const parts = [
    { upstream: targetOfFixture('old', old, 'LEGACY'), catalogue: old.catalogue, prefixed: true },
    { upstream: targetOfFixture('young', young, 'MODERN'), catalogue: young.catalogue, prefixed: true },
    { upstream: upstreamTarget('gone', 'http://127.0.0.1:9/mcp', modernEra), catalogue: old.catalogue, prefixed: true },
  ];
  const { token } = gateway.grant({ aggregate: endpoint({ kind: 'aggregate', slug: null }, parts) });
  return { gateway, token };
}

/** The same, with a collector; `flush` ends the telemetry and returns what came, without the collector's own noise. */
async function openTraced(collector: Collector) {
  const opened = await openGateway({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  return { ...opened, flush: () => opened.gateway.telemetry?.close(5000) };
}

const call = (name: string, meta?: Record<string, unknown>) =>
  legacy('tools/call', { name, arguments: { text: 'x' }, ...(meta === undefined ? {} : { _meta: meta }) }, 7);
const spanOf = (spans: readonly ReceivedSpan[], kind: number): ReceivedSpan | undefined =>
  spans.find((span) => span.kind === kind);
const sentMeta = (text: string | undefined) =>
  (JSON.parse(text ?? '{}') as { params?: { _meta?: Record<string, string> } }).params?._meta;

describe('[OTL-2] [OTL-3] a traced call', () => {
  it('hangs client, gateway and upstream together', async () => {
    await using collector = await startCollector();
    const { gateway, token, flush } = await openTraced(collector);
    await using _ = gateway;
    const meta = { traceparent, tracestate: 'vendor=1', baggage: 'tenant=a', progressToken: 1 };
    await gateway.post('/mcp', token, call('old__echo', meta), { traceparent: httpContext });
    await flush();
    const server = spanOf(collector.spans, 2);
    const client = spanOf(collector.spans, 3);
    expect(server).toMatchObject({
      name: 'tools/call old__echo',
      traceId,
      parentSpanId: 'b7ad6b7169203331',
      links: [{ traceId: '1'.repeat(32), spanId: '2'.repeat(16) }],
      status: 0,
      attributes: {
        'mcp.method.name': 'tools/call',
        'mcp.protocol.version': '2025-03-26',
        'gen_ai.tool.name': 'old__echo',
        'gen_ai.operation.name': 'execute_tool',
        'jsonrpc.request.id': '7',
        'network.transport': 'tcp',
        'gatehouse.endpoint': 'aggregate',
        'gatehouse.upstream': 'old',
        'gatehouse.outcome': 'allowed',
      },
    });
    expect(client).toMatchObject({
      name: 'tools/call echo',
      traceId,
      parentSpanId: server?.spanId,
      attributes: { 'gen_ai.tool.name': 'echo', 'server.address': '127.0.0.1', 'server.port': old.port },
    });
    const sent = old.requests.find(({ text }) => text.includes('tools/call'));
    const context = `00-${traceId}-${client?.spanId}-01`;
    expect(sentMeta(sent?.text)).toMatchObject({ traceparent: context, tracestate: 'vendor=1', baggage: 'tenant=a' });
    expect(sent?.headers).toMatchObject({ traceparent: context, tracestate: 'vendor=1', baggage: 'tenant=a' });
  });

  it('says which bridge it took, and names a session in the legacy era only', async () => {
    await using collector = await startCollector();
    const { gateway, token, flush } = await openTraced(collector);
    await using _ = gateway;
    const { body, headers } = modern('tools/call', { name: 'old__echo', arguments: { text: 'x' } });
    await gateway.post('/mcp', token, body, headers);
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } };
    const begun = await gateway.post('/mcp', token, legacy('initialize', params));
    const sessionId = begun.headers.get('mcp-session-id') ?? '';
    await gateway.post('/mcp', token, call('young__echo'), { 'mcp-session-id': sessionId });
    await flush();
    const calls = collector.spans.filter((span) => span.name.startsWith('tools/call'));
    expect(calls.map(({ kind, attributes }) => [kind, attributes['gatehouse.bridge'] ?? null])).toEqual([
      [3, 'modern-legacy'],
      [2, null],
      [3, 'legacy-modern'],
      [2, null],
    ]);
    expect(calls.map(({ attributes }) => attributes['mcp.session.id'] ?? null)).toEqual([null, null, null, sessionId]);
    expect(sentMeta(young.requests.at(-1)?.text)).toMatchObject({ traceparent: expect.stringMatching(/^00-/) });
  });

  it('without any context begins a trace of its own', async () => {
    await using collector = await startCollector();
    const { gateway, token, flush } = await openTraced(collector);
    await using _ = gateway;
    await gateway.post('/mcp', token, legacy('tools/list'));
    await flush();
    expect(collector.spans).toMatchObject([{ name: 'tools/list', kind: 2, parentSpanId: '', links: [] }]);
  });
});

describe('[OTL-4] failures', () => {
  it.each([
    ['old__missing', ['-32602'], []],
    ['old__fail', ['tool_error'], ['tool_error']],
    ['gone__echo', ['-31002'], ['UPSTREAM_REFUSED']],
  ])('%s: server %j, client %j', async (name, server, client) => {
    await using collector = await startCollector();
    const { gateway, token, flush } = await openTraced(collector);
    await using _ = gateway;
    await gateway.post('/mcp', token, call(name));
    await flush();
    const errors = (kind: number) =>
      collector.spans
        .filter((span) => span.kind === kind && span.name.startsWith('tools/call'))
        .map(({ attributes, status }) => [attributes['error.type'], status]);
    expect(errors(2)).toEqual(server.map((type) => [type, 2]));
    expect(errors(3)).toEqual(client.map((type) => [type, 2]));
    // A name that the client made up is in no span's name and in no metric.
    const told = JSON.stringify([collector.spans.map((span) => span.name), collector.points()]);
    expect(told).not.toContain('missing');
  });
});

describe('[LMT-12] [OTL-2] [OTL-4] whatever a call carries', () => {
  const marks = {
    secret: 'mark-of-the-upstreams-secret',
    query: 'mark-in-the-upstreams-address',
    argument: 'mark-in-the-arguments',
    answer: 'mark-in-the-answer',
    header: 'mark-in-a-header',
  };

  it('no secret, argument or answer is in what the collector gets, however the call ends', async () => {
    await using collector = await startCollector();
    await using server = await startScriptedServer(({ message, response }) => {
      const { arguments: args } = (message['params'] ?? {}) as { arguments?: { how?: string } };
      const content = [{ type: 'text', text: marks.answer }];
      const rpc = (body: object) => {
        response.writeHead(200, { 'content-type': 'application/json', 'x-told': marks.answer });
        response.end(JSON.stringify({ jsonrpc: '2.0', id: message['id'], ...body }));
      };
      if (args?.how === 'error') rpc({ error: { code: -32000, message: marks.answer, data: marks.answer } });
      else if (args?.how === 'status') response.writeHead(500, marks.answer).end(marks.answer);
      else if (args?.how === 'garbage')
        response.writeHead(200, { 'content-type': 'application/json' }).end(marks.answer);
      else rpc({ result: { content, structuredContent: { a: marks.answer }, isError: args?.how === 'isError' } });
    });
    const gateway = await startTestGateway({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
    await using _ = gateway;
    const secret = `Bearer ${marks.secret}`;
    const upstream = upstreamTarget('up', `${server.url}?key=${marks.query}`, { secret });
    const tools = [{ definition: { name: 'echo', inputSchema: { type: 'object' } }, run: () => ({}) }];
    const part = {
      upstream,
      catalogue: { tools, resources: [], resourceTemplates: null, prompts: [] },
      prefixed: true,
    };
    const { token } = gateway.grant({ aggregate: endpoint({ kind: 'aggregate', slug: null }, [part]) });
    const ways = ['fine', 'isError', 'error', 'status', 'garbage'];
    for (const how of ways) {
      const args = { how, text: marks.argument, [marks.argument]: 1 };
      for (const { body, headers } of [
        { body: legacy('tools/call', { name: 'up__echo', arguments: args }), headers: {} },
        modern('tools/call', { name: 'up__echo', arguments: args }),
      ])
        await gateway.post('/mcp', token, body, { ...headers, 'x-api-key': marks.header, cookie: marks.header });
    }
    await gateway.post('/mcp', `${token.slice(0, -4)}AAAA`, legacy('tools/list'));
    // All of it was on its way.
    const calls = server.received.filter(({ text }) => text.includes(marks.argument));
    expect(calls).toHaveLength(2 * ways.length);
    expect(calls[0]?.request).toMatchObject({
      url: expect.stringContaining(marks.query) as string,
      headers: { authorization: secret },
    });
    await gateway.telemetry?.close(5000);
    const errors = collector.spans
      .filter(({ kind }) => kind === 3)
      .map(({ attributes }) => attributes['error.type'] ?? null);
    expect(errors.filter((type) => type !== null)).toHaveLength(2 * (ways.length - 1));
    expect(collector.points().length).toBeGreaterThan(0);
    const told = Buffer.concat(collector.requests.map(({ bytes }) => bytes)).toString('latin1');
    // The text of the delivery is readable, so what is not found is not there.
    expect(told).toContain('tools/call up__echo');
    for (const mark of [...Object.values(marks), ...token.split('.').map((piece) => piece.slice(0, 12)), 'Bearer'])
      expect([mark, told.includes(mark)]).toEqual([mark, false]);
  });
});

describe('[OTL-5] metrics', () => {
  it('count operations of both sides and sessions that ended', async () => {
    await using collector = await startCollector();
    const { gateway, token, flush } = await openTraced(collector);
    await using _ = gateway;
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 't', version: '1' } };
    const begun = await gateway.post('/mcp', token, legacy('initialize', params));
    const session = { 'mcp-session-id': begun.headers.get('mcp-session-id') ?? '' };
    await gateway.post('/mcp', token, call('old__echo'), session);
    await fetch(`${gateway.origin}/mcp`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${token}`, ...session },
    });
    await gateway.gateway.stop(0);
    await flush();
    const counts = Object.fromEntries(
      collector
        .points()
        .map(({ name, attributes, count }) => [`${name} ${attributes['mcp.method.name'] ?? ''}`, count]),
    );
    expect(counts).toMatchObject({
      'mcp.server.operation.duration initialize': 1,
      'mcp.server.operation.duration tools/call': 1,
      'mcp.client.operation.duration tools/call': 1,
      'mcp.server.session.duration ': 1,
      'mcp.client.session.duration ': 1,
    });
  });
});

describe('[OTL-3] without tracing', () => {
  it("the client's bytes and well-formed trace headers pass as they came", async () => {
    await using plain = await startFixtureServer({ era: 'legacy' });
    const { gateway } = await openGateway({});
    await using _ = gateway;
    const part = { upstream: targetOfFixture('plain', plain, 'LEGACY'), catalogue: plain.catalogue, prefixed: false };
    const granted = gateway.grant({ servers: { plain: endpoint({ kind: 'virtual-server', slug: 'plain' }, [part]) } });
    const body = `{"jsonrpc":"2.0", "id":"a","method":"tools/call","params":{"name":"echo","arguments":{"text":"x"},"_meta":{"traceparent":"${traceparent}"}}}`;
    const context = { traceparent: httpContext, tracestate: 'a=1', baggage: 'b=2' };
    await gateway.post('/servers/plain/mcp', granted.token, body, context);
    expect(plain.requests.at(-1)).toMatchObject({ text: body, headers: context });
    await gateway.post('/servers/plain/mcp', granted.token, body, { ...context, traceparent: '00-client' });
    const { headers } = plain.requests.at(-1) ?? {};
    expect([headers?.['traceparent'], headers?.['tracestate'], headers?.['baggage']]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
    expect(gateway.telemetry).toBeNull();
  });
});

describe('[OTL-6] a collector that hangs', () => {
  it('costs no call', async () => {
    await using hanging = await startBrokenServer('timeout');
    const { gateway, token } = await openGateway({
      OTEL_EXPORTER_OTLP_ENDPOINT: new URL(hanging.url).origin,
      OTEL_METRIC_EXPORT_INTERVAL: '100',
      OTEL_EXPORTER_OTLP_TIMEOUT: '300',
    });
    await using _ = gateway;
    for (let index = 0; index < 50; index += 1)
      expect((await gateway.post('/mcp', token, call('old__echo'))).status).toBe(200);
    const warnings = () => gateway.logLines.filter((line) => line.includes('telemetry collector'));
    await until('the warning', () => warnings().length > 0);
    await gateway.telemetry?.close(500);
    expect(warnings()).toHaveLength(1);
  });
});
