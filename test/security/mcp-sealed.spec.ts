import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { addUser, callMcp, postMcp, until, type ControlPlaneClient } from '#testing';
import { modernClient, openLegacyClient, type BridgeClient, type Outcome } from '../e2e/bridge-client.js';
import { compose, entriesOf } from '../e2e/mcp-world.js';
import { startSecurityWorld, type SecurityWorld } from './security-world.js';

// Item 9 of the plan's list of bad input: everything that a client carries for the gateway. What other files prove already: SES-7 (event
// ids), AGG-2 (cursors at other endpoints and tokens).

type Json = Record<string, unknown>;

const parkedTtlMs = 10_000;

let world: SecurityWorld;
let user: { token: string; client: ControlPlaneClient };

beforeAll(async () => {
  world = await startSecurityWorld({
    GATEHOUSE_GATEWAY_PAGE_SIZE: '5',
    GATEHOUSE_GATEWAY_PARKED_CALL_TTL: `${parkedTtlMs}ms`,
    GATEHOUSE_LIMITS_TOKEN_PER_MINUTE: '0',
  });
  user = await addUser(world.admin, world.gatehouse.controlPlane, 'ursula');
  await until('the user is known', async () => (await callMcp(world.at('/mcp'), user.token, 'ping')).status === 200);
});
afterAll(() => world?.[Symbol.asyncDispose]());
beforeEach(() => world.forget());

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

/** The text with one bit of one character's value turned, and the text cut, extended, padded and in other letters. */
function* variants(text: string): Generator<string> {
  const step = Math.max(1, Math.floor(text.length / 120));
  const positions = new Set(
    [...Array(text.length).keys()].filter((at) => at % step === 0 || at < 40 || at > text.length - 40),
  );
  for (const at of positions) {
    const value = alphabet.indexOf(text[at] ?? '');
    const turned = value === -1 ? 'A' : (alphabet[value ^ (1 << (at % 6))] ?? 'A');
    yield text.slice(0, at) + turned + text.slice(at + 1);
  }
  yield* [
    text.slice(0, -1),
    text.slice(1),
    `${text}A`,
    `${text}=`,
    `${text}.A`,
    text.toLowerCase(),
    `${text}${text}`,
    '',
  ];
}

const code = ({ error }: Outcome) => error?.code;
const result = ({ result: one }: Outcome): Json => one ?? {};
const modernAt = (path: string, token = world.token): BridgeClient => modernClient(world.at(path), token);
const accepted = {
  'input-1': { action: 'accept', content: { name: 'Ada' } },
  q: { action: 'accept', content: { name: 'Ada' } },
};

