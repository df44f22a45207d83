import { Args, Context, Field, ID, InputType, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { mutate } from '../graphql/payload.js';
import { upstreamIdInput } from './upstream.inputs.js';
import { UpstreamOperation, UpstreamOperationPayload } from './upstream-operation.types.js';
import { UpstreamOperationsService } from './upstream-operations.service.js';
import { Upstream } from './upstream.types.js';

@InputType()
export class CheckUpstreamInput {
  @Field(() => ID)
  id!: string;
}

@InputType()
export class SyncUpstreamInput {
  @Field(() => ID)
  id!: string;
}

@Resolver(() => UpstreamOperation)
export class UpstreamOperationsResolver {
  constructor(private readonly operations: UpstreamOperationsService) {}

  @ResolveField(() => Upstream, { nullable: true })
  upstream(@Parent() { upstreamId }: UpstreamOperation, @Context() { loaders }: GraphqlContext) {
    return loaders.find('Upstream', upstreamId);
  }

  @Mutation(() => UpstreamOperationPayload, { description: 'Asks whether the upstream answers, with its credential.' })
  checkUpstream(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => CheckUpstreamInput }) input: CheckUpstreamInput,
  ) {
    return mutate(upstreamIdInput, input, (data) => this.operations.run(ctx, 'CHECK', data));
  }

  @Mutation(() => UpstreamOperationPayload, { description: 'Reads everything that the upstream offers again.' })
  syncUpstream(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => SyncUpstreamInput }) input: SyncUpstreamInput,
  ) {
    return mutate(upstreamIdInput, input, (data) => this.operations.run(ctx, 'SYNC', data));
  }
}
