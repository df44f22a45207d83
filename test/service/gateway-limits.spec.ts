import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startFixtureServer, type FixtureServer } from '#testing';
import { endpoint, legacy, modern, startTestGateway, targetOfFixture, type TestGateway } from './gateway-harness.js';

let gateway: TestGateway;
let server: FixtureServer;
let token: string;
let tokenId: string;
const path = '/servers/s/mcp';
const echo = legacy('tools/call', { name: 'echo', arguments: { text: 'x' } }, 7);
const full = { retryAfterMs: 1234, because: 'limit' } as const;
const notification = { jsonrpc: '2.0', method: 'notifications/initialized' };

beforeAll(async () => {
  gateway = await startTestGateway({
    GATEHOUSE_LIMITS_TOKEN_PER_MINUTE: '60',
    GATEHOUSE_LIMITS_TOKEN_BURST: '5',
  });
  server = await startFixtureServer({ era: 'legacy' });
  const part = { upstream: targetOfFixture('up', server, 'LEGACY'), catalogue: server.catalogue, prefixed: false };
  const granted = gateway.grant({ servers: { s: endpoint({ kind: 'virtual-server', slug: 's' }, [part]) } });
  ({ token } = granted);
  ({ tokenId } = granted.principal);
});
afterAll(async () => {
  await gateway[Symbol.asyncDispose]();
  await server.close();
});
beforeEach(() => {
  server.requests.length = 0;
  gateway.records.length = 0;
  gateway.limits.taken.length = 0;
  gateway.limits.verdict = true;
});

const counted = async (reason: string): Promise<number> => {
  const { body } = await gateway.metrics.render();
  return Number(new RegExp(`^gatehouse_rate_limited_total\\{reason="${reason}"\\} (\\d+)$`, 'm').exec(body)?.[1] ?? 0);
};

describe('[LIM-9] a message beyond the limit', () => {
  it.each([
    ['a legacy', echo, {}],
    ['a modern', modern('tools/call', { name: 'echo', arguments: { text: 'x' } }, 7).body, undefined],
  ])('%s request: 429, the time to wait, one record, one count, no upstream', async (_name, body, headers) => {
    const before = await counted('limit');
    gateway.limits.verdict = full;
    const sent = headers ?? modern('tools/call', { name: 'echo' }).headers;
    const answer = await gateway.post(path, token, body, sent);
    expect(answer.status).toBe(429);
    expect(answer.headers.get('retry-after')).toBe('2');
    expect(answer.json).toEqual({
      jsonrpc: '2.0',
      id: 7,
      error: { code: -31001, message: expect.stringContaining('Too many'), data: { retryAfterMs: 1234 } },
    });
    expect(gateway.records).toMatchObject([
      { action: 'tools/call', outcome: 'DENIED', reason: 'RATE_LIMITED', actorTokenId: tokenId },
    ]);
    expect(await counted('limit')).toBe(before + 1);
    expect(server.requests).toEqual([]);
  });

  it('is answered the same when the verdict comes a moment later', async () => {
    gateway.limits.verdict = Promise.resolve(full);
    expect((await gateway.post(path, token, echo)).status).toBe(429);
    gateway.limits.verdict = Promise.resolve(true);
    expect((await gateway.post(path, token, echo)).status).toBe(200);
  });

  it('a notification is refused as well, and reaches nobody', async () => {
    gateway.limits.verdict = full;
    const answer = await gateway.post(path, token, notification);
    expect(answer).toMatchObject({ status: 429, json: { id: null, error: { code: -31001 } } });
    expect(server.requests).toEqual([]);
  });

  it('[LIM-5] while the limit cannot be checked, and the settings say deny: 503 and FAILED', async () => {
    const before = await counted('store-down');
    gateway.limits.verdict = { retryAfterMs: 1000, because: 'store-down' };
    const answer = await gateway.post(path, token, echo);
    expect(answer).toMatchObject({ status: 503, json: { error: { code: -31001, data: { retryAfterMs: 1000 } } } });
    expect(answer.headers.get('retry-after')).toBe('1');
    expect(gateway.records).toMatchObject([{ outcome: 'FAILED', reason: 'LIMITS_UNAVAILABLE' }]);
    expect(await counted('store-down')).toBe(before + 1);
  });
});

describe('[LIM-10] what counts', () => {
  it.each<[string, unknown, number]>([
    ['a request', echo, 1],
    ['a ping', legacy('ping'), 1],
    ['initialize', legacy('initialize', { protocolVersion: '2025-11-25', capabilities: {} }), 1],
    ['a notification', notification, 1],
    ['an answer that nobody waits for', { jsonrpc: '2.0', id: 'gh-1', result: {} }, 1],
    ['each message of a batch', [legacy('ping', undefined, 1), notification, legacy('ping', undefined, 2)], 3],
  ])('%s', async (_name, body, takes) => {
    await gateway.post(path, token, body);
    expect(gateway.limits.taken).toEqual(
      Array.from({ length: takes }, () => ({ key: tokenId, limit: { perMinute: 60, burst: 5 }, cost: 1 })),
    );
  });

  it('within a batch each message is judged for itself', async () => {
    gateway.limits.verdict = full;
    const answer = await gateway.post(path, token, [legacy('ping', undefined, 1), legacy('ping', undefined, 2)]);
    expect(answer.json).toMatchObject([
      { id: 1, error: { code: -31001 } },
      { id: 2, error: { code: -31001 } },
    ]);
  });

  it('a token may have a limit of its own', async () => {
    const rateLimit = { perMinute: 7, burst: 3 };
    const own = gateway.grant({ servers: { s: endpoint({ kind: 'virtual-server', slug: 's' }, []) } }, { rateLimit });
    await gateway.post(path, own.token, legacy('ping'));
    expect(gateway.limits.taken).toEqual([{ key: own.principal.tokenId, limit: rateLimit, cost: 1 }]);
  });
});

describe('[LIM-10] without a limit', () => {
  it('nothing is counted, except for tokens with one of their own', async () => {
    await using open = await startTestGateway({ GATEHOUSE_LIMITS_TOKEN_PER_MINUTE: '0' });
    const servers = { s: endpoint({ kind: 'virtual-server', slug: 's' }, []) };
    const free = open.grant({ servers });
    const limited = open.grant({ servers }, { rateLimit: { perMinute: 7, burst: 3 } });
    await open.post(path, free.token, legacy('ping'));
    expect(open.limits.taken).toEqual([]);
    await open.post(path, limited.token, legacy('ping'));
    expect(open.limits.taken).toHaveLength(1);
  });
});
