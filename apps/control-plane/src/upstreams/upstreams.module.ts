import { Module } from '@nestjs/common';
import { CatalogService } from './catalog.service.js';
import { SyncRequests } from './sync-requests.js';
import { UpstreamHealthChecksResolver } from './upstream-health-checks.resolver.js';
import { UpstreamOperationsResolver } from './upstream-operations.resolver.js';
import { UpstreamOperationsService } from './upstream-operations.service.js';
import { UpstreamsResolver } from './upstreams.resolver.js';
import { UpstreamsService } from './upstreams.service.js';

@Module({
  providers: [
    UpstreamsResolver,
    UpstreamsService,
    SyncRequests,
    UpstreamOperationsResolver,
    UpstreamOperationsService,
    UpstreamHealthChecksResolver,
    CatalogService,
  ],
  exports: [CatalogService],
})
export class UpstreamsModule {}
