import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  addUpstream,
  addUser,
  addVirtualServer,
  callMcp,
  callModern,
  freePort,
  postMcp,
  startFixtureServer,
  textTool,
  type FixtureServer,
} from '#testing';
import {
  compose,
  entriesOf,
  exactRequest,
  firstText,
  startMcpWorld,
  toolNames,
  untilServed,
  type McpWorld,
} from './mcp-world.js';

type Json = Record<string, unknown>;

const longSlug = 'a-slug-that-has-32-letters-in-it';
const oddTools = [
  'x'.repeat(64),
  `${'x'.repeat(63)}y`,
  'files/read',
  'files.read',
  'naïve ☕',
  'UPPER',
  '__proto__',
  'constructor',
];

let world: McpWorld;
let plain: FixtureServer;
let old: FixtureServer;
let young: FixtureServer;
let odd: FixtureServer;
let user: { client: McpWorld['admin']; token: string };

/** What a vendor might add to every object of the protocol. */
const vendor = { kept: [1, { deep: true }], 'x-null': null };
const vendorTool = {
  definition: { name: 'vendor', title: 'V', inputSchema: { type: 'object', 'x-vendor': vendor }, vendor },
  run: () => ({ content: [{ type: 'vendor/new', vendor }], structuredContent: { a: 1 }, isError: false, vendor }),
};

beforeAll(async () => {
  [world, plain, old, young, odd] = await Promise.all([
    startMcpWorld({
      GATEHOUSE_GATEWAY_ALLOWED_ORIGINS: 'https://console.example',
      // The gateway names this address in its metadata.
      GATEHOUSE_CONTROL_PLANE_PORT: String(await freePort()),
    }),
    startFixtureServer({ era: 'legacy' }),
    startFixtureServer({ era: 'legacy', sessions: true, sse: true }),
    startFixtureServer({ era: 'modern' }),
    startFixtureServer({ era: 'modern' }),
  ]);
  for (const { catalogue } of [plain, old, young]) {
    catalogue.tools.push(vendorTool);
    catalogue.resources.push({
      definition: { uri: 'fixture://vendor', name: 'v', vendor },
      contents: { uri: 'fixture://vendor', text: 'v', vendor },
    });
    catalogue.prompts.push({ definition: { name: 'vendor', vendor }, get: () => ({ messages: [], vendor }) });
  }
  odd.catalogue.tools = oddTools.map((name) => textTool(name, 'odd', () => `I am ${name}`));
  const { admin, token } = world;
  for (const [slug, { url }] of Object.entries({ plain, old, young, [longSlug]: odd })) {
    const id = await addUpstream(admin, slug, url);
    if (['plain', 'old', 'young'].includes(slug)) await compose(admin, slug, await entriesOf(admin, id));
    if (slug === 'plain') await addVirtualServer(admin, 'only-echo', id, ['echo']);
  }
  user = await addUser(admin, world.gatehouse.controlPlane, 'ursula');
  await untilServed(world.at('/mcp'), user.token);
  await untilServed(world.at('/servers/young/mcp'), token);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await Promise.all([plain, old, young, odd].map((server) => server?.close()));
});
beforeEach(() => {
  for (const { requests } of [plain, old, young, odd]) requests.length = 0;
});

const upstreamRequests = () => [plain, old, young, odd].flatMap(({ requests }) => requests);
const legacy = (method: string, params: Json = {}) => JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
const meta =
  '"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},"vendor/meta":[1.50]}';
const headersOf = (method: string, name?: string) => ({
  'mcp-protocol-version': '2026-07-28',
  'mcp-method': method,
  ...(name === undefined ? {} : { 'mcp-name': name }),
});

