import { expect, inject, it } from 'vitest';
import { createPool } from '#postgres';
import { createTestDatabase } from '#testing';

const tables = async (url: string): Promise<string[]> => {
  const pool = createPool({ url, max: 1 });
  try {
    const sql = `SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1`;
    return (await pool.query<{ tablename: string }>(sql)).map(({ tablename }) => tablename);
  } finally {
    await pool.end();
  }
};

it('gives each caller a migrated database of its own, and takes it away', async () => {
  let gone = '';
  {
    await using first = await createTestDatabase(inject('pgUrl'));
    await using second = await createTestDatabase(inject('pgUrl'));
    expect(first.url).not.toBe(second.url);
    expect(await tables(first.url)).toContain('upstreams');
    expect(await tables(second.url)).toEqual(await tables(first.url));
    gone = first.url;
  }
  await expect(tables(gone)).rejects.toMatchObject({ code: 'DATABASE_UNAVAILABLE' });
});
