import { inject, describe, expect, it } from 'vitest';
import { generateMasterKey } from '#crypto';
import {
  createTestDatabase,
  freePort,
  signUpAdmin,
  startGatehouse,
  startOwnedProcess,
  until,
  type ControlPlaneClient,
  type Gatehouse,
} from '#testing';
import { statusOf } from './server-support.js';

/** Far from the drain timeout (25 s), which is for requests in flight: there are none. */
const promptMs = 8_000;

const startRedis = (port: number) =>
  startOwnedProcess('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
    ready: 'Ready to accept connections',
  });

/** Registers an upstream, which is a job; it needs not be there. */
const addJob = (admin: ControlPlaneClient, slug: string): Promise<unknown> =>
  admin.send(
    'mutation ($input: CreateUpstreamInput!) { createUpstream(input: $input) { upstream { id } userErrors { code } } }',
    { input: { slug, name: slug, url: 'http://127.0.0.1:9/mcp', visibility: 'ORGANIZATION' } },
  );

async function stopsPromptly(server: Gatehouse): Promise<void> {
  const began = performance.now();
  expect(await server.stop()).toEqual({ code: 0, signal: null });
  expect(performance.now() - began).toBeLessThan(promptMs);
  expect(server.output.stdout).not.toMatch(/closing .* failed|Stopping the .* failed/);
}

describe.skipIf(inject('redisUrl') === null)('Redis dies under a running server', () => {
  it.each([
    { services: 'control-plane', when: 'after its first job' },
    { services: 'control-plane', when: 'before its first job' },
    { services: 'control-plane,worker', when: 'after its first job' },
    { services: 'control-plane,worker,gateway', when: 'after its first job' },
  ])('[RBS-1] $services, $when, stops as promptly as ever', async ({ services, when }) => {
    await using database = await createTestDatabase(inject('pgUrl'));
    const port = await freePort();
    const redis = await startRedis(port);
    try {
      await using server = await startGatehouse({
        env: {
          DATABASE_URL: database.url,
          REDIS_URL: `redis://127.0.0.1:${port}`,
          GATEHOUSE_MASTER_KEY: generateMasterKey(),
          GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
          GATEHOUSE_SERVICES: services,
        },
      });
      const { admin } = await signUpAdmin(server);
      if (when === 'after its first job') await addJob(admin, 'first');
      await redis.stop('SIGKILL');
      await addJob(admin, 'second');
      if (services.includes('worker'))
        await until('the worker has noticed', async () => (await statusOf(`${server.worker}/readyz`)) === 503);
      await stopsPromptly(server);
    } finally {
      await redis.stop('SIGKILL');
    }
  });

  it('[RBS-1] a worker alone, also when Redis never was there', async () => {
    await using database = await createTestDatabase(inject('pgUrl'));
    const port = await freePort();
    const redis = await startRedis(port);
    const env = {
      DATABASE_URL: database.url,
      REDIS_URL: `redis://127.0.0.1:${port}`,
      GATEHOUSE_MASTER_KEY: generateMasterKey(),
    };
    try {
      // It makes the tables.
      await using _first = await startGatehouse({ env: { ...env, GATEHOUSE_SERVICES: 'control-plane' } });
      await using worker = await startGatehouse({ env: { ...env, GATEHOUSE_SERVICES: 'worker' } });
      await until('the worker takes jobs', async () => (await statusOf(`${worker.worker}/readyz`)) === 200);
      await redis.stop('SIGKILL');
      await until('the worker has noticed', async () => (await statusOf(`${worker.worker}/readyz`)) === 503);
      await stopsPromptly(worker);
      await using late = await startGatehouse({ env: { ...env, GATEHOUSE_SERVICES: 'worker' } });
      await stopsPromptly(late);
    } finally {
      await redis.stop('SIGKILL');
    }
  });
});
