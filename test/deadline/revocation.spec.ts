import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import {
  addUpstream,
  createTestDatabase,
  measureRevocation,
  signUpAdmin,
  startFixtureServer,
  startSplit,
  type ControlPlaneClient,
  type FixtureServer,
  type SplitGatehouse,
  type TestDatabase,
} from '#testing';

/** The promise is 1 s (ARCHITECTURE.md §3a); tests fail at three times that, `npm run bench:latency` prints the strict figure. */
const limitMs = 3000;

let database: TestDatabase;
let upstream: FixtureServer;
let split: SplitGatehouse;
let admin: ControlPlaneClient;
let upstreamId: string;

beforeAll(async () => {
  database = await createTestDatabase(inject('pgUrl'), { empty: true });
  upstream = await startFixtureServer({ era: 'legacy' });
  split = await startSplit(database.url, 2);
  ({ admin } = await signUpAdmin(split.control));
  upstreamId = await addUpstream(admin, 'fixture', upstream.url);
});
afterAll(async () => {
  await split?.[Symbol.asyncDispose]();
  await upstream?.close();
  await database?.[Symbol.asyncDispose]();
});

describe('what is taken away is refused on two gateway processes', () => {
  it('[GW-14] [SRV-1] a revoked token', async () => {
    expect(await measureRevocation('token', 'no-token', split, admin, upstreamId)).toBeLessThan(limitMs);
  });

  it('[GW-15] a removed member', async () => {
    expect(await measureRevocation('membership', 'no-member', split, admin, upstreamId)).toBeLessThan(limitMs);
  });

  it('[GW-15] a disabled server', async () => {
    expect(await measureRevocation('server', 'no-server', split, admin, upstreamId)).toBeLessThan(limitMs);
  });
});
