import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadConfig } from '#config';
import { createLogger, openTelemetry, type OperationStart, type Telemetry } from '#observability';
import { until } from '#testing';
import { startCollector } from './otlp-collector.js';

const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const httpParent = '00-11111111111111111111111111111111-2222222222222222-01';

async function open(endpoint: string, env: Record<string, string> = {}) {
  const lines: string[] = [];
  const telemetry = await openTelemetry({
    config: loadConfig({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, ...env }),
    logger: createLogger({ level: 'info', service: 'test', destination: { write: (line) => void lines.push(line) } }),
    version: '1.2.3',
  });
  if (telemetry === null) throw new Error('telemetry is off');
  return { telemetry, warnings: () => lines.filter((line) => line.includes('"level":"warn"')) };
}

const call = (more: Partial<OperationStart> = {}): OperationStart => ({
  method: 'tools/call',
  startedAt: performance.now(),
  attributes: { 'jsonrpc.request.id': '7', 'client.address': '127.0.0.1' },
  ...more,
});

const serve = (telemetry: Telemetry, meta: string | null, http: string | null = null) => {
  const context = (value: string | null) => value && { traceparent: value, tracestate: 'v=1', baggage: 'k=v' };
  return telemetry.serverOperation({ ...call(), meta: context(meta) || null, http: context(http) || null });
};

const ok = { errorType: null, target: 'echo', attributes: { 'gen_ai.tool.name': 'echo' } };

describe('spans', () => {
  it('name method and target, hang together across the hop and carry the resource [OTL-2]', async () => {
    await using collector = await startCollector();
    const { telemetry } = await open(collector.url, {
      OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20collector',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment.name=test,service.name=overruled',
    });
    const server = serve(telemetry, traceparent, httpParent);
    const client = telemetry.clientOperation(call(), server);
    client.end(ok);
    server.end(ok);
    server.end({ ...ok, errorType: 'late' });
    await telemetry.close(5000);
    const [first, second, ...others] = collector.spans;
    expect(others).toEqual([]);
    expect(first).toMatchObject({ name: 'tools/call echo', kind: 3, status: 0, parentSpanId: second?.spanId });
    expect(second).toMatchObject({
      name: 'tools/call echo',
      kind: 2,
      status: 0,
      traceId: traceparent.slice(3, 35),
      parentSpanId: traceparent.slice(36, 52),
      traceState: 'v=1',
      links: [{ traceId: httpParent.slice(3, 35), spanId: httpParent.slice(36, 52) }],
      attributes: { 'mcp.method.name': 'tools/call', 'jsonrpc.request.id': '7', 'gen_ai.tool.name': 'echo' },
    });
    expect(client.context).toEqual({
      traceparent: `00-${first?.traceId}-${first?.spanId}-01`,
      tracestate: 'v=1',
      baggage: 'k=v',
    });
    expect(collector.requests[0]?.headers.authorization).toBe('Bearer collector');
    expect(collector.resources[0]).toMatchObject({
      'service.name': 'gatehouse-gateway',
      'service.version': '1.2.3',
      'deployment.environment.name': 'test',
    });
  });

  it('take the HTTP context as parent where the message names none [OTL-2]', async () => {
    await using collector = await startCollector();
    const { telemetry } = await open(collector.url);
    serve(telemetry, null, httpParent).end(ok);
    serve(telemetry, null).end(ok);
    await telemetry.close(5000);
    expect(collector.spans[0]).toMatchObject({ parentSpanId: httpParent.slice(36, 52), links: [] });
    expect(collector.spans[1]).toMatchObject({ parentSpanId: '', links: [] });
  });

  it('are errors exactly when they have an error.type, and never take a name from a stranger [OTL-4]', async () => {
    await using collector = await startCollector();
    const { telemetry } = await open(collector.url);
    serve(telemetry, null).end({ errorType: 'tool_error', target: 'echo', attributes: {} });
    telemetry
      .serverOperation({ ...call({ method: 'made/up' }), meta: null, http: null })
      .end({ errorType: '-32601', target: null, attributes: { 'rpc.response.status_code': '-32601' } });
    await telemetry.close(5000);
    expect(collector.spans).toMatchObject([
      { status: 2, attributes: { 'error.type': 'tool_error' } },
      { name: '_OTHER', status: 2, attributes: { 'mcp.method.name': 'made/up', 'error.type': '-32601' } },
    ]);
    const names = collector.points().map((point) => point.attributes['mcp.method.name']);
    expect(names).toEqual(['tools/call', '_OTHER']);
  });

  it('follow the sampler, and the context goes on all the same', async () => {
    await using collector = await startCollector();
    const { telemetry } = await open(collector.url, { OTEL_TRACES_SAMPLER: 'always_off' });
    const server = serve(telemetry, traceparent);
    expect(server.context.traceparent).toMatch(new RegExp(`^00-${traceparent.slice(3, 35)}-[0-9a-f]{16}-00$`));
    server.end(ok);
    await telemetry.close(5000);
    expect(collector.spans).toEqual([]);
    expect(collector.points()).toHaveLength(1);
  });
});

