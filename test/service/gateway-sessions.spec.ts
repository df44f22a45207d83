import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { legacy, modern } from './gateway-harness.js';
import { gate, startSessionWorld, told, type SessionWorld } from './session-world.js';
import { openRequest } from './stream-client.js';
import { tool } from './tool-scripts.js';

vi.mock('../../apps/gateway/src/pipeline/answer-call.js', async (original) => {
  const { scripted } = await import('./tool-scripts.js');
  return scripted(await original<typeof import('../../apps/gateway/src/pipeline/answer-call.js')>());
});

let world: SessionWorld;
beforeAll(async () => {
  world = await startSessionWorld(['echo', 'wait', 'boom']);
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  world.gateway.records.length = 0;
  tool('echo', (call) => told(call, { said: call.message.id, session: call.client.session?.clientInfo ?? null }));
});

const json = ({ text }: { text: string }) => JSON.parse(text) as Record<string, never>;
const statusOf = async (answer: Promise<{ status: number; ended(): Promise<unknown> }>) => {
  const { status, ended } = await answer.then((client) => ({ status: client.status, ended: () => client.ended() }));
  await ended();
  return status;
};

describe('[SES-1] whose a session is', () => {
  it('begins with initialize: a visible id that says nothing, and what the client told of itself', async () => {
    const client = await world.begin();
    expect(client.id).toMatch(/^[\x21-\x7e]{20,400}$/);
    expect(Buffer.from(client.id, 'base64url').toString('latin1')).not.toContain(world.principal.tokenId);
    const answer = await client.call('echo', 7);
    await answer.ended();
    expect(answer.headers['content-type']).toBe('application/json');
    expect(json(answer)).toMatchObject({ id: 7, result: { said: 7, session: { name: 'test', version: '1' } } });
    expect((await world.begin()).id).not.toBe(client.id);
  });

  it('is unknown to another token, at another endpoint, altered and invented, and asks to initialize again', async () => {
    const client = await world.begin();
    const theirs = world.another();
    const tries = [
      client.post(legacy('ping'), { authorization: `Bearer ${theirs}` }),
      client.listen(undefined, { authorization: `Bearer ${theirs}` }),
      openRequest(world.gateway.port, { path: '/servers/t/mcp', headers: client.headers(), body: legacy('ping') }),
      openRequest(world.gateway.port, { path: '/mcp', headers: client.headers(), body: legacy('ping') }),
      client.post(legacy('ping'), { 'mcp-session-id': `${client.id.slice(0, -2)}AA` }),
      client.post(legacy('ping'), { 'mcp-session-id': 'invented' }),
      client.post([legacy('ping')], { 'mcp-session-id': 'invented', 'mcp-protocol-version': undefined }),
      client.listen(undefined, { 'mcp-session-id': 'invented' }),
    ];
    for (const answer of await Promise.all(tries)) {
      await answer.ended();
      expect(answer.status).toBe(404);
      expect(answer.text).toContain('Send initialize again');
    }
    expect(await statusOf(client.post(legacy('ping')))).toBe(200);
  });

  it('never authenticates: without a token 401 comes first, whatever else is wrong', async () => {
    const client = await world.begin();
    const none = { authorization: undefined };
    expect(await statusOf(client.post(legacy('ping'), none))).toBe(401);
    expect(await statusOf(client.listen(undefined, none))).toBe(401);
    expect(await statusOf(client.listen(undefined, { ...none, 'mcp-protocol-version': '2026-07-28' }))).toBe(401);
    const headers = client.headers({ ...none, 'mcp-session-id': 'invented' });
    expect(await statusOf(openRequest(world.gateway.port, { method: 'DELETE', path: world.path, headers }))).toBe(401);
  });

  it('a request for an unknown session is told with its id, and recorded', async () => {
    const client = await world.begin();
    world.gateway.records.length = 0;
    const answer = await client.call('echo', 'x-1', { 'mcp-session-id': 'invented' });
    await answer.ended();
    expect(json(answer)).toMatchObject({ id: 'x-1', error: { code: -32602 } });
    expect(world.gateway.records).toMatchObject([{ action: 'tools/call', outcome: 'DENIED', reason: 'NOT_FOUND' }]);
  });

  it('is not begun by an initialize that fails, and ignored by modern clients', async () => {
    const before = world.gateway.metrics;
    const refused = await world.initialize('2025-11-25', world.token, '/servers/none/mcp');
    await refused.ended();
    expect(refused.status).toBe(404);
    expect(refused.headers['mcp-session-id']).toBeUndefined();
    const large = await world.initialize('2025-11-25', world.token, world.path, { x: 'y'.repeat(40_000) });
    await large.ended();
    expect(json(large)).toMatchObject({ error: { code: -32602 } });
    expect(large.headers['mcp-session-id']).toBeUndefined();
    expect((await before.render()).body).toMatch(/gatehouse_client_sessions \d+/);
    const { body, headers } = modern('tools/list');
    const answer = await openRequest(world.gateway.port, {
      path: world.path,
      headers: { authorization: `Bearer ${world.token}`, 'mcp-session-id': 'invented', ...headers },
      body,
    });
    await answer.ended();
    expect(answer.status).toBe(200);
  });

  it('a client without session is served as ever', async () => {
    tool('echo', (call) => told(call, { session: call.client.session, canAsk: call.client.canAsk }));
    const answer = await openRequest(world.gateway.port, {
      path: world.path,
      headers: { authorization: `Bearer ${world.token}` },
      body: legacy('tools/call', { name: 'echo', arguments: {} }),
    });
    await answer.ended();
    expect(json(answer)).toMatchObject({ result: { session: null, canAsk: false } });
  });
});

