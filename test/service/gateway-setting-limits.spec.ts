import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startFixtureServer, startScriptedServer, until } from '#testing';
import { TalkativeUpstream } from '../e2e/talkative-upstream.js';
import {
  endpoint,
  legacy,
  modern,
  startTestGateway,
  targetOfFixture,
  upstreamTarget,
  type TestGateway,
} from './gateway-harness.js';
import { SessionClient } from './session-world.js';
import { openRequest } from './stream-client.js';
import { talkativeEndpoint, talkativeTarget } from './talkative-world.js';

// Settings that bound what one client or one upstream may cost: each at its limit and beyond.

type Json = Record<string, unknown>;

const tool = (name: string) => ({ definition: { name, inputSchema: { type: 'object' } }, run: () => ({}) });
const catalogue = { tools: [tool('echo')], resources: [], resourceTemplates: null, prompts: [] };
const modernEra = { era: 'MODERN', protocolVersion: '2026-07-28' } as const;

/** A session on the aggregate whose client can be asked for input. */
async function begin(gateway: TestGateway, token: string): Promise<SessionClient> {
  const capabilities = { elicitation: {}, sampling: {} };
  const params = { protocolVersion: '2025-11-25', capabilities, clientInfo: { name: 'test', version: '1' } };
  const headers = { authorization: `Bearer ${token}` };
  const answer = await openRequest(gateway.port, { path: '/mcp', headers, body: legacy('initialize', params, 0) });
  await answer.ended();
  return new SessionClient(gateway.port, token, String(answer.headers['mcp-session-id']), '2025-11-25', '/mcp');
}

it('[LMT-1] a batch of as many messages as allowed is served, one of one more reaches nobody', async () => {
  await using gateway = await startTestGateway({ GATEHOUSE_MCP_MAX_BATCH: '3' });
  await using upstream = await startFixtureServer({ era: 'legacy' });
  const part = { upstream: targetOfFixture('up', upstream, 'LEGACY'), catalogue: upstream.catalogue, prefixed: false };
  const { token } = gateway.grant({ aggregate: endpoint({ kind: 'aggregate', slug: null }, [part]) });
  const batch = (size: number) =>
    Array.from({ length: size }, (_, id) => legacy('tools/call', { name: 'echo', arguments: { text: 'x' } }, id));
  const calls = () => upstream.requests.filter(({ text }) => text.includes('tools/call')).length;

  const over = await gateway.post('/mcp', token, batch(4));
  expect(over).toMatchObject({ status: 400, json: { error: { code: -32600 } } });
  expect([over.text.includes('GATEHOUSE_MCP_MAX_BATCH'), upstream.requests.length]).toEqual([true, 0]);
  const right = await gateway.post('/mcp', token, batch(3));
  expect(right.status).toBe(200);
  expect((right.json as unknown as Json[]).map(({ id, result }) => [id, result !== undefined])).toEqual([
    [0, true],
    [1, true],
    [2, true],
  ]);
  expect(calls()).toBe(3);
});

it('[LMT-2] an upstream that asks for input for ever is asked no more after the rounds that it may have', async () => {
  await using gateway = await startTestGateway({ GATEHOUSE_GATEWAY_MAX_INPUT_ROUNDS: '2' });
  const question = { method: 'elicitation/create', params: { message: '?', requestedSchema: { type: 'object' } } };
  await using upstream = await startScriptedServer(({ message, response }) => {
    const result = { resultType: 'input_required', inputRequests: { q: question }, requestState: 's' };
    response.writeHead(200, { 'content-type': 'application/json' });
    response.end(JSON.stringify({ jsonrpc: '2.0', id: message['id'], result }));
  }, 'none');
  const part = { upstream: upstreamTarget('greedy', upstream.url, modernEra), catalogue, prefixed: false };
  const { token } = gateway.grant({ aggregate: endpoint({ kind: 'aggregate', slug: null }, [part]) });
  const client = await begin(gateway, token);
  gateway.records.length = 0;

  const call = await client.call('echo', 7);
  let asked = 0;
  let answer = await call.message();
  for (; answer['method'] !== undefined; answer = await call.message()) {
    expect(answer['method']).toBe('elicitation/create');
    asked++;
    const body = { jsonrpc: '2.0', id: answer['id'], result: { action: 'accept', content: {} } };
    expect((await client.post(body)).status).toBe(202);
  }
  expect(answer).toMatchObject({
    id: 7,
    error: { code: -31002, data: { reason: 'INPUT_REQUIRED', upstream: 'greedy' } },
  });
  expect([asked, upstream.methods().filter((method) => method === 'tools/call').length]).toEqual([2, 3]);
  expect(gateway.records).toMatchObject([{ action: 'tools/call', outcome: 'FAILED', reason: 'UPSTREAM_RPC_ERROR' }]);
});