describe('metrics [OTL-5]', () => {
  it('are histograms in seconds with the buckets of the conventions, without ids', async () => {
    await using collector = await startCollector();
    const { telemetry } = await open(collector.url, { OTEL_TRACES_EXPORTER: 'none' });
    const server = serve(telemetry, null);
    telemetry.clientOperation(call({ startedAt: performance.now() - 150 }), server).end(ok);
    server.end(ok);
    telemetry.sessionEnded('server', 42, { 'mcp.protocol.version': '2025-11-25' });
    telemetry.sessionEnded('client', 7, { 'gatehouse.upstream': 'fixture' });
    await telemetry.close(5000);
    const points = collector.points();
    expect(points.map(({ name }) => name).toSorted()).toEqual([
      'mcp.client.operation.duration',
      'mcp.client.session.duration',
      'mcp.server.operation.duration',
      'mcp.server.session.duration',
    ]);
    for (const point of points) {
      expect(point).toMatchObject({ unit: 's', count: 1 });
      expect(point.bounds).toEqual([0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300]);
      expect(Object.keys(point.attributes)).not.toContain('jsonrpc.request.id');
      expect(Object.keys(point.attributes)).not.toContain('client.address');
    }
    const client = points.find(({ name }) => name === 'mcp.client.operation.duration');
    expect(client?.attributes).toEqual({ 'mcp.method.name': 'tools/call', 'gen_ai.tool.name': 'echo' });
    expect(client?.sum).toBeGreaterThan(0.149);
    expect(collector.requests.map(({ path }) => path)).toEqual(['/v1/metrics']);
  });
});

describe('a collector that is away [OTL-6]', () => {
  it('costs one warning and a bounded shutdown', async () => {
    const { telemetry, warnings } = await open('http://127.0.0.1:9', {
      OTEL_METRIC_EXPORT_INTERVAL: '100',
      OTEL_EXPORTER_OTLP_TIMEOUT: '200',
    });
    for (let index = 0; index < 3000; index += 1) serve(telemetry, null).end(ok);
    await until('the warning or the delivery', () => warnings().length > 0);
    const before = performance.now();
    await telemetry.close(300);
    expect(performance.now() - before).toBeLessThan(2000);
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toContain('OTEL_EXPORTER_OTLP_ENDPOINT');
  });

  it('is told when it comes back', async () => {
    await using collector = await startCollector();
    collector.answer(400);
    const { telemetry, warnings } = await open(collector.url, { OTEL_METRIC_EXPORT_INTERVAL: '100' });
    serve(telemetry, null).end(ok);
    await until('the warning or the delivery', () => warnings().length > 0);
    collector.answer(200);
    await until('the warning or the delivery', () => collector.points().length > 0);
    await telemetry.close(5000);
    expect(warnings()).toHaveLength(1);
  });
});

/** Every file that is loaded with this one: what it imports, except on demand and types. */
function loadedWith(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  const imports = readFileSync(file, 'utf8').matchAll(/^(?:import|export) (?!type )[^;]*? from '([^']+)';$/gm);
  for (const [, name = ''] of imports) {
    if (name.startsWith('.')) loadedWith(path.resolve(path.dirname(file), name.replace(/js$/, 'ts')), found);
    else found.add(name);
  }
  return found;
}

describe('off [OTL-1]', () => {
  it('loads nothing of OpenTelemetry', () => {
    const loaded = [...loadedWith(path.resolve('libs/observability/src/index.ts'))];
    expect(loaded).toContain('pino');
    expect(loaded.filter((name) => name.startsWith('@opentelemetry'))).toEqual([]);
    expect([...loadedWith(path.resolve('libs/observability/src/telemetry/start-otel.ts'))]).toContain(
      '@opentelemetry/sdk-trace',
    );
  });

  it.each([{}, { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4318', OTEL_SDK_DISABLED: 'true' }])(
    'with %j there is none',
    async (env) => {
      const logger = createLogger({ level: 'silent', service: 'test' });
      expect(await openTelemetry({ config: loadConfig(env), logger, version: '0' })).toBeNull();
    },
  );
});
