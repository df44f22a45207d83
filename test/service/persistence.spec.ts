import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { DomainError, type CallContext } from '#kernel';
import type { WriteTransaction } from '#persistence';
import { newOrganization, systemContext, workOnADatabase, type WorkingDatabase } from './work-on-a-database.js';

let database: WorkingDatabase;
let here: CallContext;
let there: CallContext;

beforeAll(async () => {
  database = await workOnADatabase(inject('pgUrl'));
  here = await newOrganization(database.unitOfWork, 'here');
  there = await newOrganization(database.unitOfWork, 'there');
});
afterAll(() => database[Symbol.asyncDispose]());

const makeUser = (tx: WriteTransaction, email: string) =>
  tx.users.create({ email, displayName: email, passwordHash: null, status: 'ACTIVE' });

const makeUpstream = (tx: WriteTransaction, slug: string, ownerId: string) =>
  tx.upstreams.create({
    slug,
    name: slug,
    description: '',
    url: 'https://example.com/mcp',
    visibility: 'PRIVATE',
    ownerId,
    teamId: null,
    enabled: true,
    authHeader: null,
    authSecret: null,
    era: null,
    protocolVersion: null,
    serverInfo: null,
    capabilities: null,
    instructions: null,
    health: 'UNKNOWN',
    healthCode: null,
    healthChangedAt: null,
  });

const operation = { action: 'test.write', subjectType: null };

/** A fleet of rows in one organization: a user, an upstream with two tools, a virtual server with two entries. */
async function makeFleet(ctx: CallContext, name: string) {
  return database.unitOfWork.write(ctx, operation, async (tx) => {
    const user = makeUser(tx, `${name}@example.com`);
    const upstream = makeUpstream(tx, name, user.id);
    const server = tx.virtualServers.create({
      slug: name,
      name,
      description: '',
      visibility: 'PRIVATE',
      ownerId: user.id,
      teamId: null,
      enabled: true,
      prefixNames: false,
      instructions: null,
    });
    const tools = ['one', 'two'].map((tool) =>
      tx.tools.create({
        upstream: upstream.id,
        name: tool,
        title: null,
        description: null,
        definition: '{}',
        fingerprint: 'f'.repeat(64),
      }),
    );
    for (const tool of tools)
      tx.virtualServerEntries.create({
        virtualServerId: server.id,
        kind: 'TOOL',
        toolId: tool.id,
        resourceId: null,
        resourceTemplateId: null,
        promptId: null,
        exposedName: tool.name,
        nameOverride: null,
        descriptionOverride: null,
      });
    return { userId: user.id, upstreamId: upstream.id, serverId: server.id, toolIds: tools.map(({ id }) => id) };
  });
}

const changesSince = async (revision: number) =>
  database.system.query<{ revision: string; kind: string; entity_id: string }>(
    'select revision, kind, entity_id from config_changes where revision > $1 order by revision',
    [revision],
  );
const lastRevision = async () =>
  Number(
    (await database.system.query<{ last: string | null }>('select max(revision) as last from config_changes'))[0]
      ?.last ?? 0,
  );

describe('row-level security', () => {
  it('[PER-1] shows each organization only its own rows, on every table that has an organization', async () => {
    await makeFleet(here, 'fleet-here');
    await makeFleet(there, 'fleet-there');
    const tables = await database.admin.query<{ table_name: string }>(
      `select c.table_name from information_schema.columns c join information_schema.tables t using (table_schema, table_name)
       where c.table_schema = 'public' and c.column_name = 'organization_id' and t.table_type = 'BASE TABLE' and c.table_name !~ '^audit_events_'`,
    );
    expect(tables.length).toBeGreaterThanOrEqual(22);
    for (const { table_name: table } of tables) {
      const seen = await database.app.transaction(async (sql) => {
        await sql.query("select set_config('gatehouse.organization', $1, true)", [here.actor.organizationId]);
        return sql.query<{ foreign: string }>(
          `select count(*) filter (where organization_id <> $1) as foreign from ${table}`,
          [here.actor.organizationId],
        );
      });
      expect([table, seen[0]?.foreign]).toEqual([table, '0']);
      const unbound = await database.app.query<{ all: string }>(`select count(*) as all from ${table}`);
      expect([table, unbound[0]?.all]).toEqual([table, '0']);
    }
  });

  it('[PER-1] refuses to write a row of another organization', async () => {
    const write = database.app.transaction(async (sql) => {
      await sql.query("select set_config('gatehouse.organization', $1, true)", [here.actor.organizationId]);
      await sql.query(
        "insert into teams (id, organization_id, slug, name, description, created_at, updated_at) values (gen_random_uuid(), $1, 'x', 'x', '', now(), now())",
        [there.actor.organizationId],
      );
    });
    await expect(write).rejects.toThrow(/row-level security/);
  });

  it('[PER-2] gives the system role named grants only', async () => {
    await expect(database.system.query("update upstreams set url = 'https://evil.example'")).rejects.toThrow(
      /permission denied/,
    );
    await expect(database.system.query('delete from audit_events')).rejects.toThrow(/permission denied/);
    await expect(
      database.system.query('insert into config_changes (organization_id, kind, entity_id) values (null, null, null)'),
    ).rejects.toThrow(/permission denied/);
    await expect(database.app.query('update audit_events set action = action')).rejects.toThrow(/permission denied/);
    await expect(database.app.query('select * from instance_settings')).rejects.toThrow(/permission denied/);
    const [roles] = await database.admin.query<{ bypass: boolean }>(
      "select bool_or(rolbypassrls or rolsuper) as bypass from pg_roles where rolname like 'gatehouse_%'",
    );
    expect(roles?.bypass).toBe(false);
  });
});

