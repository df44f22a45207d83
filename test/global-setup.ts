import path from 'node:path';
import type { TestProject } from 'vitest/node';
import { locatePostgresBinaries } from '../apps/server/src/embedded-postgres/postgres-binaries.js';
import { postgresIdentity } from '../apps/server/src/embedded-postgres/postgres-identity.js';
import { reachableBinaries } from '../apps/server/src/embedded-postgres/reachable-binaries.js';
// By path: Vitest loads this file before its own resolve conditions apply.
import { freePort } from '../libs/testing/src/database/free-port.js';
import { startOwnedProcess } from '../libs/testing/src/database/owned-process.js';
import { startTestCluster } from '../libs/testing/src/database/start-test-cluster.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** The superuser's URL of this run's PostgreSQL; pass it to `createTestDatabase`. */
    pgUrl: string;
    /** The folder of the embedded PostgreSQL's programs, for tests that start a server of their own. */
    pgBinFolder: string;
    /** This run's Redis; null only when `GATEHOUSE_TEST_WITHOUT` names it. */
    redisUrl: string | null;
  }
}

const without = (part: string): boolean =>
  (process.env.GATEHOUSE_TEST_WITHOUT ?? '').split(',').some((name) => name.trim() === part);

/** Starts what all test files share: one PostgreSQL and one Redis. Both end with the run, however it ends. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const stops: (() => Promise<void>)[] = [];
  const teardown = async (): Promise<void> => {
    await Promise.all(stops.map((stop) => stop()));
  };
  try {
    const binaries = reachableBinaries(locatePostgresBinaries(), postgresIdentity('/nonexistent'));
    const binFolder = path.join(binaries.folder, 'bin');
    const [cluster, redis] = await Promise.all([startTestCluster({ binFolder }), startRedis()]);
    stops.push(() => cluster.stop());
    if (redis) stops.push(() => redis.stop());
    project.provide('pgUrl', cluster.url);
    project.provide('pgBinFolder', binFolder);
    project.provide('redisUrl', redis?.url ?? null);
    return teardown;
  } catch (error) {
    await teardown();
    throw error;
  }
}

async function startRedis(): Promise<{ url: string; stop: () => Promise<void> } | null> {
  if (without('redis-server')) return null;
  const port = await freePort();
  const options = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'];
  try {
    const redis = await startOwnedProcess('redis-server', options, { ready: 'Ready to accept connections' });
    return { url: `redis://127.0.0.1:${port}`, stop: () => redis.stop('SIGTERM') };
  } catch (cause) {
    throw new Error(
      'redis-server did not start. Install it (apt-get install -y redis-server), or set GATEHOUSE_TEST_WITHOUT=redis-server to leave its tests out.',
      { cause },
    );
  }
}
