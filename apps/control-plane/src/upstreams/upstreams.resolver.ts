import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { encodeGlobalId } from '#kernel';
import { toConnection } from '../graphql/connection.js';
import { decode } from '../graphql/decode.js';
import { DeletePayload } from '../graphql/delete-payload.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { slug } from '../graphql/input.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { mutate } from '../graphql/payload.js';
import { Team } from '../teams/team.types.js';
import { User } from '../users/user.types.js';
import {
  CreateUpstreamInput,
  createUpstreamInput,
  DeleteUpstreamInput,
  UpdateUpstreamInput,
  updateUpstreamInput,
  upstreamIdInput,
  UpstreamPayload,
} from './upstream.inputs.js';
import { Upstream, UpstreamConnection } from './upstream.types.js';
import { UpstreamsService } from './upstreams.service.js';

@Resolver(() => Upstream)
export class UpstreamsResolver {
  constructor(private readonly upstreams: UpstreamsService) {}

  @Query(() => UpstreamConnection, { name: 'upstreams', description: 'The upstreams that the caller may see.' })
  async list(@Context() { ctx }: GraphqlContext, @Args(PagePipe) page: PageArgs) {
    return toConnection(await this.upstreams.page(ctx, page));
  }

  @Query(() => Upstream, { nullable: true, description: 'The upstream with this slug.' })
  upstreamBySlug(@Context() { ctx }: GraphqlContext, @Args('slug', { type: () => String }) name: string) {
    return this.upstreams.findBySlug(ctx, decode(slug(), 'slug', name));
  }

  @ResolveField(() => User, { nullable: true, description: 'Null when the caller may not see the user.' })
  owner(@Parent() { ownerId }: Upstream, @Context() { loaders }: GraphqlContext) {
    return loaders.find('User', ownerId);
  }

  @ResolveField(() => Team, { nullable: true, description: 'The team that shares it, while the visibility is TEAM.' })
  team(@Parent() { teamId }: Upstream, @Context() { loaders }: GraphqlContext) {
    return loaders.find('Team', teamId);
  }

  @ResolveField(() => Boolean, { description: 'Whether a credential is stored. Its value can never be read.' })
  hasCredential(@Parent() { authSecret }: Upstream) {
    return authSecret !== null;
  }

  @Mutation(() => UpstreamPayload)
  createUpstream(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => CreateUpstreamInput }) input: CreateUpstreamInput,
  ) {
    return mutate(createUpstreamInput, input, async (data) => ({ upstream: await this.upstreams.create(ctx, data) }));
  }

  @Mutation(() => UpstreamPayload)
  updateUpstream(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => UpdateUpstreamInput }) input: UpdateUpstreamInput,
  ) {
    return mutate(updateUpstreamInput, input, async (data) => ({ upstream: await this.upstreams.update(ctx, data) }));
  }

  @Mutation(() => DeletePayload)
  deleteUpstream(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => DeleteUpstreamInput }) input: DeleteUpstreamInput,
  ) {
    return mutate(upstreamIdInput, input, async (data) => ({
      deletedId: encodeGlobalId('Upstream', (await this.upstreams.delete(ctx, data)).id),
    }));
  }
}
