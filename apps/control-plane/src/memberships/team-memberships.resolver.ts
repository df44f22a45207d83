import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { Team } from '../teams/team.types.js';
import { MembershipConnection } from './membership.types.js';

/** The field that memberships add to teams. */
@Resolver(() => Team)
export class TeamMembershipsResolver {
  @ResolveField(() => MembershipConnection)
  memberships(@Parent() { id }: Team, @Context() { loaders }: GraphqlContext, @Args(PagePipe) page: PageArgs) {
    return loaders.connection('Membership', 'teamId', id, page);
  }
}
