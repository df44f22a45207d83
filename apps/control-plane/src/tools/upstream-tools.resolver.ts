import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { Upstream } from '../upstreams/upstream.types.js';
import { ToolConnection } from './tool.types.js';

/** The field that tools add to upstreams. */
@Resolver(() => Upstream)
export class UpstreamToolsResolver {
  @ResolveField(() => ToolConnection)
  tools(@Parent() { id }: Upstream, @Context() { loaders }: GraphqlContext, @Args(PagePipe) page: PageArgs) {
    return loaders.connection('Tool', 'upstream', id, page);
  }
}
