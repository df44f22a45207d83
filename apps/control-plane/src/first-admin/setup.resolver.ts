import { Args, Context, Mutation, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { mutate } from '../graphql/payload.js';
import { SignInPayload } from '../sign-in/sign-in.types.js';
import { SetupService } from './setup.service.js';
import { CompleteSetupInput, completeSetupInput } from './setup.types.js';

@Resolver()
export class SetupResolver {
  constructor(private readonly setup: SetupService) {}

  @Mutation(() => SignInPayload, { description: 'Creates the first administrator by the one-time link, and signs in.' })
  completeSetup(
    @Context() context: GraphqlContext,
    @Args('input', { type: () => CompleteSetupInput }) input: CompleteSetupInput,
  ) {
    return mutate(completeSetupInput, input, async (data) => {
      const actor = await this.setup.complete(context.ctx, data);
      await context.browser.start(actor);
      context.become(actor);
      return { viewer: {} };
    });
  }
}
