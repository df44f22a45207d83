import { Args, Context, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { encodeGlobalId } from '#kernel';
import { DeletePayload } from '../graphql/delete-payload.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { mutate } from '../graphql/payload.js';
import { Team } from '../teams/team.types.js';
import { User } from '../users/user.types.js';
import {
  CreateMembershipInput,
  createMembershipInput,
  DeleteMembershipInput,
  deleteMembershipInput,
  Membership,
  MembershipPayload,
  UpdateMembershipInput,
  updateMembershipInput,
} from './membership.types.js';
import { MembershipsService } from './memberships.service.js';

@Resolver(() => Membership)
export class MembershipsResolver {
  constructor(private readonly memberships: MembershipsService) {}

  @ResolveField(() => Team, { nullable: true })
  team(@Parent() { teamId }: Membership, @Context() { loaders }: GraphqlContext) {
    return loaders.find('Team', teamId);
  }

  @ResolveField(() => User, { nullable: true })
  user(@Parent() { userId }: Membership, @Context() { loaders }: GraphqlContext) {
    return loaders.find('User', userId);
  }

  @Mutation(() => MembershipPayload)
  createMembership(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => CreateMembershipInput }) input: CreateMembershipInput,
  ) {
    return mutate(createMembershipInput, input, async (data) => ({
      membership: await this.memberships.create(ctx, data),
    }));
  }

  @Mutation(() => MembershipPayload)
  updateMembership(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => UpdateMembershipInput }) input: UpdateMembershipInput,
  ) {
    return mutate(updateMembershipInput, input, async (data) => ({
      membership: await this.memberships.update(ctx, data),
    }));
  }

  @Mutation(() => DeletePayload)
  deleteMembership(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => DeleteMembershipInput }) input: DeleteMembershipInput,
  ) {
    return mutate(deleteMembershipInput, input, async (data) => ({
      deletedId: encodeGlobalId('Membership', (await this.memberships.delete(ctx, data)).id),
    }));
  }
}
