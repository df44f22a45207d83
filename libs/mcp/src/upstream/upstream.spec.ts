import { describe, expect, it } from 'vitest';
import { createAddressGuard, createUpstreamPools } from '#outbound';
import { startBrokenServer, startFixtureServer, textTool, type BrokenKind, type FixtureServerOptions } from '#testing';
import { checkHealth } from './check-health.js';
import { fetchCatalog } from './fetch-catalog.js';
import { openLink } from './open-link.js';
import { probeUpstream } from './probe-upstream.js';
import { createUpstreamConnection, type UpstreamConnection } from './upstream-connection.js';

const pools = createUpstreamPools({
  guard: createAddressGuard(['127.0.0.1']),
  connectTimeoutMs: 1000,
  connections: 8,
});
const limits = { maxPages: 20, maxObjects: 100, maxDefinition: 10_000, maxSize: 1_000_000 };
const connect = (url: string, credential: Record<string, string> = {}, timeoutMs = 3000) =>
  createUpstreamConnection({
    name: 'crm',
    url,
    credential,
    pools,
    clientInfo: { name: 'gatehouse', version: '0.1.0' },
    timeoutMs,
    maxBytes: 16 * 1024 ** 2,
  });
const open = (connection: UpstreamConnection) =>
  openLink(connection, null, { client: { info: connection.clientInfo, capabilities: {} } });
const keys = (objects: readonly { key: string }[]) => objects.map(({ key }) => key);

const variants: FixtureServerOptions[] = [
  { era: 'legacy' },
  { era: 'legacy', sessions: true, sse: true, pageSize: 1 },
  { era: 'modern' },
  { era: 'modern', sse: true, pageSize: 2 },
  { era: 'dual' },
];

describe('the upstream connector', () => {
  it.each(variants)('probes and reads the whole catalogue of %j', async (options) => {
    await using server = await startFixtureServer(options);
    const connection = connect(server.url);
    const link = await open(connection);
    const { identity } = link;
    expect(identity).toMatchObject({
      era: options.era === 'legacy' ? 'LEGACY' : 'MODERN',
      protocolVersion: options.era === 'legacy' ? '2025-11-25' : '2026-07-28',
      serverInfo: { name: 'fixture', version: '1.0.0' },
      capabilities: { tools: {}, resources: {}, prompts: {} },
      instructions: 'A fixture.',
    });
    const catalog = await fetchCatalog(connection, link, limits);
    expect(keys(catalog.tools)).toEqual(server.catalogue.tools.map(({ definition }) => definition['name']));
    expect(keys(catalog.resources)).toEqual(['fixture://text', 'fixture://binary']);
    expect(keys(catalog.resourceTemplates)).toEqual(['fixture://item/{id}']);
    expect(keys(catalog.prompts)).toEqual(['simple', 'with-args']);
    expect(catalog.warnings).toEqual([]);
    const structured = catalog.tools.find(({ key }) => key === 'structured');
    expect(structured?.definition).toBe(
      JSON.stringify(server.catalogue.tools.find(({ definition }) => definition['name'] === 'structured')?.definition),
    );
    expect(structured).toMatchObject({ title: 'Structured answer', value: { vendorField: { kept: true } } });
    await link.close();
    expect(server.sessions.size).toBe(0);
    expect((await checkHealth(connection, identity.era)).era).toBe(identity.era);
    expect(server.sessions.size).toBe(0);
  });

  it('sends its credential and the gateway’s name, and says so when the credential is wrong', async () => {
    await using server = await startFixtureServer({ era: 'modern', token: 'right' });
    await expect(probeUpstream(connect(server.url, { Authorization: 'Bearer wrong' }))).rejects.toMatchObject({
      code: 'UPSTREAM_UNAUTHORIZED',
    });
    await expect(probeUpstream(connect(server.url, { Authorization: 'Bearer right' }))).resolves.toMatchObject({
      era: 'MODERN',
    });
    expect(server.requests.at(-1)?.headers['user-agent']).toBe('gatehouse/0.1.0');
    expect(server.methods()).not.toContain('initialize');
  });

  it('leaves out what is broken, with a warning each, and keeps the rest', async () => {
    await using server = await startFixtureServer({ era: 'modern' });
    const good = textTool('good', 'Fine.', () => '');
    const bad = [
      { inputSchema: { type: 'object' } },
      { name: 'no-schema' },
      {
        name: 'bad-header',
        inputSchema: { type: 'object', properties: { a: { type: 'number', 'x-mcp-header': 'A' } } },
      },
      { name: 'large', description: 'x'.repeat(20_000), inputSchema: { type: 'object' } },
      {
        name: 'deep',
        inputSchema: JSON.parse(`${'{"type":"object","not":'.repeat(300)}{}${'}'.repeat(300)}`) as object,
      },
      { name: 'good', inputSchema: { type: 'object' } },
      JSON.parse('{"name":"proto","inputSchema":{"type":"object","__proto__":{}}}') as object,
    ].map((definition) => ({ run: good.run, definition: definition as Record<string, unknown> }));
    server.catalogue.tools = [good, ...bad, { ...good, definition: 7 as never }];
    server.catalogue.prompts = [];
    const connection = connect(server.url);
    const catalog = await fetchCatalog(connection, await open(connection), limits);
    expect(keys(catalog.tools)).toEqual(['good']);
    expect(catalog.warnings).toHaveLength(8);
    expect(catalog.warnings.join('\n')).toMatch(
      /no "name"[^]*inputSchema[^]*integer or boolean[^]*MAX_DEFINITION[^]*nested deeper[^]*twice[^]*__proto__[^]*not an object/,
    );
  });

  // Only objects that could be read used to count: one answer of [1,1,1…] cost gigabytes of warnings.
  it('counts what it leaves out among the objects, so a list of rubbish ends like any other that is too long', async () => {
    await using server = await startFixtureServer({ era: 'modern' });
    const [tool] = server.catalogue.tools;
    if (!tool) throw new Error('the fixture has no tool');
    const connection = connect(server.url);
    const link = await open(connection);
    for (const definition of [1 as never, tool.definition]) {
      server.catalogue.tools = Array.from({ length: 101 }, () => ({ ...tool, definition }));
      await expect(fetchCatalog(connection, link, limits)).rejects.toMatchObject({
        code: 'UPSTREAM_CATALOG_INVALID',
        message: expect.stringMatching(/more than 100 tools.*MAX_OBJECTS/),
      });
    }
  });

  // Pages, objects and definitions were bounded one by one; together they came to gigabytes.
  it('refuses a catalogue whose definitions are too large together', async () => {
    await using server = await startFixtureServer({ era: 'modern', pageSize: 1 });
    server.catalogue.tools = [1, 2, 3].map((n) => textTool(`tool-${n}`, 'x'.repeat(9000), () => ''));
    const connection = connect(server.url);
    const link = await open(connection);
    await expect(fetchCatalog(connection, link, { ...limits, maxSize: 20_000 })).rejects.toMatchObject({
      code: 'UPSTREAM_CATALOG_INVALID',
      message: expect.stringMatching(/20000 bytes.*GATEHOUSE_CATALOG_MAX_SIZE/),
    });
  });

  it('tolerates a server without resource templates', async () => {
    await using server = await startFixtureServer({ era: 'legacy' });
    const connection = connect(server.url);
    const link = await open(connection);
    server.catalogue.resourceTemplates = null;
    await expect(fetchCatalog(connection, link, limits)).resolves.toMatchObject({ resourceTemplates: [] });
  });

  it('takes an announced server that became modern for what it is now', async () => {
    await using server = await startFixtureServer({ era: 'modern' });
    await expect(checkHealth(connect(server.url), 'LEGACY')).resolves.toMatchObject({ era: 'MODERN' });
  });
});

