import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { startSessionWorld, told, type SessionClient, type SessionWorld } from './session-world.js';
import type { StreamClient } from './stream-client.js';
import { tool } from './tool-scripts.js';

vi.mock('../../apps/gateway/src/pipeline/answer-call.js', async (original) => {
  const { scripted } = await import('./tool-scripts.js');
  return scripted(await original<typeof import('../../apps/gateway/src/pipeline/answer-call.js')>());
});

let world: SessionWorld;
beforeAll(async () => {
  world = await startSessionWorld(['ask'], { GATEHOUSE_LIMITS_TOKEN_PER_MINUTE: '600' });
});
afterAll(() => world[Symbol.asyncDispose]());
beforeEach(() => {
  world.gateway.limits.verdict = true;
  tool('ask', async (call) =>
    told(call, { outcome: await call.client.ask('ping', '{}', new AbortController().signal) }),
  );
});

const full = { retryAfterMs: 1234, because: 'limit' } as const;
const answerTo = (id: unknown) => ({ jsonrpc: '2.0', id, result: {} });
/** What something costs. */
const costOf = async (act: () => Promise<StreamClient>, status: number): Promise<number> => {
  world.gateway.limits.taken.length = 0;
  const answer = await act();
  if (answer.headers['content-type'] !== 'text/event-stream') await answer.ended();
  expect(answer.status).toBe(status);
  return world.gateway.limits.taken.reduce((sum, { cost }) => sum + cost, 0);
};
/** A request that the gateway asks the client and waits for. */
const asked = async (client: SessionClient) => {
  const stream = await client.call('ask');
  return { stream, id: (await stream.message())['id'] };
};

describe('[LIM-10] what a client owes', () => {
  it('an answer that its session waits for is free, once, and also beyond the limit', async () => {
    const client = await world.begin();
    const { stream, id } = await asked(client);
    world.gateway.limits.verdict = full;
    expect(await costOf(() => client.post(answerTo(id)), 202)).toBe(0);
    expect(await stream.message()).toMatchObject({ result: { outcome: { result: '{}' } } });
    expect(await costOf(() => client.post(answerTo(id)), 429)).toBe(1);
  });

  it('every other answer costs as much as any message', async () => {
    const [client, other] = [await world.begin(), await world.begin('2025-03-26')];
    const { stream, id } = await asked(client);
    expect(await costOf(() => client.post(answerTo('gh-77')), 202)).toBe(1);
    expect(await costOf(() => client.post(answerTo(1)), 202)).toBe(1);
    // The session of another client does not wait for it.
    expect(await costOf(() => other.post([answerTo(id), answerTo(id), answerTo('x')]), 202)).toBe(3);
    expect(await costOf(() => client.post(answerTo(id), { 'mcp-protocol-version': '1999-01-01' }), 400)).toBe(0);
    // One that came in vain was the free one.
    expect(await costOf(() => client.post(answerTo(id)), 202)).toBe(1);
    await stream.ended();
  });
});

describe('[LIM-10] requests without a message', () => {
  it('GET and DELETE cost one each, and are refused beyond the limit', async () => {
    const client = await world.begin();
    expect(await costOf(() => client.listen(), 200)).toBe(1);
    world.gateway.limits.verdict = full;
    for (const act of [() => client.listen(), () => client.end()]) {
      const answer = await act();
      await answer.ended();
      expect([answer.status, answer.headers['retry-after']]).toEqual([429, '2']);
      expect(JSON.parse(answer.text)).toMatchObject({ error: { code: -31001, data: { retryAfterMs: 1234 } } });
    }
    world.gateway.limits.verdict = Promise.resolve(true);
    expect(await costOf(() => client.end(), 204)).toBe(1);
  });
});
