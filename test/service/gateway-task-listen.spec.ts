import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { exposeTaskId } from '../../apps/gateway/src/relay/task-ids.js';
import { until } from '#testing';
import type { Endpoint } from '#snapshot';
import { TalkativeUpstream } from '../e2e/talkative-upstream.js';
import { endpointWith } from './endpoint-with.js';
import { endpoint, keyring, modern, startTestGateway, type TestGateway } from './gateway-harness.js';
import { openRequest, type StreamClient } from './stream-client.js';
import { talkativeCatalogue, talkativeEndpoint, talkativeTarget } from './talkative-world.js';

type Json = Record<string, unknown>;

const tasksExtension = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
const subscriptionId = 'io.modelcontextprotocol/subscriptionId';
const relatedTask = 'io.modelcontextprotocol/related-task';

let gateway: TestGateway;
let young: TalkativeUpstream;
let other: TalkativeUpstream;
let old: TalkativeUpstream;

beforeAll(async () => {
  gateway = await startTestGateway({ GATEHOUSE_GATEWAY_MAX_SUBSCRIPTIONS: '3' });
  young = await new TalkativeUpstream('modern').start();
  other = await new TalkativeUpstream('modern').start();
  old = await new TalkativeUpstream('legacy').start();
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  for (const server of [young, other, old]) await server[Symbol.asyncDispose]();
});
beforeEach(() => {
  gateway.records.length = 0;
});

/** A modern request whose client can do this. */
function declaring(capabilities: Json, method: string, params: Json, id: string | number) {
  const { body, headers } = modern(method, params, id);
  const _meta = { ...(body.params['_meta'] as Json), 'io.modelcontextprotocol/clientCapabilities': capabilities };
  return { body: { ...body, params: { ...body.params, _meta } }, headers };
}

const paths = { aggregate: '/mcp', 'virtual server': '/servers/jobs/mcp' } as const;
type Place = keyof typeof paths;

/** What a token may use in each place; the tools of the virtual server have their own names. */
function rights(whole: Endpoint) {
  return { aggregate: whole, servers: { jobs: endpointWith(whole, { kind: 'virtual-server', slug: 'jobs' }) } };
}

const worldOf = (...servers: readonly TalkativeUpstream[]): Endpoint =>
  talkativeEndpoint(servers.map((server, at) => talkativeTarget(server, { slug: `up${at}` })));

const listen = async (
  token: string,
  notifications: Json,
  place: Place = 'aggregate',
  capabilities = tasksExtension,
) => {
  const { body, headers } = declaring(capabilities, 'subscriptions/listen', { notifications }, 'listen-1');
  return openRequest(gateway.port, {
    path: paths[place],
    headers: { ...headers, authorization: `Bearer ${token}` },
    body,
  });
};

/** Lets a tool make a task; its id for the client, and for the upstream. */
async function begin(token: string, server: TalkativeUpstream, name: string, place: Place = 'aggregate') {
  const { body, headers } = declaring(tasksExtension, 'tools/call', { name, arguments: {} }, 1);
  const { json, text } = await gateway.post(paths[place], token, body, headers);
  const { taskId } = (json?.['result'] ?? {}) as { taskId?: string };
  if (taskId === undefined) throw new Error(text);
  return { id: taskId, own: [...server.tasks.keys()].at(-1) ?? '' };
}

const acknowledged = async (stream: StreamClient): Promise<Json> => {
  const message = await stream.message();
  expect(message['method']).toBe('notifications/subscriptions/acknowledged');
  const { notifications, _meta } = message['params'] as { notifications: Json; _meta: Json };
  expect(_meta[subscriptionId]).toBe('listen-1');
  return notifications;
};

/** The filters with which an upstream was asked for tasks. */
const asked = (server: TalkativeUpstream): unknown[] =>
  server.seen
    .filter(({ method }) => method === 'subscriptions/listen')
    .map(({ params }) => (params['notifications'] as Json)['taskIds'])
    .filter((ids) => ids !== undefined);

