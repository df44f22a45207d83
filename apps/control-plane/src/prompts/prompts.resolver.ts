import { Args, Context, ID, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { toConnection } from '../graphql/connection.js';
import { decode } from '../graphql/decode.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { globalId } from '../graphql/input.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { CatalogService } from '../upstreams/catalog.service.js';
import { Upstream } from '../upstreams/upstream.types.js';
import { Prompt, PromptConnection } from './prompt.types.js';

@Resolver(() => Prompt)
export class PromptsResolver {
  constructor(private readonly catalog: CatalogService) {}

  @Query(() => PromptConnection, { name: 'prompts', description: 'The prompts that the caller may see.' })
  async list(
    @Context() { ctx }: GraphqlContext,
    @Args(PagePipe) page: PageArgs,
    @Args('upstreamId', { type: () => ID, nullable: true }) upstreamId?: string | null,
  ) {
    const id = decode(globalId('Upstream').nullish(), 'upstreamId', upstreamId);
    return toConnection(await this.catalog.page(ctx, 'Prompt', (tx) => tx.prompts, page, id));
  }

  @ResolveField(() => Upstream, { nullable: true })
  upstream(@Parent() { upstream }: Prompt, @Context() { loaders }: GraphqlContext) {
    return loaders.find('Upstream', upstream.id);
  }
}
