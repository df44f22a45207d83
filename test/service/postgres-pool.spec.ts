import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import {
  assertSupportedServer,
  createDriverPool,
  createPool,
  serverVersion,
  waitForDatabase,
  withAdvisoryLock,
  type DatabasePool,
  type SqlExecutor,
} from '#postgres';
import { createTestDatabase, freePort, startPostgres15, type TestDatabase } from '#testing';
import { startTransactionPooler } from './transaction-pooler.js';

let database: TestDatabase;
let pool: DatabasePool;

beforeAll(async () => {
  database = await createTestDatabase(inject('pgUrl'), { empty: true });
  pool = createPool({ url: database.url, max: 4 });
  await pool.query('CREATE TABLE things (n int PRIMARY KEY)');
});
afterAll(async () => {
  await pool.end();
  await database[Symbol.asyncDispose]();
});

const count = async (sql: SqlExecutor): Promise<number> =>
  (await sql.query<{ n: number }>('SELECT count(*)::int AS n FROM things'))[0]?.n ?? -1;

async function using<T>(
  settings: Partial<Parameters<typeof createPool>[0]>,
  fn: (pool: DatabasePool) => Promise<T>,
): Promise<T> {
  const own = createPool({ url: database.url, max: 2, ...settings });
  try {
    return await fn(own);
  } finally {
    await own.end();
  }
}

