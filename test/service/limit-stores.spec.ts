import * as fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { epochMs, type BucketAsk, type BucketStore } from '../../libs/counters/src/bucket-store.js';
import { postgresBuckets } from '../../libs/counters/src/postgres-buckets.js';
import { redisBuckets } from '../../libs/counters/src/redis-buckets.js';
import { openRateLimits, type LimitStoreSettings, type RateLimits } from '#counters';
import { newId } from '#kernel';
import { createPool, SYSTEM_ROLE, type DatabasePool } from '#postgres';
import { createTestDatabase, freePort, startOwnedProcess, until, type TestDatabase } from '#testing';
import { ModelBuckets } from '../counters/model-buckets.js';

const organizationId = newId();
const redisUrl = inject('redisUrl');
let database: TestDatabase;
let system: DatabasePool;

beforeAll(async () => {
  database = await createTestDatabase(inject('pgUrl'));
  system = createPool({ url: database.url, role: SYSTEM_ROLE, max: 3 });
});
afterAll(async () => {
  await system.end();
  await database[Symbol.asyncDispose]();
});

/** Key prefixes of this run, so that no test meets the buckets of another one. */
const keyPrefix = `test:${newId()}:`;
const kinds = redisUrl === null ? (['postgres'] as const) : (['postgres', 'redis'] as const);

const openStore = async (kind: 'postgres' | 'redis'): Promise<BucketStore> =>
  kind === 'postgres'
    ? postgresBuckets(createPool({ url: database.url, role: SYSTEM_ROLE, max: 2 }))
    : redisBuckets({ url: redisUrl ?? '', keyPrefix, connectTimeoutMs: 1000 });

const settingsOf = (kind: 'postgres' | 'redis'): LimitStoreSettings =>
  kind === 'postgres' ? { kind, connection: { url: database.url } } : { kind: 'redis', url: redisUrl ?? '', keyPrefix };

const open = (store: LimitStoreSettings, more: Partial<Parameters<typeof openRateLimits>[0]> = {}) =>
  openRateLimits({ store, storeTimeout: 1000, onStoreDown: 'deny', maxKeys: 1000, ...more });

/** Takes one token. */
const take = async (limits: RateLimits, key: string, limit: { perMinute: number; burst: number }) =>
  limits.take(key, organizationId, limit, 1);

const ask = (key: string, more: Partial<BucketAsk> = {}): BucketAsk => ({
  ...{ key, organizationId, rate: 0.1, burst: 100, need: 0, ahead: 0 },
  settled: [
    { epoch: 0, done: 0, unused: 0 },
    { epoch: 0, done: 0, unused: 0 },
  ],
  ...more,
});

describe.each(kinds)('the buckets in %s', (kind) => {
  it('[LIM-7] follow the rule of the model, to the last digit, whatever is asked and told', async () => {
    const store = await openStore(kind);
    const began = 1_700_000_000_000;
    const some = fc.integer({ min: 0, max: 30 });
    const asks = fc.array(
      fc.record({
        name: fc.constantFrom('a', 'b', 'c', 'd'),
        rate: fc.constantFrom(1 / 60_000, 0.1, 7 / 60, 3),
        burst: fc.constantFrom(1, 7, 100, 1000),
        need: some,
        ahead: some,
        settled: fc.array(fc.record({ back: fc.integer({ min: -1, max: 3 }), spent: some, unused: some }), {
          minLength: 2,
          maxLength: 2,
        }),
      }),
      { minLength: 1, maxLength: 4 },
    );
    // Backwards, too: a clock is set.
    const pass = fc.oneof(fc.integer({ min: 0, max: 1500 }), fc.integer({ min: -60_000, max: 60_000 }));
    let run = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(pass, asks), { minLength: 1, maxLength: 25 }), async (steps) => {
        run += 1;
        const model = new ModelBuckets();
        let at = began;
        for (const [ms, wanted] of steps) {
          at += ms;
          const once = [...new Map(wanted.map((one) => [one.name, one])).values()].map((one) => {
            const [first, second] = one.settled.map(({ back, spent, unused }) => ({
              epoch: Math.floor(at / epochMs) - back,
              done: spent + unused,
              unused,
            }));
            if (!first || !second) throw new Error('two settlements');
            return ask(`${kind}-${run}-${one.name}`, { ...one, settled: [first, second] });
          });
          expect(await store.exchange(once, at)).toEqual(model.exchange(once, at));
        }
      }),
      { numRuns: 40 },
    );
    await store.close();
  });

  it('[LIM-8] two processes, 1,000 tries: never more than limit + burst, at least 95 % of it, and unused leases return', async () => {
    const [one, two] = await Promise.all([open(settingsOf(kind)), open(settingsOf(kind))]);
    const limit = { perMinute: 600, burst: 400 };
    const key = newId();
    const began = performance.now();
    let accepted = 0;
    for (let tries = 0; tries < 1000; tries += 20) {
      const verdicts = await Promise.all(
        Array.from({ length: 20 }, (_, index) => take(index % 3 === 0 ? one : two, key, limit)),
      );
      accepted += verdicts.filter((verdict) => verdict === true).length;
    }
    const possible = limit.burst + ((performance.now() - began) * limit.perMinute) / 60_000;
    expect(accepted).toBeLessThanOrEqual(possible);
    expect(accepted).toBeGreaterThanOrEqual(Math.floor(possible * 0.95) - 1);

    const other = newId();
    const slow = { perMinute: 1, burst: 200 };
    expect(await take(one, other, slow)).toBe(true);
    const since = performance.now();
    let rest = 0;
    await until('the second process can use all that is left', async () => {
      const verdicts = await Promise.all(Array.from({ length: 40 }, () => take(two, other, slow)));
      rest += verdicts.filter((verdict) => verdict === true).length;
      return rest >= slow.burst - 1;
    });
    expect(performance.now() - since).toBeLessThan(1000);
    expect(rest).toBe(slow.burst - 1);
    await Promise.all([one.close(), two.close()]);
  });

  it('[LIM-4] a process that stops returns its leases at once', async () => {
    const limits = await open(settingsOf(kind));
    const store = await openStore(kind);
    const key = newId();
    expect(await take(limits, key, { perMinute: 1, burst: 400 })).toBe(true);
    const held = await store.exchange([ask(key, { rate: 1 / 60_000, burst: 400, need: 1000 })]);
    expect(held[0]?.granted).toBeLessThan(399);
    await limits.close();
    const rest = await store.exchange([ask(key, { rate: 1 / 60_000, burst: 400, need: 1000 })]);
    expect((held[0]?.granted ?? 0) + (rest[0]?.granted ?? 0)).toBe(399);
    await store.close();
  });
});

