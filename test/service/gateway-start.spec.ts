import { randomBytes } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { startGateway } from '../../apps/gateway/src/bootstrap.js';
import { loadConfig } from '#config';
import { createKeyring } from '#crypto';
import { createLogger, createMetrics } from '#observability';
import { createPool, SYSTEM_ROLE, type DatabasePool } from '#postgres';
import { createTestDatabase, startFixtureServer, textTool, type FixtureServer, type TestDatabase } from '#testing';
import { legacy } from './gateway-harness.js';
import { seedOrganization, type Seeded } from './snapshot-seed.js';

let database: TestDatabase;
let admin: DatabasePool;
let systemPool: DatabasePool;
let upstream: FixtureServer;
let seeded: Seeded;
const keyring = createKeyring(randomBytes(32));

beforeAll(async () => {
  database = await createTestDatabase(inject('pgUrl'));
  admin = createPool({ url: database.url, max: 2 });
  systemPool = createPool({ url: database.url, role: SYSTEM_ROLE, max: 4 });
  upstream = await startFixtureServer({ era: 'dual' });
  upstream.catalogue.tools.push({
    ...textTool('push', 'x', () => 'pushed'),
    run: async ({ ms }, signal, params) => upstream.catalogue.tools[3]!.run({ ms: ms ?? 0 }, signal, params),
  });
  seeded = await seedOrganization(admin, 'default');
  await admin.query('update upstreams set url = $1', [upstream.url]);
});
afterAll(async () => {
  await Promise.all([upstream.close(), admin.end(), systemPool.end()]);
  await database[Symbol.asyncDispose]();
});

const start = async (env: Record<string, string> = {}) => {
  const gateway = await startGateway({
    config: loadConfig({ GATEHOUSE_GATEWAY_PORT: '0', GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1', ...env }),
    logger: createLogger({ level: 'silent', service: 'gateway' }),
    metrics: createMetrics({ processMetrics: false }),
    keyring,
    systemPool,
    systemConnection: { url: database.url, role: SYSTEM_ROLE },
    dataDir: mkdtempSync(path.join(tmpdir(), 'gateway-spec-')),
    defaultOrganizationId: null,
  });
  const origin = `http://127.0.0.1:${gateway.address.port}`;
  const call = (token: string, ms = 0) =>
    fetch(`${origin}/servers/tools/mcp`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${token}` },
      body: JSON.stringify(legacy('tools/call', { name: 'send', arguments: { ms } })),
    });
  return { ...gateway, origin, call };
};
const waiting = () => vi.waitFor(() => expect(upstream.requests.at(-1)?.text).toContain('push'));

describe('a gateway on a database', () => {
  it('serves, records, counts use, and forgets a revoked token', async () => {
    const { call, origin, stop } = await start();
    expect((await fetch(`${origin}/readyz`)).status).toBe(200);
    const answer = await call(seeded.memberToken);
    expect(await answer.json()).toMatchObject({ result: { content: [{ text: 'waited 0 ms' }] } });
    expect((await call(`${seeded.memberToken}x`)).status).toBe(401);
    await admin.query('update api_tokens set revoked_at = now() where id = $1', [seeded.outsiderToken]);
    await vi.waitFor(async () => expect((await call(seeded.outsiderToken)).status).toBe(401), { timeout: 3000 });
    await stop(1000);
    const events = await admin.query<{ action: string; outcome: string; subject_id: string | null }>(
      'select action, outcome, subject_id from audit_events order by occurred_at, id',
    );
    expect(events).toContainEqual({ action: 'tools/call', outcome: 'ALLOWED', subject_id: seeded.tool });
    expect(events).toContainEqual({ action: 'credential.refused', outcome: 'DENIED', subject_id: null });
    const [usage] = await admin.query('select calls from api_token_usages where token_id = $1', [seeded.memberToken]);
    expect(usage).toEqual({ calls: '1' });
    await expect(fetch(origin)).rejects.toThrow();
  });

  it('while it drains it is not ready and still serves; calls under way finish, then the port is gone', async () => {
    const { call, origin, setDraining, stop } = await start();
    const before = call(seeded.memberToken, 500);
    await waiting();
    setDraining();
    expect((await fetch(`${origin}/readyz`)).status).toBe(503);
    expect((await fetch(`${origin}/healthz`)).status).toBe(200);
    const during = await call(seeded.memberToken);
    expect([during.status, during.headers.get('connection')]).toEqual([200, 'close']);
    const stopped = stop(5000);
    expect(await (await before).json()).toMatchObject({ result: { content: [{ text: 'waited 500 ms' }] } });
    await stopped;
    await expect(fetch(origin)).rejects.toThrow();
  });

  it('cuts calls that are not done by the deadline, and records that', async () => {
    const { call, stop } = await start();
    upstream.requests.length = 0;
    const late = call(seeded.memberToken, 10_000);
    await waiting();
    const stopping = performance.now();
    await stop(50);
    expect(performance.now() - stopping).toBeLessThan(4000);
    expect((await late).status).toBe(503);
    const [event] = await admin.query('select reason from audit_events order by occurred_at desc, id desc limit 1');
    expect(event).toEqual({ reason: 'SERVICE_UNAVAILABLE' });
  });

  it('[SRV-2] names the port and its setting when the port is taken', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve));
    const { port } = taken.address() as AddressInfo;
    await expect(start({ GATEHOUSE_GATEWAY_PORT: String(port) })).rejects.toMatchObject({
      code: 'PORT_IN_USE',
      message: expect.stringMatching(new RegExp(`${port}.*GATEHOUSE_GATEWAY_PORT`)) as string,
    });
    taken.close();
  });
});
