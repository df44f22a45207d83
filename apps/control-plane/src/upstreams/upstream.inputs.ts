import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { visibilities, type Visibility } from '#contracts';
import { VisibilityEnum } from '../graphql/enums.js';
import { globalId, slug, text } from '../graphql/input.js';
import { Payload } from '../graphql/payload.js';
import { authHeader, authSecret } from './auth-input.js';
import { upstreamUrl } from './upstream-url.js';
import { Upstream } from './upstream.types.js';

@InputType()
export class CreateUpstreamInput {
  @Field(() => String)
  slug!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String, { nullable: true })
  description?: string | null;
  @Field(() => String, { description: 'The address of the MCP endpoint: http(s), without credentials or fragment.' })
  url!: string;
  @Field(() => VisibilityEnum, { nullable: true, description: 'Default PRIVATE.' })
  visibility?: Visibility | null;
  @Field(() => ID, { nullable: true, description: 'The team that shares it; with the visibility TEAM only.' })
  teamId?: string | null;
  @Field(() => Boolean, { nullable: true, description: 'Default true.' })
  enabled?: boolean | null;
  @Field(() => String, { nullable: true, description: 'The header of the credential. Default: Authorization.' })
  authHeader?: string | null;
  @Field(() => String, { nullable: true, description: 'The value of that header. It can never be read again.' })
  authSecret?: string | null;
}

export const createUpstreamInput = z.object({
  slug: slug(),
  name: text(200),
  description: text(2000, 0).nullish(),
  url: upstreamUrl(),
  visibility: z.enum(visibilities).nullish(),
  teamId: globalId('Team').nullish(),
  enabled: z.boolean().nullish(),
  authHeader: authHeader().nullish(),
  authSecret: authSecret().nullish(),
});

@InputType()
export class UpdateUpstreamInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { nullable: true })
  slug?: string | null;
  @Field(() => String, { nullable: true })
  name?: string | null;
  @Field(() => String, { nullable: true })
  description?: string | null;
  @Field(() => String, {
    nullable: true,
    description: 'Another address forgets what the last check found, and needs the credential again.',
  })
  url?: string | null;
  @Field(() => VisibilityEnum, { nullable: true })
  visibility?: Visibility | null;
  @Field(() => ID, { nullable: true })
  teamId?: string | null;
  @Field(() => Boolean, { nullable: true })
  enabled?: boolean | null;
  @Field(() => String, { nullable: true })
  authHeader?: string | null;
  @Field(() => String, { nullable: true, description: 'Null takes the credential away.' })
  authSecret?: string | null;
}

export const updateUpstreamInput = z.object({
  id: globalId('Upstream'),
  slug: slug().optional(),
  name: text(200).optional(),
  description: text(2000, 0).optional(),
  url: upstreamUrl().optional(),
  visibility: z.enum(visibilities, 'must be PRIVATE, TEAM or ORGANIZATION').optional(),
  teamId: globalId('Team').nullish(),
  enabled: z.boolean('must be true or false').optional(),
  authHeader: authHeader().nullish(),
  authSecret: authSecret().nullish(),
});

@InputType()
export class DeleteUpstreamInput {
  @Field(() => ID)
  id!: string;
}

export const upstreamIdInput = z.object({ id: globalId('Upstream') });

@ObjectType()
export class UpstreamPayload extends Payload {
  @Field(() => Upstream, { nullable: true })
  upstream?: Upstream | null;
}
