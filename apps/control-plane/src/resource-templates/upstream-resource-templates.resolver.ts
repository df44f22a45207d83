import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { Upstream } from '../upstreams/upstream.types.js';
import { ResourceTemplateConnection } from './resource-template.types.js';

/** The field that resource templates add to upstreams. */
@Resolver(() => Upstream)
export class UpstreamResourceTemplatesResolver {
  @ResolveField(() => ResourceTemplateConnection)
  resourceTemplates(
    @Parent() { id }: Upstream,
    @Context() { loaders }: GraphqlContext,
    @Args(PagePipe) page: PageArgs,
  ) {
    return loaders.connection('ResourceTemplate', 'upstream', id, page);
  }
}