describe('[SES-2] the revision of a session', () => {
  it.each(['2025-06-18', '2025-11-25'])('%s, whichever known one the header names', async (version) => {
    const client = await world.begin(version);
    const other = version === '2025-06-18' ? '2025-11-25' : '2025-06-18';
    for (const [header, status] of [
      [version, 200],
      [undefined, 200],
      // Clients are out there that repeat the oldest one in every request.
      [other, 200],
      ['2025-03-26', 200],
      ['1999-01-01', 400],
    ] as const)
      expect([header, await statusOf(client.post(legacy('ping'), { 'mcp-protocol-version': header }))]).toEqual([
        header,
        status,
      ]);
    // What was agreed decides: it knows no batches.
    const batch = await client.post([legacy('ping', {}, 1)], { 'mcp-protocol-version': '2025-03-26' });
    await batch.ended();
    expect(batch.text).toContain('Only revision 2025-03-26 has batches');
    expect(await statusOf(client.listen(undefined, { 'mcp-protocol-version': '1999-01-01' }))).toBe(400);
    const stream = await client.listen(undefined, { 'mcp-protocol-version': other });
    expect(stream.status).toBe(200);
    stream.leave();
  });

  it('batches are for sessions of 2025-03-26 only', async () => {
    const batch = [legacy('ping', {}, 1), legacy('ping', {}, 2)];
    const none = { 'mcp-protocol-version': undefined };
    const old = await (await world.begin('2025-03-26')).post(batch, none);
    await old.ended();
    expect(JSON.parse(old.text)).toEqual([
      { jsonrpc: '2.0', id: 1, result: {} },
      { jsonrpc: '2.0', id: 2, result: {} },
    ]);
    const young = await (await world.begin('2025-11-25')).post(batch, none);
    await young.ended();
    expect(young.text).toContain('Only revision 2025-03-26 has batches');
  });
});

