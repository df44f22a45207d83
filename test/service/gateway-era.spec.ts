import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { aggregatedUri, type Era } from '#contracts';
import { newId } from '#kernel';
import { startFixtureServer, until } from '#testing';
import { watchedUri } from '../e2e/talkative-tools.js';
import { DualUpstream } from './dual-upstream.js';
import {
  endpoint,
  legacy,
  modern,
  newPrincipal,
  newToken,
  startTestGateway,
  upstreamTarget,
  type TestGateway,
} from './gateway-harness.js';
import { openRequest, type StreamClient } from './stream-client.js';
import { talkativeCatalogue, talkativeEndpoint, talkativeTarget } from './talkative-world.js';

type Json = Record<string, unknown>;

const own = '/upstreams/up/mcp';
const initialize = legacy('initialize', {
  ...{ protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } },
});

let gateway: TestGateway;
let dual: DualUpstream;
let token: string;
let id: string;
const open: StreamClient[] = [];

beforeAll(async () => {
  gateway = await startTestGateway();
});
afterAll(() => gateway[Symbol.asyncDispose]());
beforeEach(async () => {
  dual = await new DualUpstream().start();
  token = newToken();
  id = newId();
  set(null);
});
afterEach(async () => {
  for (const stream of open.splice(0)) stream.leave();
  gateway.snapshots.set(token, null);
  await dual[Symbol.asyncDispose]();
});

const principal = newPrincipal();
/** What an administrator sets: the next revision of the configuration. A check has found out about both eras. */
function set(protocolEra: Era | null): void {
  const eras = { protocolEra, era: protocolEra ?? 'MODERN', protocolVersion: null } as const;
  const upstream = talkativeTarget(dual.young, { id, slug: 'up', url: dual.url, ...eras });
  const parts = [{ upstream, catalogue: talkativeCatalogue(['echo']), prefixed: false }];
  const passThrough = { ...endpoint({ kind: 'upstream', slug: 'up' }, parts), subjectId: id };
  const aggregate = talkativeEndpoint([upstream], ['echo']);
  gateway.snapshots.set(token, { principal, aggregate, upstreams: { up: passThrough } });
}

/** The answer to a request, on a stream or not. */
async function answerTo(path: string, body: Json, headers: Record<string, string>): Promise<Json> {
  const all = { ...headers, authorization: `Bearer ${token}` };
  const answer = await openRequest(gateway.port, { path, headers: all, body });
  await answer.ended();
  const last = answer.events.at(-1)?.data ?? answer.text;
  return last === '' ? {} : (JSON.parse(last) as Json);
}

/** A legacy client, from its handshake on. */
async function legacyClient(path: string) {
  const headers = { authorization: `Bearer ${token}` };
  const begun = await openRequest(gateway.port, { path, headers, body: initialize });
  await begun.ended();
  const id = String(begun.headers['mcp-session-id']);
  const session = { 'mcp-session-id': id, 'mcp-protocol-version': '2025-11-25' };
  await answerTo(path, { jsonrpc: '2.0', method: 'notifications/initialized' }, session);
  return {
    request: (method: string, params: Json = {}) => answerTo(path, legacy(method, params), session),
    listen: async () => {
      const headers = { ...session, accept: 'text/event-stream', authorization: `Bearer ${token}` };
      const stream = await openRequest(gateway.port, { method: 'GET', path, headers });
      open.push(stream);
      return stream;
    },
  };
}

async function listenModern(path: string, notifications: Json): Promise<StreamClient> {
  const { body, headers } = modern('subscriptions/listen', { notifications }, 'listen-1');
  const all = { ...headers, authorization: `Bearer ${token}` };
  const stream = await openRequest(gateway.port, { path, headers: all, body });
  open.push(stream);
  expect(await stream.message()).toMatchObject({ method: 'notifications/subscriptions/acknowledged' });
  return stream;
}

const callModern = (path: string, name: string) => {
  const { body, headers } = modern('tools/call', { name, arguments: { text: 'x' } });
  return answerTo(path, body, headers);
};
const asked = ({ seen }: { readonly seen: readonly { readonly method: string }[] }) => seen.map(({ method }) => method);

describe('an upstream of both eras', () => {
  it('[ERA-3] is spoken to in the era that is set, by clients of either, through a pass-through and the aggregate', async () => {
    for (const [era, ever, never] of [
      ['LEGACY', dual.old, dual.young],
      ['MODERN', dual.young, dual.old],
    ] as const) {
      set(era);
      const before = never.seen.length;
      const through = await legacyClient(own);
      const over = await legacyClient('/mcp');
      for (const answer of [
        await through.request('tools/call', { name: 'echo', arguments: { text: 'x' } }),
        await over.request('tools/call', { name: 'up__echo', arguments: { text: 'x' } }),
        await callModern(own, 'echo'),
        await callModern('/mcp', 'up__echo'),
      ])
        expect(answer).toMatchObject({ result: { content: [{ type: 'text' }] } });
      expect(asked(ever).filter((method) => method === 'tools/call')).toHaveLength(4);
      expect(asked({ seen: never.seen.slice(before) })).toEqual([]);
      ever.seen.length = 0;
    }
  });

  it('[ERA-3] speaks the client’s era through a pass-through while none is set', async () => {
    const client = await legacyClient(own);
    await client.request('tools/call', { name: 'echo', arguments: {} });
    await callModern(own, 'echo');
    expect([dual.old, dual.young].map((one) => asked(one).filter((method) => method === 'tools/call'))).toEqual([
      ['tools/call'],
      ['tools/call'],
    ]);
  });
});

