import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { until } from '#testing';
import { modernClient, openLegacyClient } from '../e2e/bridge-client.js';
import { TalkativeUpstream } from '../e2e/talkative-upstream.js';
import { endpoint, legacy, modern, startTestGateway, upstreamTarget, type TestGateway } from './gateway-harness.js';

type Json = Record<string, unknown>;

const offered = {
  tools: { listChanged: true },
  resources: { subscribe: true },
  logging: {},
  completions: {},
  tasks: { list: {}, requests: { tools: { call: {} } } },
  extensions: { 'io.modelcontextprotocol/ui': { mimeTypes: ['text/html'] }, 'vendor.example/x': {} },
};
const capabilities = { elicitation: {}, sampling: {} };
const toolNames = ['echo', 'elicit', 'elicit-error', 'two-rounds', 'job'];

let gateway: TestGateway;
let old: TalkativeUpstream;
let young: TalkativeUpstream;

beforeAll(async () => {
  gateway = await startTestGateway({
    GATEHOUSE_GATEWAY_PARKED_CALL_TTL: '400ms',
    GATEHOUSE_GATEWAY_MAX_PARKED_CALLS: '2',
    GATEHOUSE_GATEWAY_MAX_LISTENERS: '2',
    GATEHOUSE_GATEWAY_MAX_SUBSCRIPTIONS: '2',
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

const catalogue = (tools: readonly string[]) => ({
  tools: tools.map((name) => ({
    definition: { name, inputSchema: { type: 'object' }, _meta: { ui: { resourceUri: 'ui://talk/page', x: 1 } } },
    run: () => ({}),
  })),
  resources: ['talk://watched', 'talk://other', 'ui://talk/page'].map((uri) => ({
    definition: { uri, name: uri },
    contents: {},
  })),
  resourceTemplates: null,
  prompts: [],
});

const target = (server: TalkativeUpstream, more: Parameters<typeof upstreamTarget>[2] = {}) =>
  upstreamTarget(server.era, server.url, {
    era: server.era === 'legacy' ? 'LEGACY' : 'MODERN',
    protocolVersion: server.era === 'legacy' ? '2025-11-25' : '2026-07-28',
    capabilities: JSON.stringify(offered),
    ...more,
  });

const everything = (tools: readonly string[] = toolNames, targets = [target(old), target(young)]) =>
  endpoint(
    { kind: 'aggregate', slug: null },
    targets.map((upstream) => ({ upstream, catalogue: catalogue(tools), prefixed: true })),
  );

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
          { upstream: target(era === 'legacy' ? old : young), catalogue: catalogue(toolNames), prefixed: true },
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
    gateway.snapshots.set(token, { principal, aggregate: everything([...toolNames, 'new']) });
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

describe('what is advertised', () => {
  it('[RLY-15] is what the upstreams can do, as far as it is relayed', async () => {
    const { token } = gateway.grant({
      aggregate: everything(),
      upstreams: {
        old: endpoint({ kind: 'upstream', slug: 'old' }, [
          { upstream: target(young), catalogue: catalogue(toolNames), prefixed: false },
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
      expect(result['tools']).toHaveLength(2 * toolNames.length);
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
      const targets = [target(server, more)];
      const { token } = gateway.grant({ aggregate: everything(toolNames, targets) });
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
    gateway.snapshots.set(token, { principal, aggregate: everything([...toolNames, 'new']) });
    await until('it is told', () => client.unsolicited.length > 0);
    expect(client.unsolicited.map(({ method }) => method)).toEqual(['notifications/tools/list_changed']);
    expect(quiet.unsolicited).toEqual([]);
    await client.close();
    await quiet.close();
  });

  it('an upstream whose list changed has its catalogue read again', async () => {
    await using first = await new TalkativeUpstream('legacy').start();
    await using second = await new TalkativeUpstream('modern').start();
    const targets = [target(first), target(second)];
    const { token } = gateway.grant({ aggregate: everything(toolNames, targets) });
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
