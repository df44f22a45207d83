import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { until } from '#testing';
import { modernClient, openLegacyClient } from '../e2e/bridge-client.js';
import { TalkativeUpstream } from '../e2e/talkative-upstream.js';
import { endpoint, legacy, modern, startTestGateway, type TestGateway } from './gateway-harness.js';
import { talkativeCatalogue, talkativeEndpoint, talkativeTarget, talkativeTools } from './talkative-world.js';

type Json = Record<string, unknown>;

const capabilities = { elicitation: {}, sampling: {} };
let gateway: TestGateway;
let old: TalkativeUpstream;
let young: TalkativeUpstream;

beforeAll(async () => {
  gateway = await startTestGateway({
    GATEHOUSE_GATEWAY_PARKED_CALL_TTL: '400ms',
    GATEHOUSE_GATEWAY_MAX_PARKED_CALLS: '2',
  });
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

const everything = (
  tools: readonly string[] = talkativeTools,
  targets = [talkativeTarget(old), talkativeTarget(young)],
) => talkativeEndpoint(targets, tools);

/** One round of a modern call, as a client that keeps what it is given. */
async function round(token: string, name: string, params: Json = {}, declared: Json = capabilities, path = '/mcp') {
  const { body, headers } = modern('tools/call', { name, ...params });
  const meta = { ...body.params._meta, 'io.modelcontextprotocol/clientCapabilities': declared };
  return gateway.post(path, token, { ...body, params: { ...body.params, _meta: meta } }, headers);
}

const resultOf = ({ json }: { json: Json | null }): Json => (json?.['result'] ?? {}) as Json;
const answerOf = (key: string) => ({ inputResponses: { [key]: { action: 'accept', content: { name: 'Ada' } } } });
const keyOf = (result: Json): string => Object.keys(result['inputRequests'] as Json)[0] ?? '';

describe.each([
  ['legacy', 'legacy__elicit'],
  ['modern', 'modern__elicit'],
])('[RLY-12] the state of a call that waits for input, %s upstream', (era, tool) => {
  const bad = { status: 200, json: { error: { code: -32602 } } };

  it('goes on for the right answer, and is opaque', async () => {
    const { token } = gateway.grant({ aggregate: everything() });
    const first = resultOf(await round(token, tool));
    expect(first).toMatchObject({ resultType: 'input_required' });
    expect(String(first['requestState'])).toMatch(/^[A-Za-z0-9_-]{60,}$/);
    const state = { requestState: first['requestState'] };
    // What is missing is asked for again.
    const second = resultOf(
      await round(token, tool, era === 'legacy' ? { ...state, inputResponses: { other: {} } } : state),
    );
    expect(second).toMatchObject({ resultType: 'input_required' });
    const done = await round(token, tool, { ...answerOf(keyOf(second)), requestState: second['requestState'] });
    expect(resultOf(done)).toMatchObject({ content: [{ text: 'elicited {"name":"Ada"}' }] });
    expect(gateway.records.map(({ outcome }) => outcome)).toEqual(['ALLOWED', 'ALLOWED', 'ALLOWED']);
  });

  it('does not open altered, for another tool, other arguments, another caller, another endpoint', async () => {
    const { token } = gateway.grant({
      aggregate: everything(),
      servers: {
        s: endpoint({ kind: 'virtual-server', slug: 's' }, [
          {
            upstream: talkativeTarget(era === 'legacy' ? old : young),
            catalogue: talkativeCatalogue(talkativeTools),
            prefixed: true,
          },
        ]),
      },
    });
    const other = gateway.grant({ aggregate: everything() });
    const first = resultOf(await round(token, tool));
    const state = String(first['requestState']);
    const params = { ...answerOf(keyOf(first)), requestState: state };
    const flipped = `${state.slice(0, 40)}${state[40] === 'A' ? 'B' : 'A'}${state.slice(41)}`;
    const sent = (era === 'legacy' ? old : young).seen.length;
    expect(await round(token, tool, { ...params, requestState: flipped })).toMatchObject(bad);
    expect(await round(token, tool.replace('elicit', 'two-rounds'), params)).toMatchObject(bad);
    expect(await round(token, tool, { ...params, arguments: { more: 1 } })).toMatchObject(bad);
    expect(await round(other.token, tool, params)).toMatchObject(bad);
    expect(await round(token, tool, params, capabilities, '/servers/s/mcp')).toMatchObject(bad);
    expect(await round(token, tool, { ...params, requestState: 7 })).toMatchObject(bad);
    expect((era === 'legacy' ? old : young).seen.length).toBe(sent);
    expect((await round(token, tool, params)).json).toMatchObject({ result: { content: [{}] } });
  });

  it('expires', async () => {
    const { token } = gateway.grant({ aggregate: everything() });
    const { cancelled } = old;
    const first = resultOf(await round(token, tool));
    if (era === 'legacy') await until('the upstream is told', () => old.cancelled > cancelled);
    // An answer without the right key leaves a call that has not expired where it is.
    await until('it has expired', async () => {
      const { json } = await round(token, tool, { requestState: first['requestState'] });
      return json?.['error'] !== undefined;
    });
  });
});

describe('parked calls', () => {
  it('[RLY-12] answer each round once', async () => {
    const { token } = gateway.grant({ aggregate: everything() });
    const first = resultOf(await round(token, 'legacy__two-rounds'));
    const params = { ...answerOf(keyOf(first)), requestState: first['requestState'] };
    const second = resultOf(await round(token, 'legacy__two-rounds', params));
    expect(second).toMatchObject({ resultType: 'input_required' });
    expect(second['requestState']).not.toBe(first['requestState']);
    expect(await round(token, 'legacy__two-rounds', params)).toMatchObject({ json: { error: { code: -32602 } } });
    const done = await round(token, 'legacy__two-rounds', {
      ...answerOf(keyOf(second)),
      requestState: second['requestState'],
    });
    expect(resultOf(done)).toMatchObject({ content: [{ text: '{"name":"Ada"} {"name":"Ada"}' }] });
  });

  it('[RLY-12] are bounded per token: one more is 429, and its call is cancelled', async () => {
    const { token } = gateway.grant({ aggregate: everything() });
    const { cancelled } = old;
    await round(token, 'legacy__elicit');
    await round(token, 'legacy__elicit');
    const answer = await round(token, 'legacy__elicit');
    expect(answer).toMatchObject({ status: 429, json: { error: { code: -31001 } } });
    await until('the upstream is told', () => old.cancelled > cancelled);
  });

  it('[RLY-13] are cut when their right is taken away: cancelled at the upstream, one DENIED record, unknown afterwards', async () => {
    const granted = gateway.grant({ aggregate: everything() });
    const { principal, token } = granted;
    const first = resultOf(await round(token, 'legacy__elicit'));
    const { cancelled } = old;
    gateway.records.length = 0;
    gateway.snapshots.set(token, { principal, aggregate: everything(['echo']) });
    await until('the upstream is told', () => old.cancelled > cancelled);
    expect(gateway.records).toMatchObject([
      { action: 'tools/call', outcome: 'DENIED', reason: 'NOT_FOUND', subjectType: 'Tool' },
    ]);
    gateway.snapshots.set(token, granted);
    const params = { ...answerOf(keyOf(first)), requestState: first['requestState'] };
    expect(await round(token, 'legacy__elicit', params)).toMatchObject({ json: { error: { code: -32602 } } });
  });

  it('[RLY-4] an upstream that wants a page opened first is asked again once that is done', async () => {
    const { token } = gateway.grant({ aggregate: everything() });
    const able = { elicitation: { url: {} } };
    const first = resultOf(await round(token, 'legacy__elicit-error', {}, able));
    expect(first).toMatchObject({
      resultType: 'input_required',
      inputRequests: {
        'url-1': { method: 'elicitation/create', params: { mode: 'url', url: 'https://example.com/auth' } },
      },
    });
    const params = { inputResponses: { 'url-1': { action: 'accept' } }, requestState: first['requestState'] };
    expect(resultOf(await round(token, 'legacy__elicit-error', params, able))).toMatchObject({ content: [{}] });
  });
});

describe('what is advertised', () => {
  it('[RLY-15] is what the upstreams can do, as far as it is relayed', async () => {
    const { token } = gateway.grant({
      aggregate: everything(),
      upstreams: {
        old: endpoint({ kind: 'upstream', slug: 'old' }, [
          { upstream: talkativeTarget(young), catalogue: talkativeCatalogue(talkativeTools), prefixed: false },
        ]),
      },
    });
    const opened = resultOf(
      await gateway.post(
        '/mcp',
        token,
        legacy('initialize', {
          protocolVersion: '2025-11-25',
          capabilities: {},
          clientInfo: { name: 'x', version: '1' },
        }),
      ),
    );
    expect(opened['capabilities']).toEqual({
      tools: { listChanged: true },
      resources: { listChanged: true, subscribe: true },
      logging: {},
      completions: {},
      tasks: { cancel: {}, requests: { tools: { call: {} } } },
      extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html'] } },
    });
    for (const protocolVersion of ['2025-03-26', '2025-06-18']) {
      const params = { protocolVersion, capabilities: {}, clientInfo: { name: 'x', version: '1' } };
      const { tasks: _, ...older } = opened['capabilities'] as Json;
      const again = resultOf(await gateway.post('/mcp', token, legacy('initialize', params)));
      expect([again['protocolVersion'], again['capabilities']]).toEqual([protocolVersion, older]);
    }
    const discover = modern('server/discover');
    const found = resultOf(await gateway.post('/mcp', token, discover.body, discover.headers));
    expect(found['capabilities']).not.toHaveProperty('tasks');
    const own = resultOf(await gateway.post('/upstreams/old/mcp', token, discover.body, discover.headers));
    expect(JSON.stringify(own)).toContain('vendor.example/x');
  });

  it('[RLY-15] the page of a tool is named as it can be read', async () => {
    const { token } = gateway.grant({ aggregate: everything() });
    const { tools } = resultOf(await gateway.post('/mcp', token, legacy('tools/list'))) as { tools: Json[] };
    expect(tools[0]?.['_meta']).toEqual({ ui: { resourceUri: 'ui://gatehouse.legacy/talk/page', x: 1 } });
    const read = legacy('resources/read', { uri: 'ui://gatehouse.legacy/talk/page' });
    expect(resultOf(await gateway.post('/mcp', token, read))).toMatchObject({ contents: [{}] });
  });

  it('[RLY-16] says which upstream is not well, and keeps its tools', async () => {
    const aggregate = everything();
    const [first, second] = aggregate.upstreams;
    const unwell =
      first === undefined || second === undefined
        ? []
        : [{ ...first, health: 'UNHEALTHY' as const, healthCode: 'UPSTREAM_TIMEOUT' }, second];
    const { token } = gateway.grant({ aggregate: { ...aggregate, upstreams: unwell } });
    for (const sent of [{ body: legacy('tools/list'), headers: {} }, modern('tools/list')]) {
      const result = resultOf(await gateway.post('/mcp', token, sent.body, sent.headers));
      expect((result['_meta'] as Json)['dev.gatehouse/upstreams']).toEqual([
        { upstream: 'legacy', outcome: 'UPSTREAM_TIMEOUT' },
      ]);
      expect(result['tools']).toHaveLength(2 * talkativeTools.length);
    }
  });
});

describe('[RLY-17] headers of upstreams', () => {
  it('are those of the configuration, and of the client where it says so; a credential never passes', async () => {
    const forwardedHeaders = [
      { from: 'x-tenant', to: 'x-their-tenant' },
      { from: 'authorization', to: 'x-stolen' },
      { from: 'x-key', to: 'x-api-key' },
    ];
    const more = { headers: { 'x-static': 'yes' }, forwardedHeaders, secret: 'mine', authHeader: 'X-Api-Key' };
    for (const server of [old, young]) {
      const targets = [talkativeTarget(server, more)];
      const { token } = gateway.grant({ aggregate: everything(talkativeTools, targets) });
      const { body, headers } = modern('tools/call', { name: `${server.era}__echo` });
      const sent = { ...headers, 'x-tenant': 'acme', 'x-key': 'theirs', 'x-other': 'no', cookie: 'a=b' };
      expect((await gateway.post('/mcp', token, body, sent)).status).toBe(200);
      const seen = server.seen.at(-1)?.headers ?? {};
      expect(seen).toMatchObject({ 'x-static': 'yes', 'x-their-tenant': 'acme', 'x-api-key': 'mine' });
      for (const name of ['x-stolen', 'x-other', 'cookie', 'authorization']) expect(seen[name]).toBeUndefined();
      expect(JSON.stringify(seen)).not.toContain(token.slice(4));
    }
  });
});

describe('[RLY-8] legacy sessions', () => {
  it('with a stream hear of exactly the lists that changed, others nothing', async () => {
    const granted = gateway.grant({ aggregate: everything() });
    const { principal, token } = granted;
    const bystander = gateway.grant({ aggregate: everything() });
    const client = await openLegacyClient(`${gateway.origin}/mcp`, token);
    const quiet = await openLegacyClient(`${gateway.origin}/mcp`, bystander.token);
    await client.listen([]);
    await quiet.listen([]);
    gateway.snapshots.set(token, { principal, aggregate: everything([...talkativeTools, 'new']) });
    await until('it is told', () => client.unsolicited.length > 0);
    expect(client.unsolicited.map(({ method }) => method)).toEqual(['notifications/tools/list_changed']);
    expect(quiet.unsolicited).toEqual([]);
    await client.close();
    await quiet.close();
  });

  it('an upstream whose list changed has its catalogue read again', async () => {
    await using first = await new TalkativeUpstream('legacy').start();
    await using second = await new TalkativeUpstream('modern').start();
    const targets = [talkativeTarget(first), talkativeTarget(second)];
    const { token } = gateway.grant({ aggregate: everything(talkativeTools, targets) });
    const client = modernClient(`${gateway.origin}/mcp`, token);
    await client.listen([]);
    await until('both upstreams are listened to', () => first.streams > 0 && second.streams > 0);
    first.addTool('x');
    second.addTool('x');
    await until('the worker is asked, for each', () => targets.every(({ id }) => gateway.syncRequests.includes(id)));
    await client.close();
    await until('nobody listens any more', () => first.streams === 0 && second.streams === 0);
  });

  it('roots that changed are told to the upstreams of the session', async () => {
    const { token } = gateway.grant({ aggregate: everything() });
    const client = await openLegacyClient(`${gateway.origin}/mcp`, token);
    await client.call('legacy__echo');
    await client.notify('notifications/roots/list_changed');
    await until('it is told', () => old.heard.some(({ method }) => method === 'notifications/roots/list_changed'));
    await client.close();
  });
});
