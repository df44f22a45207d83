import { Client as NewClient, StreamableHTTPClientTransport as NewTransport } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { CreateMessageRequestSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  addUpstream,
  callMcp,
  fixtureCatalogue,
  postMcp,
  startFixtureServer,
  textTool,
  until,
  type FixtureServer,
  type FixtureTool,
  type McpAnswer,
} from '#testing';
import { compose, entriesOf, startEverythingServer, startMcpWorld, untilServed, type McpWorld } from './mcp-world.js';

type Json = Record<string, unknown>;

let world: McpWorld;
let everything: Awaited<ReturnType<typeof startEverythingServer>>;
let young: FixtureServer;
let old: FixtureServer;
const ids = new Map<string, string>();

const byName = ([left]: readonly unknown[], [right]: readonly unknown[]) => (String(left) < String(right) ? -1 : 1);
const has = (name: string) => (capabilities: Json) => name in capabilities;

/** What the tests have clients declare. */
interface ClientCapabilities {
  readonly sampling?: Record<string, never>;
  readonly elicitation?: { readonly form?: Record<string, never>; readonly url?: Record<string, never> };
  readonly roots?: Record<string, never>;
}

/** A tool of a modern server that has its client think first (2026-07-28, Multi Round-Trip Requests). */
const think: FixtureTool = {
  definition: { name: 'think', description: 'Has its client think.', inputSchema: { type: 'object' } },
  needs: has('sampling'),
  run: (_args, _signal, params) => {
    const answers = params['inputResponses'] as { thought: { content: { text: string } } } | undefined;
    if (answers) return { content: [{ type: 'text', text: `thought ${answers.thought.content.text}` }] };
    const messages = [{ role: 'user', content: { type: 'text', text: 'Think.' } }];
    return {
      resultType: 'input_required',
      inputRequests: { thought: { method: 'sampling/createMessage', params: { messages, maxTokens: 10 } } },
    };
  },
};

function asking(): ReturnType<typeof fixtureCatalogue> {
  const catalogue = fixtureCatalogue();
  catalogue.tools.push(think, { ...textTool('walk', 'Walks the roots.', () => 'walked'), needs: has('roots') });
  catalogue.prompts.push({
    definition: { name: 'tour' },
    needs: has('roots'),
    get: () => ({ messages: [{ role: 'user', content: { type: 'text', text: 'A tour.' } }] }),
  });
  catalogue.resources.push({
    definition: { uri: 'fixture://form', name: 'form' },
    contents: { uri: 'fixture://form', text: 'a form' },
    needs: has('elicitation'),
  });
  catalogue.resourceTemplates?.push({
    definition: { uriTemplate: 'form://{id}', name: 'forms' },
    read: (uri) => (uri.startsWith('form://') ? { uri, text: 'one of the forms' } : null),
    needs: has('elicitation'),
  });
  return catalogue;
}

beforeAll(async () => {
  [world, everything, young, old] = await Promise.all([
    startMcpWorld({ GATEHOUSE_GATEWAY_PAGE_SIZE: '4' }),
    startEverythingServer(),
    startFixtureServer({ era: 'modern', catalogue: asking() }),
    startFixtureServer({ era: 'legacy', sessions: true, catalogue: asking() }),
  ]);
  const { admin, token } = world;
  for (const [slug, { url }] of Object.entries({ everything, young, old })) {
    ids.set(slug, await addUpstream(admin, slug, url));
    await compose(admin, slug, await entriesOf(admin, ids.get(slug) ?? ''));
  }
  await untilServed(world.at('/servers/old/mcp'), token);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await Promise.all([everything?.stop(), young?.close(), old?.close()]);
});

/** A client of one of the SDKs, as far as it is used here. */
interface AnyClient {
  readonly asked: () => number;
  readonly changes: () => number;
  tools(): Promise<string[]>;
  prompts(): Promise<string[]>;
  text(tool: string): Promise<string>;
  listen(): Promise<void>;
  close(): Promise<void>;
}

interface Paged {
  listTools(page?: Json): Promise<{ tools: { name: string }[]; nextCursor?: string | undefined }>;
  listPrompts(page?: Json): Promise<{ prompts: { name: string }[]; nextCursor?: string | undefined }>;
}

