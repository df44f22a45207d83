import { Args, Context, Mutation, Parent, ResolveField, Resolver } from '@nestjs/graphql';
import { encodeGlobalId } from '#kernel';
import type { GraphqlContext } from '../graphql/graphql-context.js';
import { mutate } from '../graphql/payload.js';
import { Prompt } from '../prompts/prompt.types.js';
import { ResourceTemplate } from '../resource-templates/resource-template.types.js';
import { Resource } from '../resources/resource.types.js';
import { Tool } from '../tools/tool.types.js';
import {
  AddVirtualServerEntriesInput,
  addVirtualServerEntriesInput,
  AddVirtualServerEntriesPayload,
  RemoveVirtualServerEntriesInput,
  removeVirtualServerEntriesInput,
  RemoveVirtualServerEntriesPayload,
  UpdateVirtualServerEntryInput,
  updateVirtualServerEntryInput,
  VirtualServerEntry,
  VirtualServerEntryPayload,
} from './virtual-server-entry.types.js';
import { VirtualServer } from './virtual-server.types.js';
import { VirtualServerEntriesService } from './virtual-server-entries.service.js';

const ofOneKind = { nullable: true, description: 'Null for another kind, or when the caller may not see the object.' };

@Resolver(() => VirtualServerEntry)
export class VirtualServerEntriesResolver {
  constructor(private readonly entries: VirtualServerEntriesService) {}

  @ResolveField(() => VirtualServer, { nullable: true })
  virtualServer(@Parent() { virtualServerId }: VirtualServerEntry, @Context() { loaders }: GraphqlContext) {
    return loaders.find('VirtualServer', virtualServerId);
  }

  @ResolveField(() => Tool, ofOneKind)
  tool(@Parent() { toolId }: VirtualServerEntry, @Context() { loaders }: GraphqlContext) {
    return loaders.find('Tool', toolId);
  }

  @ResolveField(() => Resource, ofOneKind)
  resource(@Parent() { resourceId }: VirtualServerEntry, @Context() { loaders }: GraphqlContext) {
    return loaders.find('Resource', resourceId);
  }

  @ResolveField(() => ResourceTemplate, ofOneKind)
  resourceTemplate(@Parent() { resourceTemplateId }: VirtualServerEntry, @Context() { loaders }: GraphqlContext) {
    return loaders.find('ResourceTemplate', resourceTemplateId);
  }

  @ResolveField(() => Prompt, ofOneKind)
  prompt(@Parent() { promptId }: VirtualServerEntry, @Context() { loaders }: GraphqlContext) {
    return loaders.find('Prompt', promptId);
  }

  @Mutation(() => AddVirtualServerEntriesPayload, { description: 'All of them, or none.' })
  addVirtualServerEntries(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => AddVirtualServerEntriesInput }) input: AddVirtualServerEntriesInput,
  ) {
    return mutate(addVirtualServerEntriesInput, input, (data) => this.entries.add(ctx, data));
  }

  @Mutation(() => VirtualServerEntryPayload)
  updateVirtualServerEntry(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => UpdateVirtualServerEntryInput }) input: UpdateVirtualServerEntryInput,
  ) {
    return mutate(updateVirtualServerEntryInput, input, async (data) => ({
      virtualServerEntry: await this.entries.update(ctx, data),
    }));
  }

  @Mutation(() => RemoveVirtualServerEntriesPayload, { description: 'All of them, or none.' })
  removeVirtualServerEntries(
    @Context() { ctx }: GraphqlContext,
    @Args('input', { type: () => RemoveVirtualServerEntriesInput }) input: RemoveVirtualServerEntriesInput,
  ) {
    return mutate(removeVirtualServerEntriesInput, input, async (data) => {
      const { virtualServer, entries } = await this.entries.remove(ctx, data);
      return { virtualServer, deletedIds: entries.map(({ id }) => encodeGlobalId('VirtualServerEntry', id)) };
    });
  }
}
