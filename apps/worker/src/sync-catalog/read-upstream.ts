import type { Config } from '#config';
import { DomainError } from '#kernel';
import {
  fetchCatalog,
  fetchConditionalCatalog,
  openLink,
  openLinkInEra,
  type CatalogObject,
  type ConditionalCatalog,
  type ConditionalObject,
  type KnownCatalog,
  type UpstreamCatalog,
  type UpstreamIdentity,
} from '#mcp';
import type { DialedUpstream } from '../upstreams/dialed-upstream.js';
import type { UpstreamDialer } from '../upstreams/upstream-dialer.js';
import { listNames, type ListName } from './catalog-lists.js';
import { toCatalogRow, type CatalogRow } from './to-catalog-row.js';

/** Everything that an upstream offers, ready to be stored. */
export interface OfferedCatalog {
  readonly lists: Readonly<Record<ListName, readonly CatalogRow[]>>;
  /** False: what only some clients are offered could not be read, so nothing of that kind is gone. */
  readonly isWhole: boolean;
  /** One text for each object that was left out, and for what could not be read. */
  readonly warnings: readonly string[];
}

/** What reading an upstream came to: nothing, its identity only, or all of it. */
export type Reading = { readonly latencyMs: number } & (
  | { readonly identity: null; readonly error: DomainError }
  | { readonly identity: UpstreamIdentity; readonly error: DomainError; readonly catalog: null }
  | { readonly identity: UpstreamIdentity; readonly error: null; readonly catalog: OfferedCatalog }
);

/** A job's part in reading: who asked, and when to stop. */
interface ReadingJob {
  readonly requestId: string;
  readonly signal: AbortSignal;
}

type Limits = Omit<Config['catalog'], 'minSyncInterval'>;

/**
 * Probes an upstream, in the era that is set for it if one is, then reads its whole catalogue: once as a client that can be asked nothing, then what clients that
 * can are offered beyond that; each within `catalog.timeout`. `latencyMs` is that of the probe.
 */
export async function readUpstream(
  dialer: UpstreamDialer,
  upstream: DialedUpstream,
  limits: Limits,
  job: ReadingJob,
): Promise<Reading> {
  const { protocolEra } = upstream;
  const probe = await dialer.dial(upstream, job.requestId, (connection) => {
    const options = { client: { info: connection.clientInfo, capabilities: {} }, signal: job.signal };
    return protocolEra === null ? openLink(connection, null, options) : openLinkInEra(connection, protocolEra, options);
  });
  const { latencyMs } = probe;
  if (!probe.ok) return { latencyMs, identity: null, error: probe.error };
  const link = probe.value;
  const { identity } = link;
  const fetched = await dialer.dial(upstream, job.requestId, async (connection) => {
    const deadline = deadlineOf(upstream, limits.timeout);
    try {
      const signal = AbortSignal.any([job.signal, deadline.signal]);
      return await fetchCatalog(connection, link, limits, { signal });
    } finally {
      deadline.clear();
      await link.close();
    }
  });
  if (!fetched.ok) return { latencyMs, identity, error: fetched.error, catalog: null };
  const further = await readFurther(dialer, upstream, { identity, base: fetched.value }, limits, job);
  return { latencyMs, identity, error: null, catalog: joined(fetched.value, further) };
}

const nothing: ConditionalCatalog = { tools: [], resources: [], resourceTemplates: [], prompts: [], warnings: [] };

/** What only clients that can be asked something are offered, or why that is not known. */
async function readFurther(
  dialer: UpstreamDialer,
  upstream: DialedUpstream,
  known: KnownCatalog,
  limits: Limits,
  job: ReadingJob,
): Promise<ConditionalCatalog | DomainError> {
  // A process that all principals share can ask none of them anything.
  if (upstream.transport === 'STDIO' && upstream.shared) return nothing;
  const found = await dialer.dial(upstream, job.requestId, async (connection) => {
    const deadline = deadlineOf(upstream, limits.timeout);
    try {
      return await fetchConditionalCatalog(connection, known, limits, AbortSignal.any([job.signal, deadline.signal]));
    } finally {
      deadline.clear();
    }
  });
  return found.ok ? found.value : found.error;
}

function joined(base: UpstreamCatalog, further: ConditionalCatalog | DomainError): OfferedCatalog {
  const isWhole = !(further instanceof DomainError);
  const beyond = isWhole ? further : nothing;
  const problem = isWhole
    ? beyond.warnings
    : [`What only clients that can be asked something are offered is not known anew: ${further.message}`];
  const warnings = [...problem, ...base.warnings];
  const toRows = (list: ListName, objects: readonly (CatalogObject & Partial<ConditionalObject>)[]): CatalogRow[] =>
    objects.flatMap((object) => {
      const row = toCatalogRow(list, object, object.requires);
      if (typeof row !== 'string') return [row];
      warnings.push(row);
      return [];
    });
  const rowsOf = (list: ListName) => toRows(list, [...base[list], ...beyond[list]]);
  const lists = Object.fromEntries(listNames.map((list) => [list, rowsOf(list)])) as Record<ListName, CatalogRow[]>;
  return { lists, isWhole, warnings };
}

/** Each step has its own limit, but an upstream chooses how many there are: slow ones would keep the jobs of others waiting. */
function deadlineOf({ slug }: DialedUpstream, ms: number) {
  const controller = new AbortController();
  const text = `Upstream "${slug}" did not show its whole catalogue within ${ms} ms. Check the upstream, or raise GATEHOUSE_CATALOG_TIMEOUT.`;
  const late = () => controller.abort(new DomainError('UPSTREAM_TIMEOUT', text, { details: { upstream: slug } }));
  const timer = setTimeout(late, ms);
  return { signal: controller.signal, clear: () => clearTimeout(timer) };
}
