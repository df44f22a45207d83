import { Args, Context, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { toConnection } from '../graphql/connection.js';
import { decode } from '../graphql/decode.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { ApiToken } from '../tokens/api-token.types.js';
import { User } from '../users/user.types.js';
import { AuditBodies } from './audit-bodies.js';
import { AuditEvent, AuditEventConnection, auditEventFilter, AuditEventFilter } from './audit-event.types.js';
import { AuditEventsService } from './audit-events.service.js';
import { AuditVerification } from './audit-verification.types.js';

@Resolver(() => AuditEvent)
export class AuditEventsResolver {
  constructor(
    private readonly events: AuditEventsService,
    private readonly bodies: AuditBodies,
  ) {}

  @Query(() => AuditEventConnection, { name: 'auditEvents', description: 'The audit log, newest first.' })
  async list(
    @Context() { ctx }: GraphqlContext,
    @Args(PagePipe) page: PageArgs,
    @Args('filter', { type: () => AuditEventFilter, nullable: true }) filter?: AuditEventFilter | null,
  ) {
    return toConnection(await this.events.page(ctx, decode(auditEventFilter, 'filter', filter ?? {}), page));
  }

  @Query(() => AuditVerification, { description: 'Checks every chain of the log against its heads and checkpoints.' })
  verifyAudit(@Context() { ctx }: GraphqlContext) {
    return this.events.verify(ctx);
  }

  @ResolveField(() => User, { nullable: true })
  actorUser(@Parent() { actorUserId }: AuditEvent, @Context() { loaders }: GraphqlContext) {
    return loaders.find('User', actorUserId);
  }

  @ResolveField(() => ApiToken, { nullable: true })
  actorToken(@Parent() { actorTokenId }: AuditEvent, @Context() { loaders }: GraphqlContext) {
    return loaders.find('ApiToken', actorTokenId);
  }

  @ResolveField(() => String, {
    nullable: true,
    description: 'Recorded arguments and results; needs auditEvent.readBody. Null when none were recorded, or purged.',
  })
  body(@Parent() { id, occurredAt }: AuditEvent, @Context() { ctx }: GraphqlContext) {
    return this.bodies.find(ctx, { id, occurredAt });
  }
}
