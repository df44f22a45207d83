import { readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { generateMasterKey } from '#crypto';
import { createTestDatabase, startGatehouse, until, type Gatehouse, type TestDatabase } from '#testing';
import { listeningSockets, statusOf } from './server-support.js';

const ready = (url: string): Promise<void> =>
  until(`${url}/readyz answers 200`, async () => (await statusOf(`${url}/readyz`)) === 200);
const metricsUrl = ({ output }: Gatehouse): string => /Metrics\s+(\S+)/.exec(output.stderr)?.[1] ?? '';

describe('a fresh start without any setting', () => {
  let server: Gatehouse;
  beforeAll(async () => {
    server = await startGatehouse();
  });
  afterAll(() => server[Symbol.asyncDispose]());

  it('[TOOL-1] serves all three services from dist/', async () => {
    for (const url of [server.controlPlane, server.gateway, server.worker]) {
      await ready(url);
      expect(await statusOf(`${url}/healthz`)).toBe(200);
    }
    const graphql = await fetch(`${server.controlPlane}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query: '{ upstreams(first: 1) { edges { cursor } } }' }),
    });
    expect(await graphql.text()).toContain('UNAUTHENTICATED');
    const mcp = await fetch(`${server.gateway}/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{}',
    });
    expect(mcp.status).toBe(401);
    expect(await (await fetch(metricsUrl(server))).text()).toContain('# TYPE');
  });

  it('[SRV-4] listens on loopback only, the database included', () => {
    const { pid = 0 } = server.child;
    const sockets = listeningSockets(pid);
    // The public ports, metrics, and the port of the gateway for other gateway processes.
    expect(sockets).toHaveLength(5);
    // 127.0.0.1 as the kernel prints it; the embedded PostgreSQL has no TCP port at all.
    expect(sockets.filter((address) => !address.startsWith('0100007F:'))).toEqual([]);
  });

  it('prints the one-time link to the terminal only, and writes keys that nobody else can read', () => {
    const token = server.setupLink?.split('#')[1] ?? '';
    expect(token.length).toBeGreaterThan(20);
    expect(server.output.stderr).toContain(token);
    expect(server.output.stdout).not.toContain(token);
    for (const name of ['master.key', 'postgres.password']) {
      const file = path.join(server.dataDir, name);
      expect(statSync(file).mode & 0o777).toBe(0o600);
      expect(server.output.stdout + server.output.stderr).not.toContain(readFileSync(file, 'utf8').trim());
    }
  });

  it('starts again on its database within three times the promised 3 s', async () => {
    expect((await server.stop()).code).toBe(0);
    const began = performance.now();
    await using again = await startGatehouse({ dataDir: server.dataDir });
    const ms = performance.now() - began;
    process.stdout.write(`start on an existing database: ${Math.round(ms)} ms (goal 3000 ms)\n`);
    expect(ms).toBeLessThan(9_000);
    expect(again.output.stderr).toMatch(/The start took \d+\.\d s/);
    expect(again.setupLink).not.toBe(server.setupLink);
  });
});

describe('GATEHOUSE_SERVICES', () => {
  let database: TestDatabase;
  const masterKey = generateMasterKey();
  beforeAll(async () => {
    database = await createTestDatabase(inject('pgUrl'));
  });
  afterAll(() => database[Symbol.asyncDispose]());

  it.each(['control-plane', 'gateway', 'worker', 'control-plane,gateway', 'control-plane,worker', 'gateway,worker'])(
    '[TOOL-1] [SRV-1] %s runs exactly that',
    async (services) => {
      await using server = await startGatehouse({
        env: { DATABASE_URL: database.url, GATEHOUSE_MASTER_KEY: masterKey, GATEHOUSE_SERVICES: services },
      });
      const all = { 'control-plane': server.controlPlane, gateway: server.gateway, worker: server.worker };
      const wanted = services.split(',');
      for (const [name, url] of Object.entries(all)) {
        if (wanted.includes(name)) await ready(url);
        else expect(url).toContain('.invalid');
      }
      expect(listeningSockets(server.child.pid ?? 0)).toHaveLength(
        // Metrics, and the port of the gateway for other gateway processes.
        wanted.length + 1 + (wanted.includes('gateway') ? 1 : 0),
      );
      expect(await server.stop()).toEqual({ code: 0, signal: null });
    },
  );
});