describe('constraints', () => {
  it('[PER-3] deletes what hangs on a row and keeps what is still used', async () => {
    const fleet = await makeFleet(here, 'cascade');
    await expect(
      database.unitOfWork.write(here, operation, async (tx) => {
        const user = await tx.users.find(fleet.userId);
        if (user) tx.users.remove(user);
      }),
    ).rejects.toMatchObject({ code: 'CONFLICT' });
    await database.unitOfWork.write(here, operation, async (tx) => {
      const upstream = await tx.upstreams.find(fleet.upstreamId);
      if (upstream) tx.upstreams.remove(upstream);
    });
    const left = await database.unitOfWork.read(here, async (tx) => ({
      tools: await tx.tools.count({ id: { $in: fleet.toolIds } }),
      entries: await tx.virtualServerEntries.count({ virtualServerId: fleet.serverId }),
      servers: await tx.virtualServers.count({ id: fleet.serverId }),
    }));
    expect(left).toEqual({ tools: 0, entries: 0, servers: 1 });
  });

  it('[PER-3] has every entry point at exactly one object of its kind', async () => {
    const fleet = await makeFleet(here, 'one-target');
    const insert = (columns: string, values: string) =>
      database.admin.query(
        `insert into virtual_server_entries (id, organization_id, virtual_server_id, kind, exposed_name, created_at${columns}) values (gen_random_uuid(), $1, $2, 'TOOL', 'x', now()${values})`,
        [here.actor.organizationId, fleet.serverId],
      );
    await expect(insert('', '')).rejects.toThrow(/virtual_server_entries_one_target/);
  });

  it('[ERA-2] tells that an upstream was found over HTTP+SSE while the modern era was set', async () => {
    const { upstreamId } = await makeFleet(here, 'raced');
    const raced = database.unitOfWork.write(here, operation, async (tx) => {
      const upstream = await tx.upstreams.find(upstreamId);
      await tx.sql.query("update upstreams set transport = 'SSE' where id = $1", [upstreamId]);
      if (upstream) upstream.protocolEra = 'MODERN';
    });
    await expect(raced).rejects.toMatchObject({ code: 'CONFLICT', field: 'protocolEra' });
  });

  it('[BAD-5] tells which field collides', async () => {
    const failed = await database.unitOfWork
      .write(here, operation, async (tx) => {
        makeUser(tx, 'twice@example.com');
        await tx.users.flush();
        makeUser(tx, 'twice@example.com');
      })
      .catch((error: unknown) => error);
    expect(failed).toBeInstanceOf(DomainError);
    expect(failed).toMatchObject({ code: 'CONFLICT', field: 'email' });
  });
});

describe('configuration changes', () => {
  it('[PER-4] records each changed row at commit, cascades included, and nothing for a rollback or an empty update', async () => {
    const before = await lastRevision();
    const fleet = await makeFleet(here, 'recorded');
    const created = await changesSince(before);
    expect(created.map(({ kind }) => kind).sort()).toEqual(
      [
        'tools',
        'tools',
        'upstreams',
        'users',
        'virtual_server_entries',
        'virtual_server_entries',
        'virtual_servers',
      ].sort(),
    );
    const middle = await lastRevision();
    await database.unitOfWork.write(here, operation, async (tx) => {
      const upstream = await tx.upstreams.find(fleet.upstreamId);
      if (upstream) tx.upstreams.remove(upstream);
    });
    const removed = await changesSince(middle);
    expect(removed.map(({ kind }) => kind).sort()).toEqual([
      'tools',
      'tools',
      'upstreams',
      'virtual_server_entries',
      'virtual_server_entries',
    ]);
    expect(removed.map(({ entity_id }) => entity_id)).toEqual(
      expect.arrayContaining([fleet.upstreamId, ...fleet.toolIds]),
    );
    const last = await lastRevision();
    await expect(
      database.unitOfWork.write(here, operation, async (tx) => {
        makeUser(tx, 'rolled-back@example.com');
        await tx.users.flush();
        throw new DomainError('BAD_USER_INPUT', 'no');
      }),
    ).rejects.toThrow('no');
    await database.admin.query('update users set email = email where id = $1', [fleet.userId]);
    expect(await changesSince(last)).toEqual([]);
  });

  it('[PER-5] commits revisions in order under concurrent writers, without deadlock', async () => {
    const before = await lastRevision();
    const seen: number[] = [];
    const writing = new AbortController();
    const reader = (async () => {
      let known = before;
      while (!writing.signal.aborted) {
        for (const { revision } of await changesSince(known)) {
          known = Number(revision);
          seen.push(known);
        }
      }
    })();
    await Promise.all(
      Array.from({ length: 40 }, (_, index) =>
        database.unitOfWork.write(index % 2 === 0 ? here : there, operation, async (tx) => {
          tx.teams.create({ slug: `concurrent-${index}`, name: 'x', description: '' });
          await tx.teams.flush();
          tx.teams.create({ slug: `concurrent-${index}-b`, name: 'x', description: '' });
        }),
      ),
    );
    writing.abort();
    await reader;
    const all = (await changesSince(before)).map(({ revision }) => Number(revision));
    expect(all).toHaveLength(80);
    // A reader that only ever asks for what lies after its newest revision misses nothing.
    const missed = all.filter((revision) => !seen.includes(revision) && revision < Math.max(...seen));
    expect(missed).toEqual([]);
  });
});

