import { Args, Context, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { TeamConnection } from '../teams/team.types.js';
import { User } from '../users/user.types.js';

/** The teams of a user: a page of memberships, each with its team in its place. */
@Resolver(() => User)
export class UserTeamsResolver {
  @ResolveField(() => TeamConnection, { description: 'The teams of the user that the caller may see.' })
  async teams(@Parent() { id }: User, @Context() { loaders }: GraphqlContext, @Args(PagePipe) page: PageArgs) {
    const { edges, pageInfo } = await loaders.connection('Membership', 'userId', id, page);
    const teams = await Promise.all(edges.map(({ node }) => loaders.find('Team', node.teamId)));
    // A team may vanish between the two reads.
    return { pageInfo, edges: edges.flatMap(({ cursor }, at) => (teams[at] ? [{ cursor, node: teams[at] }] : [])) };
  }
}
