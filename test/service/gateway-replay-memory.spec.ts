import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
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