describe.each([
  ['that waits here, at a legacy upstream', 'talk-old'],
  ['that waits at a modern upstream', 'talk-young'],
] as const)('[BAD-26] [RLY-12] the state of a call %s', (_name, slug) => {
  const name = `${slug}__elicit`;
  const params = (requestState: unknown, more: Json = {}): Json => ({
    ...{ name, arguments: {}, inputResponses: accepted, requestState },
    ...more,
  });
  const stateOf = async (path = '/mcp'): Promise<string> => {
    const asked = await modernAt(path).request('tools/call', { name, arguments: {} });
    expect(result(asked)['resultType'], JSON.stringify(asked)).toBe('input_required');
    world.forget();
    return String(result(asked)['requestState']);
  };
  const goOn = (client: BridgeClient, given: Json) => client.request('tools/call', given);

  it('opens with no bit turned', async () => {
    const state = await stateOf();
    const client = modernAt('/mcp');
    for (const altered of variants(state))
      expect([altered, code(await goOn(client, params(altered)))]).toEqual([altered, -32602]);
    for (const odd of [7, null, {}, [state]]) expect(code(await goOn(client, params(odd)))).toBe(-32602);
    expect(world.reached()).toBe(0);
    expect(JSON.stringify(result(await goOn(client, params(state))))).toContain('Ada');
  });

  it('opens for its token, tool, arguments, method and endpoint only', async () => {
    const state = await stateOf();
    expect(code(await goOn(modernAt('/mcp', user.token), params(state)))).toBe(-32602);
    const client = modernAt('/mcp');
    const other = slug === 'talk-old' ? 'talk-young' : 'talk-old';
    for (const more of [{ name: `${slug}__echo` }, { name: `${other}__elicit` }, { arguments: { more: 1 } }])
      expect([more, code(await goOn(client, params(state, more)))]).toEqual([more, -32602]);
    expect(
      code(await client.request('resources/read', { uri: `gatehouse:${slug}:talk://watched`, requestState: state })),
    ).toBe(-32602);
    expect(code(await goOn(modernAt('/servers/all/mcp'), params(state)))).toBe(-32602);
    expect(world.reached()).toBe(0);
    expect(JSON.stringify(result(await goOn(client, params(state))))).toContain('Ada');
  });

  it('opens not as a cursor, a session or a task', async () => {
    const state = await stateOf();
    expect((await callMcp(world.at('/mcp'), world.token, 'tools/list', { cursor: state })).body?.error?.code).toBe(
      -32602,
    );
    const ping = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'ping' });
    expect((await postMcp(world.at('/mcp'), world.token, ping, { 'mcp-session-id': state })).status).toBe(404);
    expect(code(await modernAt('/mcp').request('tasks/get', { taskId: state }))).toBe(-32602);
    expect(world.reached()).toBe(0);
  });
});

it('[BAD-26] [RLY-12] states open in their time only', async () => {
  const client = modernAt('/mcp');
  const calls = await Promise.all(
    ['talk-old__elicit', 'talk-young__elicit'].map(async (name) => {
      const asked = await client.request('tools/call', { name, arguments: {} });
      return { name, arguments: {}, inputResponses: accepted, requestState: result(asked)['requestState'] };
    }),
  );
  const began = Date.now();
  await until('their time is over', () => Date.now() - began > parkedTtlMs + 200);
  world.forget();
  for (const again of calls) expect(code(await client.request('tools/call', again))).toBe(-32602);
  const asked = [...world.talkOld.seen, ...world.talkYoung.seen].filter(({ method }) => method === 'tools/call');
  expect(asked).toEqual([]);
});

it('[BAD-26] [RLY-12] a call that waits here goes on once', async () => {
  const client = modernAt('/mcp');
  const name = 'talk-old__elicit';
  const asked = await client.request('tools/call', { name, arguments: {} });
  const again = { name, arguments: {}, inputResponses: accepted, requestState: result(asked)['requestState'] };
  const both = await Promise.all([client.request('tools/call', again), client.request('tools/call', again)]);
  expect(both.map(code)).toEqual(expect.arrayContaining([-32602, undefined]));
  world.forget();
  expect(code(await client.request('tools/call', again))).toBe(-32602);
  expect(world.reached()).toBe(0);
});

it('[BAD-26] a cursor opens with no bit turned', async () => {
  const list = (cursor: string, path = '/mcp', token = world.token, method = 'tools/list') =>
    callMcp(world.at(path), token, method, { cursor });
  const first = await callMcp(world.at('/mcp'), world.token, 'tools/list');
  const cursor = String(first.body?.result?.['nextCursor']);
  for (const altered of variants(cursor))
    expect([altered, (await list(altered)).body?.error?.code]).toEqual([altered, -32602]);
  for (const answer of [
    await list(cursor, '/mcp', user.token),
    await list(cursor, '/servers/all/mcp'),
    await list(cursor, '/mcp', world.token, 'prompts/list'),
  ])
    expect(answer.body?.error?.code).toBe(-32602);
  expect((await list(cursor)).body?.result).toBeDefined();
  expect(world.reached()).toBe(0);
});

