import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import { z } from 'zod';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { mutate } from '../graphql/payload.js';
import { SignInService } from './sign-in.service.js';
import { SignInInput, signInInput, SignInPayload, SignOutPayload } from './sign-in.types.js';

@Resolver()
export class SignInResolver {
  constructor(private readonly signIns: SignInService) {}

  @Mutation(() => SignInPayload, { description: 'Signs in with e-mail and password; the session is a cookie.' })
  signIn(@Context() context: GraphqlContext, @Args('input', { type: () => SignInInput }) input: SignInInput) {
    return mutate(signInInput, input, async (data) => {
      context.become(await this.signIns.signIn(context.ctx, data, context.browser));
      return { viewer: {} };
    });
  }

  @Mutation(() => SignOutPayload, { description: 'Ends the session of the cookie.' })
  signOut(@Context() { ctx, browser }: GraphqlContext) {
    return mutate(z.undefined(), undefined, async () => ({
      signedOut: await this.signIns.signOut(ctx, () => browser.end()),
    }));
  }
}
