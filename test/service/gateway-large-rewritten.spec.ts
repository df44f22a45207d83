import { request, type IncomingMessage, type ServerResponse } from 'node:http';
import { text as readText } from 'node:stream/consumers';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startScriptedServer, until, type ScriptedServer } from '#testing';
import { endpoint, legacy, modern, startTestGateway, upstreamTarget, type TestGateway } from './gateway-harness.js';

type Json = Record<string, unknown>;
type Era = 'LEGACY' | 'MODERN';

const mib = 1024 ** 2;
const bulk = JSON.stringify('ü\\"{[]}'.repeat(mib / 4));
const half = JSON.stringify('x'.repeat(mib / 2));
const canBeAsked = { elicitation: {} };

let upstream: ScriptedServer;
let gateway: TestGateway;
/** The upstream's stream for what nobody asked for. */
let ears: ServerResponse | null = null;
/** Answers the call that waits. */
let answerNow: (() => void) | null = null;
let open = 0;

/** What each tool answers, but the envelope. */
const answers: Readonly<Record<string, string>> = {
  links: `"result":{"_meta":{"a":1.0},"content":[{"uri":"file:///a","blob":${bulk},"type":"resource_link"},{"type":"resource","resource":{"uri":"file:///b","text":${bulk}}}],"isError":true,"resultType":"complete"}`,
  lies: `"result":{"content":[${bulk}],"requestState":"s","resultType":"input_required"}`,
  asks: `"result":{"content":[${half}],"requestState":"s","resultType":"input_required"}`,
  heavy: `"result":{"_meta":{"a":${bulk}},"content":[]}`,
  refuses: `"error":{"code":-32020,"message":"no","data":${bulk}}`,
  task: `"result":{"vendor":${bulk},"task":{"taskId":"t-1"},"_meta":{"io.modelcontextprotocol/related-task":{"taskId":"t-1"}}}`,
  half: `"result":{"content":[${bulk}`,
};

const envelope = (members: string, id: unknown) => `{${members},"jsonrpc":"2.0","id":${JSON.stringify(id)}}`;

beforeAll(async () => {
  upstream = await startScriptedServer((one) => {
    const { message, response } = one;
    const { id, method, params } = message as { id: unknown; method?: string; params?: { name?: string } };
    if (one.request.method === 'GET') {
      ears = response.writeHead(200, { 'content-type': 'text/event-stream' });
      ears.flushHeaders();
      return;
    }
    if (method !== 'tools/call') {
      response.writeHead(method === undefined ? 202 : 200, { 'content-type': 'application/json' });
      response.end(method === undefined ? '' : envelope('"result":{}', id));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/json' });
    open++;
    response.once('close', () => open--);
    const { name = '' } = params ?? {};
    if (name === 'question') {
      answerNow = () => void response.end(envelope(answers['links'] ?? '', id));
      const asked = { message: 'Really?', requestedSchema: { type: 'object', properties: {} } };
      ears?.write(
        `data: ${JSON.stringify({ jsonrpc: '2.0', id: 'q-1', method: 'elicitation/create', params: asked })}\n\n`,
      );
    } else if (name === 'half') response.write(`{${answers[name]}`);
    else response.end(envelope(answers[name] ?? '"result":{}', id));
  });
  gateway = await startTestGateway({ GATEHOUSE_MCP_SLOW_CLIENT_TIMEOUT: '60s' });
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await upstream[Symbol.asyncDispose]();
});
beforeEach(() => {
  gateway.records.length = 0;
  answerNow = null;
  upstream.received.length = 0;
});

function grantFor(era: Era) {
  const target = upstreamTarget('up', upstream.url, {
    era,
    protocolVersion: era === 'LEGACY' ? '2025-11-25' : '2026-07-28',
    capabilities: '{"tools":{},"resources":{"subscribe":true}}',
  });
  const names = [...Object.keys(answers), 'question'];
  const catalogue = {
    tools: names.map((name) => ({ definition: { name, inputSchema: { type: 'object' } }, run: () => ({}) })),
    resources: [{ definition: { uri: 'file:///r', name: 'r' }, contents: {} }],
    resourceTemplates: null,
    prompts: [],
  };
  return gateway.grant({
    aggregate: endpoint({ kind: 'aggregate', slug: null }, [{ upstream: target, catalogue, prefixed: true }]),
  });
}

/** Posts to `/mcp`; the answer is not read before somebody reads it. */
function post(
  token: string,
  era: Era,
  method: string,
  params: Json,
  capabilities: Json = {},
): Promise<IncomingMessage> {
  const made = modern(method, params, 7);
  made.body.params._meta['io.modelcontextprotocol/clientCapabilities'] = capabilities;
  const sent = era === 'MODERN' ? made : { body: legacy(method, params, 7), headers: {} };
  const headers = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    ...sent.headers,
  };
  return new Promise((resolve, reject) => {
    const outgoing = request(
      { host: '127.0.0.1', port: gateway.port, path: '/mcp', method: 'POST', headers, agent: false },
      (response) => resolve(response.pause()),
    );
    outgoing.on('error', reject);
    outgoing.end(JSON.stringify(sent.body));
  });
}
const call = (token: string, era: Era, name: string, more: Json = {}, capabilities: Json = {}) =>
  post(token, era, 'tools/call', { name: `up__${name}`, arguments: {}, ...more }, capabilities);
