import { expect, describe, inject, it } from 'vitest';
import { generateMasterKey } from '#crypto';
import {
  addUpstream,
  addVirtualServer,
  callMcp,
  createTestDatabase,
  signUpAdmin,
  startFixtureServer,
  startGatehouse,
  startPostgres15,
  until,
} from '#testing';
import { serves, sql, statusOf } from './server-support.js';

const ready = (url: string): Promise<void> =>
  until(`${url}/readyz answers 200`, async () => (await statusOf(`${url}/readyz`)) === 200);

describe('a server with DATABASE_URL', () => {
  it('[DB-2] serves a governed call on PostgreSQL 15, and starts again after its jobs ran', async () => {
    const postgres = await startPostgres15();
    expect(postgres, 'PostgreSQL 15 is missing: apt-get install -y postgresql-15').not.toBeNull();
    if (!postgres) return;
    await using upstream = await startFixtureServer({ era: 'legacy' });
    const env = {
      DATABASE_URL: postgres.url,
      GATEHOUSE_MASTER_KEY: generateMasterKey(),
      GATEHOUSE_OUTBOUND_ALLOWED_HOSTS: '127.0.0.1',
    };
    try {
      await using server = await startGatehouse({ env });
      const { admin, token } = await signUpAdmin(server);
      await addVirtualServer(admin, 'mine', await addUpstream(admin, 'fixture', upstream.url), ['echo']);
      const echo = (gateway: string) =>
        callMcp(`${gateway}/servers/mine/mcp`, token, 'tools/call', { name: 'echo', arguments: { text: 'fifteen' } });
      await until('the gateway knows the server', async () => serves(await echo(server.gateway)));
      expect((await echo(server.gateway)).text).toContain('fifteen');
      expect(await server.stop()).toMatchObject({ code: 0 });
      // The job store made objects of its own while it ran, which the next migration must leave alone.
      await using again = await startGatehouse({ env });
      expect((await echo(again.gateway)).text).toContain('fifteen');
    } finally {
      await postgres.stop();
    }
  });

  it('[DB-3] of two that start at once on an empty database one migrates, and both come up', async () => {
    await using empty = await createTestDatabase(inject('pgUrl'), { empty: true });
    const env = { DATABASE_URL: empty.url, GATEHOUSE_MASTER_KEY: generateMasterKey() };
    const [first, second] = await Promise.all([startGatehouse({ env }), startGatehouse({ env })]);
    await using _first = first;
    await using _second = second;
    for (const { controlPlane, gateway, worker } of [first, second])
      for (const url of [controlPlane, gateway, worker]) await ready(url);
    const migrated = [first, second].filter(({ output }) => output.stdout.includes('The database was migrated.'));
    expect(migrated).toHaveLength(1);
    expect(await sql(empty.url, 'select count(*)::int as n from organizations')).toEqual([{ n: 1 }]);
    // Only the later of the two links works, and nobody is left without one.
    const links = await sql(empty.url, 'select count(*)::int as n from setup_links where expires_at > now()');
    expect(links).toEqual([{ n: 1 }]);
  });

  it('[DB-6] that may not migrate waits until another one did', async () => {
    await using empty = await createTestDatabase(inject('pgUrl'), { empty: true });
    const env = { DATABASE_URL: empty.url, GATEHOUSE_MASTER_KEY: generateMasterKey() };
    const waiting = startGatehouse({ env: { ...env, GATEHOUSE_SERVICES: 'gateway,worker' } });
    await using control = await startGatehouse({ env: { ...env, GATEHOUSE_SERVICES: 'control-plane' } });
    await using rest = await waiting;
    await ready(control.controlPlane);
    await ready(rest.gateway);
    await ready(rest.worker);
  });
});
