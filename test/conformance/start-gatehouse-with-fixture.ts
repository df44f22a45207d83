import { generateMasterKey } from '#crypto';
import { addUpstream, callMcp, createTestDatabase, signUpAdmin, startGatehouse, until } from '#testing';
import { startConformanceFixture } from './fixture/start-conformance-fixture.js';
import type { Target } from './run-referee.js';
import type { ServerSuite } from './suites.js';

/** A Gatehouse with the fixture as its upstream. */
export interface GatehouseWithFixture extends AsyncDisposable {
  /**
   * The pass-through endpoint for a suite, and the token for it. A legacy suite gets the fixture as an upstream that
   * speaks nothing else: at one that speaks both, Gatehouse prefers the modern era and translates.
   */
  target(era: ServerSuite['era']): Required<Target>;
}

/** Starts both. @param clusterUrl the superuser's URL of a PostgreSQL */
export async function startGatehouseWithFixture(clusterUrl: string): Promise<GatehouseWithFixture> {
  await using started = new AsyncDisposableStack();
  const fixture = started.use(await startConformanceFixture());
  const database = started.use(await createTestDatabase(clusterUrl));
  const gatehouse = started.use(
    await startGatehouse({
      env: {
        DATABASE_URL: database.url,
        GATEHOUSE_MASTER_KEY: generateMasterKey(),
        GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
      },
    }),
  );
  const { admin, token } = await signUpAdmin(gatehouse);
  await addUpstream(admin, 'modern', fixture.url);
  await addUpstream(admin, 'legacy', fixture.legacyUrl);
  const urlOf = (era: string) => `${gatehouse.gateway}/upstreams/${era}/mcp`;
  for (const url of [urlOf('modern'), urlOf('legacy')])
    await until(`${url} is served`, async () => (await callMcp(url, token, 'tools/list')).status === 200);
  const kept = started.move();
  return { target: (era) => ({ url: urlOf(era), token }), [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
