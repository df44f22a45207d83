import { Field, ObjectType } from '@nestjs/graphql';
import { ClientCapabilityEnum } from '../graphql/enums.js';
import { Node } from '../graphql/node.js';
import { parsedJson } from '../graphql/parsed-json.js';
import { DateTime, Json } from '../graphql/scalars.js';

/** What tools, resources, resource templates and prompts have in common: an upstream defines them. */
@ObjectType({ isAbstract: true })
export abstract class CatalogObject extends Node {
  /** Not the field: what its resolver loads. */
  upstream!: { readonly id: string };
  @Field(() => String)
  name!: string;
  @Field(() => String, { nullable: true })
  title!: string | null;
  @Field(() => String, { nullable: true })
  description!: string | null;
  @Field(() => Json, { middleware: [parsedJson], description: 'All of it, as the upstream sent it.' })
  definition!: unknown;
  @Field(() => String, { description: 'SHA-256 over the canonical definition (RFC 8785): changes when it does.' })
  fingerprint!: string;
  @Field(() => [[ClientCapabilityEnum]], {
    middleware: [parsedJson],
    description:
      'The upstream offers it only to clients that declare everything in at least one of these lists; without a list, to all.',
  })
  requiredClientCapabilities!: unknown;
  @Field(() => DateTime)
  createdAt!: Date;
  @Field(() => DateTime)
  updatedAt!: Date;
}