describe('audit of writes', () => {
  it('[PER-6] commits neither row nor record when the record cannot be written', async () => {
    const { createOrm, UnitOfWork } = await import('#persistence');
    const orm = await createOrm({ url: database.url, role: 'gatehouse_app' }, 2);
    const broken = new UnitOfWork(orm.em, { append: () => Promise.reject(new Error('no chain')) });
    await expect(
      broken.write(
        here,
        operation,
        async (tx) => void tx.teams.create({ slug: 'unaudited', name: 'x', description: '' }),
      ),
    ).rejects.toThrow('no chain');
    expect(await database.unitOfWork.read(here, (tx) => tx.teams.count({ slug: 'unaudited' }))).toBe(0);
    await orm.close();
  });

  it('[PER-7] records denials and failures after the rollback, and successes once', async () => {
    database.recorded.length = 0;
    const attempt = (error: Error | null) =>
      database.unitOfWork
        .write(here, { action: 'team.create', subjectType: 'Team' }, async (tx) => {
          const team = tx.teams.create({
            slug: `t-${error?.name ?? 'ok'}-${database.recorded.length}`,
            name: 'x',
            description: '',
          });
          tx.report({ subjectId: team.id });
          if (error) throw error;
        })
        .catch(() => undefined);
    await attempt(null);
    await attempt(new DomainError('FORBIDDEN', 'no'));
    await attempt(new DomainError('CONFLICT', 'taken'));
    await attempt(new TypeError('bug'));
    expect(database.recorded.map(({ action, outcome, reason }) => [action, outcome, reason])).toEqual([
      ['team.create', 'ALLOWED', null],
      ['team.create', 'DENIED', 'FORBIDDEN'],
      ['team.create', 'FAILED', 'CONFLICT'],
      ['team.create', 'FAILED', 'INTERNAL'],
    ]);
    expect(await database.unitOfWork.read(here, (tx) => tx.teams.count({ slug: { $like: 't-%' } }))).toBe(1);
  });

  it('refuses a unit of work for nobody', async () => {
    const nobody: CallContext = { ...systemContext('x'), actor: { kind: 'anonymous', organizationId: null } };
    await expect(database.unitOfWork.read(nobody, async () => 1)).rejects.toMatchObject({ code: 'UNAUTHENTICATED' });
  });
});

describe('pages', () => {
  it('[GQL-2] walk a connection forwards and backwards without gaps or repeats', async () => {
    const ctx = await newOrganization(database.unitOfWork, 'pages');
    await database.unitOfWork.write(ctx, operation, async (tx) => {
      for (let index = 0; index < 23; index += 1) tx.teams.create({ slug: `p-${index}`, name: 'x', description: '' });
    });
    const all = await database.unitOfWork.read(ctx, (tx) => tx.teams.list({}));
    for (const order of ['oldest-first', 'newest-first'] as const) {
      const expected = all.map(({ id }) => id);
      if (order === 'newest-first') expected.reverse();
      const forward: string[] = [];
      let after: string | null = null;
      for (;;) {
        const page = await database.unitOfWork.read(ctx, (tx) => tx.teams.page({}, { first: 5, after }, order));
        forward.push(...page.items.map(({ node }) => node.id));
        if (!page.hasNextPage) break;
        after = page.items.at(-1)?.cursor ?? null;
      }
      expect(forward).toEqual(expected);
      const backward: string[] = [];
      let before: string | null = null;
      for (;;) {
        const page = await database.unitOfWork.read(ctx, (tx) => tx.teams.page({}, { last: 5, before }, order));
        backward.unshift(...page.items.map(({ node }) => node.id));
        if (!page.hasPreviousPage) break;
        before = page.items[0]?.cursor ?? null;
      }
      expect(backward).toEqual(expected);
    }
  });

  it.each(['x', '', Buffer.from('c1:not-a-uuid').toString('base64url'), "' or 1=1 --"])(
    'refuse the cursor %j',
    async (after) => {
      const page = database.unitOfWork.read(here, (tx) => tx.teams.page({}, { first: 1, after }));
      if (after === '') await expect(page).resolves.toBeDefined();
      else await expect(page).rejects.toMatchObject({ code: 'BAD_USER_INPUT', field: 'after' });
    },
  );
});
