import { setTimeout as delay } from 'node:timers/promises';
import { newRequestId } from '#kernel';
import type { Logger } from '#observability';
import type { DatabasePool, SqlExecutor } from '#postgres';
import type { JobProducer } from '#queue';

/** How often workers look for upstreams that said that their catalogue changed. */
const pollMs = 500;
const mostAtOnce = 100;

/**
 * Says that a sync begins: what was asked for before is answered by it, what is asked for from now on is not, since the
 * lists may have been read already when the upstream speaks again.
 */
export async function beginSync(sql: SqlExecutor, upstreamId: string): Promise<void> {
  await sql.query(
    `with answered as (delete from catalog_sync_requests where upstream_id = $1)
     insert into catalog_sync_starts (upstream_id, organization_id, started_at)
     select id, organization_id, now() from upstreams where id = $1
     on conflict (upstream_id) do update set started_at = excluded.started_at`,
    [upstreamId],
  );
}

/**
 * Enqueues a sync for every upstream that asked for one, not sooner than `minSyncIntervalMs` after its last one began on
 * any worker. The request stays until that sync begins, so it outlives a job store that is away and a sync under way.
 * @returns how many were due
 */
export async function takeUpSyncRequests(
  sql: SqlExecutor,
  producer: JobProducer,
  minSyncIntervalMs: number,
): Promise<number> {
  const due = await sql.query<{ id: string; organization_id: string }>(
    `select r.upstream_id as id, r.organization_id
     from catalog_sync_requests r left join catalog_sync_starts s on s.upstream_id = r.upstream_id
     where s.started_at is null or s.started_at <= now() - make_interval(secs => $1::float8 / 1000)
     order by r.requested_at limit ${mostAtOnce}`,
    [minSyncIntervalMs],
  );
  for (const { id, organization_id: organizationId } of due) {
    const payload = { organizationId, upstreamId: id, operationId: null };
    await producer.enqueue('sync-catalog', payload, { requestId: newRequestId(), once: id });
  }
  return due.length;
}

/** What {@link watchSyncRequests} works with. */
export interface SyncRequestOptions {
  readonly pool: DatabasePool;
  readonly producer: JobProducer;
  readonly logger: Logger;
  readonly minSyncIntervalMs: number;
  /** Between tries while the database or the job store does not answer. */
  readonly longestPauseMs: number;
}

/** Takes requests up until it is stopped; one worker is enough, and several do each other no harm. */
export function watchSyncRequests({ pool, producer, logger, minSyncIntervalMs, longestPauseMs }: SyncRequestOptions) {
  const stopping = new AbortController();
  const run = async (): Promise<void> => {
    let pause = pollMs;
    let failing = false;
    while (!stopping.signal.aborted) {
      try {
        await takeUpSyncRequests(pool, producer, minSyncIntervalMs);
        pause = pollMs;
        failing = false;
      } catch (error) {
        if (!failing) logger.warn({ err: error }, 'Requests for syncs wait: the database or the job store is away.');
        failing = true;
        pause = Math.max(pollMs, Math.min(pause * 2, longestPauseMs));
      }
      await delay(pause, undefined, { signal: stopping.signal }).catch(() => undefined);
    }
  };
  const running = run();
  return {
    stop: async (deadlineMs: number): Promise<void> => {
      stopping.abort();
      await Promise.race([running, delay(deadlineMs, undefined, { ref: false })]);
    },
  };
}