describe('[SES-3] the end', () => {
  it('DELETE ends it once; then POST, GET and DELETE do not know it, and requests under way get no answer', async () => {
    const client = await world.begin();
    const begun = gate();
    const cancelled = gate<Error>();
    tool('wait', async (call) => {
      call.client.onGone(cancelled.open);
      begun.open();
      throw await cancelled.opened;
    });
    const running = client.call('wait');
    await begun.opened;
    const stream = await client.listen();
    const other = await world.begin();
    expect(await statusOf(client.end())).toBe(204);
    expect(await stream.ended()).toBe('end');
    const answer = await running;
    await answer.ended();
    expect({ status: answer.status, text: answer.text }).toEqual({ status: 202, text: '' });
    expect(await statusOf(client.end())).toBe(404);
    expect(await statusOf(client.post(legacy('ping')))).toBe(404);
    expect(await statusOf(client.listen())).toBe(404);
    expect(await statusOf(other.post(legacy('ping')))).toBe(200);
  });

  it('tells what DELETE and GET need', async () => {
    const client = await world.begin();
    const nameless = client.headers({ 'mcp-session-id': undefined });
    const at = { path: world.path, headers: nameless };
    expect(await statusOf(openRequest(world.gateway.port, { ...at, method: 'DELETE' }))).toBe(400);
    expect(await statusOf(openRequest(world.gateway.port, { ...at, method: 'GET' }))).toBe(400);
    for (const method of ['DELETE', 'GET']) {
      const headers = client.headers({ 'mcp-protocol-version': '2026-07-28' });
      const answer = await openRequest(world.gateway.port, { method, path: world.path, headers });
      expect(answer.status).toBe(405);
      expect(answer.headers.allow).toBe('POST, OPTIONS');
    }
    const options = await openRequest(world.gateway.port, { method: 'OPTIONS', path: world.path });
    expect(options.headers.allow).toBe('GET, POST, DELETE, OPTIONS');
    const put = await openRequest(world.gateway.port, { method: 'PUT', path: world.path, headers: client.headers() });
    expect({ status: put.status, allow: put.headers.allow }).toEqual({
      status: 405,
      allow: 'GET, POST, DELETE, OPTIONS',
    });
  });
});

describe('[SES-12] ids', () => {
  it('1, "1", 0, "" and one id used twice at once: each answer has its own', async () => {
    const client = await world.begin();
    for (const id of [1, '1', 0, '', -5, 'x'.repeat(500), Number.MAX_SAFE_INTEGER]) {
      const answer = await client.call('echo', id);
      await answer.ended();
      expect(json(answer)).toMatchObject({ id, result: { said: id } });
    }
    let arrived = 0;
    const both = gate();
    tool('wait', async (call) => {
      const mine = ++arrived;
      if (arrived === 2) both.open();
      await both.opened;
      return told(call, { mine });
    });
    const answers = await Promise.all([client.call('wait', 3), client.call('wait', 3)]);
    await Promise.all(answers.map((answer) => answer.ended()));
    expect(answers.map(json).map(({ id }) => id as unknown)).toEqual([3, 3]);
    expect(new Set(answers.map(({ text }) => text)).size).toBe(2);
  });
});

describe('[SES-10] cancellation', () => {
  const cancel = (requestId: unknown) => ({
    jsonrpc: '2.0',
    method: 'notifications/cancelled',
    params: { requestId, reason: 'no need' },
  });

  it('ends the request of exactly that id, with a record and without an answer', async () => {
    const client = await world.begin();
    const stranger = await world.begin();
    const begun = gate();
    let running = 0;
    tool('wait', async (call) => {
      const gone = gate<Error>();
      call.client.onGone(gone.open);
      if (++running === 2) begun.open();
      throw await gone.opened;
    });
    const number = client.call('wait', 1);
    const text = client.call('wait', '1');
    await begun.opened;
    expect(await statusOf(stranger.post(cancel(1)))).toBe(202);
    for (const unknown of [2, null, undefined, { id: 1 }])
      expect(await statusOf(client.post(cancel(unknown)))).toBe(202);
    world.gateway.records.length = 0;
    expect(await statusOf(client.post(cancel('1')))).toBe(202);
    const ended = await text;
    await ended.ended();
    expect({ status: ended.status, text: ended.text }).toEqual({ status: 202, text: '' });
    expect(world.gateway.records).toMatchObject([
      { action: 'tools/call', outcome: 'FAILED', details: { cancelled: true } },
    ]);
    expect(await statusOf(client.post(cancel(1)))).toBe(202);
    expect((await number).status).toBe(202);
    expect(world.gateway.records).toHaveLength(2);
  });

  it('reaches a call that asks only afterwards whether it is still wanted', async () => {
    const client = await world.begin();
    const begun = gate();
    const later = gate();
    tool('wait', async (call) => {
      begun.open();
      await later.opened;
      return new Promise((_resolve, reject) => call.client.onGone(reject));
    });
    const answer = client.call('wait', 9);
    await begun.opened;
    expect(await statusOf(client.post(cancel(9)))).toBe(202);
    later.open();
    expect((await answer).status).toBe(202);
  });
});
