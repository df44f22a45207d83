import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { migrateDatabase, schemaDifferences, schemaState, waitForSchema, assertMasterKey } from '#persistence';
import { createPool, SYSTEM_ROLE } from '#postgres';
import { createTestDatabase, startPostgres15, type TestDatabase } from '#testing';

let empty: TestDatabase;
let all: string[];
beforeAll(async () => {
  empty = await createTestDatabase(inject('pgUrl'), { empty: true });
});
afterAll(() => empty[Symbol.asyncDispose]());

describe('migrations', () => {
  it('[DB-3] run once when two processes start at the same time, and are a no-op afterwards', async () => {
    const runs = await Promise.all([
      migrateDatabase({ ownerUrl: empty.url }),
      migrateDatabase({ ownerUrl: empty.url }),
    ]);
    all = runs.flat();
    expect(all[0]).toBe('m0001-tables');
    expect(runs.filter((applied) => applied.length === 0)).toHaveLength(1);
    expect(await migrateDatabase({ ownerUrl: empty.url })).toEqual([]);
  });

  it('[PER-8] leave the schema that the entities describe', async () => {
    expect(await schemaDifferences(empty.url)).toBe('');
  });

  it('[DB-4] refuse a database that a newer release migrated, with the remedy', async () => {
    await using database = await createTestDatabase(inject('pgUrl'));
    const admin = createPool({ url: database.url, max: 2 });
    await admin.query("insert into mikro_orm_migrations (name, executed_at) values ('m9999-from-the-future', now())");
    await expect(migrateDatabase({ ownerUrl: database.url })).rejects.toMatchObject({
      code: 'DATABASE_NEWER_THAN_PROGRAM',
      message: expect.stringContaining('newer release'),
    });
    await expect(waitForSchema(admin, 0)).rejects.toMatchObject({ code: 'DATABASE_NEWER_THAN_PROGRAM' });
    await admin.end();
  });

  it('[DB-6] are waited for by a process that does not run them, which then says how to', async () => {
    await using database = await createTestDatabase(inject('pgUrl'), { empty: true });
    const admin = createPool({ url: database.url, max: 2 });
    await expect(waitForSchema(admin, 0)).rejects.toMatchObject({
      code: 'DATABASE_NOT_MIGRATED',
      message: expect.stringContaining('gatehouse migrate'),
    });
    const waiting = waitForSchema(admin, 30_000);
    await migrateDatabase({ ownerUrl: database.url });
    await waiting;
    expect(await schemaState(admin)).toBe('current');
    await admin.end();
  });

  it('[DB-2] run on PostgreSQL 15', async () => {
    const server = await startPostgres15();
    expect(server, 'PostgreSQL 15 is missing: apt-get install -y postgresql-15').not.toBeNull();
    if (!server) return;
    try {
      expect(await migrateDatabase({ ownerUrl: server.url })).toEqual(all);
      expect(await schemaDifferences(server.url)).toBe('');
    } finally {
      await server.stop();
    }
  });

  it('[SRV-5] [BAD-17] bind the database to its master key', async () => {
    const system = createPool({ url: empty.url, role: SYSTEM_ROLE, max: 1 });
    await assertMasterKey(system, 'a'.repeat(64));
    await assertMasterKey(system, 'a'.repeat(64));
    await expect(assertMasterKey(system, 'b'.repeat(64))).rejects.toMatchObject({
      code: 'WRONG_MASTER_KEY',
      message: expect.stringContaining('GATEHOUSE_MASTER_KEY'),
    });
    await system.end();
  });
});