const table: [BrokenKind, string, RegExp][] = [
  ['unreachable', 'UPSTREAM_UNREACHABLE', /cannot be reached.*Check the host name/],
  ['refused', 'UPSTREAM_REFUSED', /refused.*Check that the server runs/],
  ['tls', 'UPSTREAM_TLS', /TLS handshake.*Check its certificate/],
  ['timeout', 'UPSTREAM_TIMEOUT', /within 300 ms.*Check the upstream/],
  [
    'redirect',
    'UPSTREAM_REDIRECT',
    /redirect \(302\) to http:\/\/127\.0\.0\.1:9\/elsewhere, .*Register the final address/,
  ],
  ['unauthorized', 'UPSTREAM_UNAUTHORIZED', /401.*Set or replace its credential/],
  ['forbidden', 'UPSTREAM_FORBIDDEN', /403.*Check what the credential may do/],
  ['server-error', 'UPSTREAM_SERVER_ERROR', /500.*Look at the log/],
  ['not-json', 'UPSTREAM_NOT_JSON', /not JSON.*ends in \/mcp/],
  ['not-mcp', 'UPSTREAM_NOT_MCP', /not with the MCP message.*ends in \/mcp/],
  ['not-found', 'UPSTREAM_NOT_MCP', /404 and no MCP message.*ends in \/mcp/],
  ['unsupported-version', 'UPSTREAM_UNSUPPORTED_VERSION', /1999-01-01.*Upgrade it/],
  ['too-large', 'UPSTREAM_TOO_LARGE', /more than 16777216 bytes.*Raise GATEHOUSE_OUTBOUND_MAX_RESPONSE/],
  ['endless-pages', 'UPSTREAM_CATALOG_INVALID', /more than 20 pages.*last good catalogue/],
  ['repeated-cursor', 'UPSTREAM_CATALOG_INVALID', /repeats a cursor.*last good catalogue/],
];

describe('the error table', () => {
  it.each(table)('%s is %s', async (kind, code, message) => {
    await using server = await startBrokenServer(kind);
    const connection = connect(server.url, {}, kind === 'timeout' ? 300 : 3000);
    const read = async () => fetchCatalog(connection, await open(connection), limits);
    await expect(read()).rejects.toMatchObject({
      code,
      message: expect.stringMatching(message),
      details: expect.objectContaining({ upstream: 'crm' }),
    });
    await expect(read()).rejects.toThrow(/Upstream "crm"/);
  });

  it('refuses a blocked address by name and remedy', async () => {
    const connection = connect('http://10.1.2.3/mcp');
    await expect(probeUpstream(connection)).rejects.toMatchObject({
      code: 'UPSTREAM_BLOCKED_ADDRESS',
      message: expect.stringMatching(/"crm".*10\.1\.2\.3.*GATEHOUSE_OUTBOUND_ALLOWED_HOSTS/),
    });
    expect(() => connect('ftp://x/')).toThrow('must begin with http');
  });
});
