import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { ProtocolEra } from '#contracts';
import { encodeGlobalId } from '#kernel';
import type { Upstream as UpstreamRow } from '#persistence';
import { toConnection } from '../graphql/connection.js';
import { decode } from '../graphql/decode.js';
import { DeletePayload } from '../graphql/delete-payload.js';
import { ProtocolEraEnum } from '../graphql/enums.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { slug } from '../graphql/input.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { mutate } from '../graphql/payload.js';
import { Duration } from '../graphql/scalars.js';
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
import { ForwardedHeader, Upstream, UpstreamConnection, UpstreamHeader } from './upstream.types.js';
import { UpstreamsService } from './upstreams.service.js';

const byDefault = 'null: the default of the settings.';

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

  @ResolveField(() => String, { description: 'The address of its MCP endpoint; for STDIO `stdio:` and its command.' })
  url(@Parent() { url, command }: Upstream) {
    return url ?? `stdio:${command}`;
  }

  @ResolveField(() => ProtocolEraEnum, { description: 'AUTO, or the only era in which it is spoken to.' })
  protocolEra(@Parent() { protocolEra }: Upstream): ProtocolEra {
    return protocolEra ?? 'AUTO';
  }

  @ResolveField(() => Duration, { nullable: true, description: `Time to connect, TLS included; ${byDefault}` })
  connectTimeout(@Parent() { connectTimeoutMs }: Upstream) {
    return connectTimeoutMs;
  }

  @ResolveField(() => Duration, { nullable: true, description: `Time to the first byte of an answer; ${byDefault}` })
  headersTimeout(@Parent() { headersTimeoutMs }: Upstream) {
    return headersTimeoutMs;
  }

  @ResolveField(() => Duration, {
    nullable: true,
    description: `Time for a call, or since its last sign of progress; ${byDefault}`,
  })
  requestTimeout(@Parent() { requestTimeoutMs }: Upstream) {
    return requestTimeoutMs;
  }

  @ResolveField(() => Duration, {
    nullable: true,
    description: `Time for a call, whatever progress it reports; ${byDefault}`,
  })
  maxRequestTime(@Parent() { maxRequestMs }: Upstream) {
    return maxRequestMs;
  }

  @ResolveField(() => [UpstreamHeader], { description: 'Sent with every request to the upstream.' })
  headers(@Parent() { headers }: UpstreamRow) {
    return Object.entries(JSON.parse(headers) as Record<string, string>).map(([name, value]) => ({ name, value }));
  }

  @ResolveField(() => [ForwardedHeader], { description: 'What the upstream gets of the headers of a client.' })
  forwardedHeaders(@Parent() { forwardedHeaders }: UpstreamRow) {
    return JSON.parse(forwardedHeaders) as ForwardedHeader[];
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
