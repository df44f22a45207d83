import { Inject } from '@nestjs/common';
import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { z } from 'zod';
import type { UserActor } from '#kernel';
import { UnitOfWork } from '#persistence';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { createLoaders } from '../graphql/loaders.js';
import { mutate } from '../graphql/payload.js';
import { SignInService } from './sign-in.service.js';
import { SignInInput, signInInput, SignInPayload, SignOutPayload } from './sign-in.types.js';

@Resolver()
export class SignInResolver {
  constructor(
    private readonly signIns: SignInService,
    @Inject(UnitOfWork) private readonly unitOfWork: UnitOfWork,
  ) {}

  @Mutation(() => SignInPayload, { description: 'Signs in with e-mail and password; the session is a cookie.' })
  signIn(@Context() context: GraphqlContext, @Args('input', { type: () => SignInInput }) input: SignInInput) {
    return mutate(signInInput, input, async (data) => {
      const actor = await this.signIns.signIn(context.ctx, data, (user) => context.browser.start(user));
      this.become(context, actor);
      return { viewer: {} };
    });
  }

  @Mutation(() => SignOutPayload, { description: 'Ends the session of the cookie.' })
  signOut(@Context() { ctx, browser }: GraphqlContext) {
    return mutate(z.undefined(), undefined, async () => ({
      signedOut: await this.signIns.signOut(ctx, () => browser.end()),
    }));
  }

  /** The fields under `viewer` of the same answer speak for who just signed in. */
  private become(context: GraphqlContext, actor: UserActor): void {
    context.ctx = { ...context.ctx, actor };
    context.loaders = createLoaders(this.unitOfWork, context.ctx);
  }
}