describe('start of a connection', () => {
  it('enters the role, the limits and the parameters', async () => {
    await pool.query(
      `DO $$ BEGIN CREATE ROLE pool_spec_role NOLOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
    );
    const settings = {
      role: 'pool_spec_role',
      statementTimeout: 1234,
      parameters: { search_path: 'bullmq, public' },
      applicationName: 'spec',
    };
    const [row] = await using(settings, (own) =>
      own.query(`SELECT current_user AS role, session_user AS login, current_setting('statement_timeout') AS timeout,
        current_setting('search_path') AS path, current_setting('application_name') AS name`),
    );
    expect(row).toEqual({
      role: 'pool_spec_role',
      login: 'postgres',
      timeout: '1234ms',
      path: 'bullmq, public',
      name: 'spec',
    });
  });

  it('says that the database is not migrated when the role is missing', async () => {
    await expect(using({ role: 'no_such_role' }, (own) => own.query('SELECT 1'))).rejects.toMatchObject({
      code: 'DATABASE_NOT_MIGRATED',
      message: expect.stringContaining('gatehouse migrate'),
    });
  });

  it('cancels a statement that runs too long and keeps the SQLSTATE', async () => {
    await expect(using({ statementTimeout: 50 }, (own) => own.query('SELECT pg_sleep(20)'))).rejects.toMatchObject({
      code: '57014',
    });
  });
});

describe('transactions', () => {
  it('commits what resolves and rolls back what rejects', async () => {
    await pool.transaction((sql) => sql.query('INSERT INTO things VALUES ($1)', [1]));
    await expect(
      pool.transaction(async (sql) => {
        await sql.query('INSERT INTO things VALUES (2)');
        throw new Error('changed my mind');
      }),
    ).rejects.toThrow('changed my mind');
    expect(await count(pool)).toBe(1);
    expect(pool.stats().idle).toBe(pool.stats().total);
  });

  it('does not report success when a swallowed failure made the server roll back', async () => {
    const swallowing = pool.transaction(async (sql) => {
      await sql.query('INSERT INTO things VALUES (3)');
      await sql.query('INSERT INTO things VALUES (1)').catch(() => undefined);
    });
    await expect(swallowing).rejects.toMatchObject({ code: 'INTERNAL' });
    expect(await count(pool)).toBe(1);
  });

  it('runs statements that were issued together one after the other', async () => {
    const rows = await pool.transaction((sql) =>
      Promise.all([1, 2, 3].map((n) => sql.query('SELECT $1::int AS n', [n]))),
    );
    expect(rows).toEqual([[{ n: 1 }], [{ n: 2 }], [{ n: 3 }]]);
  });

  it('sees one state of the data, read only, when asked to', async () => {
    const seen = await pool.transaction(
      async (sql) => {
        const before = await count(sql);
        await pool.query('INSERT INTO things VALUES (10)');
        return { before, after: await count(sql) };
      },
      { isolation: 'repeatable read', readOnly: true },
    );
    expect(seen).toEqual({ before: 1, after: 1 });
    expect(await count(pool)).toBe(2);
    const writing = pool.transaction((sql) => sql.query('DELETE FROM things'), { readOnly: true });
    await expect(writing).rejects.toMatchObject({ code: '25006' });
  });

  it('keeps a connection after an ordinary error', async () => {
    await using({ max: 1 }, async (own) => {
      const pid = () => own.query('SELECT pg_backend_pid() AS pid');
      const before = await pid();
      await expect(own.query('INSERT INTO things VALUES (1)')).rejects.toMatchObject({ code: '23505' });
      expect(await pid()).toEqual(before);
    });
  });
});

describe('lost connections', () => {
  const terminate = (pid: number | undefined) => pool.query('SELECT pg_terminate_backend($1)', [pid]);
  const pidOf = async (sql: SqlExecutor) =>
    (await sql.query<{ pid: number }>('SELECT pg_backend_pid() AS pid'))[0]?.pid;

  it('survives the end of an idle connection', async () => {
    const lost = vi.fn();
    await using({ onConnectionLost: lost }, async (own) => {
      const pid = await pidOf(own);
      await terminate(pid);
      await vi.waitFor(() => expect(lost).toHaveBeenCalled());
      expect(await pidOf(own)).not.toBe(pid);
    });
  });

  it('survives the end of a borrowed connection, in and between statements', async () => {
    await using({}, async (own) => {
      const cut = own.transaction(async (sql) => {
        await terminate(await pidOf(sql));
        await sql.query('SELECT 1');
      });
      await expect(cut).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      const during = own.withConnection(async (sql) => {
        const pid = await pidOf(sql);
        await Promise.all([sql.query('SELECT pg_sleep(20)'), terminate(pid)]);
      });
      await expect(during).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
      expect(await own.query('SELECT 1 AS one')).toEqual([{ one: 1 }]);
    });
  });
});

describe('the driver pool that libraries borrow from', () => {
  it('survives the end of a connection whose listeners a library has removed', async () => {
    const driver = createDriverPool({ url: database.url, max: 1 });
    try {
      const client = await driver.connect();
      const { rows } = await client.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
      client.removeAllListeners();
      const ended = new Promise((resolve) => client.once('end', resolve));
      await pool.query('SELECT pg_terminate_backend($1)', [rows[0]?.pid]);
      await ended;
      client.release(true);
      expect((await driver.query('SELECT 1 AS one')).rows).toEqual([{ one: 1 }]);
    } finally {
      await driver.end();
    }
  });
});

describe('advisory locks', () => {
  it('excludes a second holder until the first is done', async () => {
    const order: string[] = [];
    let openGate = (): void => undefined;
    const gate = new Promise<void>((resolve) => (openGate = resolve));
    const first = withAdvisoryLock(pool, 'spec', { timeoutMs: 10_000 }, async () => {
      order.push('first in');
      await gate;
      order.push('first out');
    });
    await vi.waitFor(() => expect(order).toEqual(['first in']));
    await expect(withAdvisoryLock(pool, 'spec', { timeoutMs: 150 }, async () => undefined)).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringContaining('"spec"'),
    });
    await withAdvisoryLock(pool, 'another key', { timeoutMs: 0 }, async () => void order.push('another key'));
    const second = withAdvisoryLock(pool, 'spec', { timeoutMs: 10_000 }, async () => void order.push('second'));
    openGate();
    await Promise.all([first, second]);
    expect(order).toEqual(['first in', 'another key', 'first out', 'second']);
  });

  it('frees the lock when the work fails', async () => {
    const failing = withAdvisoryLock(pool, 'spec', { timeoutMs: 0 }, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await withAdvisoryLock(pool, 'spec', { timeoutMs: 0 }, async () => 'mine')).toBe('mine');
  });
});

describe('servers', () => {
  it('[DB-2] accepts PostgreSQL 18 and a role that was entered', async () => {
    expect(await serverVersion(pool)).toBeGreaterThanOrEqual(180_000);
    await expect(assertSupportedServer(pool, 'postgres')).resolves.toBeUndefined();
  });

  it('[DB-2] accepts PostgreSQL 15', async ({ skip }) => {
    const old = await startPostgres15();
    skip(old === null, 'PostgreSQL 15 is not installed');
    if (!old) return;
    try {
      await using({ url: old.url }, async (own) => {
        expect(Math.floor((await serverVersion(own)) / 10_000)).toBe(15);
        await assertSupportedServer(own);
      });
    } finally {
      await old.stop();
    }
  });

  it.each([1, 2, 3])('[DB-5] refuses a pooler in transaction mode with %i backends', async (backends) => {
    const pooler = await startTransactionPooler({ port: Number(new URL(database.url).port), backends });
    const url = `postgres://postgres@127.0.0.1:${pooler.port}/postgres?sslmode=disable`;
    try {
      const checked = using({ url }, (own) => assertSupportedServer(own));
      await expect(checked).rejects.toMatchObject({ code: 'DATABASE_POOLER_UNSUPPORTED' });
    } finally {
      pooler.close();
    }
  });

  it('[DB-5] refuses a pooler that drops the role', async () => {
    await expect(assertSupportedServer(pool, 'gatehouse_app')).rejects.toMatchObject({
      code: 'DATABASE_POOLER_UNSUPPORTED',
    });
  });
});

describe('waiting for the database', () => {
  it('[BAD-18] gives up after its time, names the setting and hides the password', async () => {
    const url = `postgres://postgres:sesame@127.0.0.1:${await freePort()}/x`;
    const failure = await waitForDatabase({ url }, 300).catch((error: unknown) => error);
    expect(failure).toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringMatching(/ECONNREFUSED.*DATABASE_URL/),
    });
    expect(String(failure)).not.toContain('sesame');
  });

  it('does not wait for what time does not heal', async () => {
    const url = new URL(database.url);
    url.pathname = '/no_such_database';
    await expect(waitForDatabase({ url: url.href }, 600_000)).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.stringContaining('Create the database'),
    });
  });

  it('returns as soon as it answers', async () => {
    await expect(waitForDatabase({ url: database.url }, 0)).resolves.toBeUndefined();
  });
});
