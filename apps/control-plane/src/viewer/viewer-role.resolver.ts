import { Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { Team } from '../teams/team.types.js';
import { ViewerRole } from './viewer.types.js';

@Resolver(() => ViewerRole)
export class ViewerRoleResolver {
  @ResolveField(() => Team, { nullable: true, description: 'Null for a role over the whole organization.' })
  team(@Parent() { teamId }: ViewerRole, @Context() { loaders }: GraphqlContext) {
    return loaders.find('Team', teamId);
  }
}