async function names(list: 'tools' | 'prompts', client: Paged): Promise<string[]> {
  const found: string[] = [];
  let cursor: string | undefined;
  do {
    const page = cursor === undefined ? {} : { cursor };
    const { nextCursor, ...rest } = list === 'tools' ? await client.listTools(page) : await client.listPrompts(page);
    found.push(...(Object.values(rest).find(Array.isArray) as { name: string }[]).map(({ name }) => name));
    cursor = nextCursor;
  } while (cursor !== undefined);
  return found.toSorted();
}

const open: { close(): Promise<void> }[] = [];
afterAll(() => Promise.allSettled(open.map((client) => client.close())));

const sampled = { role: 'assistant', content: { type: 'text', text: 'hard' }, model: 'm' } as const;
const firstText = ({ content }: Json) => String((content as Json[])[0]?.['text']);

async function v1(
  url: string,
  capabilities: ClientCapabilities,
  token: string | null = world.token,
): Promise<AnyClient> {
  const client = new Client({ name: 'v1', version: '1' }, { capabilities });
  let asked = 0;
  let changes = 0;
  if (capabilities.sampling) client.setRequestHandler(CreateMessageRequestSchema, () => (asked++, sampled));
  client.fallbackNotificationHandler = async ({ method }) => void (changes += method.endsWith('list_changed') ? 1 : 0);
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const transport = new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } });
  await client.connect(transport);
  open.push(client);
  return {
    asked: () => asked,
    changes: () => changes,
    tools: () => names('tools', client),
    prompts: () => names('prompts', client),
    text: async (name) => firstText(await client.callTool({ name, arguments: { prompt: 'p' } })),
    listen: () => Promise.resolve(),
    close: () => client.close(),
  };
}

const v2 = (mode: 'legacy' | { pin: string }) =>
  async function connect(url: string, capabilities: ClientCapabilities): Promise<AnyClient> {
    const client = new NewClient({ name: 'v2', version: '1' }, { capabilities, versionNegotiation: { mode } });
    let asked = 0;
    let changes = 0;
    if (capabilities.sampling) client.setRequestHandler('sampling/createMessage', () => (asked++, sampled));
    client.fallbackNotificationHandler = async ({ method }) =>
      void (changes += method.endsWith('list_changed') ? 1 : 0);
    const headers = { authorization: `Bearer ${world.token}` };
    await client.connect(new NewTransport(new URL(url), { requestInit: { headers } }));
    open.push(client);
    return {
      asked: () => asked,
      changes: () => changes,
      tools: () => names('tools', client),
      prompts: () => names('prompts', client),
      text: async (name) => firstText(await client.callTool({ name, arguments: { prompt: 'p' } })),
      listen: async () => void (mode === 'legacy' || (await client.listen({ toolsListChanged: true }))),
      close: () => client.close(),
    };
  };

const clients = [
  ['SDK v1', v1],
  ['SDK v2 as a legacy client', v2('legacy')],
  ['SDK v2 as a modern client', v2({ pin: '2026-07-28' })],
] as const;
const doors = [
  ['the aggregate', () => '/mcp', (slug: string, name: string) => `${slug}__${name}`],
  ['a virtual server', (slug: string) => `/servers/${slug}/mcp`, (_: string, name: string) => name],
] as const;
const cells = clients.flatMap(([sdk, connect]) => doors.map(([at, path, name]) => ({ sdk, connect, at, path, name })));