describe.each(Object.keys(paths) as Place[])('[TSK-1] tasks that a client of the %s listens to', (place) => {
  it('are told of under the id of the endpoint, wherever it stands', async () => {
    const { token } = gateway.grant(rights(worldOf(young)));
    const { id, own } = await begin(token, young, 'up0__job', place);
    const stream = await listen(token, { taskIds: [id], toolsListChanged: true }, place);
    expect(await acknowledged(stream)).toEqual({ toolsListChanged: true, taskIds: [id] });
    expect(asked(young).at(-1)).toEqual([own]);
    const link = { type: 'resource_link', uri: 'talk://watched', name: 'w' };
    const result = { content: [link], _meta: { [relatedTask]: { taskId: own } } };
    young.changeTask(own, 'working', { statusMessage: 'half', vendor: 1 });
    young.changeTask(own, 'completed', { result, _meta: { [relatedTask]: { taskId: own }, kept: true } });
    expect(await stream.message()).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/tasks',
      params: {
        ...{ taskId: id, status: 'working', statusMessage: 'half', vendor: 1, createdAt: 'now', ttlMs: 1000 },
        _meta: { [subscriptionId]: 'listen-1' },
      },
    });
    const shown = {
      content: [{ ...link, uri: 'gatehouse:up0:talk://watched' }],
      _meta: { [relatedTask]: { taskId: id } },
    };
    expect(await stream.message()).toMatchObject({
      params: {
        ...{ taskId: id, status: 'completed', result: shown },
        _meta: { [subscriptionId]: 'listen-1', [relatedTask]: { taskId: id }, kept: true },
      },
    });
    expect(JSON.stringify(stream.events)).not.toContain(own);
    // Nothing comes after the end of a task, so the upstream is left, and the client stays.
    await until('the upstream is left', () => !young.subscriptions.has(own));
    expect(stream.over).toBeNull();
    stream.leave();
  });
});

describe('[TSK-1] tasks that a client listens to', () => {
  it('come from several upstreams over one stream each, and to nobody else', async () => {
    const { token } = gateway.grant(rights(worldOf(young, other)));
    const one = await begin(token, young, 'up0__job');
    const two = await begin(token, young, 'up0__job');
    const three = await begin(token, other, 'up1__job');
    const before = [asked(young).length, asked(other).length];
    const stream = await listen(token, { taskIds: [three.id, one.id, two.id] });
    const deaf = await listen(token, { toolsListChanged: true });
    expect(await acknowledged(stream)).toEqual({ taskIds: [three.id, one.id, two.id] });
    await acknowledged(deaf);
    expect([asked(young).slice(before[0]), asked(other).slice(before[1])]).toEqual([
      [[one.own, two.own]],
      [[three.own]],
    ]);
    for (const [server, { own }] of [
      [young, two],
      [other, three],
      [young, one],
    ] as const)
      server.changeTask(own, 'cancelled');
    const told = [await stream.message(), await stream.message(), await stream.message()];
    expect(new Set(told.map(({ params }) => (params as Json)['taskId']))).toEqual(new Set([one.id, two.id, three.id]));
    expect(deaf.events).toHaveLength(1);
    stream.leave();
    deaf.leave();
    await until('the upstreams are left', () => young.subscriptions.size === 0 && other.subscriptions.size === 0);
  });

  it('are left by whoever leaves', async () => {
    const { token } = gateway.grant(rights(worldOf(young)));
    const { id, own } = await begin(token, young, 'up0__job');
    const stream = await listen(token, { taskIds: [id] });
    await acknowledged(stream);
    stream.leave();
    await until('the upstream is left', () => !young.subscriptions.has(own));
  });

  it('are told of again when the upstream has ended its stream, with what was missed', async () => {
    const { token } = gateway.grant(rights(worldOf(young)));
    const { id, own } = await begin(token, young, 'up0__job');
    const stream = await listen(token, { taskIds: [id] });
    await acknowledged(stream);
    young.forgetSessions();
    await until('the stream is over', () => !young.subscriptions.has(own));
    young.changeTask(own, 'input_required');
    const missed = await stream.message();
    expect(missed).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/tasks',
      params: {
        ...{ taskId: id, status: 'input_required', createdAt: 'now', ttlMs: 1000 },
        _meta: { [subscriptionId]: 'listen-1' },
      },
    });
    young.changeTask(own, 'failed');
    expect(await stream.message()).toMatchObject({ params: { taskId: id, status: 'failed' } });
    stream.leave();
  });

  it('that are not of the filter are not told of, whatever the upstream says', async () => {
    const { token } = gateway.grant(rights(worldOf(young)));
    const [mine, more] = [await begin(token, young, 'up0__job'), await begin(token, young, 'up0__job')];
    const stream = await listen(token, { taskIds: [mine.id] });
    await acknowledged(stream);
    young.changeTask(more.own, 'completed', {}, true);
    young.changeTask(mine.own, 'completed', {}, true);
    expect(await stream.message()).toMatchObject({ params: { taskId: mine.id } });
    expect(stream.events).toHaveLength(2);
    stream.leave();
  });
});

