import { Args, Context, ID, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { toConnection } from '../graphql/connection.js';
import { decode } from '../graphql/decode.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { globalId } from '../graphql/input.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { CatalogService } from '../upstreams/catalog.service.js';
import { Upstream } from '../upstreams/upstream.types.js';
import { ResourceTemplate, ResourceTemplateConnection } from './resource-template.types.js';

@Resolver(() => ResourceTemplate)
export class ResourceTemplatesResolver {
  constructor(private readonly catalog: CatalogService) {}

  @Query(() => ResourceTemplateConnection, {
    name: 'resourceTemplates',
    description: 'The resource templates that the caller may see.',
  })
  async list(
    @Context() { ctx }: GraphqlContext,
    @Args(PagePipe) page: PageArgs,
    @Args('upstreamId', { type: () => ID, nullable: true }) upstreamId?: string | null,
  ) {
    const id = decode(globalId('Upstream').nullish(), 'upstreamId', upstreamId);
    return toConnection(await this.catalog.page(ctx, 'ResourceTemplate', (tx) => tx.resourceTemplates, page, id));
  }

  @ResolveField(() => Upstream, { nullable: true })
  upstream(@Parent() { upstream }: ResourceTemplate, @Context() { loaders }: GraphqlContext) {
    return loaders.find('Upstream', upstream.id);
  }
}
