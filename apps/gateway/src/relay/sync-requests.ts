import type { Logger } from '#observability';
import type { DatabasePool } from '#postgres';
import type { UpstreamTarget } from '#snapshot';

/** Asks the worker to read the catalogue of an upstream again; it looks for such requests twice a second. */
export async function requestSync(
  pool: Pick<DatabasePool, 'query'>,
  organizationId: string,
  upstreamId: string,
): Promise<void> {
  await pool.query(
    `insert into catalog_sync_requests (upstream_id, organization_id, requested_at) values ($1, $2, now())
     on conflict (upstream_id) do update set requested_at = excluded.requested_at`,
    [upstreamId, organizationId],
  );
}

/** What an upstream says within this time after it was passed on is passed on once, when the time is over. */
const pauseMs = 1000;

/** One upstream that has just been asked for. */
interface Pause {
  readonly timer: NodeJS.Timeout;
  saidMore: boolean;
}

/**
 * What upstreams say about changes of their lists, passed on to the worker: the first word at once, and whatever follows
 * at most once a second per upstream. How often catalogues are read is the worker's business.
 */
export class SyncRequests {
  readonly #pauses = new Map<string, Pause>();

  constructor(
    private readonly request: (organizationId: string, upstreamId: string) => Promise<void>,
    private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  changed(upstream: Pick<UpstreamTarget, 'id' | 'organizationId' | 'slug'>): void {
    const { id, organizationId, slug } = upstream;
    const pause = this.#pauses.get(id);
    if (pause !== undefined) {
      pause.saidMore = true;
      return;
    }
    const timer = setTimeout(() => this.#over(upstream), pauseMs);
    timer.unref();
    this.#pauses.set(id, { timer, saidMore: false });
    this.request(organizationId, id).catch((error: unknown) =>
      this.logger.warn({ err: error, upstream: slug }, 'a changed catalogue could not be asked for'),
    );
  }

  /** Asks for nothing more. */
  close(): void {
    for (const { timer } of this.#pauses.values()) clearTimeout(timer);
    this.#pauses.clear();
  }

  #over(upstream: Pick<UpstreamTarget, 'id' | 'organizationId' | 'slug'>): void {
    const saidMore = this.#pauses.get(upstream.id)?.saidMore === true;
    this.#pauses.delete(upstream.id);
    if (saidMore) this.changed(upstream);
  }
}
