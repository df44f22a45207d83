import { Field, ID, InputType, Int, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { apiTokenScopes, type ApiTokenScope } from '#contracts';
import { connectionOf } from '../graphql/connection.js';
import { ApiTokenScopeEnum } from '../graphql/enums.js';
import { globalId, listOf, text } from '../graphql/input.js';
import { Node } from '../graphql/node.js';
import { Payload } from '../graphql/payload.js';
import { DateTime } from '../graphql/scalars.js';

@ObjectType({ description: 'How often a token may call.' })
export class RateLimit {
  @Field(() => Int, { description: 'Calls a minute, in the long run.' })
  perMinute!: number;
  @Field(() => Int, { description: 'Calls that may come at once.' })
  burst!: number;
}

@ObjectType({ implements: () => Node, description: 'A credential that acts as its user, for this API and for MCP.' })
export class ApiToken extends Node {
  /** Not fields: what resolvers load. */
  userId!: string;
  virtualServerId!: string | null;
  rateLimitPerMinute!: number | null;
  rateLimitBurst!: number | null;
  @Field(() => String)
  name!: string;
  @Field(() => String, { description: 'The last four characters of the secret, to tell tokens apart.' })
  hint!: string;
  @Field(() => [ApiTokenScopeEnum])
  scopes!: ApiTokenScope[];
  @Field(() => DateTime)
  expiresAt!: Date;
  @Field(() => DateTime, { nullable: true })
  revokedAt!: Date | null;
  @Field(() => DateTime)
  createdAt!: Date;
}

@ObjectType()
export class ApiTokenConnection extends connectionOf(ApiToken) {}

@InputType()
export class RateLimitInput {
  @Field(() => Int, { description: 'Calls a minute, in the long run.' })
  perMinute!: number;
  @Field(() => Int, { description: 'Calls that may come at once.' })
  burst!: number;
}

@InputType()
export class CreateApiTokenInput {
  @Field(() => String)
  name!: string;
  @Field(() => DateTime, { nullable: true, description: 'Default: in 90 days.' })
  expiresAt?: Date | null;
  @Field(() => [ApiTokenScopeEnum], { nullable: true, description: 'Default: all.' })
  scopes?: ApiTokenScope[] | null;
  @Field(() => ID, { nullable: true, description: 'Narrows the token to this one virtual server.' })
  virtualServerId?: string | null;
  @Field(() => RateLimitInput, { nullable: true, description: 'Default: the limit that the operator set for tokens.' })
  rateLimit?: RateLimitInput | null;
}

export const createApiTokenInput = z.object({
  name: text(200),
  expiresAt: z.date().nullish(),
  scopes: listOf(z.enum(apiTokenScopes), apiTokenScopes.length).min(1, 'must not be empty').nullish(),
  virtualServerId: globalId('VirtualServer').nullish(),
  rateLimit: z
    .object({ perMinute: z.number().min(1, 'must be at least 1'), burst: z.number().min(1, 'must be at least 1') })
    .nullish(),
});

@InputType()
export class RevokeApiTokenInput {
  @Field(() => ID)
  id!: string;
}

export const revokeApiTokenInput = z.object({ id: globalId('ApiToken') });

@ObjectType()
export class ApiTokenPayload extends Payload {
  @Field(() => ApiToken, { nullable: true })
  apiToken?: ApiToken | null;
}

@ObjectType()
export class CreateApiTokenPayload extends ApiTokenPayload {
  @Field(() => String, { nullable: true, description: 'The token itself. It is shown here and never again.' })
  secret?: string | null;
}
