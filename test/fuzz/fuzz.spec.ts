import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '#testing';
import { fuzz, mayGrow } from './fuzz.js';
import { startFuzzWorld, type FuzzWorld } from './fuzz-world.js';

let database: TestDatabase;
let world: FuzzWorld;

beforeAll(async () => {
  database = await createTestDatabase(inject('pgUrl'));
  world = await startFuzzWorld(database.url);
});
afterAll(async () => {
  await world?.[Symbol.asyncDispose]();
  await database?.[Symbol.asyncDispose]();
});

// The long form is `npm run fuzz`. A failure names its seed and number: npm run fuzz -- --seed … --only …
it('[FUZ-1] [FUZ-2] 2,000 malformed messages: each is answered in its form, nothing breaks, nothing is kept', async () => {
  const seed = Number(process.env['FUZZ_SEED'] ?? '1');
  const { failures, memory, sent, statuses } = await fuzz(world, { seed, count: 2000 });
  expect(failures).toEqual([]);
  expect(sent).toBe(2000);
  // Most of it goes wrong, and enough of it goes right.
  for (const status of [200, 202, 400, 401, 404])
    expect(statuses[status], JSON.stringify(statuses)).toBeGreaterThan(10);
  const [half, end] = memory;
  process.stdout.write(`left behind by the second half: ${Math.round((end - half) / 1024)} KiB\n`);
  expect(end - half, `${half} → ${end}`).toBeLessThan(mayGrow(sent));
}, 120_000);
