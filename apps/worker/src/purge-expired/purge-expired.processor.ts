import { Inject, Injectable } from '@nestjs/common';
import { dropExpiredPartitions, ensurePartitions } from '#audit';
import type { Config } from '#config';
import type { Keyring } from '#crypto';
import { systemClock } from '#kernel';
import type { Logger } from '#observability';
import type { DatabasePool } from '#postgres';
import type { JobProducer } from '#queue';
import { CONFIG, KEYRING, LOGGER, PRODUCER, SYSTEM_POOL } from '../dependencies.js';
import { resumeExports } from '../export-audit/resume-exports.js';
import { deleteInBatches } from './delete-in-batches.js';

/** Housekeeping: deletes what has had its time, keeps audit partitions ahead, takes up exports that were left. */
@Injectable()
export class PurgeExpiredProcessor {
  constructor(
    @Inject(SYSTEM_POOL) private readonly pool: DatabasePool,
    @Inject(KEYRING) private readonly keyring: Keyring,
    @Inject(CONFIG) private readonly config: Config,
    @Inject(PRODUCER) private readonly producer: JobProducer,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Every step is tried, also when one before it failed; then the first failure is thrown. */
  async process(): Promise<void> {
    const now = systemClock.now();
    const before = (ms: number): Date => new Date(now - ms);
    const { healthHistory, operationHistory, changeHistory } = this.config.worker;
    const remove = (table: string, condition: string, time: Date) =>
      deleteInBatches(this.pool, table, condition, [time]);
    const steps: Record<string, () => Promise<unknown>> = {
      partitions: () => ensurePartitions(this.pool),
      sessions: () => remove('sessions', 'expires_at < $1', before(0)),
      setupLinks: () => remove('setup_links', 'expires_at < $1', before(0)),
      healthChecks: () => remove('health_checks', 'checked_at < $1', before(healthHistory)),
      operations: () => remove('upstream_operations', 'created_at < $1', before(operationHistory)),
      // The newest revision stays: gateways compare theirs with it.
      changes: () =>
        remove(
          'config_changes',
          'created_at < $1 and revision < (select max(revision) from config_changes)',
          before(changeHistory),
        ),
      droppedPartitions: () => dropExpiredPartitions(this.pool, this.keyring, now - this.config.audit.retention),
      exports: () => resumeExports(this.pool, this.producer),
    };
    const removed: Record<string, unknown> = {};
    const failures: unknown[] = [];
    for (const [name, step] of Object.entries(steps)) {
      try {
        removed[name] = await step();
      } catch (error) {
        failures.push(error);
        this.logger.warn({ err: error, step: name }, 'A step of the housekeeping failed.');
      }
    }
    this.logger.debug({ removed }, 'Housekeeping is done.');
    if (failures.length > 0) throw failures[0];
  }
}
