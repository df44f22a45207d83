import { Module, type DynamicModule } from '@nestjs/common';
import { CheckUpstreamHealthProcessor } from './check-upstream-health/check-upstream-health.processor.js';
import { CheckpointAuditProcessor } from './checkpoint-audit/checkpoint-audit.processor.js';
import { DependenciesModule, type WorkerConnections, type WorkerDeps } from './dependencies.js';
import { ExportAuditProcessor } from './export-audit/export-audit.processor.js';
import { PurgeExpiredProcessor } from './purge-expired/purge-expired.processor.js';
import { ScheduleUpstreamsProcessor } from './schedule-upstreams/schedule-upstreams.processor.js';
import { SyncCatalogProcessor } from './sync-catalog/sync-catalog.processor.js';
import { UpstreamDialer } from './upstreams/upstream-dialer.js';
import { UpstreamJobs } from './upstreams/upstream-jobs.js';

/** The job runner: one processor per queue. */
@Module({})
export class WorkerModule {
  static of(deps: WorkerDeps, connections: WorkerConnections): DynamicModule {
    return {
      module: WorkerModule,
      imports: [DependenciesModule.of(deps, connections)],
      providers: [
        UpstreamDialer,
        UpstreamJobs,
        CheckUpstreamHealthProcessor,
        SyncCatalogProcessor,
        ScheduleUpstreamsProcessor,
        CheckpointAuditProcessor,
        ExportAuditProcessor,
        PurgeExpiredProcessor,
      ],
    };
  }
}
