import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { encodeGlobalId } from '#kernel';
import { PUBLIC_URLS, type PublicUrls } from '../dependencies.js';
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
  CreateVirtualServerInput,
  createVirtualServerInput,
  DeleteVirtualServerInput,
  deleteVirtualServerInput,
  UpdateVirtualServerInput,
  updateVirtualServerInput,
  VirtualServer,
  VirtualServerConnection,
  VirtualServerPayload,
} from './virtual-server.types.js';
import { VirtualServersService } from './virtual-servers.service.js';

@Resolver(() => VirtualServer)
export class VirtualServersResolver {
  constructor(
    private readonly servers: VirtualServersService,
    @Inject(PUBLIC_URLS) private readonly publicUrls: PublicUrls,
  ) {}

  @Query(() => VirtualServerConnection, {
    name: 'virtualServers',
    description: 'The virtual servers that the caller may see.',
  })
  async list(@Context() { ctx }: GraphqlContext, @Args(PagePipe) page: PageArgs) {
    return toConnection(await this.servers.page(ctx, page));
  }

  @Query(() => VirtualServer, { nullable: true, description: 'The virtual server with this slug.' })
  virtualServerBySlug(@Context() { ctx }: GraphqlContext, @Args('slug', { type: () => String }) name: string) {
    return this.servers.findBySlug(ctx, decode(slug(), 'slug', name));
  }

  @ResolveField(() => User, { nullable: true, description: 'Null when the caller may not see the user.' })
  owner(@Parent() { ownerId }: VirtualServer, @Context() { loaders }: GraphqlContext) {
    return loaders.find('User', ownerId);
  }

  @ResolveField(() => Team, { nullable: true, description: 'The team that shares it, while the visibility is TEAM.' })
  team(@Parent() { teamId }: VirtualServer, @Context() { loaders }: GraphqlContext) {
    return loaders.find('Team', teamId);
  }

  @ResolveField(() => String, { description: 'Where MCP clients connect.' })
  endpointUrl(@Parent() server: VirtualServer) {
    return `${this.publicUrls.gateway}/servers/${server.slug}/mcp`;
  }

  @Mutation(() => VirtualServerPayload)
  createVirtualServer(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => CreateVirtualServerInput }) input: CreateVirtualServerInput,
  ) {
    return mutate(createVirtualServerInput, input, async (data) => ({
      virtualServer: await this.servers.create(ctx, data),
    }));
  }

  @Mutation(() => VirtualServerPayload)
  updateVirtualServer(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => UpdateVirtualServerInput }) input: UpdateVirtualServerInput,
  ) {
    return mutate(updateVirtualServerInput, input, async (data) => ({
      virtualServer: await this.servers.update(ctx, data),
    }));
  }

  @Mutation(() => DeletePayload)
  deleteVirtualServer(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => DeleteVirtualServerInput }) input: DeleteVirtualServerInput,
  ) {
    return mutate(deleteVirtualServerInput, input, async (data) => ({
      deletedId: encodeGlobalId('VirtualServer', (await this.servers.delete(ctx, data)).id),
    }));
  }
}