it('[BAD-26] a session id opens with no bit turned', async () => {
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'x', version: '1' } };
  const begun = await callMcp(world.at('/mcp'), world.token, 'initialize', params);
  const id = begun.headers.get('mcp-session-id') ?? '';
  const call = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'tools/call',
    params: { name: 'old__echo', arguments: { text: 'x' } },
  });
  const status = async (session: string) =>
    (
      await postMcp(world.at('/mcp'), world.token, call, {
        'mcp-session-id': session,
        'mcp-protocol-version': '2025-11-25',
      })
    ).status;
  for (const altered of variants(id)) expect([altered, await status(altered)]).toEqual([altered, 404]);
  expect(world.reached()).toBe(0);
  expect(await status(id)).toBe(200);
});

it('[BAD-26] a task id opens with no bit turned, for its token only, and never as another one', async () => {
  const client = await openLegacyClient(world.at('/mcp'), world.token);
  const made = await client.request('tools/call', { name: 'talk-old__job', arguments: {}, task: { ttl: 60_000 } });
  const taskId = String((result(made)['task'] as Json | undefined)?.['taskId']);
  expect(taskId.length, JSON.stringify(made)).toBeGreaterThan(30);
  world.forget();
  for (const method of ['tasks/get', 'tasks/result', 'tasks/cancel']) {
    const tries = method === 'tasks/get' ? [...variants(taskId)] : [...variants(taskId)].slice(0, 20);
    for (const altered of tries)
      expect([method, altered, code(await client.request(method, { taskId: altered }))]).toEqual([
        method,
        altered,
        -32602,
      ]);
  }
  const stranger = await openLegacyClient(world.at('/mcp'), user.token);
  expect(code(await stranger.request('tasks/get', { taskId }))).toBe(-32602);
  expect(JSON.stringify(result(await stranger.request('tasks/list')))).not.toContain(taskId);
  const asked = world.talkOld.seen.filter(({ method }) =>
    ['tasks/get', 'tasks/result', 'tasks/cancel'].includes(method),
  );
  expect(asked).toEqual([]);
  expect(result(await client.request('tasks/get', { taskId }))['taskId']).toBe(taskId);
});

it('[BAD-26] a completion asks for what its caller may use, and nothing else', async () => {
  const virtualServerId = await compose(
    world.admin,
    'one-tool',
    (await entriesOf(world.admin, world.ids['old'] ?? '')).slice(0, 1),
  );
  const { secret } = await world.admin.mutate<{ secret: string }>(
    'createApiToken',
    'CreateApiTokenInput',
    { name: 'bound', virtualServerId },
    'secret',
  );
  await until(
    'it is known',
    async () => (await callMcp(world.at('/servers/one-tool/mcp'), secret, 'ping')).status === 200,
  );
  const refs = [
    { type: 'ref/prompt', name: 'talk-old__greet' },
    { type: 'ref/prompt', name: 'greet' },
    { type: 'ref/resource', uri: 'gatehouse:talk-old:talk://{id}/data' },
    { type: 'ref/resource', uri: 'talk://{id}/data' },
    { type: 'ref/prompt', name: '../greet' },
    { type: 'ref/tool', name: 'talk-old__echo' },
    { type: 'ref/prompt' },
    {},
    null,
    'talk-old__greet',
  ];
  world.forget();
  const argument = { name: 'who', value: 'a' };
  for (const [path, token] of [
    ['/mcp', secret],
    ['/servers/one-tool/mcp', world.token],
  ] as const)
    for (const ref of refs)
      expect([
        ref,
        code(await modernAt(path, token).request('completion/complete', { ref, argument } as Json)),
      ]).toEqual([ref, expect.toBeOneOf([-32602, -32601])]);
  expect(world.reached()).toBe(0);
  const mine = await modernAt('/mcp').request('completion/complete', { ref: refs[0], argument });
  expect(result(mine)['completion']).toBeDefined();
});
