import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { Upstream } from '../upstreams/upstream.types.js';
import { PromptConnection } from './prompt.types.js';

/** The field that prompts add to upstreams. */
@Resolver(() => Upstream)
export class UpstreamPromptsResolver {
  @ResolveField(() => PromptConnection)
  prompts(@Parent() { id }: Upstream, @Context() { loaders }: GraphqlContext, @Args(PagePipe) page: PageArgs) {
    return loaders.connection('Prompt', 'upstream', id, page);
  }
}
