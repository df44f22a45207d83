import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { until } from '#testing';
import { legacy } from './gateway-harness.js';
import { gate, note, startSessionWorld, told, type SessionWorld } from './session-world.js';
import { tool } from './tool-scripts.js';

vi.mock('../../apps/gateway/src/pipeline/answer-call.js', async (original) => {
  const { scripted } = await import('./tool-scripts.js');
  return scripted(await original<typeof import('../../apps/gateway/src/pipeline/answer-call.js')>());
});

let world: SessionWorld;
beforeAll(async () => {
  world = await startSessionWorld(['quiet', 'loud'], { GATEHOUSE_MCP_REPLAY_MEMORY: '16KiB' });
});
afterAll(() => world[Symbol.asyncDispose]());

describe('[RBS-4] what sessions keep for clients that come back', () => {
  it('is bounded for the process: a loud session gives up its own, and a quiet one keeps what it waits for', async () => {
    const answered = gate();
    const left = gate();
    tool('quiet', async (call) => {
      await call.client.notify(note(1));
      await left.opened;
      await call.client.notify(note(2));
      answered.open();
      return told(call, { quiet: true });
    });
    tool('loud', async (call) => {
      for (let n = 0; n < 500; n++) await call.client.notify(note(n));
      return told(call, { loud: true });
    });
    const loud = await world.begin('2025-11-25', world.another());
    const stream = await loud.call('loud', 1);
    await stream.ended();
    const seen = stream.events.filter(({ data }) => data);
    expect(seen).toHaveLength(501);

    // What is kept is full now, and nobody who comes later is left out.
    const quiet = await world.begin();
    const first = await quiet.call('quiet', 1);
    let event = await first.next();
    while (!event.data) event = await first.next();
    first.leave();
    left.open();
    await answered.opened;

    const resumed = await quiet.listen(event.id);
    expect(await resumed.message()).toMatchObject({ params: { data: 2 } });
    expect(await resumed.message()).toMatchObject({ result: { quiet: true } });
    await resumed.ended();
    const tooLate = await loud.listen(seen[0]?.id);
    expect(tooLate.status).toBe(400);
    const intime = await loud.listen(seen.at(-2)?.id);
    expect(await intime.message()).toMatchObject({ result: { loud: true } });
  });
});

describe('[LMT-4] [LMT-5] what one session keeps', () => {
  const shout = (count: number) =>
    tool('loud', async (call) => {
      for (let n = 0; n < count; n++) await call.client.notify(note(n));
      return told(call, { loud: true });
    });

  it('ends with its age: 400 for an event that is too old', async () => {
    await using short = await startSessionWorld(['loud'], { GATEHOUSE_MCP_REPLAY_AGE: '1500ms' });
    shout(3);
    const client = await short.begin();
    const stream = await client.call('loud', 1);
    await stream.ended();
    const first = stream.events.find(({ data }) => data);
    const back = await client.listen(first?.id);
    expect(await back.ended()).toBe('end');
    expect([back.status, back.events.filter(({ data }) => data).length]).toEqual([200, 3]);
    await until('it is forgotten', async () => {
      const late = await client.listen(first?.id);
      await late.ended();
      return late.status === 400;
    });
    // The session itself goes on.
    expect((await client.post(legacy('ping'))).status).toBe(200);
  });

  it('has the size that is set: 400 for what gave way, and the rest is there', async () => {
    await using small = await startSessionWorld(['loud'], { GATEHOUSE_MCP_REPLAY_BYTES: '4KiB' });
    shout(200);
    const client = await small.begin();
    const stream = await client.call('loud', 1);
    await stream.ended();
    const events = stream.events.filter(({ data }) => data);
    expect(events).toHaveLength(201);
    const refused: boolean[] = [];
    let kept = 0;
    for (const [index, { id }] of events.entries()) {
      const back = await client.listen(id);
      await back.ended();
      refused.push(back.status === 400);
      if (back.status !== 200) continue;
      const rest = back.events.filter(({ data }) => data);
      expect(rest).toEqual(events.slice(index + 1));
      kept = Math.max(kept, Buffer.byteLength(rest.map(({ data }) => data).join('')));
    }
    // The oldest gave way, and nothing in between.
    const first = refused.indexOf(false);
    expect(refused).toEqual(refused.map((_, index) => index < first));
    expect(first).toBeGreaterThan(100);
    expect(kept).toBeGreaterThan(2 * 1024);
    expect(kept).toBeLessThanOrEqual(4 * 1024);
  });
});
