import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import {
  protocolEras,
  upstreamTransports,
  visibilities,
  type ProtocolEra,
  type UpstreamTransport,
  type Visibility,
} from '#contracts';
import { ProtocolEraEnum, UpstreamTransportEnum, VisibilityEnum } from '../graphql/enums.js';
import { globalId, slug, text } from '../graphql/input.js';
import { Payload } from '../graphql/payload.js';
import { Duration } from '../graphql/scalars.js';
import { authHeader, authSecret } from './auth-input.js';
import { commandName } from './command-input.js';
import { forwardedHeaders, headers } from './header-input.js';
import { upstreamUrl } from './upstream-url.js';
import { Upstream } from './upstream.types.js';

@InputType()
export class UpstreamHeaderInput {
  @Field(() => String)
  name!: string;
  @Field(() => String, { description: 'Everybody who may see the upstream can read it: never a credential.' })
  value!: string;
}

@InputType()
export class ForwardedHeaderInput {
  @Field(() => String, { description: 'A header of the client that carries no credential.' })
  from!: string;
  @Field(() => String, { nullable: true, description: 'What the upstream gets it as. Default: the same name.' })
  to?: string | null;
}

/** How an upstream is reached: the part that creating and changing one have in common. */
@InputType({ isAbstract: true })
abstract class ReachInput {
  @Field(() => UpstreamTransportEnum, { nullable: true, description: 'Default STREAMABLE_HTTP.' })
  transport?: UpstreamTransport | null;
  @Field(() => ProtocolEraEnum, {
    nullable: true,
    description: 'Default AUTO. LEGACY and MODERN: checks, syncs and calls speak that era and no other.',
  })
  protocolEra?: ProtocolEra | null;
  @Field(() => String, {
    nullable: true,
    description: 'STDIO: the name of a command in the allow list of the operator.',
  })
  command?: string | null;
  @Field(() => Boolean, { nullable: true, description: 'STDIO: one process for everyone. Default false.' })
  shared?: boolean | null;
  @Field(() => Duration, { nullable: true, description: 'Time to connect, TLS included. Null: the default.' })
  connectTimeout?: number | null;
  @Field(() => Duration, { nullable: true, description: 'Time to the first byte of an answer. Null: the default.' })
  headersTimeout?: number | null;
  @Field(() => Duration, { nullable: true, description: 'Time for a call; progress extends it. Null: the default.' })
  requestTimeout?: number | null;
  @Field(() => Duration, {
    nullable: true,
    description: 'Time for a call, whatever progress it reports. Null: the default.',
  })
  maxRequestTime?: number | null;
  @Field(() => [UpstreamHeaderInput], {
    nullable: true,
    description: 'Sent with every request; replaces the whole list.',
  })
  headers?: UpstreamHeaderInput[] | null;
  @Field(() => [ForwardedHeaderInput], {
    nullable: true,
    description: 'Taken over from clients; replaces the whole list.',
  })
  forwardedHeaders?: ForwardedHeaderInput[] | null;
}

const reach = {
  transport: z.enum(upstreamTransports).nullish(),
  protocolEra: z.enum(protocolEras).nullish(),
  command: commandName().nullish(),
  shared: z.boolean().nullish(),
  connectTimeout: z.number().nullish(),
  headersTimeout: z.number().nullish(),
  requestTimeout: z.number().nullish(),
  maxRequestTime: z.number().nullish(),
  headers: headers().nullish(),
  forwardedHeaders: forwardedHeaders().nullish(),
};

@InputType()
export class CreateUpstreamInput extends ReachInput {
  @Field(() => String)
  slug!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String, { nullable: true })
  description?: string | null;
  @Field(() => String, {
    nullable: true,
    description:
      'The address of the MCP endpoint: http(s), without credentials or fragment. Required except for STDIO.',
  })
  url?: string | null;
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
  url: upstreamUrl().nullish(),
  ...reach,
  visibility: z.enum(visibilities).nullish(),
  teamId: globalId('Team').nullish(),
  enabled: z.boolean().nullish(),
  authHeader: authHeader().nullish(),
  authSecret: authSecret().nullish(),
});

@InputType()
export class UpdateUpstreamInput extends ReachInput {
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
  ...reach,
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
