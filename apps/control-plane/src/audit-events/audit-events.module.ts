import { Module } from '@nestjs/common';
import { AuditBodies } from './audit-bodies.js';
import { AuditEventsResolver } from './audit-events.resolver.js';
import { AuditEventsService } from './audit-events.service.js';
import { AuditExportsResolver } from './audit-exports.resolver.js';
import { AuditExportsService } from './audit-exports.service.js';

@Module({
  providers: [AuditEventsResolver, AuditEventsService, AuditBodies, AuditExportsResolver, AuditExportsService],
})
export class AuditEventsModule {}