describe('[LMT-3] a question that its client leaves unanswered', () => {
  let gateway: TestGateway;
  let old: TalkativeUpstream;
  let young: TalkativeUpstream;
  let token: string;
  beforeAll(async () => {
    gateway = await startTestGateway({
      GATEHOUSE_GATEWAY_INPUT_TIMEOUT: '300ms',
      GATEHOUSE_GATEWAY_PARKED_CALL_TTL: '500ms',
    });
    old = await new TalkativeUpstream('legacy').start();
    young = await new TalkativeUpstream('modern').start();
    ({ token } = gateway.grant({ aggregate: talkativeEndpoint([talkativeTarget(old), talkativeTarget(young)]) }));
  });
  afterAll(async () => {
    await gateway[Symbol.asyncDispose]();
    await old[Symbol.asyncDispose]();
    await young[Symbol.asyncDispose]();
  });
  beforeEach(() => {
    gateway.records.length = 0;
    old.heard.length = 0;
    young.seen.length = 0;
  });

  it.each(['legacy', 'modern'])('ends in time, and so does its call at a %s upstream', async (era) => {
    const client = await begin(gateway, token);
    gateway.records.length = 0;
    const began = performance.now();
    const call = await client.call(`${era}__elicit`, 7);
    const question = await call.message();
    expect(question).toMatchObject({ method: 'elicitation/create' });
    expect(await call.message()).toMatchObject({
      method: 'notifications/cancelled',
      params: { requestId: question['id'] },
    });
    // The upstream has got no content, and made an end of it.
    expect(await call.message()).toMatchObject({ id: 7, result: { content: [{ text: 'elicited undefined' }] } });
    expect(performance.now() - began).toBeGreaterThan(290);
    const told = era === 'legacy' ? old.heard.at(-1) : young.seen.at(-1)?.params['inputResponses'];
    expect(told).toMatchObject(era === 'legacy' ? { error: { code: -32603 } } : { q: { action: 'cancel' } });
    // An answer that comes late leads nowhere.
    const late = { jsonrpc: '2.0', id: question['id'], result: { action: 'accept', content: { name: 'Ada' } } };
    expect((await client.post(late)).status).toBe(202);
    expect(gateway.records).toMatchObject([{ action: 'tools/call', outcome: 'ALLOWED' }]);
  });

  it('ends the parked call that waits for it: cancelled at its upstream, with a record', async () => {
    const { cancelled } = old;
    const { body, headers } = modern('tools/call', { name: 'legacy__elicit' });
    const _meta = { ...body.params._meta, 'io.modelcontextprotocol/clientCapabilities': { elicitation: {} } };
    const parked = await gateway.post('/mcp', token, { ...body, params: { ...body.params, _meta } }, headers);
    expect(parked.json).toMatchObject({ result: { resultType: 'input_required' } });
    await until('the upstream is told', () => old.cancelled > cancelled);
    expect(gateway.records.map(({ action, outcome, reason }) => [action, outcome, reason])).toEqual([
      ['tools/call', 'ALLOWED', null],
      ['tools/call', 'FAILED', 'BAD_USER_INPUT'],
    ]);
  });
});

/** A modern server that answers when it is told to, and counts its connections. */
class HoldingServer implements AsyncDisposable {
  readonly connections = new Set<Socket>();
  most = 0;
  #isOpen = false;
  readonly #held: (() => void)[] = [];
  readonly #server = createServer((request, response) => void this.#serve(request, response));

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/mcp`;
  }

  get held(): number {
    return this.#held.length;
  }

  async start(): Promise<this> {
    this.#server.on('connection', (socket) => {
      this.connections.add(socket);
      this.most = Math.max(this.most, this.connections.size);
      socket.once('close', () => this.connections.delete(socket));
    });
    await new Promise<void>((resolve) => void this.#server.listen(0, '127.0.0.1', resolve));
    return this;
  }

  open(): void {
    this.#isOpen = true;
    for (const answer of this.#held.splice(0)) answer();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise<void>((resolve) => this.#server.close(() => resolve()));
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { id } = JSON.parse(await readText(request)) as Json;
    const answer = () => {
      const result = { resultType: 'complete', content: [{ type: 'text', text: 'held' }] };
      response.writeHead(200, { 'content-type': 'application/json' });
      response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
    };
    if (this.#isOpen) answer();
    else this.#held.push(answer);
  }
}

it('[LMT-6] an upstream is never sent more connections than it may have; calls wait, those of others do not', async () => {
  await using gateway = await startTestGateway({ GATEHOUSE_OUTBOUND_POOL_CONNECTIONS: '3' });
  await using slow = await new HoldingServer().start();
  await using quick = await startFixtureServer({ era: 'modern' });
  const { token } = gateway.grant({
    aggregate: endpoint({ kind: 'aggregate', slug: null }, [
      { upstream: upstreamTarget('slow', slow.url, modernEra), catalogue, prefixed: true },
      { upstream: targetOfFixture('quick', quick, 'MODERN'), catalogue: quick.catalogue, prefixed: true },
    ]),
  });
  const call = (name: string, id: number) => {
    const { body, headers } = modern('tools/call', { name, arguments: { text: 'x' } }, id);
    return gateway.post('/mcp', token, body, headers);
  };
  let answered = 0;
  const waiting = Array.from({ length: 12 }, (_, id) => call('slow__echo', id).finally(() => answered++));
  await until('as many as may be are under way', () => slow.held === 3);
  for (let id = 100; id < 120; id++)
    expect(await call('quick__echo', id)).toMatchObject({ status: 200, json: { id, result: {} } });
  expect([slow.held, slow.most, answered]).toEqual([3, 3, 0]);
  slow.open();
  const answers = await Promise.all(waiting);
  expect(answers.map(({ json }) => [json?.['id'], json?.['result'] !== undefined])).toEqual(
    answers.map((_, id) => [id, true]),
  );
  expect(slow.most).toBe(3);
});
