import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  addUpstream,
  createTestDatabase,
  eventData,
  postMcp,
  startFixtureServer,
  startGatehouse,
  startScriptedServer,
  startSplit,
  until,
  type FixtureServer,
  type McpAnswer,
  type SplitGatehouse,
  type TestDatabase,
} from '#testing';
import { openRequest } from '../service/stream-client.js';
import { beginJourney, type Journey } from './server-support.js';

let database: TestDatabase;
let upstreams: FixtureServer[];
let split: SplitGatehouse;
let journey: Journey;
let first: string;
let second: string;

beforeAll(async () => {
  [database, ...upstreams] = await Promise.all([
    createTestDatabase(inject('pgUrl')),
    startFixtureServer({ era: 'legacy' }),
    startFixtureServer({ era: 'legacy' }),
  ]);
  split = await startSplit(database.url, 2);
  [first = '', second = ''] = split.gateways.map(({ gateway }) => gateway);
  journey = await beginJourney({ ...split.control, gateway: first }, upstreams[0]?.url ?? '');
});
afterAll(async () => {
  await split[Symbol.asyncDispose]();
  await Promise.all(upstreams.map((upstream) => upstream.close()));
  await database[Symbol.asyncDispose]();
});

const version = '2025-11-25';
const message = (method: string, params: object = {}, id: number | null = 1) =>
  JSON.stringify({ jsonrpc: '2.0', method, params, ...(id === null ? {} : { id }) });

/** Begins a session as a client of 2025-11-25 does. */
async function initialize(gateway: string, token: string, path = '/mcp'): Promise<string> {
  const params = { protocolVersion: version, capabilities: {}, clientInfo: { name: 'e2e', version: '1' } };
  const answer = await postMcp(gateway + path, token, message('initialize', params));
  expect(answer.status, answer.text).toBe(200);
  return answer.headers.get('mcp-session-id') ?? '';
}

const inSession = (gateway: string, session: string, body: string, token = journey.token): Promise<McpAnswer> =>
  postMcp(`${gateway}/mcp`, token, body, { 'mcp-session-id': session, 'mcp-protocol-version': version });

/** Opens the stream of a session, and collects what comes. */
async function openStream(gateway: string, session: string) {
  const controller = new AbortController();
  const response = await fetch(`${gateway}/mcp`, {
    headers: {
      accept: 'text/event-stream',
      authorization: `Bearer ${journey.token}`,
      'mcp-session-id': session,
      'mcp-protocol-version': version,
    },
    signal: controller.signal,
  });
  const seen = { text: '', ended: false };
  void (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of response.body ?? []) seen.text += decoder.decode(chunk as Uint8Array, { stream: true });
  })()
    .catch(() => undefined)
    .finally(() => (seen.ended = true));
  return { response, seen, close: () => controller.abort() };
}

