import type { Config } from '#config';
import { DomainError } from '#kernel';
import { fetchCatalog, openLink, type UpstreamIdentity } from '#mcp';
import type { DialedUpstream } from '../upstreams/dialed-upstream.js';
import type { UpstreamDialer } from '../upstreams/upstream-dialer.js';
import { listNames, type ListName } from './catalog-lists.js';
import { toCatalogRow, type CatalogRow } from './to-catalog-row.js';

/** Everything that an upstream offers, ready to be stored. */
export interface OfferedCatalog {
  readonly lists: Readonly<Record<ListName, readonly CatalogRow[]>>;
  /** One text for each object that was left out. */
  readonly warnings: readonly string[];
}

/** What reading an upstream came to: nothing, its identity only, or all of it. */
export type Reading = { readonly latencyMs: number } & (
  | { readonly identity: null; readonly error: DomainError }
  | { readonly identity: UpstreamIdentity; readonly error: DomainError; readonly catalog: null }
  | { readonly identity: UpstreamIdentity; readonly error: null; readonly catalog: OfferedCatalog }
);

/** Probes an upstream, then reads its whole catalogue, within `catalog.timeout`. `latencyMs` is that of the probe. */
export async function readUpstream(
  dialer: UpstreamDialer,
  upstream: DialedUpstream,
  limits: Omit<Config['catalog'], 'minSyncInterval'>,
  job: { readonly requestId: string; readonly signal: AbortSignal },
): Promise<Reading> {
  const probe = await dialer.dial(upstream, job.requestId, (connection) =>
    openLink(connection, null, { client: { info: connection.clientInfo, capabilities: {} }, signal: job.signal }),
  );
  const { latencyMs } = probe;
  if (!probe.ok) return { latencyMs, identity: null, error: probe.error };
  const link = probe.value;
  const { identity } = link;
  const fetched = await dialer.dial(upstream, job.requestId, async (connection) => {
    const deadline = deadlineOf(upstream, limits.timeout);
    try {
      return await fetchCatalog(connection, link, limits, AbortSignal.any([job.signal, deadline.signal]));
    } finally {
      deadline.clear();
      await link.close();
    }
  });
  if (!fetched.ok) return { latencyMs, identity, error: fetched.error, catalog: null };
  const warnings = [...fetched.value.warnings];
  const rowsOf = (list: ListName): CatalogRow[] =>
    fetched.value[list].flatMap((object) => {
      const row = toCatalogRow(list, object);
      if (typeof row !== 'string') return [row];
      warnings.push(row);
      return [];
    });
  const lists = Object.fromEntries(listNames.map((list) => [list, rowsOf(list)])) as Record<ListName, CatalogRow[]>;
  return { latencyMs, identity, error: null, catalog: { lists, warnings } };
}

/** Each step has its own limit, but an upstream chooses how many there are: slow ones would keep the jobs of others waiting. */
function deadlineOf({ slug }: DialedUpstream, ms: number) {
  const controller = new AbortController();
  const text = `Upstream "${slug}" did not show its whole catalogue within ${ms} ms. Check the upstream, or raise GATEHOUSE_CATALOG_TIMEOUT.`;
  const late = () => controller.abort(new DomainError('UPSTREAM_TIMEOUT', text, { details: { upstream: slug } }));
  const timer = setTimeout(late, ms);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}
