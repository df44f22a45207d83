import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { until } from '#testing';
import { modernClient, openLegacyClient } from '../e2e/bridge-client.js';
import { TalkativeUpstream } from '../e2e/talkative-upstream.js';
import { legacy, modern, startTestGateway, type TestGateway } from './gateway-harness.js';
import { openRequest } from './stream-client.js';
import { talkativeEndpoint, talkativeTarget } from './talkative-world.js';

type Json = Record<string, unknown>;

let gateway: TestGateway;
let upstream: TalkativeUpstream;

beforeAll(async () => {
  gateway = await startTestGateway({ GATEHOUSE_GATEWAY_SNAPSHOT_STALE_AFTER: '5s' });
  upstream = await new TalkativeUpstream('legacy').start();
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});

describe('[SES-21] a gateway that has lost its database for too long', () => {
  it('ends calls, waiting calls and streams; sessions and what they are subscribed to outlast it', async () => {
    const { token } = gateway.grant({
      aggregate: talkativeEndpoint([talkativeTarget(upstream)], ['slow', 'elicit']),
    });
    const url = `${gateway.origin}/mcp`;
    const session = await openLegacyClient(url, token);
    const at = (method: string, body?: Json, more: Record<string, string> = {}) =>
      openRequest(gateway.port, { method, path: '/mcp', headers: { ...session.headers, ...more }, body });
    const stream = await at('GET', undefined, { accept: 'text/event-stream' });
    const { id: lastEventId } = await stream.next();
    const subscribed = await session.request('resources/subscribe', { uri: 'gatehouse:legacy:talk://watched' });
    expect(subscribed.error).toBeUndefined();
    const { body, headers } = modern('subscriptions/listen', { notifications: { toolsListChanged: true } });
    const listening = await openRequest(gateway.port, {
      path: '/mcp',
      headers: { ...headers, authorization: `Bearer ${token}` },
      body,
    });
    await listening.message();
    const client = modernClient(url, token);
    const parked = await client.request('tools/call', { name: 'legacy__elicit', arguments: {} });
    expect(parked.result?.['resultType']).toBe('input_required');
    const slow = at('POST', legacy('tools/call', { name: 'legacy__slow', arguments: {} }, 'slow'));
    await until('the call runs', () => upstream.seen.some(({ params }) => params['name'] === 'slow'));
    gateway.records.length = 0;
    const cancelled = upstream.cancelled;

    gateway.snapshots.stale = 5001;
    expect(await stream.ended()).toBe('end');
    expect(await listening.message()).toMatchObject({ error: {} });
    expect(await listening.ended()).toBe('end');
    const answer = await slow;
    await answer.ended();
    expect([answer.status, JSON.parse(answer.text)]).toMatchObject([503, { id: 'slow', error: {} }]);
    await until('the calls are cancelled at the upstream', () => upstream.cancelled === cancelled + 2);
    await until('all of it is recorded', () => gateway.records.length === 3);
    expect(gateway.records.map(({ action }) => action).toSorted()).toEqual([
      'subscriptions/listen',
      'tools/call',
      'tools/call',
    ]);
    for (const record of gateway.records) expect(record).toMatchObject({ outcome: 'FAILED', reason: 'SERVICE_STALE' });
    expect((await at('GET', undefined, { accept: 'text/event-stream' })).status).toBe(503);

    gateway.snapshots.stale = 0;
    upstream.update();
    const resumed = await at('GET', undefined, { accept: 'text/event-stream', 'last-event-id': lastEventId ?? '' });
    expect(await resumed.message()).toMatchObject({
      method: 'notifications/resources/updated',
      params: { uri: 'gatehouse:legacy:talk://watched' },
    });
    const [key = ''] = Object.keys(parked.result?.['inputRequests'] as Json);
    const retried = await client.request('tools/call', {
      ...{ name: 'legacy__elicit', arguments: {}, requestState: parked.result?.['requestState'] },
      inputResponses: { [key]: { action: 'accept', content: { name: 'Ada' } } },
    });
    expect(retried.error?.code).toBe(-32602);
    resumed.leave();
  });
});
