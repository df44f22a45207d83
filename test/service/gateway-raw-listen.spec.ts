import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '#testing';
import { TalkativeUpstream } from '../e2e/talkative-upstream.js';
import { endpoint, modern, startTestGateway, type TestGateway } from './gateway-harness.js';
import { openRequest, type StreamClient } from './stream-client.js';
import { talkativeCatalogue, talkativeTarget, talkativeTools } from './talkative-world.js';

type Json = Record<string, unknown>;

const env = { GATEHOUSE_GATEWAY_MAX_LISTENERS: '2' };
const path = '/upstreams/up/mcp';
let gateway: TestGateway;
let old: TalkativeUpstream;
let young: TalkativeUpstream;

beforeAll(async () => {
  gateway = await startTestGateway(env);
  old = await new TalkativeUpstream('legacy').start();
  young = await new TalkativeUpstream('modern').start();
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await old[Symbol.asyncDispose]();
  await young[Symbol.asyncDispose]();
});
beforeEach(() => {
  gateway.records.length = 0;
});

/** A token for the pass-through to one upstream. */
function grant(at: TestGateway, server: TalkativeUpstream): string {
  const upstream = talkativeTarget(server);
  const catalogue = talkativeCatalogue(talkativeTools);
  const own = endpoint({ kind: 'upstream', slug: 'up' }, [{ upstream, catalogue, prefixed: false }]);
  return at.grant({ upstreams: { up: { ...own, subjectId: upstream.id } } }).token;
}

const open = (at: TestGateway, token: string, notifications: Json): Promise<StreamClient> => {
  const { body, headers } = modern('subscriptions/listen', { notifications }, 'listen-1');
  return openRequest(at.port, { path, headers: { ...headers, authorization: `Bearer ${token}` }, body });
};

const subscription = { 'io.modelcontextprotocol/subscriptionId': 'listen-1' };
const changed = {
  jsonrpc: '2.0',
  method: 'notifications/tools/list_changed',
  params: { _meta: subscription },
};

describe('[RLY-18] listening through a raw pass-through', () => {
  it('is bounded per token, and makes room when a client leaves', async () => {
    const token = grant(gateway, young);
    const streams = [await open(gateway, token, {}), await open(gateway, token, {})];
    for (const stream of streams)
      expect(await stream.message()).toMatchObject({ method: 'notifications/subscriptions/acknowledged' });
    expect((await open(gateway, token, {})).status).toBe(429);
    for (const stream of streams) stream.leave();
    await until('the upstream is left', () => young.streams === 0);
    const next = await open(gateway, token, { toolsListChanged: true });
    await next.message();
    young.addTool('more');
    expect(await next.message()).toEqual(changed);
    next.leave();
    await until('the upstream is left', () => young.streams === 0);
  });

  it('ends with its right, with a record, and so does what the upstream serves', async () => {
    const token = grant(gateway, young);
    const stream = await open(gateway, token, { toolsListChanged: true });
    await stream.message();
    gateway.snapshots.set(token, null);
    expect(await stream.message()).toMatchObject({ id: 'listen-1', error: {} });
    expect(await stream.ended()).toBe('end');
    expect(gateway.records).toMatchObject([
      { action: 'subscriptions/listen', outcome: 'DENIED', reason: 'UNAUTHENTICATED' },
    ]);
    await until('the upstream is left', () => young.streams === 0);
  });

  it('ends politely when the gateway stops, which does not wait for it', async () => {
    const stopping = await startTestGateway(env);
    const token = grant(stopping, young);
    const stream = await open(stopping, token, { toolsListChanged: true });
    await stream.message();
    const began = performance.now();
    await stopping.gateway.stop(30_000);
    expect(performance.now() - began).toBeLessThan(10_000);
    expect(await stream.message()).toMatchObject({
      id: 'listen-1',
      result: { resultType: 'complete', _meta: subscription },
    });
    expect(await stream.ended()).toBe('end');
    expect(stopping.records).toMatchObject([{ action: 'subscriptions/listen', outcome: 'ALLOWED' }]);
  });
});

describe('[RLY-21] a modern client that listens through a pass-through to a legacy upstream', () => {
  it('hears of changed lists in the upstream’s own words, if it asked for them', async () => {
    const token = grant(gateway, old);
    const [hears, other] = [
      await open(gateway, token, { toolsListChanged: true }),
      await open(gateway, token, { promptsListChanged: true }),
    ];
    for (const stream of [hears, other]) await stream.message();
    await until('the upstream is listened to', () => old.streams > 0);
    old.addTool('one');
    expect(await hears.message()).toEqual(changed);
    await until('a sync is asked for', () => gateway.syncRequests.length > 0);
    expect(other.events).toHaveLength(1);
    hears.leave();
    other.leave();
  });

  it('goes on to hear it when the upstream has forgotten the session', async () => {
    const token = grant(gateway, old);
    const stream = await open(gateway, token, { toolsListChanged: true });
    await stream.message();
    await until('the upstream is listened to', () => old.streams > 0);
    const before = old.seen.filter(({ method }) => method === 'initialize').length;
    old.forgetSessions();
    await until('another session is there', () => {
      const opened = old.seen.filter(({ method }) => method === 'initialize').length;
      return opened > before && old.streams > 0;
    });
    old.addTool('two');
    expect(await stream.message()).toEqual(changed);
    stream.leave();
  });
});
