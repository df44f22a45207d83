import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Simulation } from './simulation.js';

const processes = 3;
const who = fc.nat({ max: processes - 1 });
const limit = fc.record({ perMinute: fc.integer({ min: 1, max: 60_000 }), burst: fc.integer({ min: 1, max: 400 }) });

type Step = readonly [
  'take' | 'takeMany' | 'beat' | 'arrive' | 'answer' | 'roundTrip' | 'fail' | 'crash' | 'pass',
  number,
  number,
];
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.tuple(fc.constant('take' as const), who, fc.integer({ min: 1, max: 3 })) },
  { weight: 4, arbitrary: fc.tuple(fc.constant('takeMany' as const), who, fc.integer({ min: 1, max: 60 })) },
  { weight: 3, arbitrary: fc.tuple(fc.constant('beat' as const), who, fc.constant(0)) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('arrive' as const), who, fc.constant(0)) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('answer' as const), who, fc.constant(0)) },
  { weight: 8, arbitrary: fc.tuple(fc.constant('roundTrip' as const), who, fc.constant(0)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('fail' as const), who, fc.constant(0)) },
  { weight: 1, arbitrary: fc.tuple(fc.constant('crash' as const), who, fc.constant(0)) },
  { weight: 5, arbitrary: fc.tuple(fc.constant('pass' as const), who, fc.integer({ min: 1, max: 700 })) },
);

async function run(world: Simulation, [what, index, amount]: Step): Promise<void> {
  if (what === 'take') world.take(index, amount);
  else if (what === 'takeMany') for (let i = 0; i < amount; i += 1) world.take(index);
  else if (what === 'beat') world.beat(index);
  else if (what === 'arrive') world.arrive(index);
  else if (what === 'answer') await world.answer(index);
  else if (what === 'fail') await world.fail(index);
  else if (what === 'crash') world.crash(index);
  else if (what === 'pass') world.now += amount;
  else {
    world.arrive(index);
    await world.answer(index);
  }
}

describe('leases of one bucket in three processes', () => {
  it('[LIM-1] never give more than limit + burst in any window, whatever is late, lost, returned or killed', async () => {
    let accepted = 0;
    await fc.assert(
      fc.asyncProperty(limit, fc.array(step, { minLength: 20, maxLength: 300, size: 'max' }), async (rule, steps) => {
        const world = new Simulation(processes, rule);
        for (const one of steps) await run(world, one);
        accepted += world.accepted.length;
        expect(world.excess).toBe(0);
      }),
      { numRuns: 400 },
    );
    // The runs were about something.
    expect(accepted).toBeGreaterThan(5000);
  });

  it('[LIM-2] give at least 95 % of limit + burst to whoever asks, however the calls are spread', async () => {
    const share = fc.integer({ min: 0, max: 10 });
    // Who is called how often changes five times a second, so that leases lie where nobody calls any more.
    const phases = fc.array(
      fc.tuple(
        share,
        share,
        share.map((some) => some + 1),
      ),
      { minLength: 10, maxLength: 10 },
    );
    const rule = fc
      .record({ perMinute: fc.integer({ min: 60, max: 60_000 }), burst: fc.integer({ min: 50, max: 500 }) })
      // A bucket smaller than what flows in during one beat is emptied by the leases alone.
      .filter(({ perMinute, burst }) => burst >= perMinute / 240);
    await fc.assert(
      fc.asyncProperty(rule, phases, fc.integer({ min: 0, max: 4 }), async (limits, weights, latencyMs) => {
        const world = new Simulation(processes, limits);
        const began = world.now;
        const turns = weights.map((phase) =>
          phase.flatMap((weight, index) => Array.from({ length: weight }, () => index)),
        );
        // Three times what can be accepted, evenly over two seconds.
        const seconds = 2;
        const most = limits.burst + (limits.perMinute / 60) * seconds;
        const tries = Math.ceil(most * 3);
        let tried = 0;
        for (let ms = 0; ms < seconds * 1000; ms += 1) {
          const turn = turns[Math.floor(ms / 200)] ?? [];
          for (; tried < (tries * (ms + 1)) / (seconds * 1000); tried += 1) world.take(turn[tried % turn.length] ?? 0);
          for (let index = 0; index < processes; index += 1) {
            if ((ms + index * 33) % 100 === 0) world.beat(index);
            if (ms % (latencyMs + 1) === 0) {
              await world.answer(index);
              world.arrive(index);
            }
          }
          world.now += 1;
        }
        expect(world.excess).toBe(0);
        const possible = limits.burst + ((world.now - began) * limits.perMinute) / 60_000;
        expect(world.accepted.length).toBeGreaterThanOrEqual(Math.floor(possible * 0.95));
      }),
      { numRuns: 40 },
    );
  });
});