describe('[GW-4] what goes through unchanged', () => {
  const numbers = '"vendor":{"n":12345678901234567890.10,"z":1.0}';
  const args = '"arguments":{"text":"☕","extra":{"x":1e2}}';
  const cells = (['legacy', 'modern'] as const).flatMap((era) =>
    (['old', 'plain', 'young'] as const).map((slug) => ({ era, slug })),
  );

  it.each(cells)('[GW-8] between a $era client and "$slug"', async ({ era, slug }) => {
    const modern = era === 'modern';
    const upstream = { old, plain, young }[slug];
    const params = `{${numbers},"name":"vendor",${args}${modern ? `,${meta}` : ''}}`;
    const body = `{"jsonrpc":"2.0","id":"🔑","method":"tools/call","params":${params}}`;
    const headers = modern
      ? { ...headersOf('tools/call', 'vendor'), 'mcp-param-unknown': 'kept' }
      : { 'mcp-protocol-version': '2025-11-25' };
    const answer = await postMcp(world.at(`/servers/${slug}/mcp`), world.token, body, headers);
    expect(answer.body).toMatchObject({
      id: '🔑',
      result: { content: [{ type: 'vendor/new', vendor }], structuredContent: { a: 1 }, isError: false, vendor },
    });
    const sent = upstream.requests.at(-1);
    for (const part of [numbers, args]) expect(sent?.text).toContain(part);
    if (modern) expect(sent?.text).toMatch(/"vendor\/meta":\[1\.50?\]/);
    if (modern && slug === 'young') expect(sent?.headers['mcp-param-unknown']).toBe('kept');
    if ((modern && slug === 'young') || (!modern && slug === 'plain')) expect(sent?.text).toBe(body);
  });

  it('lists carry the whole definition, in both eras [GW-12]', async () => {
    for (const slug of ['plain', 'young']) {
      const { catalogue } = slug === 'plain' ? plain : young;
      for (const call of [callMcp, callModern])
        for (const [method, member] of [
          ['tools/list', 'tools'],
          ['resources/list', 'resources'],
          ['prompts/list', 'prompts'],
        ] as const) {
          const { body } = await call(world.at(`/upstreams/${slug}/mcp`), world.token, method);
          const definitions = catalogue[member].map(({ definition }) => definition);
          expect(body?.result?.[member]).toHaveLength(definitions.length);
          expect(body?.result?.[member]).toEqual(expect.arrayContaining(definitions));
        }
    }
  });

  it('reads and prompts keep what they are given [GW-5] [GW-6]', async () => {
    for (const call of [callMcp, callModern])
      for (const slug of ['old', 'young']) {
        const url = world.at(`/servers/${slug}/mcp`);
        const read = await call(url, world.token, 'resources/read', { uri: 'fixture://vendor' });
        expect(read.body?.result?.['contents']).toEqual([{ uri: 'fixture://vendor', text: 'v', vendor }]);
        const got = await call(url, world.token, 'prompts/get', { name: 'vendor' });
        expect(got.body?.result).toMatchObject({ messages: [], vendor });
      }
  });
});

describe('what each address offers', () => {
  const toolsAt = async (at: string, token: string) => toolNames(await callMcp(world.at(at), token, 'tools/list'));

  it('[GW-10] /mcp: distinct names of at most 60 usable characters, each of which calls its own tool', async () => {
    const prefix = `${longSlug}__`;
    const names = (await toolsAt('/mcp', world.token)).filter((name) => name.startsWith(prefix));
    expect(new Set(names).size).toBe(oddTools.length);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,60}$/);
    const answers = await Promise.all(
      names.map((name) => callMcp(world.at('/mcp'), world.token, 'tools/call', { name })),
    );
    const said = answers.map(firstText);
    expect(new Set(said)).toEqual(new Set(oddTools.map((name) => `I am ${name}`)));
  });

  it('[GW-11] a virtual server: its entries; anything else is unknown and reaches nobody', async () => {
    const url = world.at('/servers/only-echo/mcp');
    expect(await toolsAt('/servers/only-echo/mcp', user.token)).toEqual(['echo']);
    const calls: [string, Json][] = [
      ['tools/call', { name: 'add', arguments: { a: 1, b: 1 } }],
      ['tools/call', { name: 'plain__echo', arguments: { text: 'x' } }],
      ['tools/call', { name: 'ECHO', arguments: { text: 'x' } }],
      ['tools/call', { name: 'no-such-tool' }],
      ['resources/read', { uri: 'fixture://text' }],
      ['resources/read', { uri: 'fixture://item/7' }],
      ['prompts/get', { name: 'simple' }],
    ];
    for (const [method, params] of calls)
      for (const call of [callMcp, callModern])
        for (const token of [user.token, world.token]) {
          const { status, body } = await call(url, token, method, params);
          expect([status, body?.error?.code]).toEqual([200, -32602]);
        }
    const [hidden, missing] = await Promise.all(
      ['add', 'xyz'].map((name) => callMcp(url, user.token, 'tools/call', { name })),
    );
    expect(hidden?.body?.error?.message.replace('add', 'xyz')).toBe(missing?.body?.error?.message);
    for (const method of ['resources/list', 'resources/templates/list', 'prompts/list']) {
      const { body } = await callMcp(url, user.token, method);
      expect(Object.values(body?.result ?? {})).toEqual([[]]);
    }
    expect(upstreamRequests()).toEqual([]);
    expect((await callMcp(url, user.token, 'tools/call', { name: 'echo', arguments: { text: 'x' } })).status).toBe(200);
    expect(plain.methods().filter((method) => method === 'tools/call')).toHaveLength(1);
  });

  it('[GW-12] an upstream: only for whom its own permission allows', async () => {
    expect(await toolsAt('/upstreams/plain/mcp', world.token)).toContain('echo');
    plain.requests.length = 0;
    expect(await toolsAt('/mcp', user.token)).toContain('plain__echo');
    const [denied, missing] = await Promise.all(
      ['plain', 'nowhere'].map((slug) => callMcp(world.at(`/upstreams/${slug}/mcp`), user.token, 'tools/list')),
    );
    expect(denied).toMatchObject({ status: 404, body: { error: { message: missing?.body?.error?.message } } });
    expect(missing?.status).toBe(404);
    expect(upstreamRequests()).toEqual([]);
  });
});

