import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { sha256Hex } from '#crypto';
import { newId } from '#kernel';
import { APP_ROLE, createPool, SYSTEM_ROLE, type DatabasePool } from '#postgres';
import { createSnapshotSource, type CatalogSnapshot, type Endpoint, type SnapshotSource } from '#snapshot';
import { createTestDatabase, type TestDatabase } from '#testing';
import { insertEntry, insertToken, seedOrganization, type Seeded } from './snapshot-seed.js';

const never = 3_600_000;
const soon = { timeout: 10_000, interval: 10 };

let database: TestDatabase;
let admin: DatabasePool;
let app: DatabasePool;
let system: DatabasePool;
let acme: Seeded;
let zeta: Seeded;
let timeShift = 0;
const clock = { now: () => Date.now() + timeShift };
const logged: { fields: object; message: string }[] = [];
const keep = (fields: object, message: string) => void logged.push({ fields, message });
const log = { debug: keep, info: keep, warn: keep };
const open: SnapshotSource[] = [];

/** One statement as the control plane runs it: in the app role, inside one organization. */
const change = (organization: Seeded, text: string, params: readonly unknown[] = []) =>
  app.transaction(async (sql) => {
    await sql.query(`select set_config('gatehouse.organization', $1, true)`, [organization.id]);
    return sql.query(text, params);
  });

/** `deaf`: the LISTEN connection goes to another database, so every notification is lost. */
async function start(options: { sweepMs?: number; deaf?: boolean } = {}): Promise<SnapshotSource> {
  const source = await createSnapshotSource({
    pool: system,
    listen: { url: options.deaf ? inject('pgUrl') : database.url, applicationName: 'snapshot-listen' },
    sweepMs: options.sweepMs ?? never,
    log,
    clock,
    hash: sha256Hex,
  });
  open.push(source);
  return source;
}

function principal(snapshot: CatalogSnapshot, token: string) {
  const found = snapshot.principalByTokenHash(sha256Hex(token));
  if (!found) throw new Error('the token is not live');
  return found;
}
const names = (endpoint: Endpoint | null) => endpoint && [...endpoint.tools.keys()];
const aggregate = (source: SnapshotSource, token: string) =>
  names(source.current().aggregate(principal(source.current(), token)));
const served = (source: SnapshotSource, token: string, slug = 'tools') =>
  names(source.current().virtualServer(principal(source.current(), token), slug));

beforeAll(async () => {
  database = await createTestDatabase(inject('pgUrl'));
  admin = createPool({ url: database.url, max: 4, applicationName: 'snapshot-admin' });
  app = createPool({ url: database.url, role: APP_ROLE, max: 8, applicationName: 'snapshot-app' });
  system = createPool({ url: database.url, role: SYSTEM_ROLE, max: 4, applicationName: 'snapshot-system' });
});
afterAll(async () => {
  await Promise.all([admin, app, system].map((pool) => pool.end()));
  await database[Symbol.asyncDispose]();
});

beforeEach(async () => {
  timeShift = 0;
  logged.length = 0;
  acme = await seedOrganization(admin, `acme-${newId().slice(-12)}`);
  zeta = await seedOrganization(admin, `zeta-${newId().slice(-12)}`);
});
afterEach(async () => {
  await Promise.all(open.splice(0).map((source) => source.close()));
});

