import { Redis, type RedisOptions } from 'ioredis';
import { answerOf, type BucketAsk, type BucketStore } from './bucket-store.js';
import { leaseScript } from './lease-script.js';

/** Where the buckets lie. */
export interface RedisSettings {
  /** `redis://` or, with TLS, `rediss://`. */
  readonly url: string;
  readonly keyPrefix: string;
  /** Milliseconds for one attempt to connect. */
  readonly connectTimeoutMs: number;
}

/** A connection on which nothing waits: without it every command fails at once, while it is dialled again for ever. */
const options = ({ connectTimeoutMs }: RedisSettings): RedisOptions => ({
  connectTimeout: connectTimeoutMs,
  enableOfflineQueue: false,
  maxRetriesPerRequest: 0,
  autoResendUnfulfilledCommands: false,
  retryStrategy: (times) => Math.min(times * 100, 2000),
  // After a failover the old server has become a replica that refuses writes.
  reconnectOnError: ({ message }) => message.startsWith('READONLY'),
  connectionName: 'gatehouse-limits',
  scripts: { lease: { lua: leaseScript } },
});

/** What `scripts` adds to the client: the number of keys, the keys, the arguments. */
interface WithScript {
  lease(keys: number, ...rest: (string | number)[]): Promise<[string, string, string, string][]>;
}

/** Buckets as hashes that expire when they are full. Resolves when connected, or when the first attempt has failed or takes too long. */
export async function redisBuckets(settings: RedisSettings): Promise<BucketStore> {
  const client = new Redis(settings.url, options(settings)) as Redis & WithScript;
  // Without a listener ioredis prints; every failure is told by the command that meets it.
  client.on('error', () => undefined);
  // A server may also take the connection and then say nothing.
  let timer: NodeJS.Timeout | undefined;
  await new Promise<void>((resolve) => {
    timer = setTimeout(resolve, settings.connectTimeoutMs);
    client.once('ready', resolve);
    client.once('close', resolve);
  });
  clearTimeout(timer);
  const numbersOf = ({ ahead, burst, need, rate, settled }: BucketAsk): number[] => [
    rate,
    burst,
    need,
    ahead,
    ...settled.flatMap(({ epoch, done, unused }) => [epoch, done, unused]),
  ];
  return {
    exchange: async (asks, at) => {
      const keys = asks.map(({ key }) => `${settings.keyPrefix}limit:${key}`);
      const rows = await client.lease(keys.length, ...keys, at ?? '', ...asks.flatMap(numbersOf));
      return asks.map((ask, index) => {
        const [tokens, epoch, granted, updatedMs] = (rows[index] ?? []).map(Number);
        if (tokens === undefined || epoch === undefined || granted === undefined || updatedMs === undefined)
          throw new Error('Redis left a bucket out');
        return answerOf(ask, { tokens, epoch, granted, updatedMs });
      });
    },
    sweep: () => Promise.resolve(),
    close: async () => {
      client.disconnect();
    },
  };
}
