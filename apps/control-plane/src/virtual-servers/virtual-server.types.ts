import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { visibilities, type Visibility } from '#contracts';
import { connectionOf } from '../graphql/connection.js';
import { VisibilityEnum } from '../graphql/enums.js';
import { globalId, slug, text } from '../graphql/input.js';
import { Node } from '../graphql/node.js';
import { Payload } from '../graphql/payload.js';
import { DateTime } from '../graphql/scalars.js';

@ObjectType({ implements: () => Node, description: 'A composed MCP endpoint: chosen objects under one address.' })
export class VirtualServer extends Node {
  /** Not fields: what the resolvers of `owner` and `team` load. */
  ownerId!: string;
  teamId!: string | null;
  @Field(() => String)
  slug!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String)
  description!: string;
  @Field(() => VisibilityEnum)
  visibility!: Visibility;
  @Field(() => Boolean, { description: 'A disabled virtual server answers nobody.' })
  enabled!: boolean;
  @Field(() => Boolean, { description: "Whether names carry the upstream's slug. Fixed once there are entries." })
  prefixNames!: boolean;
  @Field(() => String, { nullable: true, description: 'What MCP clients are told about the server.' })
  instructions!: string | null;
  @Field(() => DateTime)
  createdAt!: Date;
  @Field(() => DateTime)
  updatedAt!: Date;
}

@ObjectType()
export class VirtualServerConnection extends connectionOf(VirtualServer) {}

@InputType()
export class CreateVirtualServerInput {
  @Field(() => String)
  slug!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String, { nullable: true })
  description?: string | null;
  @Field(() => VisibilityEnum, { nullable: true, description: 'Default PRIVATE.' })
  visibility?: Visibility | null;
  @Field(() => ID, { nullable: true, description: 'The team that shares it; with the visibility TEAM only.' })
  teamId?: string | null;
  @Field(() => Boolean, { nullable: true, description: 'Default true.' })
  enabled?: boolean | null;
  @Field(() => Boolean, { nullable: true, description: 'Default false: objects keep the names of their upstreams.' })
  prefixNames?: boolean | null;
  @Field(() => String, { nullable: true })
  instructions?: string | null;
}

export const createVirtualServerInput = z.object({
  slug: slug(),
  name: text(200),
  description: text(2000, 0).nullish(),
  visibility: z.enum(visibilities).nullish(),
  teamId: globalId('Team').nullish(),
  enabled: z.boolean().nullish(),
  prefixNames: z.boolean().nullish(),
  instructions: text(10_000).nullish(),
});

@InputType()
export class UpdateVirtualServerInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { nullable: true })
  slug?: string | null;
  @Field(() => String, { nullable: true })
  name?: string | null;
  @Field(() => String, { nullable: true })
  description?: string | null;
  @Field(() => VisibilityEnum, { nullable: true })
  visibility?: Visibility | null;
  @Field(() => ID, { nullable: true })
  teamId?: string | null;
  @Field(() => Boolean, { nullable: true })
  enabled?: boolean | null;
  @Field(() => Boolean, { nullable: true, description: 'Refused while there are entries.' })
  prefixNames?: boolean | null;
  @Field(() => String, { nullable: true })
  instructions?: string | null;
}

const flag = () => z.boolean('must be true or false').optional();

export const updateVirtualServerInput = z.object({
  id: globalId('VirtualServer'),
  slug: slug().optional(),
  name: text(200).optional(),
  description: text(2000, 0).optional(),
  visibility: z.enum(visibilities, 'must be PRIVATE, TEAM or ORGANIZATION').optional(),
  teamId: globalId('Team').nullish(),
  enabled: flag(),
  prefixNames: flag(),
  instructions: text(10_000).nullish(),
});

@InputType()
export class DeleteVirtualServerInput {
  @Field(() => ID)
  id!: string;
}

export const deleteVirtualServerInput = z.object({ id: globalId('VirtualServer') });

@ObjectType()
export class VirtualServerPayload extends Payload {
  @Field(() => VirtualServer, { nullable: true })
  virtualServer?: VirtualServer | null;
}