describe('a change made through the control plane reaches the source by its notification', () => {
  it('revoked token', async () => {
    const source = await start();
    const before = source.current();
    const heard: [CatalogSnapshot, CatalogSnapshot][] = [];
    source.onChange((...snapshots) => heard.push(snapshots));
    await change(acme, 'update api_tokens set revoked_at = now() where id = $1', [acme.memberToken]);
    await expect.poll(() => source.current().principalByTokenHash(sha256Hex(acme.memberToken)), soon).toBeNull();
    expect(before.principalByTokenHash(sha256Hex(acme.memberToken))).not.toBeNull();
    expect(heard.at(-1)?.[0]).toBe(source.current());
    expect(heard[0]?.[1]).toBe(before);
    expect(source.current().revision).toBeGreaterThan(before.revision);
  });

  it('new and deleted token, disabled and enabled user', async () => {
    const source = await start();
    const token = newId();
    const live = (id: string) => source.current().principalByTokenHash(sha256Hex(id)) !== null;
    await insertToken(admin, acme.id, token, acme.member);
    await expect.poll(() => live(token), soon).toBe(true);
    await change(acme, `update users set status = 'DISABLED' where id = $1`, [acme.member]);
    await expect
      .poll(() => [live(token), live(acme.memberToken), live(acme.outsiderToken)], soon)
      .toEqual([false, false, true]);
    await change(acme, `update users set status = 'ACTIVE' where id = $1`, [acme.member]);
    await expect.poll(() => [live(token), live(acme.memberToken)], soon).toEqual([true, true]);
    await change(acme, 'delete from api_tokens where id = $1', [token]);
    await expect.poll(() => live(token), soon).toBe(false);
  });

  it('deleted membership', async () => {
    const source = await start();
    const found = principal(source.current(), acme.memberToken);
    expect(names(source.current().upstream(found, 'git'))).toEqual(['push']);
    await change(acme, 'delete from memberships where id = $1', [acme.membership]);
    await expect.poll(() => source.current().upstream(found, 'git'), soon).toBeNull();
    expect(served(source, acme.memberToken)).toEqual(['send']);
  });

  it('deleted membership, also for what the former member had composed into a private server [GW-15]', async () => {
    const source = await start();
    await change(acme, "update virtual_servers set visibility = 'PRIVATE' where id = $1", [acme.server]);
    await expect.poll(() => served(source, acme.outsiderToken), soon).toBeNull();
    expect(served(source, acme.memberToken)).toEqual(['send']);
    await change(acme, 'delete from memberships where id = $1', [acme.membership]);
    await expect.poll(() => served(source, acme.memberToken), soon).toEqual([]);
    expect(aggregate(source, acme.memberToken)).toEqual([]);
  });

  it('disabled upstream', async () => {
    const source = await start();
    await change(acme, 'update upstreams set enabled = false where id = $1', [acme.upstream]);
    await expect.poll(() => aggregate(source, acme.memberToken), soon).toEqual([]);
    expect(served(source, acme.memberToken)).toEqual([]);
    expect(aggregate(source, zeta.memberToken)).toEqual(['git__push']);
  });

  it('edited and deleted entry, deleted virtual server', async () => {
    const source = await start();
    await change(
      acme,
      `update virtual_server_entries set exposed_name = 'ship', description_override = 'Ships.' where id = $1`,
      [acme.entry],
    );
    await expect.poll(() => served(source, acme.outsiderToken), soon).toEqual(['ship']);
    const endpoint = source.current().virtualServer(principal(source.current(), acme.outsiderToken), acme.server);
    expect(endpoint?.listed.tools).toEqual(['{"name":"ship","description":"Ships."}']);
    await change(acme, 'delete from virtual_server_entries where id = $1', [acme.entry]);
    await expect.poll(() => served(source, acme.outsiderToken), soon).toEqual([]);
    await change(acme, 'delete from virtual_servers where id = $1', [acme.server]);
    await expect.poll(() => served(source, acme.outsiderToken), soon).toBeNull();
  });

  it('deleted upstream, with everything that a cascade takes along', async () => {
    const source = await start();
    expect(aggregate(source, acme.outsiderToken)).toEqual(['git__push']);
    await change(acme, 'delete from upstreams where id = $1', [acme.upstream]);
    await expect.poll(() => aggregate(source, acme.outsiderToken), soon).toEqual([]);
    expect(served(source, acme.outsiderToken)).toEqual([]);
  });

  it('role binding, which ends at its time without a further change', async () => {
    const source = await start();
    const found = principal(source.current(), acme.outsiderToken);
    await change(
      acme,
      `insert into role_bindings (id, organization_id, user_id, role, expires_at, created_at)
       values ($1, $2, $3, 'organization-admin', now() + interval '1 hour', now())`,
      [newId(), acme.id, acme.outsider],
    );
    await expect.poll(() => names(source.current().upstream(found, 'git')), soon).toEqual(['push']);
    timeShift = never + 1_000;
    expect(source.current().upstream(found, 'git')).toBeNull();
  });

  it('that concerns nothing here compiles nothing', async () => {
    const source = await start();
    const { revision } = source.current();
    await change(acme, `update upstreams set health = 'HEALTHY', updated_at = now() where id = $1`, [acme.upstream]);
    await expect.poll(() => source.current().revision, soon).toBeGreaterThan(revision);
    const refreshed = logged.findLast(({ message }) => message === 'snapshot refreshed');
    expect(refreshed?.fields).toMatchObject({ reloaded: false, upstreams: 0, virtualServers: 0, users: 0, tokens: 0 });
  });
});

