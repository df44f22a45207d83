import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { Upstream } from '../upstreams/upstream.types.js';
import { ResourceConnection } from './resource.types.js';

/** The field that resources add to upstreams. */
@Resolver(() => Upstream)
export class UpstreamResourcesResolver {
  @ResolveField(() => ResourceConnection)
  resources(@Parent() { id }: Upstream, @Context() { loaders }: GraphqlContext, @Args(PagePipe) page: PageArgs) {
    return loaders.connection('Resource', 'upstream', id, page);
  }
}
