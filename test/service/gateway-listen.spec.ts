import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '#testing';
import { TalkativeUpstream } from '../e2e/talkative-upstream.js';
import { modern, startTestGateway, type TestGateway } from './gateway-harness.js';
import { talkativeEndpoint, talkativeTarget, talkativeTools } from './talkative-world.js';

type Json = Record<string, unknown>;

let gateway: TestGateway;
let old: TalkativeUpstream;

beforeAll(async () => {
  gateway = await startTestGateway({
    GATEHOUSE_GATEWAY_MAX_LISTENERS: '2',
    GATEHOUSE_GATEWAY_MAX_SUBSCRIPTIONS: '2',
  });
  old = await new TalkativeUpstream('legacy').start();
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await old[Symbol.asyncDispose]();
});
beforeEach(() => {
  gateway.records.length = 0;
});

const everything = (tools: readonly string[] = talkativeTools) => talkativeEndpoint([talkativeTarget(old)], tools);

describe('[RLY-14] subscriptions/listen', () => {
  const open = async (token: string, notifications: Json, accept = 'application/json, text/event-stream') => {
    const { body, headers } = modern('subscriptions/listen', { notifications }, 'listen-1');
    const gone = new AbortController();
    const response = await fetch(`${gateway.origin}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept, authorization: `Bearer ${token}`, ...headers },
      body: JSON.stringify(body),
      signal: gone.signal,
    });
    const said: Json[] = [];
    const ended = (async () => {
      let text = '';
      for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
        text += chunk;
        for (let at = text.indexOf('\n\n'); at !== -1; at = text.indexOf('\n\n')) {
          const data = /^data: ?(.*)$/m.exec(text.slice(0, at))?.[1];
          if (data) said.push(JSON.parse(data) as Json);
          text = text.slice(at + 2);
        }
      }
    })().catch(() => undefined);
    return { status: response.status, said, ended, close: () => gone.abort() };
  };

  it('ends with the time of its token, without a change of the configuration', async () => {
    const { token } = gateway.grant({ aggregate: everything() }, { expiresAt: Date.now() + 600 });
    const stream = await open(token, { toolsListChanged: true });
    expect(stream.status).toBe(200);
    await stream.ended;
    await until('it is recorded', () => gateway.records.length > 0);
    expect(gateway.records).toMatchObject([
      { action: 'subscriptions/listen', outcome: 'DENIED', reason: 'UNAUTHENTICATED' },
    ]);
  });

  it('acknowledges what the caller may hear, and nothing else', async () => {
    const { token } = gateway.grant({ aggregate: everything() });
    const uris = ['gatehouse:legacy:talk://watched', 'talk://hidden'];
    const stream = await open(token, {
      toolsListChanged: true,
      promptsListChanged: false,
      resourceSubscriptions: uris,
    });
    await until('it is acknowledged', () => stream.said.length > 0);
    expect(stream.said[0]).toEqual({
      jsonrpc: '2.0',
      method: 'notifications/subscriptions/acknowledged',
      params: {
        notifications: { toolsListChanged: true, resourceSubscriptions: [uris[0]] },
        _meta: { 'io.modelcontextprotocol/subscriptionId': 'listen-1' },
      },
    });
    await until('the upstream is subscribed to', () => old.subscriptions.has('talk://watched'));
    stream.close();
    await until('and no longer', () => !old.subscriptions.has('talk://watched'));
  });

  it('tells of a list that looks different now, and not of one that does not', async () => {
    const granted = gateway.grant({ aggregate: everything() });
    const { principal, token } = granted;
    const stream = await open(token, { toolsListChanged: true, promptsListChanged: true, resourcesListChanged: true });
    await until('it is acknowledged', () => stream.said.length > 0);
    gateway.grant({});
    gateway.snapshots.set(token, { principal, aggregate: everything([...talkativeTools, 'new']) });
    await until('it is told', () => stream.said.length > 1);
    expect(stream.said.slice(1)).toEqual([
      {
        jsonrpc: '2.0',
        method: 'notifications/tools/list_changed',
        params: { _meta: { 'io.modelcontextprotocol/subscriptionId': 'listen-1' } },
      },
    ]);
    stream.close();
  });

  it('is bounded per token and per request', async () => {
    const { token } = gateway.grant({ aggregate: everything() });
    const streams = [await open(token, {}), await open(token, {})];
    expect((await open(token, {})).status).toBe(429);
    for (const stream of streams) stream.close();
    await until('there is room again', async () => {
      const next = await open(token, {});
      next.close();
      return next.status === 200;
    });
    const many = await open(gateway.grant({ aggregate: everything() }).token, {
      resourceSubscriptions: ['a:', 'b:', 'c:'],
    });
    await many.ended;
    expect(many.status).toBe(200);
    expect((await open(token, {}, 'application/json')).status).toBe(406);
  });

  it('ends with its right, with a record', async () => {
    const { token } = gateway.grant({ aggregate: everything() });
    const stream = await open(token, { toolsListChanged: true });
    await until('it is acknowledged', () => stream.said.length > 0);
    gateway.snapshots.set(token, null);
    await stream.ended;
    expect(stream.said.at(-1)).toMatchObject({ id: 'listen-1', error: {} });
    expect(gateway.records).toMatchObject([
      { action: 'subscriptions/listen', outcome: 'DENIED', reason: 'UNAUTHENTICATED' },
    ]);
  });
});
