import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { mutate } from '../graphql/payload.js';
import { AuditExport, AuditExportPayload, exportAuditInput, ExportAuditInput } from './audit-export.types.js';
import { AuditExportsService } from './audit-exports.service.js';

@Resolver(() => AuditExport)
export class AuditExportsResolver {
  constructor(private readonly exports: AuditExportsService) {}

  @Mutation(() => AuditExportPayload, { description: 'Has the worker write audit events to a verifiable file.' })
  exportAudit(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => ExportAuditInput }) input: ExportAuditInput,
  ) {
    return mutate(exportAuditInput, input, async (data) => ({ auditExport: await this.exports.request(ctx, data) }));
  }
}
