import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFixtureServer, textTool, type FixtureServer } from '#testing';
import {
  endpoint,
  legacy,
  startTestGateway,
  targetOfFixture,
  upstreamTarget,
  type TestGateway,
} from './gateway-harness.js';

let gateway: TestGateway;
const upstreams: FixtureServer[] = [];
let token: string;

beforeAll(async () => {
  gateway = await startTestGateway({ GATEHOUSE_GATEWAY_PAGE_SIZE: '5' });
  const started = await Promise.all([
    startFixtureServer({ era: 'legacy', sessions: true }),
    startFixtureServer({ era: 'legacy', sessions: true, sse: true }),
    startFixtureServer({ era: 'modern' }),
    startFixtureServer({ era: 'modern', sse: true }),
  ]);
  upstreams.push(...started);
  const [old, oldStream, young, youngStream] = started;
  const parts = [
    { slug: 'old', server: old, era: 'LEGACY' as const },
    { slug: 'old-stream', server: oldStream, era: 'LEGACY' as const },
    { slug: 'young', server: young, era: 'MODERN' as const },
    { slug: 'young-stream', server: youngStream, era: 'MODERN' as const },
  ].map(({ slug, server, era }) => ({
    slug,
    upstream: targetOfFixture(slug, server, era),
    catalogue: server.catalogue,
    prefixed: true,
  }));
  const byName = (kind: 'virtual-server' | 'upstream', prefixed: boolean) =>
    Object.fromEntries(parts.map((part) => [part.slug, endpoint({ kind, slug: part.slug }, [{ ...part, prefixed }])]));
  ({ token } = gateway.grant({
    aggregate: endpoint({ kind: 'aggregate', slug: null }, parts),
    servers: byName('virtual-server', false),
    upstreams: byName('upstream', false),
  }));
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await Promise.all(upstreams.map((server) => server.close()));
});

/** The part of both SDKs' clients that is used here; their results have the same shapes. */
interface AnyClient {
  close(): Promise<void>;
  listTools(params?: { cursor?: string }): Promise<{ tools: { name: string }[]; nextCursor?: string }>;
  callTool(params: { name: string; arguments?: Record<string, unknown> }): Promise<Record<string, unknown>>;
  listResources(): Promise<{ resources: { uri: string }[] }>;
  listResourceTemplates(): Promise<{ resourceTemplates: { uriTemplate: string }[] }>;
  readResource(params: { uri: string }): Promise<{ contents: Record<string, unknown>[] }>;
  listPrompts(): Promise<{ prompts: { name: string }[] }>;
  getPrompt(params: { name: string; arguments?: Record<string, string> }): Promise<{ messages: unknown[] }>;
  getServerVersion(): { name: string } | undefined;
}

const requestInit = () => ({ headers: { authorization: `Bearer ${token}` } });
const url = (path: string) => new URL(gateway.origin + path);

