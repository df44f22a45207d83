import { Field, ID, InputType, ObjectType } from '@nestjs/graphql';
import { z } from 'zod';
import type { CatalogKind } from '#contracts';
import { connectionOf } from '../graphql/connection.js';
import { CatalogKindEnum } from '../graphql/enums.js';
import { globalId, listOf, text } from '../graphql/input.js';
import { Node } from '../graphql/node.js';
import { Payload } from '../graphql/payload.js';
import { VirtualServer } from './virtual-server.types.js';

@ObjectType({ implements: () => Node, description: 'One catalogue object in a virtual server.' })
export class VirtualServerEntry extends Node {
  /** Not fields: what resolvers load. */
  virtualServerId!: string;
  toolId!: string | null;
  resourceId!: string | null;
  resourceTemplateId!: string | null;
  promptId!: string | null;
  @Field(() => CatalogKindEnum)
  kind!: CatalogKind;
  @Field(() => String, { description: 'The name or URI by which clients of the virtual server know the object.' })
  exposedName!: string;
  @Field(() => String, { nullable: true })
  nameOverride!: string | null;
  @Field(() => String, { nullable: true })
  descriptionOverride!: string | null;
}

@ObjectType()
export class VirtualServerEntryConnection extends connectionOf(VirtualServerEntry) {}

/** What one call may add or remove. */
const maxEntries = 500;

/** What every MCP client accepts as the name of a tool or prompt. */
const nameOverride = () =>
  z.string('must be text').regex(/^[A-Za-z0-9_-]{1,60}$/, 'must be 1 to 60 letters, digits, underscores or hyphens');

const descriptionOverride = () => text(10_000);

@InputType()
export class VirtualServerEntryInput {
  @Field(() => ID, { nullable: true, description: 'Exactly one of the four ids is given.' })
  toolId?: string | null;
  @Field(() => ID, { nullable: true })
  resourceId?: string | null;
  @Field(() => ID, { nullable: true })
  resourceTemplateId?: string | null;
  @Field(() => ID, { nullable: true })
  promptId?: string | null;
  @Field(() => String, { nullable: true, description: 'The exact name for clients; for tools and prompts only.' })
  nameOverride?: string | null;
  @Field(() => String, { nullable: true })
  descriptionOverride?: string | null;
}

const entryInput = z
  .object({
    toolId: globalId('Tool').nullish(),
    resourceId: globalId('Resource').nullish(),
    resourceTemplateId: globalId('ResourceTemplate').nullish(),
    promptId: globalId('Prompt').nullish(),
    nameOverride: nameOverride().nullish(),
    descriptionOverride: descriptionOverride().nullish(),
  })
  .refine(
    ({ toolId, resourceId, resourceTemplateId, promptId }) =>
      [toolId, resourceId, resourceTemplateId, promptId].filter(Boolean).length === 1,
    'must name exactly one of toolId, resourceId, resourceTemplateId and promptId',
  );

@InputType()
export class AddVirtualServerEntriesInput {
  @Field(() => ID)
  virtualServerId!: string;
  @Field(() => [VirtualServerEntryInput], { description: `At most ${maxEntries}.` })
  entries!: VirtualServerEntryInput[];
}

export const addVirtualServerEntriesInput = z.object({
  virtualServerId: globalId('VirtualServer'),
  entries: listOf(entryInput, maxEntries).min(1, 'must not be empty'),
});

@InputType()
export class UpdateVirtualServerEntryInput {
  @Field(() => ID)
  id!: string;
  @Field(() => String, { nullable: true })
  nameOverride?: string | null;
  @Field(() => String, { nullable: true })
  descriptionOverride?: string | null;
}

export const updateVirtualServerEntryInput = z.object({
  id: globalId('VirtualServerEntry'),
  nameOverride: nameOverride().nullish(),
  descriptionOverride: descriptionOverride().nullish(),
});

@InputType()
export class RemoveVirtualServerEntriesInput {
  @Field(() => [ID], { description: `Entries of one virtual server, at most ${maxEntries}.` })
  ids!: string[];
}

export const removeVirtualServerEntriesInput = z.object({
  ids: listOf(globalId('VirtualServerEntry'), maxEntries).min(1, 'must not be empty'),
});

@ObjectType()
export class AddVirtualServerEntriesPayload extends Payload {
  @Field(() => VirtualServer, { nullable: true })
  virtualServer?: VirtualServer | null;
  @Field(() => [VirtualServerEntry], { nullable: true, description: 'What was added, in the order of the input.' })
  entries?: VirtualServerEntry[] | null;
}

@ObjectType()
export class VirtualServerEntryPayload extends Payload {
  @Field(() => VirtualServerEntry, { nullable: true })
  virtualServerEntry?: VirtualServerEntry | null;
}

@ObjectType()
export class RemoveVirtualServerEntriesPayload extends Payload {
  @Field(() => VirtualServer, { nullable: true })
  virtualServer?: VirtualServer | null;
  @Field(() => [ID], { nullable: true })
  deletedIds?: string[] | null;
}
