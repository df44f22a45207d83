import type { Logger } from '#observability';
import type { DatabasePool } from '#postgres';
import type { UpstreamTarget } from '#snapshot';

/** Asks the worker to read the catalogue of an upstream again; it looks for such requests every second. */
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

/** Upstreams that say the same thing many times are heard once per this time. */
const debounceMs = 1000;

/** What upstreams say about changes of their lists, passed on to the worker at most once a second per upstream. */
export class SyncRequests {
  readonly #waiting = new Map<string, NodeJS.Timeout>();

  constructor(
    private readonly request: (organizationId: string, upstreamId: string) => Promise<void>,
    private readonly logger: Pick<Logger, 'warn'>,
  ) {}

  changed({ id, organizationId, slug }: Pick<UpstreamTarget, 'id' | 'organizationId' | 'slug'>): void {
    if (this.#waiting.has(id)) return;
    const ask = () => {
      this.#waiting.delete(id);
      this.request(organizationId, id).catch((error: unknown) =>
        this.logger.warn({ err: error, upstream: slug }, 'a changed catalogue could not be asked for'),
      );
    };
    const timer = setTimeout(ask, debounceMs);
    timer.unref();
    this.#waiting.set(id, timer);
  }

  /** Asks for nothing more. */
  close(): void {
    for (const timer of this.#waiting.values()) clearTimeout(timer);
    this.#waiting.clear();
  }
}