describe('PostgreSQL', () => {
  it('deletes buckets that are full again, and no others', async () => {
    const store = await openStore('postgres');
    const [full, empty] = [newId(), newId()];
    await store.exchange([ask(full, { rate: 1000, need: 1 })], Date.now() - 60_000);
    await store.exchange([ask(empty, { rate: 1 / 60_000, need: 1 })]);
    await store.sweep();
    const rows = await system.query<{ key: string }>('select key from rate_limit_buckets where key in ($1, $2)', [
      full,
      empty,
    ]);
    expect(rows).toEqual([{ key: empty }]);
    await store.close();
  });

  it('[LIM-5] that does not answer holds no call longer than the timeout', async () => {
    const news: boolean[] = [];
    const storeTimeout = 150;
    const limits = await open(settingsOf('postgres'), {
      storeTimeout,
      onStoreDown: 'allow',
      onStore: (available) => void news.push(available),
    });
    const limit = { perMinute: 60, burst: 10 };
    const key = newId();
    expect(await take(limits, key, limit)).toBe(true);
    await system.transaction(async (sql) => {
      await sql.query('lock table rate_limit_buckets in access exclusive mode');
      const began = performance.now();
      const verdicts = await Promise.all(Array.from({ length: 30 }, () => take(limits, newId(), limit)));
      expect(performance.now() - began).toBeLessThan(storeTimeout * 4);
      expect(verdicts.every((verdict) => verdict === true)).toBe(true);
      expect(news).toEqual([false]);
      // Known to be away: nobody waits any more.
      expect(limits.take(newId(), organizationId, limit, 1)).toBe(true);
    });
    await until('the store is back', () => {
      void limits.take(key, organizationId, limit, 1);
      return news.length === 2;
    });
    await limits.close();
  });
});

describe.skipIf(redisUrl === null)('Redis', () => {
  const startRedis = (port: number) =>
    startOwnedProcess('redis-server', ['--port', String(port), '--bind', '127.0.0.1', '--save', ''], {
      ready: 'Ready to accept connections',
    });

  it('[LIM-5] killed and started again: calls never wait for it, and it counts again', async () => {
    const port = await freePort();
    const url = `redis://127.0.0.1:${port}`;
    let redis = await startRedis(port);
    const news: boolean[] = [];
    const onStore = (available: boolean) => void news.push(available);
    const limits = await open({ kind: 'redis', url, keyPrefix: 'gatehouse:' }, { onStore });
    const limit = { perMinute: 60, burst: 50 };
    expect(await take(limits, 'a', limit)).toBe(true);
    await redis.stop('SIGKILL');
    const began = performance.now();
    expect(await take(limits, 'b', limit)).toEqual({ retryAfterMs: 1000, because: 'store-down' });
    expect(performance.now() - began).toBeLessThan(1100);
    expect(limits.take('c', organizationId, limit, 1)).toEqual({ retryAfterMs: 1000, because: 'store-down' });
    expect(news).toEqual([false]);
    redis = await startRedis(port);
    await until('calls are counted again', async () => (await take(limits, 'b', limit)) === true);
    expect(news).toEqual([false, true]);
    await limits.close();
    await redis.stop();
  });

  it('that is not there yet keeps no process from starting', async () => {
    const port = await freePort();
    const limits = await open({ kind: 'redis', url: `redis://127.0.0.1:${port}`, keyPrefix: 'gatehouse:' });
    expect(await take(limits, 'a', { perMinute: 60, burst: 50 })).toMatchObject({ because: 'store-down' });
    const redis = await startRedis(port);
    await until('calls are counted', async () => (await take(limits, 'a', { perMinute: 60, burst: 50 })) === true);
    await limits.close();
    await redis.stop();
  });
});