const read = async (response: IncomingMessage) => JSON.parse(await readText(response)) as { result: Json; error: Json };
const passes = ({ headers }: IncomingMessage) => headers['content-length'] === undefined;
const recorded = (count = 1) => until('it is recorded', () => gateway.records.length === count);

const cells = [
  ['LEGACY', 'LEGACY'],
  ['LEGACY', 'MODERN'],
  ['MODERN', 'LEGACY'],
  ['MODERN', 'MODERN'],
] as const;

describe('[STR-6] a large answer of the aggregate', () => {
  it.each(cells)('shows names as they are shown in small ones (%s client, %s upstream)', async (era, upstreamEra) => {
    const { token } = grantFor(upstreamEra);
    const response = await call(token, era, 'links');
    expect(passes(response)).toBe(true);
    const { result } = await read(response);
    const content = result['content'] as Json[];
    expect(content[0]).toMatchObject({ uri: 'gatehouse:up:file:///a', type: 'resource_link' });
    expect(content[1]).toMatchObject({ resource: { uri: 'gatehouse:up:file:///b' } });
    expect(JSON.stringify(content[0]?.['blob']) === bulk).toBe(true);
    expect(result['_meta']).toMatchObject({ a: 1 });
    // Between legacy peers it is a member like any other.
    expect(result['resultType']).toBe(era === 'LEGACY' && upstreamEra === 'MODERN' ? undefined : 'complete');
    await recorded();
    expect(gateway.records[0]).toMatchObject({ outcome: 'ALLOWED', details: { resultIsError: true } });
  });

  it('seals the ids of tasks', async () => {
    const { token } = grantFor('LEGACY');
    const response = await call(token, 'LEGACY', 'task');
    expect(passes(response)).toBe(true);
    const { result } = await read(response);
    const { taskId } = result['task'] as Json;
    expect(taskId).toMatch(/^[\w-]+\.[0-9a-f]{32}$/);
    expect(result['_meta']).toEqual({ 'io.modelcontextprotocol/related-task': { taskId } });
  });

  it('is told in other words where it is an error, or asks for input', async () => {
    const { token } = grantFor('MODERN');
    const refused = await read(await call(token, 'MODERN', 'refuses'));
    expect(refused.error).toMatchObject({ code: -31002, data: { reason: 'HEADER_MISMATCH' } });
    const asked = await read(await call(token, 'LEGACY', 'asks'));
    expect(asked.error).toMatchObject({ code: -31002, data: { reason: 'INPUT_REQUIRED' } });
    await recorded(2);
    expect(gateway.records).toMatchObject([
      { outcome: 'FAILED', reason: 'UPSTREAM_RPC_ERROR' },
      { outcome: 'FAILED', reason: 'UPSTREAM_RPC_ERROR' },
    ]);
  });

  it.each([
    ['lies', 'LEGACY', 'UPSTREAM_NOT_MCP'],
    ['heavy', 'MODERN', 'UPSTREAM_TOO_LARGE'],
  ] as const)('breaks off where it cannot go on, with a record (%s)', async (name, era, reason) => {
    const { token } = grantFor('MODERN');
    const response = await call(token, era, name);
    await expect(readText(response)).rejects.toThrow('aborted');
    await recorded();
    expect(gateway.records[0]).toMatchObject({ outcome: 'FAILED', reason });
    await until('the upstream is left', () => open === 0);
  });

  it('breaks off when its right is taken away, also where its client might have been asked', async () => {
    const { token } = grantFor('LEGACY');
    const response = await call(token, 'MODERN', 'half', {}, canBeAsked);
    const reading = readText(response);
    reading.catch(() => undefined);
    expect(gateway.records).toHaveLength(0);
    gateway.snapshots.set(token, null);
    await expect(reading).rejects.toThrow('aborted');
    await recorded();
    expect(gateway.records[0]).toMatchObject({ outcome: 'DENIED', reason: 'UNAUTHENTICATED' });
    await until('the upstream is left', () => open === 0);
  });

  it.each([
    ['is held where it comes while its client makes up its mind', false],
    ['goes on as it comes once its client has answered', true],
  ])('behind a question %s', async (_, isAwaited) => {
    const { token } = grantFor('LEGACY');
    const uri = 'gatehouse:up:file:///r';
    ears = null;
    const listening = await post(
      token,
      'MODERN',
      'subscriptions/listen',
      { notifications: { resourceSubscriptions: [uri] } },
      canBeAsked,
    );
    await until('the upstream can ask', () => ears !== null);
    const { result } = await read(await call(token, 'MODERN', 'question', {}, canBeAsked));
    expect(result['resultType']).toBe('input_required');
    const [key = ''] = Object.keys(result['inputRequests'] as Json);
    const retry = () =>
      call(
        token,
        'MODERN',
        'question',
        { inputResponses: { [key]: { action: 'accept', content: {} } }, requestState: result['requestState'] },
        canBeAsked,
      );
    let again: Promise<IncomingMessage>;
    if (isAwaited) {
      again = retry();
      await until('the upstream has its answer', () =>
        upstream.received.some(({ message }) => message['id'] === 'q-1' && 'result' in message),
      );
      answerNow?.();
    } else {
      answerNow?.();
      await until('the upstream is rid of its answer', () => open === 0);
      again = retry();
    }
    const response = await again;
    expect(passes(response)).toBe(isAwaited);
    expect((await read(response)).result['content']).toMatchObject([{ uri: 'gatehouse:up:file:///a' }, {}]);
    listening.destroy();
  });
});