describe('[GW-9] metadata', () => {
  it.each(['/mcp', '/servers/plain/mcp', '/servers/not-there/mcp', '/upstreams/plain/mcp'])('of %s', async (at) => {
    for (const host of ['127.0.0.1', 'localhost']) {
      const origin = world.gatehouse.gateway.replace('127.0.0.1', host);
      const refused = await callMcp(origin + at, null, 'tools/list');
      expect(refused.status).toBe(401);
      const challenge = refused.headers.get('www-authenticate') ?? '';
      const found = /^Bearer resource_metadata="([^"]+)", scope="mcp"$/.exec(challenge)?.[1] ?? '';
      expect(found).toBe(`${origin}/.well-known/oauth-protected-resource${at}`);
      const inserted = (await (await fetch(found)).json()) as Json;
      expect(inserted).toMatchObject({ resource: origin + at, authorization_servers: [world.gatehouse.controlPlane] });
      const root = (await (await fetch(`${origin}/.well-known/oauth-protected-resource`)).json()) as Json;
      expect(root).toEqual({ ...inserted, resource: origin });
    }
  });
});

describe('[GW-17] who may ask', () => {
  const send = (headers: Record<string, string>) =>
    exactRequest(world.gatehouse.gateway, {
      path: '/servers/plain/mcp',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${world.token}`, ...headers },
      body: legacy('tools/call', { name: 'echo', arguments: { text: 'x' } }),
    });
  const host = () => new URL(world.gatehouse.gateway).host;

  it('pages of other origins are refused, those of allowed ones are not', async () => {
    const foreign = [
      'https://evil.example',
      'null',
      `https://${host()}`,
      'http://127.0.0.1',
      'https://console.example.evil.example',
      'file://',
    ];
    for (const origin of foreign) {
      const answer = await send({ host: host(), origin });
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    }
    for (const name of ['evil.example', `evil.example:${new URL(world.gatehouse.gateway).port}`, '169.254.169.254'])
      expect((await send({ host: name })).status).toBe(403);
    expect(upstreamRequests()).toEqual([]);
    for (const origin of ['https://console.example', world.gatehouse.gateway])
      expect(await send({ host: host(), origin })).toMatchObject({
        status: 200,
        headers: { 'access-control-allow-origin': origin },
      });
  });
});

describe('[GW-18] headers that contradict the body', () => {
  const body = `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"with-region","arguments":{"region":"ch"},${meta}}}`;
  const right: Record<string, string> = { ...headersOf('tools/call', 'with-region'), 'mcp-param-region': 'ch' };
  const without = (name: string) => Object.fromEntries(Object.entries(right).filter(([key]) => key !== name));

  it.each<[string, Record<string, string>]>([
    ['another method', { ...right, 'mcp-method': 'tools/list' }],
    ['no method', without('mcp-method')],
    ['another tool', { ...right, 'mcp-name': 'echo' }],
    ['a tool in other letters', { ...right, 'mcp-name': 'With-Region' }],
    ['no tool', without('mcp-name')],
    ['another tool in base64', { ...right, 'mcp-name': `=?base64?${Buffer.from('echo').toString('base64')}?=` }],
    ['another revision', { ...right, 'mcp-protocol-version': '2025-11-25' }],
    ['another parameter', { ...right, 'mcp-param-region': 'de' }],
    ['no parameter', without('mcp-param-region')],
  ])('%s', async (_name, headers) => {
    const answer = await postMcp(world.at('/servers/young/mcp'), world.token, body, headers);
    expect([answer.status, answer.body?.error?.code]).toEqual([400, -32020]);
    expect(upstreamRequests()).toEqual([]);
  });

  it('and none that agree with it', async () => {
    const encoded = { ...right, 'mcp-name': `=?base64?${Buffer.from('with-region').toString('base64')}?=` };
    for (const headers of [right, encoded])
      expect((await postMcp(world.at('/servers/young/mcp'), world.token, body, headers)).body?.result).toMatchObject({
        content: [{ text: 'region ch' }],
      });
  });
});

