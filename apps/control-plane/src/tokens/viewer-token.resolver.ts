import { Context, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { Viewer } from '../viewer/viewer.types.js';
import { ApiToken } from './api-token.types.js';
import { TokensService } from './tokens.service.js';

/** The field that tokens add to the viewer. */
@Resolver(() => Viewer)
export class ViewerTokenResolver {
  constructor(private readonly tokens: TokensService) {}

  @ResolveField(() => ApiToken, { nullable: true, description: 'The token that this request came with, if any.' })
  token(@Context() { ctx }: GraphqlContext) {
    return this.tokens.current(ctx);
  }
}