describe('a session that began at one gateway process', () => {
  it('[OWN-10] goes on at another one: requests, notifications, the stream, and its end', async () => {
    const session = await initialize(first, journey.token);
    expect((await inSession(second, session, message('notifications/initialized', {}, null))).status).toBe(202);
    const listed = await inSession(second, session, message('tools/list', {}, 2));
    expect(listed.status, listed.text).toBe(200);
    expect(listed.body).toMatchObject({ id: 2, result: { tools: expect.any(Array) } });
    expect(listed.headers.get('x-gatehouse-hop-proof')).toBeNull();
    const stream = await openStream(second, session);
    expect([stream.response.status, stream.response.headers.get('content-type')]).toEqual([
      200,
      expect.stringContaining('text/event-stream'),
    ]);
    await addUpstream(journey.admin, 'newcomer', upstreams[1]?.url ?? '');
    await until('the change is told', () => stream.seen.text.includes('notifications/tools/list_changed'));
    const ended = await fetch(`${second}/mcp`, {
      method: 'DELETE',
      headers: {
        authorization: `Bearer ${journey.token}`,
        'mcp-session-id': session,
        'mcp-protocol-version': version,
      },
    });
    expect([200, 202, 204]).toContain(ended.status);
    await until('the stream ends with the session', () => stream.seen.ended);
    for (const gateway of [first, second])
      expect((await inSession(gateway, session, message('tools/list'))).status).toBe(404);
  });

  it('[OWN-10] ends within a second at every process when its token is revoked', async () => {
    const { secret, apiToken } = await journey.admin.mutate<{ secret: string; apiToken: { id: string } }>(
      'createApiToken',
      'CreateApiTokenInput',
      { name: 'short' },
      'secret apiToken { id }',
    );
    await until('the token is known', async () => {
      return (await inSession(second, 'x', message('ping'), secret)).status === 404;
    });
    const session = await initialize(first, secret);
    expect((await inSession(second, session, message('tools/list'), secret)).status).toBe(200);
    await journey.admin.mutate('revokeApiToken', 'RevokeApiTokenInput', { id: apiToken.id }, 'apiToken { id }');
    await until(
      'it is refused',
      async () => {
        return (await inSession(second, session, message('tools/list'), secret)).status === 401;
      },
      1_500,
    );
  });

  it('[OWN-11] [SES-7] its streams are resumed at any process, from the event after the last', async () => {
    let release = (): void => undefined;
    const said = (data: string) => ({ method: 'notifications/message', params: { level: 'info', data } });
    await using polling = await startScriptedServer(({ message: { id, method }, response }) => {
      if (method === 'tools/list') {
        const result = { tools: [{ name: 'wait', inputSchema: { type: 'object' } }] };
        response.writeHead(200, { 'content-type': 'application/json' });
        response.end(JSON.stringify({ jsonrpc: '2.0', id, result }));
      } else if (method === 'tools/call') {
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write(eventData(said('first')));
        release = () => {
          response.write(eventData(said('second')));
          response.end(eventData({ id, result: { content: [{ type: 'text', text: 'done' }] } }));
        };
      } else response.writeHead(405).end();
    });
    await addUpstream(journey.admin, 'polling', polling.url);
    const session = await initialize(first, journey.token);
    const headers = {
      authorization: `Bearer ${journey.token}`,
      'mcp-session-id': session,
      'mcp-protocol-version': version,
    };
    const portOf = (gateway: string) => Number(new URL(gateway).port);
    const call = { name: 'polling__wait', arguments: {} };
    await until('the tool is there', async () =>
      (await inSession(first, session, message('tools/list'))).text.includes('polling__wait'),
    );
    const resume = (gateway: string, last: string) =>
      openRequest(portOf(gateway), {
        method: 'GET',
        path: '/mcp',
        headers: { ...headers, accept: 'text/event-stream', 'last-event-id': last },
      });
    // Begun at its own process, resumed at another one; and the other way round.
    for (const [begun, resumed] of [
      [first, second],
      [second, first],
      [second, second],
    ] as const) {
      const stream = await openRequest(portOf(begun), {
        path: '/mcp',
        headers,
        body: { jsonrpc: '2.0', id: 'mine', method: 'tools/call', params: call },
      });
      let last = '';
      for (;;) {
        const event = await stream.next();
        last = event.id ?? last;
        if (event.data?.includes('first')) break;
      }
      stream.leave();
      // Said while nobody listens.
      release();
      const back = await resume(resumed, last);
      expect([back.status, back.headers['content-type']]).toEqual([200, 'text/event-stream']);
      expect(await back.message()).toMatchObject({ params: { data: 'second' } });
      expect(await back.message()).toMatchObject({ id: 'mine', result: { content: [{ text: 'done' }] } });
      expect(await back.ended()).toBe('end');
    }
    const unknown = await resume(second, 'not-one-of-ours');
    await unknown.ended();
    expect(unknown.status).toBeGreaterThanOrEqual(400);
    expect(unknown.status).toBeLessThan(500);
  });

  it('[OWN-5] [OWN-10] is gone with its process: 404 at the other one, and a new one can begin', async () => {
    const third = await startGatehouse({ env: { ...split.env, GATEHOUSE_SERVICES: 'gateway' } });
    const session = await initialize(third.gateway, journey.token);
    expect((await inSession(second, session, message('tools/list'))).status).toBe(200);
    await third.stop('SIGKILL');
    expect((await inSession(second, session, message('tools/list'))).status).toBe(404);
    expect(await initialize(second, journey.token)).not.toBe('');
    await third[Symbol.asyncDispose]();
  });
});
