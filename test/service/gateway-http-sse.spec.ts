import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { SSEClientTransport } from '@modelcontextprotocol/sdk/client/sse.js';
import { CreateMessageRequestSchema, LoggingMessageNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { until } from '#testing';
import { legacy, modern } from './gateway-harness.js';
import { gate, note, startSessionWorld, told, type SessionWorld } from './session-world.js';
import { openRequest } from './stream-client.js';
import { tool } from './tool-scripts.js';

vi.mock('../../apps/gateway/src/pipeline/answer-call.js', async (original) => {
  const { scripted } = await import('./tool-scripts.js');
  return scripted(await original<typeof import('../../apps/gateway/src/pipeline/answer-call.js')>());
});

let world: SessionWorld;
beforeAll(async () => {
  world = await startSessionWorld(['noisy', 'ask', 'wait', 'echo'], { GATEHOUSE_MCP_HTTP_SSE: 'true' });
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  world.gateway.records.length = 0;
  tool('echo', (call) => told(call, { content: [{ type: 'text', text: 'hello' }] }));
});

const own = (token = world.token) => ({ authorization: `Bearer ${token}` });
const open = (path = '/servers/s/sse', token = world.token) =>
  openRequest(world.gateway.port, { method: 'GET', path, headers: { ...own(token), accept: 'text/event-stream' } });
const post = (path: string, body: unknown, headers: Record<string, string | undefined> = own()) =>
  openRequest(world.gateway.port, { path, headers, body });
const statusOf = async (answer: ReturnType<typeof post>) => {
  const client = await answer;
  await client.ended();
  return client.status;
};

describe('[SES-17] HTTP+SSE of 2024-11-05', () => {
  it.each(['/sse', '/servers/s/sse'])('%s works with the client of SDK v1', async (path) => {
    const client = new Client({ name: 'v1', version: '1' }, { capabilities: { sampling: {} } });
    const notes: unknown[] = [];
    client.setNotificationHandler(LoggingMessageNotificationSchema, ({ params }) => void notes.push(params.data));
    client.setRequestHandler(CreateMessageRequestSchema, () => ({
      role: 'assistant' as const,
      model: 'm',
      content: { type: 'text' as const, text: 'sampled' },
    }));
    tool('ask', async (call) => {
      await call.client.notify(note(1));
      const outcome = await call.client.ask(
        'sampling/createMessage',
        '{"messages":[],"maxTokens":5}',
        new AbortController().signal,
      );
      return told(call, { content: [{ type: 'text', text: 'result' in outcome ? outcome.result : outcome.error }] });
    });
    await client.connect(
      new SSEClientTransport(new URL(world.gateway.origin + path), {
        requestInit: { headers: own() },
        eventSourceInit: {
          fetch: (url, init) => fetch(url, { ...init, headers: { ...own(), accept: 'text/event-stream' } }),
        },
      }),
    );
    expect(client.getServerVersion()?.name).toBe('gatehouse');
    const prefix = path === '/sse' ? 'up__' : '';
    const names = (await client.listTools()).tools.map(({ name }) => name.replace(prefix, ''));
    expect(names).toEqual(['ask', 'echo', 'noisy', 'wait']);
    if (path !== '/sse') {
      expect(await client.callTool({ name: 'echo' })).toMatchObject({ content: [{ text: 'hello' }] });
      const asked = await client.callTool({ name: 'ask' });
      expect(JSON.stringify(asked)).toContain('sampled');
      expect(notes).toEqual([1]);
    }
    expect(world.gateway.records.map(({ action }) => action)).toContain('initialize');
    await client.close();
  });

  it('tells where to post, accepts, and answers on the stream, one event each', async () => {
    const stream = await open();
    expect(stream.headers).toMatchObject({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' });
    const { event, data = '' } = await stream.next();
    expect(event).toBe('endpoint');
    expect(data).toMatch(/^\/servers\/s\/messages\?sessionId=[\w-]+$/);
    const accepted = await post(data, legacy('initialize', { protocolVersion: '2024-11-05', capabilities: {} }, 0));
    await accepted.ended();
    expect({ status: accepted.status, text: accepted.text }).toEqual({ status: 202, text: '' });
    expect(await stream.message()).toMatchObject({ id: 0, result: { protocolVersion: '2024-11-05' } });
    const old = { ...own(), 'mcp-protocol-version': '2024-11-05' };
    expect(await statusOf(post(data, legacy('ping', {}, 'p'), old))).toBe(202);
    expect(await stream.next()).toEqual({ event: 'message', data: '{"jsonrpc":"2.0","id":"p","result":{}}' });
    const { body, headers } = modern('tools/list');
    expect(await statusOf(post(data, body, { ...own(), ...headers }))).toBe(202);
    expect(await stream.message()).toMatchObject({ error: { code: -32600 } });
    expect(await statusOf(post(data, 'not json'))).toBe(400);
    stream.leave();
  });

  it('the address says which session is meant, never who posts', async () => {
    const stream = await open();
    const { data = '' } = await stream.next();
    const ping = legacy('ping');
    const theirs = world.another();
    expect(await statusOf(post(data, ping, {}))).toBe(401);
    expect(await statusOf(post(data, ping, own(theirs)))).toBe(404);
    expect(await statusOf(post(data.replace('/servers/s', '/servers/t'), ping))).toBe(404);
    expect(await statusOf(post(`${data}x`, ping))).toBe(404);
    expect(await statusOf(post('/servers/s/messages', ping))).toBe(400);
    const id = data.split('=')[1] ?? '';
    expect(await statusOf(post('/servers/s/mcp', ping, { ...own(), 'mcp-session-id': id }))).toBe(404);
    expect(await statusOf(open('/servers/none/sse'))).toBe(404);
    expect(stream.events).toHaveLength(1);
    stream.leave();
  });

  it('the session ends with the stream, and with it what is under way', async () => {
    const stream = await open();
    const { data = '' } = await stream.next();
    const begun = gate();
    const gone = gate<Error>();
    tool('wait', async (call) => {
      call.client.onGone(gone.open);
      begun.open();
      throw await gone.opened;
    });
    expect(await statusOf(post(data, legacy('tools/call', { name: 'wait', arguments: {} })))).toBe(202);
    await begun.opened;
    stream.leave();
    await gone.opened;
    await until('the session is gone', async () => (await statusOf(post(data, legacy('ping')))) === 404);
  });

  it('has the methods that it needs, and its metadata', async () => {
    const sse = await post('/servers/s/sse', legacy('ping'));
    expect({ status: sse.status, allow: sse.headers.allow }).toEqual({ status: 405, allow: 'GET, OPTIONS' });
    const messages = await openRequest(world.gateway.port, { method: 'GET', path: '/messages', headers: own() });
    expect({ status: messages.status, allow: messages.headers.allow }).toEqual({ status: 405, allow: 'POST, OPTIONS' });
    const path = '/.well-known/oauth-protected-resource/servers/s/sse';
    const metadata = await openRequest(world.gateway.port, { method: 'GET', path });
    await metadata.ended();
    expect(JSON.parse(metadata.text)).toMatchObject({ resource: `${world.gateway.origin}/servers/s/sse` });
  });

  it('is not there unless it is enabled', async () => {
    await using plain = await startSessionWorld(['echo']);
    for (const path of ['/sse', '/messages', '/servers/s/sse', '/upstreams/u/messages']) {
      const headers = { authorization: `Bearer ${plain.token}` };
      const answer = await openRequest(plain.gateway.port, { method: 'GET', path, headers });
      expect(answer.status).toBe(404);
    }
  });
});
