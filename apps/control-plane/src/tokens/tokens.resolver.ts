import { Args, Context, Float, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { toConnection } from '../graphql/connection.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { mutate } from '../graphql/payload.js';
import { DateTime } from '../graphql/scalars.js';
import { User } from '../users/user.types.js';
import { VirtualServer } from '../virtual-servers/virtual-server.types.js';
import {
  ApiToken,
  ApiTokenConnection,
  ApiTokenPayload,
  CreateApiTokenInput,
  createApiTokenInput,
  CreateApiTokenPayload,
  RateLimit,
  RevokeApiTokenInput,
  revokeApiTokenInput,
} from './api-token.types.js';
import { TokenUsages } from './token-usages.js';
import { TokensService } from './tokens.service.js';

@Resolver(() => ApiToken)
export class TokensResolver {
  constructor(
    private readonly tokens: TokensService,
    private readonly usages: TokenUsages,
  ) {}

  @Query(() => ApiTokenConnection, { name: 'apiTokens', description: 'The API tokens that the caller may see.' })
  async list(@Context() { ctx }: GraphqlContext, @Args(PagePipe) page: PageArgs) {
    return toConnection(await this.tokens.page(ctx, page));
  }

  @ResolveField(() => User, { nullable: true, description: 'The user that the token acts as.' })
  user(@Parent() { userId }: ApiToken, @Context() { loaders }: GraphqlContext) {
    return loaders.find('User', userId);
  }

  @ResolveField(() => VirtualServer, {
    nullable: true,
    description: 'The one virtual server that it reaches, if bound.',
  })
  virtualServer(@Parent() { virtualServerId }: ApiToken, @Context() { loaders }: GraphqlContext) {
    return loaders.find('VirtualServer', virtualServerId);
  }

  @ResolveField(() => RateLimit, { nullable: true, description: 'Null: the limit that the operator set for tokens.' })
  rateLimit(@Parent() { rateLimitPerMinute: perMinute, rateLimitBurst: burst }: ApiToken) {
    return perMinute === null || burst === null ? null : { perMinute, burst };
  }

  @ResolveField(() => DateTime, { nullable: true, description: 'When it was last used; a little behind.' })
  async lastUsedAt(@Parent() { id }: ApiToken, @Context() { ctx }: GraphqlContext) {
    return (await this.usages.find(ctx, id)).lastUsedAt;
  }

  @ResolveField(() => Float, { description: 'How often it was used; a little behind.' })
  async calls(@Parent() { id }: ApiToken, @Context() { ctx }: GraphqlContext) {
    return (await this.usages.find(ctx, id)).calls;
  }

  @Mutation(() => CreateApiTokenPayload, { description: 'Creates a token that acts as the caller.' })
  createApiToken(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => CreateApiTokenInput }) input: CreateApiTokenInput,
  ) {
    return mutate(createApiTokenInput, input, (data) => this.tokens.create(ctx, data));
  }

  @Mutation(() => ApiTokenPayload, { description: 'Ends a token at once. Revoking again changes nothing.' })
  revokeApiToken(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => RevokeApiTokenInput }) input: RevokeApiTokenInput,
  ) {
    return mutate(revokeApiTokenInput, input, async (data) => ({ apiToken: await this.tokens.revoke(ctx, data) }));
  }
}
