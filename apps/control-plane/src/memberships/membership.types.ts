import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { teamRoles, type TeamRole } from '#contracts';
import { connectionOf } from '../graphql/connection.js';
import { TeamRoleEnum } from '../graphql/enums.js';
import { globalId } from '../graphql/input.js';
import { Node } from '../graphql/node.js';
import { Payload } from '../graphql/payload.js';
import { DateTime } from '../graphql/scalars.js';

@ObjectType({ implements: () => Node, description: 'A user in a team, with the role held there.' })
export class Membership extends Node {
  /** Not fields: what the resolver of `team` and `user` loads. */
  teamId!: string;
  userId!: string;
  @Field(() => TeamRoleEnum)
  role!: TeamRole;
  @Field(() => DateTime)
  createdAt!: Date;
}

@ObjectType()
export class MembershipConnection extends connectionOf(Membership) {}

@InputType()
export class CreateMembershipInput {
  @Field(() => ID)
  teamId!: string;
  @Field(() => ID)
  userId!: string;
  @Field(() => TeamRoleEnum)
  role!: TeamRole;
}

export const createMembershipInput = z.object({
  teamId: globalId('Team'),
  userId: globalId('User'),
  role: z.enum(teamRoles),
});

@InputType()
export class UpdateMembershipInput {
  @Field(() => ID)
  id!: string;
  @Field(() => TeamRoleEnum)
  role!: TeamRole;
}

export const updateMembershipInput = z.object({ id: globalId('Membership'), role: z.enum(teamRoles) });

@InputType()
export class DeleteMembershipInput {
  @Field(() => ID)
  id!: string;
}

export const deleteMembershipInput = z.object({ id: globalId('Membership') });

@ObjectType()
export class MembershipPayload extends Payload {
  @Field(() => Membership, { nullable: true })
  membership?: Membership | null;
}
