import type { Config } from '#config';
import { DomainError } from '#kernel';
import type { DatabasePool } from '#postgres';

/**
 * The clocks of this machine and of the database agree as far as `server.maxClockSkew` asks.
 * @throws DomainError CONFIGURATION_INVALID
 */
export async function checkClock(config: Config, pool: DatabasePool): Promise<string> {
  const before = Date.now();
  const [row] = await pool.query<{ now: Date }>('select clock_timestamp() as now');
  const after = Date.now();
  const theirs = row?.now.getTime() ?? 0;
  // Their clock was read between our two readings; only what lies outside is a difference.
  const skew = Math.max(0, theirs - after, before - theirs);
  if (skew > config.server.maxClockSkew)
    throw new DomainError(
      'CONFIGURATION_INVALID',
      `The clocks of this machine and of the database differ by ${skew} ms, more than GATEHOUSE_SERVER_MAX_CLOCK_SKEW allows. Expiries are compared on both: set the clocks by NTP.`,
    );
  return `differs from the database by ${skew} ms (read within ${after - before} ms)`;
}