describe.each(cells)('$sdk at $at', ({ connect, path, name }) => {
  const at = (slug: string) => world.at(path(slug));

  it.each<[string, ClientCapabilities]>([
    ['nothing', {}],
    ['sampling', { sampling: {} }],
    ['forms', { elicitation: { form: {} } }],
    ['URLs', { elicitation: { url: {} } }],
    ['roots and forms', { roots: {}, elicitation: {} }],
    ['everything', { sampling: {}, roots: {}, elicitation: { form: {}, url: {} } }],
  ])('sees of server-everything what it offers a client that declares %s [ASK-3]', async (_, capabilities) => {
    const direct = await v1(everything.url, capabilities, null);
    const client = await connect(at('everything'), capabilities);
    const own = (await direct.tools()).map((tool) => name('everything', tool));
    const seen = (await client.tools()).filter((tool) => tool.startsWith(name('everything', '')));
    expect(seen).toEqual(own.toSorted());
  });

  it.each([
    ['everything', 'trigger-sampling-request', /LLM sampling result:[^]*hard/],
    ['young', 'think', /^thought hard$/],
  ])('calls a tool of %s that needs sampling [ASK-4]', async (slug, tool, text) => {
    const client = await connect(at(slug), { sampling: {} });
    expect(await client.tools()).toContain(name(slug, tool));
    expect(await client.text(name(slug, tool))).toMatch(text);
    expect(client.asked()).toBe(1);
    const plain = await connect(at(slug), {});
    expect(await plain.tools()).not.toContain(name(slug, tool));
    await expect(plain.text(name(slug, tool))).rejects.toThrow();
  });

  it.each(['young', 'old'])('sees prompts of %s that need roots when it has some [ASK-3]', async (slug) => {
    const client = await connect(at(slug), { roots: {} });
    expect(await client.prompts()).toContain(name(slug, 'tour'));
    expect(await client.tools()).toContain(name(slug, 'walk'));
    expect(await client.text(name(slug, 'walk'))).toBe('walked');
    const plain = await connect(at(slug), { sampling: {} });
    expect(await plain.prompts()).not.toContain(name(slug, 'tour'));
    expect(await plain.tools()).not.toContain(name(slug, 'walk'));
  });
});

/** A request of 2026-07-28 with these capabilities. */
function modern(path: string, method: string, params: Json, capabilities: unknown): Promise<McpAnswer> {
  const version = '2026-07-28';
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': version,
    'io.modelcontextprotocol/clientCapabilities': capabilities,
    'io.modelcontextprotocol/clientInfo': { name: 'e2e', version: '1' },
  };
  const named = params['name'] ?? params['uri'];
  const body = { jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } };
  return postMcp(world.at(path), world.token, JSON.stringify(body), {
    ...{ 'mcp-protocol-version': version, 'mcp-method': method },
    ...(typeof named === 'string' ? { 'mcp-name': named } : {}),
  });
}

describe('a client that has not declared enough', () => {
  const uri = 'gatehouse:young:fixture://form';

  it.each([
    ['tools/call', { name: 'young__think', arguments: {} }, { sampling: {} }],
    ['tools/call', { name: 'everything__trigger-url-elicitation', arguments: {} }, { elicitation: { url: {} } }],
    ['prompts/get', { name: 'old__tour' }, { roots: {} }],
    ['resources/read', { uri }, { elicitation: { form: {} } }],
    ['resources/read', { uri: 'gatehouse:young:form://7' }, { elicitation: { form: {} } }],
    [
      'completion/complete',
      { ref: { type: 'ref/prompt', name: 'young__tour' }, argument: { name: 'a', value: '' } },
      { roots: {} },
    ],
  ])(
    'is told with -32021 what %s %j lacks, when it is modern [ASK-4]',
    async (method, params, requiredCapabilities) => {
      const { status, body } = await modern('/mcp', method, params, { experimental: {} });
      expect([status, body?.error?.code]).toEqual([400, -32021]);
      expect(body?.error?.data).toEqual({ requiredCapabilities });
      const enough = await modern('/mcp', method, params, requiredCapabilities);
      expect(enough.body?.error?.code).not.toBe(-32021);
    },
  );

  it('finds nothing there, when it is a legacy one [ASK-4]', async () => {
    for (const [method, params] of [
      ['tools/call', { name: 'young__think' }],
      ['prompts/get', { name: 'young__tour' }],
      ['resources/read', { uri }],
    ] as const) {
      const hidden = await callMcp(world.at('/mcp'), world.token, method, params);
      const named = Object.fromEntries(Object.entries(params).map(([key, value]) => [key, `${value}-not`]));
      const missing = await callMcp(world.at('/mcp'), world.token, method, named);
      expect(hidden.body?.error).toMatchObject({ code: -32602 });
      expect(hidden.status).toBe(missing.status);
      expect(JSON.stringify(missing.body?.error).replaceAll('-not', '')).toBe(JSON.stringify(hidden.body?.error));
    }
  });

  it.each([
    [{ elicitation: { url: 'https://example.com' } }],
    [{ SAMPLING: {} }],
    [{ extensions: { sampling: {} } }],
    [{ ['__proto__x']: { sampling: {} } }],
  ])('gains nothing by capabilities like %j [ASK-4]', async (capabilities) => {
    const answer = await modern('/servers/young/mcp', 'tools/list', {}, capabilities);
    expect(answer.status).toBe(200);
    expect(answer.text).not.toContain('"think"');
    const called = await modern('/servers/young/mcp', 'tools/call', { name: 'think', arguments: {} }, capabilities);
    expect([called.status, called.body?.error?.code]).toEqual([400, -32021]);
  });

  it.each([[{ sampling: true }], [{ sampling: 'yes', elicitation: 1, roots: null }], ['sampling'], [null]])(
    'is refused with capabilities that are none, like %j',
    async (capabilities) => {
      const answer = await modern('/servers/young/mcp', 'tools/list', {}, capabilities);
      expect([answer.status, answer.body?.error?.code]).toEqual([400, -32602]);
    },
  );

  it('knows nothing of what its principal may not use', async () => {
    const hidden = await modern('/servers/old/mcp', 'tools/call', { name: 'trigger-sampling-request' }, {});
    expect(hidden.body?.error).toMatchObject({ code: -32602 });
  });
});

