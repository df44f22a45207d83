import type { AuditWriterObserver } from '#audit';
import type { Logger, Metrics } from '#observability';

const writer = 'gateway';

/** Tells metrics and the log what becomes of audit records. */
export const auditObserver = (logger: Logger, metrics: Metrics): AuditWriterObserver => ({
  written: (count) => metrics.auditRecords({ writer, outcome: 'written' }, count),
  spooled: (count) => metrics.auditRecords({ writer, outcome: 'spooled' }, count),
  dropped: (count) => metrics.auditDropped(count),
  rejected: (count) => {
    metrics.auditRecords({ writer, outcome: 'refused' }, count);
    logger.error({ records: count }, 'a spool file held lines that are no audit records of this instance');
  },
  storeAvailable: (available, error) => {
    if (available) logger.info('audit records reach the database again');
    else logger.warn({ err: error }, 'audit records go to the spool file until the database is back');
  },
});
