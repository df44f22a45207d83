import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addUpstream, callMcp, callModern, startFixtureServer, type FixtureServer } from '#testing';
import { projectRoot } from '../project-files.js';
import { compose, entriesOf, startEverythingServer, startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';

type Json = Record<string, unknown>;

/** Smaller than every list, so that each client must ask for more than one page. */
const pageSize = 2;

let world: McpWorld;
let everything: Awaited<ReturnType<typeof startEverythingServer>>;
let old: FixtureServer;
let young: FixtureServer;

beforeAll(async () => {
  [world, everything, old, young] = await Promise.all([
    startMcpWorld({ GATEHOUSE_GATEWAY_PAGE_SIZE: String(pageSize), GATEHOUSE_MCP_HTTP_SSE: 'true' }),
    startEverythingServer(),
    startFixtureServer({ era: 'legacy', sessions: true, sse: true, pageSize: 3 }),
    startFixtureServer({ era: 'modern', pageSize: 3 }),
  ]);
  const { admin, token } = world;
  for (const [slug, { url }] of [
    ['everything', everything],
    ['old', old],
    ['young', young],
  ] as const)
    await compose(admin, slug, await entriesOf(admin, await addUpstream(admin, slug, url)));
  await untilServed(world.at('/servers/young/mcp'), token);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await Promise.all([everything?.stop(), old?.close(), young?.close()]);
});

/** The part of both SDKs' clients that is used here; their results have the same shapes. */
interface AnyClient {
  close(): Promise<void>;
  listTools(page?: Json): Promise<{ tools: Json[]; nextCursor?: string }>;
  callTool(params: { name: string; arguments?: Json }): Promise<Json>;
  listResources(page?: Json): Promise<{ resources: Json[]; nextCursor?: string }>;
  listResourceTemplates(page?: Json): Promise<{ resourceTemplates: Json[]; nextCursor?: string }>;
  readResource(params: { uri: string }): Promise<{ contents: Json[] }>;
  listPrompts(page?: Json): Promise<{ prompts: Json[]; nextCursor?: string }>;
  getPrompt(params: { name: string; arguments?: Record<string, string> }): Promise<{ messages: unknown[] }>;
  getServerVersion(): { name: string } | undefined;
}

/** Where a client connects to, with a token or, straight to an upstream, without. */
interface Goal {
  readonly url: string;
  readonly token: string | null;
}

const init = ({ token }: Goal) => ({
  requestInit: token === null ? {} : { headers: { authorization: `Bearer ${token}` } },
});

async function v1(goal: Goal): Promise<AnyClient> {
  const client = new Client({ name: 'v1', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(goal.url), init(goal)));
  return client;
}

const v2 = (mode: 'legacy' | 'auto' | { pin: string }) =>
  async function connect(goal: Goal): Promise<AnyClient> {
    const client = new ModernClient({ name: 'v2', version: '1' }, { versionNegotiation: { mode } });
    await client.connect(new ModernTransport(new URL(goal.url), init(goal)));
    return client;
  };

const clients = [
  ['SDK v1', v1],
  ['SDK v2 legacy', v2('legacy')],
  ['SDK v2 auto', v2('auto')],
  ['SDK v2 modern', v2({ pin: '2026-07-28' })],
] as const;

const through = (to: string): Goal => ({ url: world.at(to), token: world.token });

/** Every page of a list: some clients read one page at a time, some read on by themselves. */
async function every(list: (page?: Json) => Promise<{ nextCursor?: string }>, member: string, key: string) {
  const found = new Map<string, Json>();
  let cursor: string | undefined;
  for (let pages = 0; pages < 100; pages += 1) {
    const page: { nextCursor?: string } & Json = await list(cursor === undefined ? undefined : { cursor });
    for (const item of page[member] as Json[]) found.set(String(item[key]), item);
    cursor = page.nextCursor;
    if (cursor === undefined) return [...found.keys()].toSorted().map((name) => found.get(name));
  }
  throw new Error(`the list of ${member} does not end`);
}

const everyTool = (client: AnyClient) => every((page) => client.listTools(page), 'tools', 'name');
const everyResource = (client: AnyClient) => every((page) => client.listResources(page), 'resources', 'uri');
const everyTemplate = (client: AnyClient) =>
  every((page) => client.listResourceTemplates(page), 'resourceTemplates', 'uriTemplate');
const everyPrompt = (client: AnyClient) => every((page) => client.listPrompts(page), 'prompts', 'name');

const namesOf = (definitions: { definition: Json }[], key: string) =>
  definitions.map(({ definition }) => String(definition[key])).toSorted();

describe.each(clients)('[GW-8] [CLT-1] [CLT-2] %s', (_name, connect) => {
  it.each(['old', 'young'] as const)(
    'uses everything of the own %s server, page by page [GW-3] [GW-5] [GW-6]',
    async (slug) => {
      const { catalogue } = slug === 'old' ? old : young;
      const client = await connect(through(`/servers/${slug}/mcp`));
      expect(client.getServerVersion()?.name).toBe('gatehouse');
      expect((await everyTool(client)).map((tool) => tool?.['name'])).toEqual(namesOf(catalogue.tools, 'name'));
      expect((await everyResource(client)).map((one) => one?.['uri'])).toEqual(namesOf(catalogue.resources, 'uri'));
      expect((await everyTemplate(client)).map((one) => one?.['uriTemplate'])).toEqual(['fixture://item/{id}']);
      expect((await everyPrompt(client)).map((one) => one?.['name'])).toEqual(namesOf(catalogue.prompts, 'name'));

      expect(await client.callTool({ name: 'echo', arguments: { text: 'grüße ☕' } })).toMatchObject({
        content: [{ type: 'text', text: 'grüße ☕' }],
      });
      expect(await client.callTool({ name: 'structured' })).toMatchObject({ structuredContent: { celsius: 21 } });
      expect(await client.callTool({ name: 'fail' })).toMatchObject({ isError: true });
      expect(await client.callTool({ name: 'with-region', arguments: { region: 'us west ☕' } })).toMatchObject({
        content: [{ text: 'region us west ☕' }],
      });
      const big = (await client.callTool({ name: 'big', arguments: { kb: 512 } })) as { content: { text: string }[] };
      expect(big.content[0]?.text).toHaveLength(512 * 1024);
      expect((await client.readResource({ uri: 'fixture://binary' })).contents[0]).toMatchObject({ blob: 'AAEC/w==' });
      expect((await client.readResource({ uri: 'fixture://item/7' })).contents[0]).toMatchObject({ text: 'item 7' });
      expect((await client.getPrompt({ name: 'with-args', arguments: { topic: 'gates' } })).messages).toEqual([
        { role: 'user', content: { type: 'text', text: 'Write about gates.' } },
      ]);
      await expect(client.callTool({ name: 'nothing' })).rejects.toMatchObject({ code: -32602 });
      await client.close();
    },
  );

  it('sees server-everything as a client without a gateway does [GW-12]', async () => {
    const direct = await v1({ url: everything.url, token: null });
    const composed = await connect(through('/servers/everything/mcp'));
    const untouched = await connect(through('/upstreams/everything/mcp'));
    const listed = async (client: AnyClient) => ({
      // Tasks are not part of the modern revision, so `execution` is for legacy clients only.
      tools: (await everyTool(client)).map((tool) => Object.assign({}, tool, { execution: undefined })),
      resources: await everyResource(client),
      resourceTemplates: await everyTemplate(client),
      prompts: await everyPrompt(client),
    });
    const here = await listed(direct);
    for (const list of Object.values(here)) expect(list.length).toBeGreaterThan(1);
    expect(await listed(composed)).toEqual(here);
    expect(await listed(untouched)).toEqual(here);

    const uri = 'demo://resource/static/document/architecture.md';
    const sum = { name: 'get-sum', arguments: { a: 19, b: 23 } };
    const structured = { name: 'get-structured-content', arguments: { location: 'New York' } };
    const prompt = { name: 'args-prompt', arguments: { city: 'Bern' } };
    const content = async (client: AnyClient, call: { name: string; arguments: Json }) => {
      const { content: blocks, structuredContent } = await client.callTool(call);
      return { blocks, structuredContent };
    };
    for (const client of [composed, untouched]) {
      expect(await content(client, sum)).toEqual(await content(direct, sum));
      expect(await content(client, structured)).toEqual(await content(direct, structured));
      expect((await client.readResource({ uri })).contents).toEqual((await direct.readResource({ uri })).contents);
      expect((await client.getPrompt(prompt)).messages).toEqual((await direct.getPrompt(prompt)).messages);
    }
    await Promise.all([direct.close(), composed.close(), untouched.close()]);
  });

  it('finds all three under one prefixed roof [GW-10]', async () => {
    const client = await connect(through('/mcp'));
    const tools = (await everyTool(client)).map((tool) => String(tool?.['name']));
    const expected = [...namesOf(old.catalogue.tools, 'name').flatMap((name) => [`old__${name}`, `young__${name}`])];
    expect(tools.filter((name) => !name.startsWith('everything__'))).toEqual(expected.toSorted());
    expect(tools).toContain('everything__get-sum');
    expect(tools.filter((name) => !/^[A-Za-z0-9_-]{1,60}$/.test(name))).toEqual([]);
    for (const [name, args, text] of [
      ['everything__get-sum', { a: 1, b: 2 }, 'The sum of 1 and 2 is 3.'],
      ['old__add', { a: 1, b: 2 }, '3'],
      ['young__add', { a: 1, b: 2 }, '3'],
    ] as const)
      expect(await client.callTool({ name, arguments: args })).toMatchObject({ content: [{ text }] });
    // A link in a result leads back through the gateway.
    const { content } = (await client.callTool({ name: 'young__link' })) as { content: { uri: string }[] };
    const uri = content[0]?.uri ?? '';
    expect(uri).toBe('gatehouse:young:fixture://text');
    expect((await client.readResource({ uri })).contents).toEqual([{ uri, mimeType: 'text/plain', text: 'hello' }]);
    await client.close();
  });

  it('is refused without a token, and with one that is none [BAD-1]', async () => {
    for (const token of [null, 'gth_no.such.token'])
      await expect(connect({ url: world.at('/mcp'), token })).rejects.toThrow();
  });
});

describe('the opening of a conversation', () => {
  it.each(['2025-03-26', '2025-06-18', '2025-11-25'])(
    '[GW-1] a legacy client that asks for %s gets it',
    async (version) => {
      const { body } = await initialize(version);
      expect(body?.result).toMatchObject({ protocolVersion: version, serverInfo: { name: 'gatehouse' } });
      expect(Object.keys(body?.result?.['capabilities'] as Json).toSorted()).toEqual(['prompts', 'resources', 'tools']);
    },
  );

  it.each(['2024-11-05', '2099-01-01', 'nonsense'])(
    '[GW-1] one that asks for %s is offered the latest',
    async (version) => {
      expect((await initialize(version)).body?.result).toMatchObject({ protocolVersion: '2025-11-25' });
    },
  );

  const initialize = (protocolVersion: string) =>
    callMcp(world.at('/servers/old/mcp'), world.token, 'initialize', {
      protocolVersion,
      capabilities: {},
      clientInfo: { name: 'e2e', version: '1' },
    });

  it('[GW-2] a modern client discovers without one, on every kind of endpoint', async () => {
    // A pass-through is what its upstream says that it is, where it is asked in its own era.
    for (const [at, name] of [
      ['/mcp', 'gatehouse'],
      ['/servers/old/mcp', 'gatehouse'],
      ['/upstreams/old/mcp', 'gatehouse'],
      ['/upstreams/young/mcp', 'fixture'],
    ] as const) {
      const { status, body, headers } = await callModern(world.at(at), world.token, 'server/discover');
      expect([status, headers.get('mcp-session-id')]).toEqual([200, null]);
      expect(body?.result).toMatchObject({
        resultType: 'complete',
        supportedVersions: ['2026-07-28'],
        capabilities: { tools: {}, resources: {}, prompts: {} },
        cacheScope: 'private',
        _meta: { 'io.modelcontextprotocol/serverInfo': { name } },
      });
    }
    expect((await callModern(world.at('/mcp'), world.token, 'initialize')).body?.error?.code).toBe(-32601);
  });

  it('[GW-7] pings are answered here', async () => {
    old.requests.length = 0;
    expect((await callMcp(world.at('/servers/old/mcp'), world.token, 'ping')).body?.result).toEqual({});
    const client = new Client({ name: 'v1', version: '1' });
    const goal = through('/servers/old/mcp');
    await client.connect(new StreamableHTTPClientTransport(new URL(goal.url), init(goal)));
    expect(await client.ping()).toEqual({});
    await client.close();
    expect(old.requests).toEqual([]);
  });
});

describe('[CLT-3] MCP Inspector CLI', () => {
  let home: string;
  beforeAll(() => void (home = mkdtempSync(path.join(tmpdir(), 'gatehouse-inspector-'))));
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  /** As which client the Inspector goes where. */
  interface Guise {
    readonly title: string;
    readonly end: 'mcp' | 'sse';
    readonly args: readonly string[];
  }
  const guises: readonly Guise[] = [
    { title: 'legacy', end: 'mcp', args: ['--transport', 'http', '--protocol-era', 'legacy'] },
    { title: 'modern', end: 'mcp', args: ['--transport', 'http', '--protocol-era', 'modern'] },
    { title: 'HTTP+SSE', end: 'sse', args: ['--transport', 'sse'] },
  ];

  async function inspect(guise: Guise, to: string, asked: readonly string[], token: string | null = world.token) {
    const program = path.join(projectRoot, 'node_modules/.bin/mcp-inspector');
    const header = token === null ? [] : ['--header', `Authorization: Bearer ${token}`];
    const fixed = [...guise.args, '--stored-auth-only', '--format', 'json', '-q'];
    const url = world.at(`${to}/${guise.end}`);
    const args = [...fixed, ...header, ...asked];
    const child = spawn(process.execPath, [program, '--cli', url, ...args], {
      env: { PATH: process.env['PATH'], HOME: home, MCP_INSPECTOR_SECRET_STORE: 'memory' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const output = { stdout: '', stderr: '' };
    child.stdout.on('data', (chunk) => (output.stdout += String(chunk)));
    child.stderr.on('data', (chunk) => (output.stderr += String(chunk)));
    const code = await new Promise<number | null>((resolve) => void child.once('close', resolve));
    const { result } = (code === 0 ? JSON.parse(output.stdout) : {}) as { result?: Json };
    return { code, result, stderr: output.stderr };
  }

  it.each(guises)('works as a $title client', async (guise) => {
    const call = (name: string, ...more: string[]) => ['--method', 'tools/call', '--tool-name', name, ...more];
    const [list, ...answers] = await Promise.all([
      inspect(guise, '', ['--method', 'tools/list']),
      inspect(guise, '', call('everything__get-sum', '--tool-args-json', '{"a":1,"b":2}')),
      inspect(guise, '/servers/young', call('echo', '--tool-arg', 'text=hi')),
      inspect(guise, '/servers/old', ['--method', 'resources/read', '--uri', 'fixture://text']),
      inspect(guise, '/servers/young', [
        '--method',
        'prompts/get',
        '--prompt-name',
        'with-args',
        '--prompt-args',
        'topic=gates',
      ]),
    ]);
    expect(list).toMatchObject({ code: 0 });
    const names = ((list?.result?.['tools'] ?? []) as Json[]).map((tool) => tool['name']);
    expect(names).toEqual(expect.arrayContaining(['everything__echo', 'old__echo', 'young__echo']));
    expect(answers).toMatchObject([
      { code: 0, result: { content: [{ text: 'The sum of 1 and 2 is 3.' }] } },
      { code: 0, result: { content: [{ text: 'hi' }] } },
      { code: 0, result: { contents: [{ uri: 'fixture://text', text: 'hello' }] } },
      { code: 0, result: { messages: [{ content: { text: 'Write about gates.' } }] } },
    ]);
  });

  it.each(guises)(
    'tells a $title client that a token is missing (exit code 3) and a tool failed (5)',
    async (guise) => {
      const [refused, failed, unknown] = await Promise.all([
        inspect(guise, '/servers/young', ['--method', 'tools/list'], null),
        inspect(guise, '/servers/old', ['--method', 'tools/call', '--tool-name', 'fail']),
        inspect(guise, '', ['--method', 'tools/call', '--tool-name', 'nothing']),
      ]);
      expect(refused.code).toBe(3);
      expect(refused.stderr).toContain('auth_required');
      expect([failed.code, unknown.code]).toEqual([5, 5]);
    },
  );
});
