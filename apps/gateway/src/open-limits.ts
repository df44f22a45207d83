import type { Config } from '#config';
import { openRateLimits, type LimitStoreSettings, type RateLimits } from '#counters';
import type { Logger, Metrics } from '#observability';
import type { ConnectionSettings } from '#postgres';

/** The rate limits of this installation: in Redis where that is configured, else in PostgreSQL. */
export function openLimits(
  { limits, redis }: Pick<Config, 'limits' | 'redis'>,
  connection: ConnectionSettings,
  logger: Logger,
  metrics: Metrics,
): Promise<RateLimits> {
  const store: LimitStoreSettings = redis.url
    ? { kind: 'redis', url: redis.url, keyPrefix: redis.keyPrefix }
    : { kind: 'postgres', connection: { ...connection, applicationName: 'gatehouse-limits' } };
  metrics.limitStoreAvailable(true);
  return openRateLimits({
    store,
    storeTimeout: limits.storeTimeout,
    onStoreDown: limits.onStoreDown,
    maxKeys: limits.maxKeys,
    onStore: (available, error) => {
      metrics.limitStoreAvailable(available);
      if (available) logger.info('the store of the rate limits answers again');
      else logger.warn({ err: error, onStoreDown: limits.onStoreDown }, 'the store of the rate limits does not answer');
    },
  });
}
