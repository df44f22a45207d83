import { request, type ClientRequest } from 'node:http';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { exposeTaskId } from '../../apps/gateway/src/relay/task-ids.js';
import { until } from '#testing';
import type { UpstreamTarget } from '#snapshot';
import { endpoint, keyring, legacy, modern, startTestGateway, type TestGateway } from './gateway-harness.js';
import { SessionClient } from './session-world.js';
import { isAlive, silentProcess, startSilentUpstream } from './silent-upstream.js';
import { openRequest } from './stream-client.js';
import { talkativeCatalogue } from './talkative-world.js';

// Upstreams that take `subscriptions/listen` and never acknowledge it, and clients that come and go meanwhile.

type Json = Record<string, unknown>;
type Silent = Awaited<ReturnType<typeof startSilentUpstream>>;

const capabilities = { extensions: { 'io.modelcontextprotocol/tasks': {} } };
const slugs = ['http', 'stdio'] as const;
const processes = silentProcess();

let gateway: TestGateway;
let silent: Silent;
let targets: Readonly<Record<(typeof slugs)[number], UpstreamTarget>>;

beforeAll(async () => {
  gateway = await startTestGateway({ ...processes.settings, GATEHOUSE_STDIO_IDLE: '1s' });
  silent = await startSilentUpstream();
  targets = { http: silent.target('http'), stdio: processes.target('stdio') };
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await silent[Symbol.asyncDispose]();
  processes[Symbol.dispose]();
});

const everything = (upstreams: readonly UpstreamTarget[] = Object.values(targets)) =>
  endpoint(
    { kind: 'aggregate', slug: null },
    upstreams.map((upstream) => ({ upstream, catalogue: talkativeCatalogue(['job']), prefixed: true })),
  );

/** A token, and the id of a task of an upstream that it knows. */
function begin(slug: (typeof slugs)[number], own = 'task-1') {
  const aggregate = everything();
  const { principal, token } = gateway.grant({ aggregate });
  const toolId = aggregate.tools.get(`${slug}__job`)?.objectId ?? '';
  const taskOf = (taskId: string) =>
    exposeTaskId(keyring, principal.tokenId, { upstreamId: targets[slug].id, toolId, taskId });
  return { token, taskId: taskOf(own), taskOf };
}

function listenBody(notifications: Json) {
  const { body, headers } = modern('subscriptions/listen', { notifications }, 'listen-1');
  const _meta = { ...(body.params['_meta'] as Json), 'io.modelcontextprotocol/clientCapabilities': capabilities };
  return { body: { ...body, params: { ...body.params, _meta } }, headers };
}

/** Asks, and does not wait for anything. */
function ask(token: string, notifications: Json): ClientRequest {
  const { body, headers } = listenBody(notifications);
  const sent = request({
    ...{ host: '127.0.0.1', port: gateway.port, method: 'POST', path: '/mcp', agent: false },
    headers: {
      ...headers,
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    },
  });
  sent.on('error', () => undefined);
  sent.end(JSON.stringify(body));
  return sent;
}

const filters = {
  tasks: (_slug: string, taskId: string) => ({ taskIds: [taskId] }),
  resources: (slug: string) => ({ resourceSubscriptions: [`gatehouse:${slug}:talk://watched`] }),
};
const count = 30;

describe.each(slugs)('[LSN-1] an upstream that never acknowledges (%s)', (slug) => {
  const open = () => (slug === 'http' ? silent.open() : processes.noted().open);

  it.each(['tasks', 'resources'] as const)('is left by whoever leaves: %s', async (what) => {
    const { taskId, token } = begin(slug);
    const before = gateway.snapshots.listeners;
    const clients = Array.from({ length: count }, () => ask(token, filters[what](slug, taskId)));
    await until('the upstream is asked for all', () => open() === count);
    expect(gateway.snapshots.listeners).toBe(before + count);
    const left = performance.now();
    for (const client of clients) client.destroy();
    await until('the upstream is left', () => open() === 0);
    // Long before anybody would have lost patience.
    expect(performance.now() - left).toBeLessThan(3000);
    expect(gateway.snapshots.listeners).toBe(before);
  });

  it('is left at the swap that takes the right away', async () => {
    const { taskId, token } = begin(slug);
    const filter = { ...filters.tasks(slug, taskId), ...filters.resources(slug) };
    const client = ask(token, filter);
    await until('the upstream is asked', () => open() === 2);
    const revoked = performance.now();
    gateway.snapshots.set(token, null);
    await until('the upstream is left', () => open() === 0);
    expect(performance.now() - revoked).toBeLessThan(1000);
    client.destroy();
  });
});

