import type { INestApplicationContext } from '@nestjs/common';
import type { QueueName } from '#contracts';
import type { Logger, Metrics } from '#observability';
import type { Processors } from '#queue';
import { CheckUpstreamHealthProcessor } from './check-upstream-health/check-upstream-health.processor.js';
import { CheckpointAuditProcessor } from './checkpoint-audit/checkpoint-audit.processor.js';
import { ExportAuditProcessor } from './export-audit/export-audit.processor.js';
import { PurgeExpiredProcessor } from './purge-expired/purge-expired.processor.js';
import { runObserved, type Process } from './run-observed.js';
import { ScheduleUpstreamsProcessor } from './schedule-upstreams/schedule-upstreams.processor.js';
import { SyncCatalogProcessor } from './sync-catalog/sync-catalog.processor.js';

const classes = {
  'check-upstream-health': CheckUpstreamHealthProcessor,
  'sync-catalog': SyncCatalogProcessor,
  'schedule-upstreams': ScheduleUpstreamsProcessor,
  'checkpoint-audit': CheckpointAuditProcessor,
  'export-audit': ExportAuditProcessor,
  'purge-expired': PurgeExpiredProcessor,
} as const satisfies { [Q in QueueName]: new (...dependencies: never[]) => { process: Process<Q> } };

/** The processor of every queue, from the container, with its runs logged and counted. */
export function processorsOf(
  app: INestApplicationContext,
  observers: { readonly logger: Logger; readonly metrics: Metrics },
): Processors {
  const of = <Q extends QueueName>(queue: Q): Process<Q> => {
    const processor = app.get<{ process: Process<Q> }>(classes[queue]);
    return runObserved(queue, (payload, context) => processor.process(payload, context), observers);
  };
  return {
    'check-upstream-health': of('check-upstream-health'),
    'sync-catalog': of('sync-catalog'),
    'schedule-upstreams': of('schedule-upstreams'),
    'checkpoint-audit': of('checkpoint-audit'),
    'export-audit': of('export-audit'),
    'purge-expired': of('purge-expired'),
  };
}