describe('organizations with equal slugs', () => {
  it('see their own objects only', async () => {
    const source = await start();
    for (const [own, other] of [
      [acme, zeta],
      [zeta, acme],
    ] as const) {
      const found = principal(source.current(), own.memberToken);
      expect(source.current().virtualServer(found, 'tools')?.subjectId).toBe(own.server);
      expect(source.current().upstream(found, 'git')?.subjectId).toBe(own.upstream);
      expect(source.current().aggregate(found).tools.get('git__push')?.upstream.organizationId).toBe(own.id);
      expect(source.current().virtualServer(found, other.server)).toBeNull();
      expect(source.current().upstream(found, other.upstream)).toBeNull();
    }
  });

  it('cannot reach over by a row that refers to the other one', async () => {
    const source = await start();
    await admin.transaction(async (sql) => {
      await insertEntry(sql, {
        id: newId(),
        organization: acme.id,
        server: acme.server,
        tool: zeta.tool,
        name: 'stolen',
      });
      await insertEntry(sql, {
        id: newId(),
        organization: acme.id,
        server: acme.server,
        tool: acme.tool,
        name: 'twin',
      });
    });
    await expect.poll(() => served(source, acme.memberToken), soon).toEqual(['send', 'twin']);
  });
});

describe('the source stays current', () => {
  it('by the sweep, when notifications are lost', async () => {
    const source = await start({ deaf: true, sweepMs: 50 });
    await change(acme, 'delete from virtual_servers where id = $1', [acme.server]);
    await expect.poll(() => served(source, acme.memberToken), soon).toBeNull();
  });

  it('when its connections are killed', async () => {
    const source = await start();
    await expect.poll(() => listeners(), soon).toHaveLength(1);
    const [before] = await listeners();
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity
       where datname = current_database() and application_name in ('snapshot-listen', 'snapshot-system')`,
    );
    // Made while nobody listens: the new connection makes up for the notification.
    await change(acme, 'delete from virtual_servers where id = $1', [acme.server]);
    await expect.poll(() => served(source, acme.memberToken), soon).toBeNull();
    await expect.poll(() => listeners(), soon).toHaveLength(1);
    expect((await listeners())[0]?.pid).not.toBe(before?.pid);
    await change(acme, 'update upstreams set enabled = false where id = $1', [acme.upstream]);
    await expect.poll(() => aggregate(source, acme.memberToken), soon).toEqual([]);
  });

  const listeners = () =>
    admin.query<{ pid: number }>(
      `select pid from pg_stat_activity where application_name = 'snapshot-listen' and datname = current_database()
         and query = 'LISTEN gatehouse_changes'`,
    );

  it('after the database was away, and says for how long it may be stale', async () => {
    const source = await start({ sweepMs: 50 });
    const name = new URL(database.url).pathname.slice(1);
    const other = createPool({ url: inject('pgUrl'), max: 1 });
    const { revision } = source.current();
    try {
      await other.query(`alter database ${name} allow_connections false`);
      await other.query('select pg_terminate_backend(pid) from pg_stat_activity where datname = $1', [name]);
      await expect.poll(() => source.staleFor(), soon).toBeGreaterThan(500);
      expect(aggregate(source, acme.memberToken)).toEqual(['git__push']);
      expect(source.current().revision).toBe(revision);
      // Pauses grow to one second: a handful of tries, not a storm.
      expect(logged.filter(({ message }) => message.includes('could not be refreshed')).length).toBeLessThan(6);
    } finally {
      await other.query(`alter database ${name} allow_connections true`);
      await other.end();
    }
    await expect.poll(() => source.staleFor(), soon).toBeLessThan(200);
    expect(logged.filter(({ message }) => message === 'the snapshot is current again')).toHaveLength(1);
    await change(acme, 'delete from virtual_servers where id = $1', [acme.server]);
    await expect.poll(() => served(source, acme.memberToken), soon).toBeNull();
  });

  it('when changes were purged before it read them', async () => {
    const source = await start({ deaf: true, sweepMs: 50 });
    const purgeAfter = (text: string, params: readonly unknown[], next: string) =>
      admin.transaction(async (sql) => {
        await sql.query('set constraints all immediate');
        await sql.query(text, params);
        await sql.query('delete from config_changes');
        await sql.query(next, [acme.upstream]);
      });
    await purgeAfter('update api_tokens set revoked_at = now() where id = $1', [acme.memberToken], 'select $1::uuid');
    const live = () => source.current().principalByTokenHash(sha256Hex(acme.memberToken)) !== null;
    await expect.poll(live, soon).toBe(false);
    const { revision } = source.current();
    const kept = `update upstreams set name = 'Renamed' where id = $1`;
    await purgeAfter('update api_tokens set revoked_at = null where id = $1', [acme.memberToken], kept);
    await expect.poll(live, soon).toBe(true);
    expect(source.current().revision).toBeGreaterThan(revision);
    expect(logged.filter(({ fields }) => 'reloaded' in fields && fields.reloaded === true)).toHaveLength(2);
  });

  it('like every other source and like a new one, whatever the order of concurrent commits', async () => {
    const sources = await Promise.all([start(), start({ deaf: true, sweepMs: 50 })]);
    const revisions: number[] = [];
    sources[0]?.onChange((next, previous) => revisions.push(next.revision - previous.revision));
    const pause = () => `select pg_sleep(${(Math.random() / 50).toFixed(3)})`;
    await Promise.all(
      Array.from({ length: 8 }, async (_, lane) => {
        for (let round = 0; round < 12; round++) {
          await app.transaction(async (sql) => {
            await sql.query(`select set_config('gatehouse.organization', $1, true)`, [acme.id]);
            await insertEntry(sql, {
              id: newId(),
              organization: acme.id,
              server: acme.server,
              tool: acme.tool,
              name: `lane-${lane}-${round}`,
            });
            await sql.query(pause());
            if (round > 0)
              await sql.query(`delete from virtual_server_entries where exposed_name = $1`, [
                `lane-${lane}-${round - 1}`,
              ]);
            await sql.query(pause());
          });
        }
      }),
    );
    const [newest] = await admin.query<{ revision: string }>('select max(revision) as revision from config_changes');
    for (const source of sources)
      await expect.poll(() => source.current().revision, soon).toBe(Number(newest?.revision));
    const expected = [...Array.from({ length: 8 }, (_, lane) => `lane-${lane}-11`), 'send'];
    const fresh = await start();
    for (const source of [...sources, fresh]) expect(served(source, acme.memberToken)).toEqual(expected);
    expect(revisions.length).toBeGreaterThan(1);
    expect(Math.min(...revisions)).toBeGreaterThan(0);
  });

  it('until it is closed, which ends its connection and leaves the pool', async () => {
    const source = await start();
    await expect.poll(() => listeners(), soon).toHaveLength(1);
    expect(source.ready()).toBe(true);
    await source.close();
    await source.close();
    expect(source.ready()).toBe(false);
    await expect.poll(() => listeners(), soon).toEqual([]);
    expect(await system.query('select 1 as one')).toEqual([{ one: 1 }]);
  });
});

it('a source that cannot load at first says why', async () => {
  const lost = createPool({ url: 'postgres://nobody@127.0.0.1:1/none', max: 1 });
  const settings = { listen: { url: database.url }, sweepMs: 50, log, clock, hash: sha256Hex };
  await expect(createSnapshotSource({ pool: lost, ...settings })).rejects.toMatchObject({
    code: 'DATABASE_UNAVAILABLE',
  });
  await lost.end();
});