describe('[TSK-2] tasks that a client may not listen to', () => {
  it.each(Object.keys(paths) as Place[])(
    'are left out like unknown ones, and no upstream hears of it (%s)',
    async (place) => {
      const whole = worldOf(young);
      const owner = gateway.grant(rights(whole));
      const stranger = gateway.grant(rights(whole));
      const { id, own } = await begin(owner.token, young, 'up0__job', place);
      const before = asked(young).length;
      const stream = await listen(stranger.token, { taskIds: [id, 'nobody', own], promptsListChanged: true }, place);
      expect(await acknowledged(stream)).toEqual({ promptsListChanged: true });
      young.changeTask(own, 'completed');
      expect(asked(young)).toHaveLength(before);
      expect(stream.events).toHaveLength(1);
      stream.leave();
    },
  );

  it('nor those of a tool that they may not use any more, or an upstream that is off', async () => {
    const upstream = talkativeTarget(young, { slug: 'up0' });
    const whole = talkativeEndpoint([upstream]);
    const { principal, token } = gateway.grant(rights(whole));
    const { id } = await begin(token, young, 'up0__job');
    const before = asked(young).length;
    for (const tools of [
      new Map([...whole.tools].filter(([name]) => name !== 'up0__job')),
      new Map([...whole.tools].map(([name, tool]) => [name, { ...tool, upstream: { ...upstream, enabled: false } }])),
    ]) {
      gateway.snapshots.set(token, { principal, ...rights(endpointWith(whole, { tools })) });
      const stream = await listen(token, { taskIds: [id] });
      expect(await acknowledged(stream)).toEqual({});
      stream.leave();
    }
    expect(asked(young)).toHaveLength(before);
  });

  it('nor those of which the upstream does not tell: unknown to it, of the legacy era, or gone', async () => {
    const dead = talkativeTarget(young, { slug: 'up2', url: 'http://127.0.0.1:1/mcp' });
    const whole = talkativeEndpoint([
      talkativeTarget(young, { slug: 'up0' }),
      talkativeTarget(old, { slug: 'up1' }),
      dead,
    ]);
    const { principal, token } = gateway.grant(rights(whole));
    const ids = ['up0', 'up1', 'up2'].map((slug) => {
      const tool = whole.tools.get(`${slug}__job`);
      const place = { upstreamId: tool?.upstream.id ?? '', toolId: tool?.objectId ?? '', taskId: 'long-gone' };
      return exposeTaskId(keyring, principal.tokenId, place);
    });
    const stream = await listen(token, { taskIds: ids, resourcesListChanged: true });
    expect(await acknowledged(stream)).toEqual({ resourcesListChanged: true });
    expect(asked(old)).toEqual([]);
    await until('nothing is listened to', () => young.subscriptions.size === 0);
    stream.leave();
  });

  it('nor those whose upstream refuses to tell, or does not answer: it keeps the rest waiting for a while only', async () => {
    let isSilent = false;
    let asks = 0;
    const answer = async (request: IncomingMessage, response: ServerResponse) => {
      // Who listens to lists is heard as well.
      if ((await readText(request)).includes('taskIds')) asks++;
      if (isSilent) return;
      response.writeHead(404, { 'content-type': 'application/json' });
      response.end('{"jsonrpc":"2.0","id":1,"error":{"code":-32601,"message":"no"}}');
    };
    const server = createServer((request, response) => void answer(request, response));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const target = talkativeTarget(young, { slug: 'up0', url: `http://127.0.0.1:${port}/mcp` });
    const whole = talkativeEndpoint([target, talkativeTarget(other, { slug: 'up1' })]);
    const { principal, token } = gateway.grant(rights(whole));
    const toolId = whole.tools.get('up0__job')?.objectId ?? '';
    const silent = exposeTaskId(keyring, principal.tokenId, { upstreamId: target.id, toolId, taskId: 'task-1' });
    const told = await begin(token, other, 'up1__job');
    for (isSilent of [false, true]) {
      const stream = await listen(token, { taskIds: [silent, told.id] });
      expect(await acknowledged(stream)).toEqual({ taskIds: [told.id] });
      stream.leave();
    }
    expect(asks).toBe(2);
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  });

  it('end with the right to their tool, while the rest goes on', async () => {
    const whole = worldOf(young, other);
    const { principal, token } = gateway.grant(rights(whole));
    const gone = await begin(token, young, 'up0__job');
    const kept = await begin(token, other, 'up1__job');
    const stream = await listen(token, { taskIds: [gone.id, kept.id] });
    await acknowledged(stream);
    const tools = new Map([...whole.tools].filter(([name]) => name !== 'up0__job'));
    gateway.snapshots.set(token, { principal, ...rights(endpointWith(whole, { tools })) });
    await until('its upstream is left', () => !young.subscriptions.has(gone.own));
    young.changeTask(gone.own, 'completed', {}, true);
    other.changeTask(kept.own, 'completed');
    expect(await stream.message()).toMatchObject({ params: { taskId: kept.id, status: 'completed' } });
    expect(stream.events).toHaveLength(2);
    stream.leave();
  });
});

