import { describe, expect, it } from 'vitest';
import { createAddressGuard, createUpstreamPools } from '#outbound';
import { startBrokenServer, startFixtureServer, startScriptedServer } from '#testing';
import { StdioChildren } from '../stdio/stdio-children.js';
import { checkEra, openLinkInEra } from './open-set-era.js';
import { createStdioConnection, createUpstreamConnection, type UpstreamConnection } from './upstream-connection.js';

const pools = createUpstreamPools({
  guard: createAddressGuard(['127.0.0.1']),
  connectTimeoutMs: 1000,
  connections: 8,
});
const common = { name: 'crm', clientInfo: { name: 'gatehouse', version: '0.1.0' }, maxBytes: 1024 ** 2 };
const connect = (url: string, transport?: 'SSE') =>
  createUpstreamConnection({ ...common, url, pools, timeoutMs: 1000, ...(transport && { transport }) });
const open = (connection: UpstreamConnection, era: 'LEGACY' | 'MODERN') =>
  openLinkInEra(connection, era, { client: { info: common.clientInfo, capabilities: {} } });

describe('[ERA-3] the era that is set for an upstream', () => {
  it.each([
    ['LEGACY', ['initialize', 'notifications/initialized'], '2025-11-25'],
    ['MODERN', ['server/discover'], '2026-07-28'],
  ] as const)('%s is all that one of both eras is asked for', async (era, methods, protocolVersion) => {
    await using server = await startFixtureServer({ era: 'dual', sessions: true });
    expect(await checkEra(connect(server.url), era)).toMatchObject({
      ...{ era, protocolVersion, sessionId: null, capabilities: { tools: {} }, transport: 'STREAMABLE_HTTP' },
    });
    expect(server.methods()).toEqual(methods);
    expect(server.sessions.size).toBe(0);
    const link = await open(connect(server.url), era);
    expect(link.identity.era).toBe(era);
    await link.close();
    expect(server.methods()).toEqual([...methods, ...methods]);
  });

  it('is spoken to a process as well, and nothing else', async () => {
    const children = new StdioChildren({ maxPerUpstream: 4, idleMs: 60_000, killGraceMs: 500, stderrBytes: 100 });
    const speaking = (methods: Record<string, object>) => {
      const script = `
        const answers = ${JSON.stringify(methods)};
        require('node:readline').createInterface({ input: process.stdin }).on('line', (line) => {
          const { id, method } = JSON.parse(line);
          if (id === undefined) return;
          const answer = answers[method] ? { result: answers[method] } : { error: { code: -32601, message: 'no ' + method } };
          process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, ...answer }) + '\\n');
        }).on('close', () => process.exit(0));`;
      const command = { command: process.execPath, args: ['-e', script], env: {}, cwd: null };
      const commands = { fixture: command };
      return createStdioConnection({ ...common, key: 'u', command: 'fixture', commands, children, timeoutMs: 5000 });
    };
    const old = speaking({
      initialize: { protocolVersion: '2025-11-25', capabilities: {}, serverInfo: { name: 'a', version: '1' } },
    });
    const young = speaking({
      'server/discover': {
        ...{ resultType: 'complete', supportedVersions: ['2026-07-28'], capabilities: {}, instructions: 'Hi.' },
        ...{ ttlMs: 0, cacheScope: 'private' },
      },
    });
    try {
      await expect(checkEra(old, 'LEGACY')).resolves.toMatchObject({ era: 'LEGACY', transport: 'STDIO' });
      await expect(checkEra(young, 'MODERN')).resolves.toMatchObject({ era: 'MODERN', instructions: 'Hi.' });
      await expect(checkEra(old, 'MODERN')).rejects.toMatchObject({ code: 'UPSTREAM_ERA_NOT_SPOKEN' });
      await expect(checkEra(young, 'LEGACY')).rejects.toMatchObject({
        ...{ code: 'UPSTREAM_ERA_NOT_SPOKEN', message: expect.stringContaining('no initialize') },
      });
      expect(children.size).toBe(0);
    } finally {
      await children.close();
    }
  });

  it('finds an upstream of HTTP+SSE that was upgraded since, in that era', async () => {
    await using server = await startFixtureServer({ era: 'dual' });
    expect(await checkEra(connect(server.url, 'SSE'), 'LEGACY')).toMatchObject({ transport: 'STREAMABLE_HTTP' });
    expect(server.methods()).toEqual(['initialize', 'notifications/initialized']);
  });
});

describe('[ERA-4] an upstream that does not speak the era that is set', () => {
  it.each([
    ['legacy', 'MODERN', 'server/discover', 'LEGACY'],
    ['modern', 'LEGACY', 'initialize', 'MODERN'],
  ] as const)('is %s: says so, and what to do', async (speaks, era, refused, other) => {
    await using server = await startFixtureServer({ era: speaks, sessions: true });
    await expect(checkEra(connect(server.url), era)).rejects.toMatchObject({
      code: 'UPSTREAM_ERA_NOT_SPOKEN',
      message: expect.stringMatching(
        new RegExp(`"crm" does not speak the ${era.toLowerCase()} era.*refused ${refused}.*to AUTO or ${other}`),
      ),
      details: { upstream: 'crm', era },
    });
    expect(server.methods()).toEqual([refused]);
  });

  it('is not what cannot be reached, wants a credential, or breaks', async () => {
    await using locked = await startFixtureServer({ era: 'dual', token: 'right' });
    await using slow = await startBrokenServer('timeout');
    await using failing = await startScriptedServer(({ response }) => response.writeHead(503).end(), 'none');
    for (const era of ['LEGACY', 'MODERN'] as const) {
      await expect(checkEra(connect(locked.url), era)).rejects.toMatchObject({ code: 'UPSTREAM_UNAUTHORIZED' });
      await expect(checkEra(connect(slow.url), era)).rejects.toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
      await expect(checkEra(connect(failing.url), era)).rejects.toMatchObject({ code: 'UPSTREAM_SERVER_ERROR' });
    }
  });

  it('answers initialize with a revision of the other era, or a 404', async () => {
    const version = (protocolVersion: string) => ({
      ...{ protocolVersion, capabilities: {}, serverInfo: { name: 'x', version: '1' } },
    });
    for (const [revision, code] of [
      ['2026-07-28', 'UPSTREAM_ERA_NOT_SPOKEN'],
      ['2023-01-01', 'UPSTREAM_UNSUPPORTED_VERSION'],
    ] as const) {
      await using server = await startScriptedServer(({ message, response }) => {
        const body = { jsonrpc: '2.0', id: message['id'], result: version(revision) };
        response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(body));
      }, 'none');
      await expect(checkEra(connect(server.url), 'LEGACY')).rejects.toMatchObject({ code });
    }
    await using lost = await startScriptedServer(({ response }) => response.writeHead(404).end(), 'none');
    await expect(checkEra(connect(lost.url), 'LEGACY')).rejects.toMatchObject({
      ...{ code: 'UPSTREAM_ERA_NOT_SPOKEN', message: expect.stringContaining('(status 404)') },
    });
  });
});