it('[LSN-1] a process that only such streams needed ends with them', async () => {
  const { taskId, token } = begin('stdio');
  const clients = [1, 2, 3].map(() => ask(token, filters.tasks('stdio', taskId)));
  await until('it is asked', () => processes.noted().open === 3);
  const { pid } = processes.noted();
  for (const client of clients) client.destroy();
  await until('it has ended, being idle', () => !isAlive(pid));
});

it('[LSN-1] nobody listens for a list longer than a client does', async () => {
  const announcing = silent.target('loud', JSON.stringify({ tools: { listChanged: true } }));
  const { token } = gateway.grant({ aggregate: everything([announcing]) });
  const client = ask(token, { toolsListChanged: true });
  await until('the upstream is asked', () => silent.open() === 1);
  client.destroy();
  const left = performance.now();
  await until('the upstream is left', () => silent.open() === 0);
  expect(performance.now() - left).toBeLessThan(3000);
});

describe('[LSN-2] a stream that is not acknowledged in time', () => {
  it('is given up, and asked for again until it is', async () => {
    const { token } = begin('http');
    const { body, headers } = listenBody(filters.resources('http'));
    const asked = () => silent.state.asked;
    const before = asked();
    const stream = await openRequest(gateway.port, {
      path: '/mcp',
      headers: { ...headers, authorization: `Bearer ${token}` },
      body,
    });
    await stream.message();
    await until('it is asked for', () => asked() === before + 1);
    silent.state.speaks = true;
    try {
      await until('it is asked for again', () => asked() === before + 2, 10_000);
      expect(silent.open()).toBe(1);
      silent.say({ method: 'notifications/resources/updated', params: { uri: 'talk://watched' } });
      expect(await stream.message()).toMatchObject({
        method: 'notifications/resources/updated',
        params: { uri: 'gatehouse:http:talk://watched' },
      });
    } finally {
      silent.state.speaks = false;
      stream.leave();
    }
    await until('the upstream is left', () => silent.open() === 0);
  });

  it('is an upstream that did not answer, for a legacy client that waits for it', async () => {
    const { token } = begin('http');
    const session = await legacySession(token);
    const answer = await session.post(legacy('resources/subscribe', { uri: 'gatehouse:http:talk://watched' }));
    await answer.ended();
    expect(JSON.parse(answer.text)).toMatchObject({ error: { code: -31002, data: { reason: 'UPSTREAM_TIMEOUT' } } });
    await until('the upstream is left', () => silent.open() === 0);
  });

  it('ends with the session, and with the right to it, of a legacy client', async () => {
    for (const end of ['session', 'right'] as const) {
      const { token } = begin('http');
      const session = await legacySession(token);
      gateway.records.length = 0;
      const answer = session.post(legacy('resources/subscribe', { uri: 'gatehouse:http:talk://watched' }));
      await until('the upstream is asked', () => silent.open() === 1);
      const ended = performance.now();
      if (end === 'session') await (await session.end()).ended();
      else gateway.snapshots.set(token, null);
      await until('the upstream is left', () => silent.open() === 0);
      await (await answer).ended();
      expect(performance.now() - ended).toBeLessThan(2000);
      const records = gateway.records.filter(({ action }) => action === 'resources/subscribe');
      if (end === 'right') expect(records).toMatchObject([{ outcome: 'DENIED', reason: 'UNAUTHENTICATED' }]);
      else expect(records).toHaveLength(1);
    }
  });
});

async function legacySession(token: string): Promise<SessionClient> {
  const version = '2025-11-25';
  const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'test', version: '1' } };
  const answer = await openRequest(gateway.port, {
    path: '/mcp',
    headers: { authorization: `Bearer ${token}` },
    body: legacy('initialize', params, 0),
  });
  await answer.ended();
  return new SessionClient(gateway.port, token, String(answer.headers['mcp-session-id']), version, '/mcp');
}

describe('[LSN-4] a right that is lost while the request waits for its turn', () => {
  it.each(['tasks', 'resources', 'lists'] as const)('opens no stream: %s', async (what) => {
    const { taskId, token } = begin('http');
    const before = { asked: silent.state.asked, running: gateway.snapshots.listeners };
    let go: (verdict: true) => void = () => undefined;
    gateway.limits.verdict = new Promise((resolve) => (go = resolve));
    gateway.limits.taken.length = 0;
    gateway.records.length = 0;
    const { body, headers } = listenBody(what === 'lists' ? { toolsListChanged: true } : filters[what]('http', taskId));
    const answer = gateway.post('/mcp', token, body, headers);
    await until('it waits', () => gateway.limits.taken.length === 1);
    gateway.snapshots.set(token, null);
    gateway.limits.verdict = true;
    go(true);
    expect(await answer).toMatchObject({ status: 401 });
    expect(gateway.records).toMatchObject([{ action: 'subscriptions/listen', outcome: 'DENIED' }]);
    expect({ asked: silent.state.asked, running: gateway.snapshots.listeners }).toEqual(before);
  });
});
