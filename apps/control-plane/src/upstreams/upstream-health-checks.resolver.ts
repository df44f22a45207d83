import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { HealthCheckConnection } from './health-check.types.js';
import { Upstream } from './upstream.types.js';

/** The field of an upstream that shows how it did lately. */
@Resolver(() => Upstream)
export class UpstreamHealthChecksResolver {
  @ResolveField(() => HealthCheckConnection, { description: 'The latest checks first.' })
  healthChecks(@Parent() { id }: Upstream, @Context() { loaders }: GraphqlContext, @Args(PagePipe) page: PageArgs) {
    return loaders.connection('HealthCheck', 'upstreamId', id, page, 'newest-first');
  }
}