describe('[TSK-3] the filter', () => {
  it('may name tasks only for a client that declared the extension: −32021 says so', async () => {
    const { token } = gateway.grant(rights(worldOf(young)));
    const stream = await listen(token, { taskIds: ['any'] }, 'aggregate', {} as typeof tasksExtension);
    await stream.ended();
    expect(stream.status).toBe(400);
    expect(JSON.parse(stream.text)).toMatchObject({
      id: 'listen-1',
      error: { code: -32021, data: { requiredCapabilities: tasksExtension } },
    });
    expect(gateway.records.at(-1)).toMatchObject({ outcome: 'FAILED', reason: 'MISSING_CLIENT_CAPABILITY' });
  });

  it.each([
    ['a text', { taskIds: 'x' }],
    ['numbers', { taskIds: [1] }],
    ['an object', { taskIds: {} }],
    ['too many', { taskIds: ['a', 'b', 'c', 'd'] }],
    ['too many with the resources', { taskIds: ['a', 'b'], resourceSubscriptions: ['x:', 'y:'] }],
  ])('is refused with −32602: %s', async (_title, notifications) => {
    const { token } = gateway.grant(rights(worldOf(young)));
    const stream = await listen(token, notifications);
    await stream.ended();
    expect(JSON.parse(stream.text)).toMatchObject({ id: 'listen-1', error: { code: -32602 } });
  });

  it('may name none', async () => {
    const { token } = gateway.grant(rights(worldOf(young)));
    const stream = await listen(token, { taskIds: [] }, 'aggregate', {} as typeof tasksExtension);
    expect(await acknowledged(stream)).toEqual({});
    stream.leave();
  });

  it('means nothing of tasks on a pass-through to a legacy upstream, which has none for modern clients', async () => {
    const upstream = talkativeTarget(old);
    const part = { upstream, catalogue: talkativeCatalogue(['job']), prefixed: false };
    const own = endpoint({ kind: 'upstream', slug: 'up' }, [part]);
    const { token } = gateway.grant({ upstreams: { up: { ...own, subjectId: upstream.id } } });
    const { body, headers } = declaring(
      {},
      'subscriptions/listen',
      { notifications: { taskIds: ['x'], toolsListChanged: true } },
      'listen-1',
    );
    const stream = await openRequest(gateway.port, {
      path: '/upstreams/up/mcp',
      headers: { ...headers, authorization: `Bearer ${token}` },
      body,
    });
    expect(await acknowledged(stream)).toEqual({ toolsListChanged: true });
    stream.leave();
  });
});

it.each(['tasks/get', 'tasks/update', 'tasks/cancel'])('[TSK-3] %s needs the extension as well', async (method) => {
  const { token } = gateway.grant(rights(worldOf(young)));
  const { id } = await begin(token, young, 'up0__job');
  const ask = async (capabilities: Json) => {
    const { body, headers } = declaring(capabilities, method, { taskId: id, inputResponses: {} }, 1);
    return gateway.post('/mcp', token, body, { ...headers, 'mcp-name': id });
  };
  const before = young.seen.length;
  const refused = await ask({});
  expect(refused.status).toBe(400);
  expect(refused.json).toMatchObject({ error: { code: -32021, data: { requiredCapabilities: tasksExtension } } });
  expect(young.seen).toHaveLength(before);
  expect((await ask(tasksExtension)).json).toMatchObject({ result: {} });
});
