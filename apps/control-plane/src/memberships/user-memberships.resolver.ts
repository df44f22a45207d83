import { Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { User } from '../users/user.types.js';
import { Membership } from './membership.types.js';

/** The field that memberships add to users. */
@Resolver(() => User)
export class UserMembershipsResolver {
  @ResolveField(() => [Membership], { description: 'The memberships of the user that the caller may see.' })
  memberships(@Parent() { id }: User, @Context() { loaders }: GraphqlContext) {
    return loaders.children('Membership', 'userId', id);
  }
}
