import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { connectionOf } from '../graphql/connection.js';
import { globalId, slug, text } from '../graphql/input.js';
import { Node } from '../graphql/node.js';
import { Payload } from '../graphql/payload.js';
import { DateTime } from '../graphql/scalars.js';

@ObjectType({ implements: () => Node, description: 'A group of users that shares upstreams and virtual servers.' })
export class Team extends Node {
  @Field(() => String)
  slug!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String)
  description!: string;
  @Field(() => DateTime)
  createdAt!: Date;
  @Field(() => DateTime)
  updatedAt!: Date;
}

@ObjectType()
export class TeamConnection extends connectionOf(Team) {}

@InputType()
export class CreateTeamInput {
  @Field(() => String)
  slug!: string;
  @Field(() => String)
  name!: string;
  @Field(() => String, { nullable: true })
  description?: string | null;
}

export const createTeamInput = z.object({
  slug: slug(),
  name: text(200),
  description: text(2000, 0).nullish(),
});

@InputType()
export class UpdateTeamInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { nullable: true })
  slug?: string | null;
  @Field(() => String, { nullable: true })
  name?: string | null;
  @Field(() => String, { nullable: true })
  description?: string | null;
}

export const updateTeamInput = z.object({
  id: globalId('Team'),
  slug: slug().optional(),
  name: text(200).optional(),
  description: text(2000, 0).optional(),
});

@InputType()
export class DeleteTeamInput {
  @Field(() => ID)
  id!: string;
}

export const deleteTeamInput = z.object({ id: globalId('Team') });

@ObjectType()
export class TeamPayload extends Payload {
  @Field(() => Team, { nullable: true })
  team?: Team | null;
}
