import { Inject, Injectable } from '@nestjs/common';
import type { Config } from '#config';
import type { JobPayload } from '#contracts';
import type { CallContext } from '#kernel';
import type { Logger } from '#observability';
import { UnitOfWork } from '#persistence';
import type { DatabasePool } from '#postgres';
import type { JobContext } from '#queue';
import { CONFIG, LOGGER, OBSERVATIONS, SYSTEM_POOL } from '../dependencies.js';
import type { DialedUpstream } from '../upstreams/dialed-upstream.js';
import { failed, succeeded } from '../upstreams/operation-result.js';
import { UpstreamDialer } from '../upstreams/upstream-dialer.js';
import { UpstreamJobs, type Settlement } from '../upstreams/upstream-jobs.js';
import { catalogCounts, compareCatalog, isCurrent, storeCatalog, type CatalogDiff } from './compare-catalog.js';
import { differs, identityColumns } from './identity-columns.js';
import { beginSync } from './sync-requests.js';
import { readUpstream, type OfferedCatalog, type Reading } from './read-upstream.js';

const maxWarnings = 50;

/**
 * Reads what an upstream offers and stores it. Only a catalogue that was read to its last page replaces the stored one;
 * after any failure the last good one stays, and the operation and the health history say what went wrong.
 */
@Injectable()
export class SyncCatalogProcessor {
  constructor(
    private readonly jobs: UpstreamJobs,
    private readonly dialer: UpstreamDialer,
    @Inject(OBSERVATIONS) private readonly observations: UnitOfWork,
    @Inject(SYSTEM_POOL) private readonly pool: DatabasePool,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  async process(payload: JobPayload<'sync-catalog'>, job: JobContext): Promise<void> {
    await beginSync(this.pool, payload.upstreamId);
    await this.jobs.run('sync-catalog', payload, job, async (ctx, upstream) => {
      const { maxPages, maxObjects, maxDefinition, maxSize, timeout } = this.config.catalog;
      const limits = { maxPages, maxObjects, maxDefinition, maxSize, timeout };
      const reading = await readUpstream(this.dialer, upstream, limits, job);
      const { slug } = upstream;
      if (reading.error) this.logger.warn({ upstream: slug, code: reading.error.code }, reading.error.message);
      return this.settlementOf(ctx, upstream, reading);
    });
  }

  private async settlementOf(ctx: CallContext, upstream: DialedUpstream, reading: Reading): Promise<Settlement> {
    const { latencyMs, error } = reading;
    if (reading.identity === null) {
      const { code, message } = reading.error;
      return {
        health: { status: 'UNHEALTHY', code, message, latencyMs },
        operation: failed(reading.error),
        change: null,
      };
    }
    const { catalog } = reading;
    const columns = identityColumns(reading.identity);
    const stored = await this.observations.read(ctx, async (tx) => {
      const row = await tx.upstreams.find(upstream.id);
      return { row, diff: catalog && (await compareCatalog(tx, upstream.id, catalog)) };
    });
    const change = !stored.row || differs(stored.row, columns) || (stored.diff && !isCurrent(stored.diff));
    return {
      // It answers; what it answered to a list, the check cannot see, so the state does not go back and forth.
      health: { status: 'HEALTHY', code: error?.code ?? null, message: error?.message ?? null, latencyMs },
      operation: error ? failed(error) : succeeded(summaryOf(catalog, stored.diff)),
      change: change
        ? {
            action: 'upstream.sync',
            apply: async (tx, row) => {
              Object.assign(row, columns);
              if (!catalog) return;
              const owner = { organizationId: row.organizationId, upstreamId: row.id, now: new Date(ctx.clock.now()) };
              tx.report({ details: catalogCounts(await storeCatalog(tx, owner, catalog)) });
            },
          }
        : null,
    };
  }
}

function summaryOf(catalog: OfferedCatalog | null, diff: CatalogDiff | null): Record<string, unknown> {
  const warnings = catalog?.warnings ?? [];
  return {
    ...(diff ? catalogCounts(diff) : {}),
    warnings: warnings.slice(0, maxWarnings),
    ...(warnings.length > maxWarnings ? { furtherWarnings: warnings.length - maxWarnings } : {}),
  };
}
