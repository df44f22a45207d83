import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import { organizationRoles, userStatuses, type OrganizationRole, type UserStatus } from '#contracts';
import { connectionOf } from '../graphql/connection.js';
import { OrganizationRoleEnum, UserStatusEnum } from '../graphql/enums.js';
import { email, globalId, text } from '../graphql/input.js';
import { Node } from '../graphql/node.js';
import { Payload } from '../graphql/payload.js';
import { DateTime } from '../graphql/scalars.js';

@ObjectType({ implements: () => Node, description: 'A person who signs in and owns objects.' })
export class User extends Node {
  @Field(() => String)
  email!: string;
  @Field(() => String)
  displayName!: string;
  @Field(() => UserStatusEnum)
  status!: UserStatus;
  @Field(() => DateTime)
  createdAt!: Date;
}

@ObjectType()
export class UserConnection extends connectionOf(User) {}

@InputType()
export class CreateUserInput {
  @Field(() => String)
  email!: string;
  @Field(() => String)
  displayName!: string;
  @Field(() => String, { nullable: true, description: 'Without one the user cannot sign in with a password.' })
  password?: string | null;
  @Field(() => OrganizationRoleEnum, { nullable: true })
  organizationRole?: OrganizationRole | null;
}

/** The password's own rules are `checkPasswordPolicy`; here it only gets a bound. */
export const createUserInput = z.object({
  email: email(),
  displayName: text(200),
  password: z.string('must be text').max(1024, 'must have at most 1024 characters').nullish(),
  organizationRole: z.enum(organizationRoles).nullish(),
});

@InputType()
export class UpdateUserInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { nullable: true })
  displayName?: string | null;
  @Field(() => UserStatusEnum, { nullable: true, description: 'DISABLED ends sessions and API tokens at once.' })
  status?: UserStatus | null;
}

export const updateUserInput = z.object({
  id: globalId('User'),
  displayName: text(200).optional(),
  status: z.enum(userStatuses).optional(),
});

@ObjectType()
export class UserPayload extends Payload {
  @Field(() => User, { nullable: true })
  user?: User | null;
}