describe('[GW-20] two principals', () => {
  it('never share an upstream session; one principal keeps its own', async () => {
    const echo = (token: string) =>
      callMcp(world.at('/servers/old/mcp'), token, 'tools/call', { name: 'echo', arguments: { text: 'x' } });
    const sessions = () =>
      old.requests.flatMap(({ headers, text }) => (text.includes('tools/call') ? [headers['mcp-session-id']] : []));
    await echo(world.token);
    await echo(user.token);
    await Promise.all([
      echo(world.token),
      echo(user.token),
      callMcp(world.at('/mcp'), user.token, 'tools/call', { name: 'old__echo', arguments: { text: 'x' } }),
    ]);
    const [mine, theirs, ...rest] = sessions();
    expect(mine).toEqual(expect.any(String));
    expect(theirs).toEqual(expect.any(String));
    expect(mine).not.toBe(theirs);
    expect(rest.map((id) => id === theirs || id === mine)).toEqual([true, true, true]);
    expect(rest.filter((id) => id === theirs)).toHaveLength(2);
  });
});

describe('[GW-21] methods', () => {
  it.each([
    'tools/destroy',
    'constructor',
    '__proto__',
    'subscriptions/listen',
    'tasks/list',
    'tasks/update',
    'server/discover',
    '',
  ])('a legacy "%s" is unknown', async (method) => {
    const answer = await callMcp(world.at('/servers/plain/mcp'), world.token, method, { name: 'echo' });
    expect([answer.status, answer.body?.error?.code]).toEqual([200, -32601]);
    expect(upstreamRequests()).toEqual([]);
  });

  it.each(['ping', 'tools/destroy', 'resources/subscribe', 'tasks/result', 'logging/setLevel'])(
    'a modern "%s" is unknown',
    async (method) => {
      const answer = await callModern(world.at('/servers/young/mcp'), world.token, method);
      expect([answer.status, answer.body?.error?.code]).toEqual([404, -32601]);
      expect(upstreamRequests()).toEqual([]);
    },
  );
});

describe('bad input', () => {
  const deep = (depth: number) =>
    `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","a":${'['.repeat(depth)}${']'.repeat(depth)}}}`;
  const call = (params: string) => `{"jsonrpc":"2.0","id":1,"method":"tools/call","params":${params}}`;
  const table: [string, string | Uint8Array<ArrayBuffer>, number, number][] = [
    [
      '[BAD-11] a body of 10 MB',
      call(`{"name":"echo","arguments":{"text":"${'x'.repeat(10 * 1024 ** 2)}"}}`),
      413,
      -32600,
    ],
    ['[BAD-12] JSON of depth 10,000', deep(10_000), 400, -32700],
    ['[BAD-12] depth 10,000 of objects', `${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`, 400, -32700],
    [
      '[BAD-13] __proto__ as an argument',
      call('{"name":"echo","arguments":{"text":"x","__proto__":{"admin":true}}}'),
      400,
      -32700,
    ],
    ['[BAD-13] __proto__ spelled with escapes', call('{"name":"echo","\\u005f_proto__":{"name":"add"}}'), 400, -32700],
    ['[BAD-14] the tool twice', call('{"name":"echo","name":"add"}'), 400, -32700],
    ['[BAD-14] the tool twice, once in escapes', call('{"name":"echo","n\\u0061me":"add"}'), 400, -32700],
    [
      '[BAD-14] the method twice',
      '{"jsonrpc":"2.0","id":1,"method":"ping","method":"tools/call","params":{"name":"echo"}}',
      400,
      -32700,
    ],
    ['no JSON', '{"jsonrpc":', 400, -32700],
    ['invalid UTF-8', new Uint8Array(Buffer.from('{"jsonrpc":"2.0","id":1,"method":"\xff"}', 'latin1')), 400, -32700],
    ['two documents', `${legacy('ping')}${legacy('ping')}`, 400, -32700],
    ['an id that is an object', '{"jsonrpc":"2.0","id":{},"method":"ping"}', 400, -32600],
  ];

  it.each(table)('%s', async (_name, body, status, code) => {
    for (const at of ['/servers/plain/mcp', '/mcp', '/upstreams/plain/mcp']) {
      const answer = await postMcp(world.at(at), world.token, body);
      expect([answer.status, answer.body?.error?.code]).toEqual([status, code]);
      expect(answer.text).not.toMatch(/\bat \S+ \(|node_modules|apps\/gateway|x{100}/);
    }
    expect(upstreamRequests()).toEqual([]);
    expect((await callMcp(world.at('/servers/plain/mcp'), world.token, 'ping')).status).toBe(200);
  });

  it('is accepted just below the limits', async () => {
    const text = 'x'.repeat(3 * 1024 ** 2);
    const nested = await postMcp(world.at('/servers/plain/mcp'), world.token, deep(100));
    expect(nested.body?.result).toBeDefined();
    const big = await callMcp(world.at('/servers/plain/mcp'), world.token, 'tools/call', {
      name: 'echo',
      arguments: { text },
    });
    expect(firstText(big)).toHaveLength(text.length);
  });
});
