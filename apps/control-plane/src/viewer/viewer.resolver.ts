import { Context, Query, ResolveField, Resolver } from '@nestjs/graphql';
import { notFound } from '#kernel';
import { organizationOf, userIdOf } from '../access/organization-of.js';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { Organization } from '../organization/organization.types.js';
import { User } from '../users/user.types.js';
import { Viewer, ViewerRole } from './viewer.types.js';

/** Everything about the viewer is read from the context, so that signIn can answer with it, too. */
@Resolver(() => Viewer)
export class ViewerResolver {
  @Query(() => Viewer, { name: 'viewer', description: 'Who asks.' })
  viewer() {
    return {};
  }

  @ResolveField(() => User)
  async user(@Context() { ctx, loaders }: GraphqlContext) {
    return (await loaders.find('User', userIdOf(ctx))) ?? Promise.reject(notFound('User'));
  }

  @ResolveField(() => Organization)
  async organization(@Context() { ctx, loaders }: GraphqlContext) {
    return (await loaders.find('Organization', organizationOf(ctx))) ?? Promise.reject(notFound('Organization'));
  }

  @ResolveField(() => [ViewerRole])
  roles(@Context() { ctx }: GraphqlContext) {
    return ctx.actor.kind === 'user' ? ctx.actor.roles : [];
  }

  @ResolveField(() => String, { name: 'csrfToken', nullable: true })
  csrfToken(@Context() { browser }: GraphqlContext) {
    return browser.csrfToken;
  }
}
