import { Args, Context, Mutation, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { toConnection } from '../graphql/connection.js';
import { OrganizationRoleEnum } from '../graphql/enums.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { PageArgs, PagePipe } from '../graphql/page-args.js';
import { mutate } from '../graphql/payload.js';
import {
  CreateUserInput,
  createUserInput,
  UpdateUserInput,
  updateUserInput,
  User,
  UserConnection,
  UserPayload,
} from './user.types.js';
import { UsersService } from './users.service.js';

@Resolver(() => User)
export class UsersResolver {
  constructor(private readonly users: UsersService) {}

  @Query(() => UserConnection, { name: 'users', description: 'The users that the caller may see, oldest first.' })
  async list(@Context() { ctx }: GraphqlContext, @Args(PagePipe) page: PageArgs) {
    return toConnection(await this.users.page(ctx, page));
  }

  @ResolveField(() => [OrganizationRoleEnum], { description: 'Roles over the whole organization, as far as visible.' })
  async organizationRoles(@Parent() { id }: User, @Context() { ctx, loaders }: GraphqlContext) {
    const bindings = await loaders.children('RoleBinding', 'userId', id);
    const live = bindings.filter(({ expiresAt }) => expiresAt === null || expiresAt.getTime() > ctx.clock.now());
    return live.map(({ role }) => role);
  }

  @Mutation(() => UserPayload)
  createUser(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => CreateUserInput }) input: CreateUserInput,
  ) {
    return mutate(createUserInput, input, async (data) => ({ user: await this.users.create(ctx, data) }));
  }

  @Mutation(() => UserPayload)
  updateUser(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => UpdateUserInput }) input: UpdateUserInput,
  ) {
    return mutate(updateUserInput, input, async (data) => ({ user: await this.users.update(ctx, data) }));
  }
}
