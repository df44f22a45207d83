import { Args, Context, Mutation, Query, Resolver } from '@nestjs/graphql';
import { encodeGlobalId } from '#kernel';
import { toConnection } from '../graphql/connection.js';
import { DeletePayload } from '../graphql/delete-payload.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { mutate } from '../graphql/payload.js';
import {
  CreateTeamInput,
  createTeamInput,
  DeleteTeamInput,
  deleteTeamInput,
  Team,
  TeamConnection,
  TeamPayload,
  UpdateTeamInput,
  updateTeamInput,
} from './team.types.js';
import { TeamsService } from './teams.service.js';

@Resolver(() => Team)
export class TeamsResolver {
  constructor(private readonly teams: TeamsService) {}

  @Query(() => TeamConnection, { name: 'teams', description: 'The teams that the caller may see, oldest first.' })
  async list(@Context() { ctx }: GraphqlContext, @Args(PagePipe) page: PageArgs) {
    return toConnection(await this.teams.page(ctx, page));
  }

  @Mutation(() => TeamPayload)
  createTeam(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => CreateTeamInput }) input: CreateTeamInput,
  ) {
    return mutate(createTeamInput, input, async (data) => ({ team: await this.teams.create(ctx, data) }));
  }

  @Mutation(() => TeamPayload)
  updateTeam(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => UpdateTeamInput }) input: UpdateTeamInput,
  ) {
    return mutate(updateTeamInput, input, async (data) => ({ team: await this.teams.update(ctx, data) }));
  }

  @Mutation(() => DeletePayload)
  deleteTeam(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => DeleteTeamInput }) input: DeleteTeamInput,
  ) {
    return mutate(deleteTeamInput, input, async (data) => ({
      deletedId: encodeGlobalId('Team', (await this.teams.delete(ctx, data)).id),
    }));
  }
}