describe('lists that not everybody sees alike', () => {
  const page = async (capabilities: unknown, cursor?: unknown) =>
    modern('/mcp', 'tools/list', cursor === undefined ? {} : { cursor }, capabilities);

  it('have cursors for clients that declare the same only [ASK-5]', async () => {
    const { body } = await page({ sampling: {} });
    const cursor = body?.result?.['nextCursor'];
    expect(cursor).toEqual(expect.any(String));
    expect((await page({ sampling: {} }, cursor)).body?.result?.['tools']).toHaveLength(4);
    expect((await page({}, cursor)).body?.error?.code).toBe(-32602);
  });

  it('are all there for administrators, with what they need [ASK-1]', async () => {
    const answer = await world.admin.send(
      `query ($id: ID!) {
        tools(upstreamId: $id, first: 100) { edges { node { name requiredClientCapabilities } } }
        prompts(upstreamId: $id, first: 100) { edges { node { name requiredClientCapabilities } } }
        resources(upstreamId: $id, first: 100) { edges { node { name requiredClientCapabilities } } }
        resourceTemplates(upstreamId: $id, first: 100) { edges { node { name requiredClientCapabilities } } }
      }`,
      { id: ids.get('young') },
    );
    expect(answer.errors).toEqual([]);
    const lists = Object.values(answer.data as unknown as Record<string, { edges: { node: Json }[] }>);
    const needs = lists.flatMap(({ edges }) =>
      edges.map(({ node }) => [node['name'], node['requiredClientCapabilities']] as const),
    );
    expect(needs.filter(([, required]) => (required as unknown[]).length > 0).toSorted(byName)).toEqual([
      ['form', [['ELICITATION_FORM'], ['ELICITATION_URL']]],
      ['forms', [['ELICITATION_FORM'], ['ELICITATION_URL']]],
      ['think', [['SAMPLING']]],
      ['tour', [['ROOTS']]],
      ['walk', [['ROOTS']]],
    ]);
    expect(needs).toHaveLength(8 + 2 + 2 + 1 + 5);
  });

  it.each(clients)('are told as changed to %s where it sees the change [ASK-5]', async (_, connect) => {
    const url = world.at('/servers/young/mcp');
    const seeing = await connect(url, { sampling: {} });
    const plain = await connect(url, {});
    await Promise.all([seeing.listen(), plain.listen()]);
    const before = [seeing.changes(), plain.changes()];
    const sync = () =>
      world.admin.mutate('syncUpstream', 'SyncUpstreamInput', { id: ids.get('young') }, 'operation { state }');
    const describeAnew = (name: string) => {
      const tool = young.catalogue.tools.find(({ definition }) => definition['name'] === name);
      Object.assign(tool?.definition ?? {}, { description: `Changed ${Date.now()} for ${name}.` });
    };
    describeAnew('think');
    await sync();
    await until('the one that sees it is told', () => seeing.changes() > (before[0] ?? 0));
    // The next change reaches both, so whatever the first one had told to the other would be here by then.
    describeAnew('echo');
    await sync();
    await until('the other one is told', () => plain.changes() > (before[1] ?? 0));
    await until('both are told', () => seeing.changes() === (before[0] ?? 0) + 2);
    expect(plain.changes()).toBe((before[1] ?? 0) + 1);
  });
});