describe('[ERA-5] what is open when another era is set', () => {
  it('legacy sessions with the upstream end, also idle ones, and calls go on in the new era', async () => {
    const client = await legacyClient(own);
    const before = dual.deleted;
    set('MODERN');
    await until('the session is ended', () => dual.deleted === before + 1);
    dual.old.seen.length = 0;
    const answer = await client.request('tools/call', { name: 'echo', arguments: { text: 'x' } });
    expect(answer).toMatchObject({ result: { content: [{ type: 'text' }] } });
    expect(asked(dual.old)).toEqual([]);
    set('LEGACY');
    const again = await client.request('tools/call', { name: 'echo', arguments: { text: 'x' } });
    expect(again).toMatchObject({ result: { content: [{ type: 'text' }] } });
    expect(asked(dual.old)).toContain('initialize');
  });

  it('a stream in the very era that is set goes on', async () => {
    const stream = await listenModern(own, { toolsListChanged: true });
    set('MODERN');
    dual.young.addTool('more');
    expect(await stream.message()).toMatchObject({ method: 'notifications/tools/list_changed' });
    expect(asked(dual.young).filter((method) => method === 'subscriptions/listen')).toHaveLength(1);
  });

  it('a raw stream of a modern client ends politely, and the next one is served in the era set', async () => {
    const stream = await listenModern(own, { toolsListChanged: true });
    await until('the upstream is listened to', () => dual.young.streams === 1);
    set('LEGACY');
    expect(await stream.message()).toMatchObject({ id: 'listen-1', result: { resultType: 'complete' } });
    expect(await stream.ended()).toBe('end');
    await until('the upstream is left', () => dual.young.streams === 0);
    const next = await listenModern(own, { toolsListChanged: true });
    await until('the upstream is listened to', () => dual.old.streams > 0);
    dual.old.addTool('more');
    expect(await next.message()).toMatchObject({ method: 'notifications/tools/list_changed' });
    expect(dual.young.streams).toBe(0);
  });

  it('what a stream hears of a legacy upstream it hears no more, until that era is set again', async () => {
    set('LEGACY');
    const stream = await listenModern(own, { toolsListChanged: true });
    await until('the upstream is listened to', () => dual.old.streams > 0);
    set('MODERN');
    await until('the upstream is left', () => dual.old.streams === 0);
    const { length } = dual.old.seen;
    await until('the gateway itself listens in the era set', () => dual.young.streams === 1);
    expect(asked({ seen: dual.old.seen.slice(length) })).toEqual([]);
    set('LEGACY');
    // By the client's hearer, and by the gateway for itself.
    await until('the upstream is listened to again', () => dual.old.streams === 2);
    dual.old.addTool('more');
    expect(await stream.message()).toMatchObject({ method: 'notifications/tools/list_changed' });
  });

  it('subscriptions of both kinds of clients go on in the era set, there and back', async () => {
    const uri = aggregatedUri('up', watchedUri);
    const client = await legacyClient('/mcp');
    const heard = await client.listen();
    expect(await client.request('resources/subscribe', { uri })).toMatchObject({ result: {} });
    const listened = await listenModern('/mcp', { resourceSubscriptions: [uri] });
    const updated = { method: 'notifications/resources/updated', params: { uri } };
    // Both clients, and the gateway itself, which hears of changed lists.
    await until('all three listen', () => dual.young.streams === 3);
    for (const [era, now, before] of [
      ['LEGACY', dual.old, dual.young],
      ['MODERN', dual.young, dual.old],
    ] as const) {
      now.seen.length = 0;
      set(era);
      await until('the other one is left', () => before.streams === 0);
      const subscribes = ({ method, params }: (typeof now.seen)[number]) =>
        method === 'resources/subscribe' || 'resourceSubscriptions' in ((params['notifications'] ?? {}) as Json);
      await until('all three listen there', () => now.streams === 3 && now.seen.filter(subscribes).length === 2);
      now.update();
      expect(await heard.message()).toMatchObject(updated);
      expect(await listened.message()).toMatchObject(updated);
    }
  });
});

describe('[ERA-4] calls to an upstream that does not speak the era set', () => {
  it('say so where a session would have to be opened', async () => {
    await using server = await startFixtureServer({ era: 'modern' });
    const upstream = upstreamTarget('young', server.url, {
      protocolEra: 'LEGACY',
      era: 'LEGACY',
      protocolVersion: null,
    });
    const parts = [{ upstream, catalogue: server.catalogue, prefixed: false }];
    const { token: by } = gateway.grant({ servers: { s: endpoint({ kind: 'virtual-server', slug: 's' }, parts) } });
    const call = legacy('tools/call', { name: 'echo', arguments: { text: 'x' } });
    const answer = await gateway.post('/servers/s/mcp', by, call);
    expect([answer.status, answer.json]).toMatchObject([
      200,
      {
        error: {
          code: -31002,
          message: expect.stringContaining('does not speak'),
          data: { reason: 'UPSTREAM_ERA_NOT_SPOKEN' },
        },
      },
    ]);
    expect(server.methods()).toEqual(['initialize']);
  });
});