async function v1(path: string): Promise<AnyClient> {
  const client = new Client({ name: 'v1', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(url(path), { requestInit: requestInit() }));
  return client;
}

const v2 = (mode: 'legacy' | 'auto' | { pin: string }) =>
  async function connect(path: string): Promise<AnyClient> {
    const client = new ModernClient({ name: 'v2', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(new ModernTransport(url(path), { requestInit: requestInit() }));
    return client;
  };

const clients = [
  ['SDK v1', v1],
  ['SDK v2 legacy', v2('legacy')],
  ['SDK v2 auto', v2('auto')],
  ['SDK v2 modern', v2({ pin: '2026-07-28' })],
] as const;
const slugs = ['old', 'old-stream', 'young', 'young-stream'];
const cells = clients.flatMap(([name, connect]) => slugs.map((slug) => ({ name, slug, connect })));

/** Every page of a list whose client reads one page at a time. */
async function allTools(client: AnyClient): Promise<string[]> {
  const names: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listTools(cursor === undefined ? undefined : { cursor });
    names.push(...page.tools.map((tool) => tool.name));
    cursor = page.nextCursor;
  } while (cursor !== undefined && names.length < 200);
  return [...new Set(names)];
}

describe('[GW-8] [CLT-1] [CLT-2] four cells', () => {
  it.each(cells)('$name → upstream "$slug"', async ({ slug, connect }) => {
    const client = await connect(`/servers/${slug}/mcp`);
    expect(client.getServerVersion()?.name).toBe('gatehouse');
    const tools = await allTools(client);
    expect(tools).toEqual(['add', 'big', 'echo', 'fail', 'link', 'slow', 'structured', 'with-region']);
    expect(await client.callTool({ name: 'echo', arguments: { text: 'grüße ☕' } })).toMatchObject({
      content: [{ type: 'text', text: 'grüße ☕' }],
    });
    expect(await client.callTool({ name: 'structured' })).toMatchObject({ structuredContent: { celsius: 21 } });
    expect(await client.callTool({ name: 'fail' })).toMatchObject({ isError: true });
    expect(await client.callTool({ name: 'with-region', arguments: { region: 'us-west1' } })).toMatchObject({
      content: [{ text: 'region us-west1' }],
    });
    expect((await client.listResources()).resources.map(({ uri }) => uri)).toEqual([
      'fixture://binary',
      'fixture://text',
    ]);
    expect((await client.listResourceTemplates()).resourceTemplates[0]).toMatchObject({
      uriTemplate: 'fixture://item/{id}',
    });
    expect((await client.readResource({ uri: 'fixture://text' })).contents[0]).toMatchObject({ text: 'hello' });
    expect((await client.readResource({ uri: 'fixture://item/7' })).contents[0]).toMatchObject({ text: 'item 7' });
    expect((await client.listPrompts()).prompts.map((prompt) => prompt.name)).toEqual(['simple', 'with-args']);
    expect((await client.getPrompt({ name: 'with-args', arguments: { topic: 'gates' } })).messages[0]).toMatchObject({
      content: { text: 'Write about gates.' },
    });
    await expect(client.callTool({ name: 'nothing' })).rejects.toMatchObject({ code: -32602 });
    await client.close();
  });

  it.each(clients)('[GW-10] %s → /mcp: everything, prefixed', async (_name, connect) => {
    const client = await connect('/mcp');
    const tools = await allTools(client);
    expect(tools).toHaveLength(32);
    expect(tools.slice(0, 2)).toEqual(['old__add', 'old__big']);
    for (const slug of slugs) {
      expect(await client.callTool({ name: `${slug}__add`, arguments: { a: 2, b: 3 } })).toMatchObject({
        content: [{ text: '5' }],
      });
      const read = await client.readResource({ uri: `gatehouse:${slug}:fixture://item/9` });
      expect(read.contents[0]).toMatchObject({ uri: `gatehouse:${slug}:fixture://item/9`, text: 'item 9' });
      const linked = await client.callTool({ name: `${slug}__link` });
      expect(linked).toMatchObject({
        content: [
          { type: 'resource_link', uri: `gatehouse:${slug}:fixture://text` },
          { type: 'resource', resource: { uri: `gatehouse:${slug}:fixture://text` } },
        ],
      });
    }
    await client.close();
  });

  it.each(clients)('[GW-12] %s → /upstreams/{slug}/mcp: untouched', async (_name, connect) => {
    const client = await connect('/upstreams/young/mcp');
    const linked = await client.callTool({ name: 'link' });
    expect(linked).toMatchObject({ content: [{ uri: 'fixture://text' }, { resource: { uri: 'fixture://text' } }] });
    await client.close();
  });
});

describe('an upstream whose era nobody has found out yet', () => {
  it.each(['legacy', 'modern', 'dual'] as const)('is asked once: %s', async (era) => {
    await using server = await startFixtureServer({ era, sessions: true });
    const upstream = upstreamTarget('unknown', server.url, { era: null, protocolVersion: null });
    const parts = [{ upstream, catalogue: server.catalogue, prefixed: false }];
    const { token: own } = gateway.grant({ servers: { s: endpoint({ kind: 'virtual-server', slug: 's' }, parts) } });
    const call = () =>
      gateway.post('/servers/s/mcp', own, legacy('tools/call', { name: 'echo', arguments: { text: 'x' } }));
    const answers = await Promise.all([call(), call(), call()]);
    for (const answer of answers) expect(answer.json).toMatchObject({ result: { content: [{ text: 'x' }] } });
    expect(server.methods().filter((method) => method === 'server/discover')).toHaveLength(1);
  });
});

describe('[GW-3] pages', () => {
  it('end where the list ends; a cursor is good for its token, endpoint and kind only', async () => {
    await using server = await startFixtureServer({ era: 'legacy' });
    server.catalogue.tools = Array.from({ length: 12 }, (_, index) => textTool(`tool-${10 + index}`, 'x', () => 'x'));
    const parts = [
      { upstream: targetOfFixture('many', server, 'LEGACY'), catalogue: server.catalogue, prefixed: false },
    ];
    const many = endpoint({ kind: 'virtual-server', slug: 'many' }, parts);
    const other = endpoint({ kind: 'virtual-server', slug: 'other' }, parts);
    const mine = gateway.grant({ servers: { many, other } });
    const theirs = gateway.grant({ servers: { many } });
    const page = async (cursor?: unknown, path = '/servers/many/mcp', method = 'tools/list', by = mine.token) =>
      (await gateway.post(path, by, legacy(method, cursor === undefined ? {} : { cursor }))).json as {
        result: { tools: { name: string }[]; nextCursor?: string };
        error?: { code: number };
      };
    const first = await page();
    expect(first.result.tools).toHaveLength(5);
    const cursor = first.result.nextCursor;
    const second = await page(cursor);
    expect(second.result.tools[0]?.name).toBe('tool-15');
    const third = await page(second.result.nextCursor);
    expect(third.result.tools.map(({ name }) => name)).toEqual(['tool-20', 'tool-21']);
    expect(third.result.nextCursor).toBeUndefined();
    const foreign = [
      await page(cursor, '/servers/other/mcp'),
      await page(cursor, '/servers/many/mcp', 'prompts/list'),
      await page(cursor, '/servers/many/mcp', 'tools/list', theirs.token),
      await page(''),
      await page('garbage'),
      await page(`${cursor ?? ''}x`),
      await page(7),
    ];
    for (const answer of foreign) expect(answer.error?.code).toBe(-32602);
  });
});
