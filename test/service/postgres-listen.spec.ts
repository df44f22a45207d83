import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { createPool, listenForChanges, type DatabasePool } from '#postgres';
import { createTestDatabase, freePort, type TestDatabase } from '#testing';

let database: TestDatabase;
let pool: DatabasePool;

beforeAll(async () => {
  database = await createTestDatabase(inject('pgUrl'), { empty: true });
  pool = createPool({ url: database.url, max: 2 });
});
afterAll(async () => {
  await pool.end();
  await database[Symbol.asyncDispose]();
});

const listeners = () =>
  pool.query<{ pid: number }>(`SELECT pid FROM pg_stat_activity WHERE application_name = 'listen-spec'`);

function listen(url = database.url) {
  const heard: string[] = [];
  const states: string[] = [];
  const causes: unknown[] = [];
  const listener = listenForChanges({
    connection: { url, applicationName: 'listen-spec' },
    channel: 'spec_changes',
    onNotify: (payload) => heard.push(payload),
    onState: (state, cause) => {
      states.push(state);
      if (cause !== undefined) causes.push(cause);
    },
  });
  return { heard, states, causes, listener };
}

describe('LISTEN', () => {
  it('hears notifications, and again after its connection was cut', async () => {
    const { heard, states, listener } = listen();
    await vi.waitFor(() => expect(states).toEqual(['up']), { timeout: 10_000 });
    await pool.query(`SELECT pg_notify('spec_changes', 'one')`);
    await vi.waitFor(() => expect(heard).toEqual(['one']), { timeout: 10_000 });

    for (const { pid } of await listeners()) await pool.query('SELECT pg_terminate_backend($1)', [pid]);
    await vi.waitFor(() => expect(states).toEqual(['up', 'down', 'up']), { timeout: 10_000 });
    await pool.query(`SELECT pg_notify('spec_changes', 'two')`);
    await vi.waitFor(() => expect(heard).toEqual(['one', 'two']), { timeout: 10_000 });

    await listener.close();
    await listener.close();
    await vi.waitFor(async () => expect(await listeners()).toEqual([]), { timeout: 10_000 });
    expect(states).toEqual(['up', 'down', 'up']);
  });

  it('can be closed at any moment of its connecting', async () => {
    for (let wait = 0; wait < 12; wait++) {
      const { listener } = listen();
      await new Promise((resolve) => setTimeout(resolve, wait));
      await listener.close();
    }
    await vi.waitFor(async () => expect(await listeners()).toEqual([]), { timeout: 10_000 });
  });

  it('says once that the database is away, and can be closed meanwhile', async () => {
    const { states, causes, listener } = listen(`postgres://nobody@127.0.0.1:${await freePort()}/x`);
    await vi.waitFor(() => expect(states).toEqual(['down']), { timeout: 10_000 });
    expect(causes).toMatchObject([{ code: 'DATABASE_UNAVAILABLE' }]);
    await listener.close();
    expect(states).toEqual(['down']);
  });
});
